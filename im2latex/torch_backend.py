"""Running the recogniser with PyTorch: while training, and on devices that PyTorch knows."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mathocr.data.weights import Weights, WeightsError
from mathocr.im2latex.beam import beam_search
from mathocr.im2latex.decoding import Decoded, Draft, Ids, greedy
from mathocr.im2latex.draft import NgramDraft, network_tensors
from mathocr.im2latex.grammar import Grammar
from mathocr.im2latex.model import Cache, FormulaNet
from mathocr.im2latex.vocabulary import Vocabulary

_RECORDED = 16  # steps kept; the cache of one takes up to half a gigabyte (256 small crops)


class CachedSteps:
    """Decoding steps of the network over rows of images, with the cache of what came before.

    Args:
        network: In evaluation mode.
        images: Ink in [0, 1], ``(B, 1, H, W)``, on the network's device; a row each at first.
    """

    def __init__(self, network: FormulaNet, images: Tensor) -> None:
        self._network, self._memory = network, network.encode(images)
        self._past = network.empty_cache(len(images))
        self._images = np.arange(len(images))  # the image of each row

    def step(self, ids: Ids, places: Ids, seen: NDArray[np.bool_]) -> NDArray[np.float32]:
        """As ``mathocr.im2latex.decoding.Step``."""
        device = self._memory.keys.device
        fed, where, known = (torch.from_numpy(array).to(device) for array in (ids, places, seen))
        logits, self._past = self._network.step(fed, where, known, self._past, self._memory)
        return logits.float().cpu().numpy()

    def keep(self, rows: NDArray[np.int64]) -> None:
        """As ``mathocr.im2latex.decoding.Keep``."""
        chosen = torch.from_numpy(rows).to(self._memory.keys.device)
        self._past = Cache(*(part.index_select(1, chosen) for part in self._past))
        if not np.array_equal(self._images[rows], self._images):  # rows of one image share its memory
            self._memory = Cache(*(part.index_select(1, chosen) for part in self._memory))
        self._images = self._images[rows]


@torch.inference_mode()
def decode_batch(
    network: FormulaNet,
    images: Tensor,
    max_length: int,
    grammar: Grammar | None = None,
    draft: Draft | None = None,
) -> list[Decoded]:
    """Greedy decoding by the network as it is.

    Args:
        network: In evaluation mode.
        images: Ink in [0, 1], ``(B, 1, H, W)``, on the network's device.
        max_length: Most tokens of a sequence.
        grammar: As ``greedy``.
        draft: As ``greedy``.

    Returns:
        B sequences.
    """
    steps = CachedSteps(network, images)
    return greedy(steps.step, len(images), max_length, grammar, steps.keep, draft)


class StaticDecoder:
    """One decoding step with every tensor at a fixed place; on CUDA it is recorded once and replayed as a graph.

    A step of this network is some hundred small kernels, which cost a graphics card less time than launching them
    costs the processor. On other devices the same step runs as it is.

    Args:
        network: In evaluation mode.
        memory: What ``FormulaNet.encode`` gave, of the shape that all later memories have.
        length: Most tokens of a sequence.
    """

    def __init__(self, network: FormulaNet, memory: Cache, length: int) -> None:
        self._network, batch, device = network, memory.keys.shape[1], memory.keys.device
        self._memory = Cache(memory.keys.clone(), memory.values.clone())
        self._past = network.static_cache(batch, length)
        self._ids = torch.zeros(batch, 1, dtype=torch.int64, device=device)
        self._place = torch.zeros(1, dtype=torch.int64, device=device)
        self._graph = self._record() if device.type == "cuda" else None

    def _record(self) -> torch.cuda.CUDAGraph:
        """Record the step; libraries choose their kernels in the warm-up before it."""
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(3):
                self._step()
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._logits = self._step()
        return graph

    def _step(self) -> Tensor:
        return self._network.static_step(self._ids, self._place, self._past, self._memory)

    def begin(self, memory: Cache) -> None:
        """Start new sequences; what the cache holds of the last ones is never looked at."""
        self._memory.keys.copy_(memory.keys)
        self._memory.values.copy_(memory.values)
        self._place.fill_(-1)

    def step(self, ids: Tensor) -> Tensor:
        """Logits ``(B, V)`` of the next token for the latest ids ``(B,)``, which may lie on the CPU."""
        self._ids.copy_(ids[:, None], non_blocking=True)
        self._place += 1
        if self._graph is None:
            return self._step()
        self._graph.replay()
        return self._logits


class TorchBackend:
    """Runs the network with PyTorch, on any device it knows.

    On a CUDA device the network computes in bfloat16 (float16 where the card has none; logits in float32), crops
    travel from pinned memory, and decoding uses ``StaticDecoder``.

    Args:
        weights: Trained numbers.
        device: ``cpu``, ``cuda`` or ``mps``.
        dtype: Of the computation; that of the device where None.
        static: Whether decoding uses ``StaticDecoder``; on CUDA alone where None.

    Raises:
        WeightsError: If the file holds exported graphs, or tensors that do not fit.
        ValueError: If PyTorch has no such device here.
    """

    def __init__(
        self, weights: Weights, device: str, dtype: torch.dtype | None = None, static: bool | None = None
    ) -> None:
        on_cuda = device == "cuda"
        if (on_cuda and not torch.cuda.is_available()) or (device == "mps" and not torch.backends.mps.is_available()):
            raise ValueError(f"device {device!r} is not available here")
        if dtype is None and on_cuda:
            dtype = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        self._device, self._dtype = device, dtype or torch.float32
        self._static = on_cuda if static is None else static
        self._grammar = Grammar(Vocabulary(weights.config["tokens"]))
        self._draft = NgramDraft.of(weights.tensors)
        self._network = network_of(weights).to(device, self._dtype)
        self._max_length = int(weights.config["network"]["max_length"]) - 1
        self._decoders: OrderedDict[tuple[int, int], StaticDecoder] = OrderedDict()  # by batch and memory length

    def decode(self, images: NDArray[np.float32]) -> list[Decoded]:
        """As ``Backend.decode``."""
        on_device = self._to_device(images)
        if self._static:
            return self._decode_static(on_device)
        return decode_batch(self._network, on_device, self._max_length, self._grammar, self._draft)

    @torch.inference_mode()
    def search(self, images: NDArray[np.float32], width: int) -> list[list[Decoded]]:
        """As ``Backend.search``; the rows of a beam come and go, so that no step is recorded."""
        steps = CachedSteps(self._network, self._to_device(images))
        return beam_search(steps.step, steps.keep, len(images), self._max_length, width, self._grammar)

    def _to_device(self, images: NDArray[np.float32]) -> Tensor:
        """Images where the network is, in its numbers."""
        host = torch.from_numpy(images)
        if self._device == "cuda":
            host = host.pin_memory()
        return host.to(self._device, self._dtype, non_blocking=True)

    @torch.inference_mode()
    def _decode_static(self, images: Tensor) -> list[Decoded]:
        """Decode a batch, filled up with blank crops to a power of two: few sizes, the steps of the last ones kept."""
        count = len(images)
        batch = 1 << (count - 1).bit_length()
        filled = torch.cat((images, images.new_zeros(batch - count, *images.shape[1:])))
        memory = self._network.encode(filled)
        decoder = self._decoder(memory)
        decoder.begin(memory)

        def step(ids: Ids, places: Ids, seen: NDArray[np.bool_]) -> NDArray[np.float32]:
            latest = torch.from_numpy(np.pad(ids[:, 0], (0, batch - count)))
            return decoder.step(latest)[:count, None].cpu().numpy()

        return greedy(step, count, self._max_length, self._grammar)

    def _decoder(self, memory: Cache) -> StaticDecoder:
        """The decoder for memories of this shape; the one unused for longest makes room for a new one."""
        key = (memory.keys.shape[1], memory.keys.shape[3])
        if key not in self._decoders:
            if len(self._decoders) == _RECORDED:
                self._decoders.popitem(last=False)
            self._decoders[key] = StaticDecoder(self._network, memory, self._max_length)
        self._decoders.move_to_end(key)
        return self._decoders[key]


def network_of(weights: Weights) -> FormulaNet:
    """The network that the weights are of, in evaluation mode, float32, on the CPU.

    Raises:
        WeightsError: If the file holds exported graphs, or tensors that do not fit.
    """
    if "exported" in weights.config:
        raise WeightsError(f"{weights.path}: holds exported graphs, which need backend 'onnx'")
    network = FormulaNet(len(Vocabulary(weights.config["tokens"])), **weights.config["network"])
    try:
        network.load_state_dict(
            {name: torch.from_numpy(array) for name, array in network_tensors(weights.tensors).items()}
        )
    except RuntimeError as error:
        raise WeightsError(
            f"{weights.path}: does not fit the network it names ({str(error).splitlines()[-1].strip()})"
        ) from error
    return network.float().eval()
