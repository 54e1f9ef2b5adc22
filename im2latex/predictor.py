"""From crops to LaTeX: the recogniser as others use it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mathocr.data.contracts import ModelIdentity, Reading
from mathocr.data.latex import pretty, problems
from mathocr.data.onnx_session import choose_backend, open_session
from mathocr.data.weights import Weights, read_weights
from mathocr.im2latex.calibration import Calibration
from mathocr.im2latex.decoding import Decoded, greedy
from mathocr.im2latex.grammar import Grammar
from mathocr.im2latex.prepare import prepare_crop
from mathocr.im2latex.vocabulary import UNK, Vocabulary

FORMAT = "mathocr-im2latex/1"
RELEASED = Path(__file__).parent / "weights" / "im2latex.safetensors"
_BATCH_PIXELS = 16 * 64 * 384  # in one batch: bounds memory on large crops
_EMPTY = Reading(latex="", tokens=(), confidence=1.0, valid=True, stopped="end")


def graph_paths(weights: Path) -> tuple[Path, Path]:
    """Where the encoder and decoder graphs of a weights file lie."""
    return weights.with_suffix(".encoder.onnx"), weights.with_suffix(".decoder.onnx")


class Backend(Protocol):
    """What runs the network."""

    def decode(self, images: NDArray[np.float32]) -> list[Decoded]:
        """Sequences read in images ``(B, 1, H, W)``, ink in [0, 1]."""


class OnnxBackend:
    """Runs the two exported graphs with ONNX Runtime.

    Args:
        weights: Trained numbers; the graphs lie beside their file.
        threads: Threads within one operator; None leaves the choice to ONNX Runtime.
        providers: ONNX Runtime execution providers.
    """

    def __init__(
        self, weights: Weights, threads: int | None = None, providers: Sequence[str] = ("CPUExecutionProvider",)
    ) -> None:
        encoder, decoder = graph_paths(weights.path)
        self._encoder = open_session(weights, encoder, threads, providers)
        self._decoder = open_session(weights, decoder, threads, providers)
        shape = next(i for i in self._decoder.get_inputs() if i.name == "past_keys").shape  # (layers, B, heads, T, d)
        self._cache_shape = (shape[0], shape[2], shape[4])
        self._max_length = int(weights.config["network"]["max_length"])
        self._grammar = Grammar(Vocabulary(weights.config["tokens"]))

    def decode(self, images: NDArray[np.float32]) -> list[Decoded]:
        """As ``Backend.decode``."""
        keys, values = self._encoder.run(None, {"images": images})
        layers, heads, width = self._cache_shape
        past = [np.zeros((layers, len(images), heads, 0, width), dtype=np.float32)] * 2

        def step(latest: NDArray[np.int64]) -> NDArray[np.float32]:
            feeds = {"ids": latest[:, None], "past_keys": past[0], "past_values": past[1],
                     "memory_keys": keys, "memory_values": values}  # fmt: skip
            logits, past[0], past[1] = self._decoder.run(None, feeds)
            return logits

        return greedy(step, len(images), self._max_length - 1, self._grammar)


def open_backend(weights: Weights, backend: str, device: str) -> Backend:
    """The backend that was asked for, see ``choose_backend``.

    Raises:
        WeightsError: If the weights and the graphs do not fit.
        ValueError: If backend or device is not known, or they do not go together.
    """
    runner, place = choose_backend(backend, device)
    if runner == "onnx":
        return OnnxBackend(weights)
    from mathocr.im2latex.torch_backend import TorchBackend

    return TorchBackend(weights, place)


class LatexPredictor:
    """Reads formula crops.

    Args:
        weights: Trained numbers and vocabulary.
        backend: What runs the network.
    """

    def __init__(self, weights: Weights, backend: Backend) -> None:
        self._vocabulary = Vocabulary(weights.config["tokens"])
        self._backend = backend
        self._calibration = Calibration(**weights.config.get("calibration", {}))
        self.identity = ModelIdentity(weights.name, weights.sha256)

    @classmethod
    def load(cls, weights: Path | None = None, device: str = "auto", backend: str = "auto") -> LatexPredictor:
        """Open the released weights, or others.

        Args:
            weights: A ``.safetensors`` file with its two graphs beside it; None for the released one.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
            backend: ``auto``, ``onnx`` or ``torch``.

        Raises:
            WeightsError: If the weights cannot be used.
            ValueError: If device or backend is not known.
        """
        read = read_weights(weights or RELEASED, FORMAT)
        return cls(read, open_backend(read, backend, device))

    def predict(
        self, crops: Sequence[NDArray[np.uint8]], scale: float | Sequence[float | None] | None = None
    ) -> list[Reading]:
        """Read crops; the answer for a crop does not depend on the others.

        Args:
            crops: Images of one formula each, ``(H, W)`` gray or ``(H, W, 3)`` RGB, uint8.
            scale: Magnification that brings their type to 10 pt at 100 dpi, one for all or one each; None where it is
                not known.

        Returns:
            One reading a crop, in their order; a crop without ink gives an empty reading.

        Raises:
            ValueError: If a crop is not such an array, or there are not as many scales as crops.
        """
        readings = [_EMPTY] * len(crops)
        scales = list(scale) if isinstance(scale, Sequence) else [scale] * len(crops)
        prepared = [prepare_crop(crop, own) for crop, own in zip(crops, scales, strict=True)]
        for numbers in _batches(prepared):
            images = np.stack([prepared[n] for n in numbers])[:, None].astype(np.float32) / 255.0  # type: ignore[misc]
            for number, decoded in zip(numbers, self._backend.decode(images), strict=True):
                readings[number] = self._reading(decoded)
        return readings

    def _reading(self, decoded: Decoded) -> Reading:
        """LaTeX, confidence and validity of a decoded sequence."""
        tokens = self._vocabulary.decode(decoded.ids)
        found = problems(tokens)
        log_prob = sum(decoded.log_probs) if decoded.stopped == "end" else -np.inf
        return Reading(
            latex=" ".join(tokens) if found else pretty(tokens),
            tokens=tuple(tokens),
            confidence=self._calibration.confidence(log_prob),
            valid=not found,
            stopped=decoded.stopped,
            token_confidences=tuple(
                float(np.exp(log_prob))
                for number, log_prob in zip(decoded.ids, decoded.log_probs, strict=False)  # the end has one too
                if number >= UNK
            ),
        )


def _batches(prepared: Sequence[NDArray[np.uint8] | None]) -> Iterator[list[int]]:
    """Numbers of crops with ink, of one size each, at most so many pixels together."""
    by_size: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for number, ink in enumerate(prepared):
        if ink is not None:
            by_size[ink.shape].append(number)
    for size, numbers in sorted(by_size.items()):
        most = max(1, _BATCH_PIXELS // (size[0] * size[1]))
        for start in range(0, len(numbers), most):
            yield numbers[start : start + most]
