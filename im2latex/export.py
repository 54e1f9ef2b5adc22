"""Export of the recogniser: the encoder, and one decoding step with its cache."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mathocr.data.files import write_atomically
from mathocr.data.network_part import NetworkPart
from mathocr.im2latex.model import Cache, FormulaNet
from mathocr.im2latex.onnx_backend import graph_paths
from mathocr.im2latex.prepare import prepare_crop
from mathocr.im2latex.vocabulary import BOS

_PREFIX = "network."
_FED = ("ids", "places", "seen", "past_keys", "past_values")
_MEMORY = ("memory_keys", "memory_values")
_MEMORY_AXES = {name: {1: "B", 3: "S"} for name in _MEMORY}


class _Encode(nn.Module):
    """``FormulaNet.encode`` as a module."""

    def __init__(self, network: FormulaNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Images ``(B, 1, H, W)`` to memory keys and values."""
        return tuple(self.network.encode(images))  # type: ignore[return-value]


class _Step(nn.Module):
    """``FormulaNet.step`` as a module."""

    def __init__(self, network: FormulaNet) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, ids: Tensor, places: Tensor, seen: Tensor, pk: Tensor, pv: Tensor, mk: Tensor, mv: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """As ``FormulaNet.step``, its caches spread out."""
        logits, cache = self.network.step(ids, places, seen, Cache(pk, pv), Cache(mk, mv))
        return logits, cache.keys, cache.values


class _StaticStep(nn.Module):
    """``FormulaNet.static_step`` as a module that leaves its inputs as they were."""

    def __init__(self, network: FormulaNet) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, ids: Tensor, place: Tensor, pk: Tensor, pv: Tensor, mk: Tensor, mv: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """As ``FormulaNet.static_step``, its caches spread out; gives logits and the new cache."""
        past = Cache(pk.clone(), pv.clone())
        logits = self.network.static_step(ids, place, past, Cache(mk, mv))
        return logits, past.keys, past.values


def network_parts(
    network: FormulaNet, static: bool = False, batch: int = 2, size: tuple[int, int] = (64, 128)
) -> tuple[NetworkPart, NetworkPart]:
    """The two pieces that decoding runs, encoder and decoder.

    Args:
        network: In evaluation mode, float32, on the CPU.
        static: Whether the step has a cache of fixed length and takes the number of earlier tokens (``place``), so
            that batch and image size are all that changes; else its cache grows by a token a step.
        batch: Of the example inputs.
        size: Height and width of the example images, multiples of 16.
    """
    images = torch.rand(batch, 1, *size)
    ids = torch.full((batch, 3), BOS, dtype=torch.int64)
    places, seen = torch.arange(3).expand(batch, 3), torch.ones(batch, 3, dtype=torch.bool)
    with torch.no_grad():
        memory = network.encode(images)
        _, past = network.step(ids, places, seen[:, :0], network.empty_cache(batch), memory)
    axes = {"images": {0: "B", 2: "H", 3: "W"}} | _MEMORY_AXES
    encoder = NetworkPart("encoder", _Encode(network), (images,), ("images",), _MEMORY, axes)
    if static:
        room = network.static_cache(batch, len(network.positions) - 1)
        cached = {name: {1: "B"} for name in ("past_keys", "past_values", "keys", "values")}
        args: tuple[Tensor, ...] = (ids[:, :1], torch.tensor([2]), *room, *memory)
        names: tuple[str, ...] = ("ids", "place", "past_keys", "past_values", *_MEMORY)
        step: nn.Module = _StaticStep(network)
    else:
        cached = {name: {1: "B", 3: "T"} for name in ("past_keys", "past_values")}
        cached |= {name: {1: "B", 3: "U"} for name in ("keys", "values")}
        cached |= {name: {0: "B", 1: "L"} for name in ("ids", "places", "logits")} | {"seen": {0: "B", 1: "T"}}
        args = (ids[:, :2], places[:, :2] + 3, seen, *past, *memory)
        names, step = (*_FED, *_MEMORY), _Step(network)
    axes = {"ids": {0: "B"}, "logits": {0: "B"}} | cached | _MEMORY_AXES
    return encoder, NetworkPart("decoder", step, args, names, ("logits", "keys", "values"), axes)


def export_graphs(network: FormulaNet, weights: Path) -> tuple[Path, Path]:
    """Write the weightless graphs that belong beside a weights file.

    Args:
        network: The network that the weights are of; its numbers are not written.
        weights: Path of the weights file; the graphs take its name.

    Returns:
        Paths of the encoder and the decoder graph.
    """
    network = copy.deepcopy(network).eval().cpu().float()
    paths = graph_paths(weights)
    for part, path in zip(network_parts(network), paths, strict=True):
        write_atomically(path, part.to_weightless_onnx(_PREFIX))
    return paths


def calibration_feeds(crops: Sequence[NDArray[np.uint8]]) -> dict[str, list[dict[str, NDArray]]]:
    """What the encoder is fed with when it reads crops, to choose ranges of numbers by.

    Args:
        crops: As ``LatexPredictor.predict`` takes them.

    Returns:
        Name of the piece to its inputs, by name.
    """
    inks = (prepare_crop(crop) for crop in crops)
    return {"encoder": [{"images": ink[None, None].astype(np.float32) / 255.0} for ink in inks if ink is not None]}
