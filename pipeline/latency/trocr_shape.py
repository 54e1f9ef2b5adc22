"""A recogniser of TrOCR-small's shape with random weights: what the same reading costs there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mathocr.pipeline.latency.timing import Plan, repeat, summary, timed

if TYPE_CHECKING:
    from mathocr.pipeline.latency.samples import Sample
    from mathocr.pipeline.ocr import CropReader

# TrOCR-small: DeiT-small at 384 x 384 pixels, six decoder layers (Li et al., AAAI 2023, arXiv:2109.10282, table 1, and
# the configuration published with its weights).
_SIDE = 384
_ENCODER = {
    "hidden_size": 384, "num_hidden_layers": 12, "num_attention_heads": 6, "intermediate_size": 1536,
    "image_size": _SIDE, "patch_size": 16,
}  # fmt: skip
_DECODER = {
    "vocab_size": 64044, "d_model": 256, "decoder_layers": 6, "decoder_attention_heads": 8, "decoder_ffn_dim": 1024,
    "max_position_embeddings": 512, "cross_attention_hidden_size": 384, "tie_word_embeddings": False,
}  # fmt: skip
_START = 2


class TrOCRShape:
    """The network, and preparation of a crop as TrOCR does it.

    Args:
        device: ``cpu``, ``cuda`` or ``mps``.

    Raises:
        RuntimeError: If ``transformers`` is not installed.
    """

    def __init__(self, device: str) -> None:
        try:
            import torch
            from transformers import DeiTConfig, DeiTModel, TrOCRConfig, TrOCRForCausalLM, VisionEncoderDecoderModel
        except ImportError as error:
            raise RuntimeError(
                f'the comparison needs {error.name}, which is not installed: pip install "mathocr[benchmark]"'
            ) from error
        torch.manual_seed(0)
        encoder = DeiTModel(DeiTConfig(**_ENCODER), add_pooling_layer=False)
        decoder = TrOCRForCausalLM(TrOCRConfig(**_DECODER))
        model = VisionEncoderDecoderModel(encoder=encoder, decoder=decoder)
        self._model = model.eval().to(device)
        self._device = device
        self._torch = torch
        self.parameters = sum(tensor.numel() for tensor in self._model.parameters())

    def predict(self, crop: NDArray[np.uint8], tokens: int) -> NDArray[np.int64]:
        """Read a crop greedily, with a cache, until there are exactly so many tokens.

        Args:
            crop: ``(H, W)`` gray or ``(H, W, 3)`` RGB.
            tokens: Steps of the decoder, 1 or more.

        Returns:
            Ids, ``(1, tokens + 1)``, the start included.
        """
        with self._torch.inference_mode():
            ids = self._model.generate(
                self._prepare(crop), do_sample=False, num_beams=1, use_cache=True, min_new_tokens=tokens,
                max_new_tokens=tokens, decoder_start_token_id=_START, pad_token_id=1, eos_token_id=_START,
            )  # fmt: skip
        return ids.cpu().numpy()

    def _prepare(self, crop: NDArray[np.uint8]) -> Any:
        """Resize to the square, bring to [-1, 1]: ``(1, 3, 384, 384)``."""
        rgb = crop if crop.ndim == 3 else np.repeat(crop[..., None], 3, 2)
        pixels = cv2.resize(rgb, (_SIDE, _SIDE), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 127.5 - 1.0
        return self._torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None].to(self._device)


def compare_with_trocr(im2latex: CropReader, crops: Sequence[Sample], plan: Plan, device: str) -> dict[str, Any]:
    """Time both on the same crops, turn by turn, at the same number of tokens.

    The rival makes as many tokens as ours, the end included, though a LaTeX token often is several of its pieces: so
    the comparison is in its favour. Its weights are random, which does not change the time.

    Returns:
        JSON-ready: summaries of ``ours`` and ``trocr_shape``, its ``parameters``, ``tokens_per_crop``, and how many
        times ours is faster: ``median_ratio`` over the crops.
    """
    rival = TrOCRShape("cpu" if device == "auto" else device)
    ours: list[float] = []
    theirs: list[float] = []
    tokens: list[int] = []

    def both(sample: Sample, counts: bool) -> None:
        (reading,), our_ms = timed(lambda: im2latex.predict([sample.image]), device)
        steps = len(reading.tokens) + 1
        _, their_ms = timed(lambda: rival.predict(sample.image, steps), device)
        if counts:
            ours.append(our_ms)
            theirs.append(their_ms)
            tokens.append(steps)

    begin = time.perf_counter()
    repeat(both, crops, plan)
    return {
        "ours": summary(ours),
        "trocr_shape": summary(theirs),
        "parameters": rival.parameters,
        "tokens_per_crop": round(sum(tokens) / len(tokens), 2),
        "median_ratio": round(float(np.median(np.divide(theirs, ours))), 2),
        "seconds": round(time.perf_counter() - begin, 1),
    }
