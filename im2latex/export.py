"""Export of the recogniser to two weightless ONNX graphs: the encoder, and one decoding step with its cache."""

from __future__ import annotations

import copy
import io
import warnings
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from mathocr.data.onnx_session import strip_initializers
from mathocr.im2latex.model import Cache, FormulaNet
from mathocr.im2latex.predictor import graph_paths

_OPSET = 17
_PREFIX = "network."


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

    def forward(self, ids: Tensor, pk: Tensor, pv: Tensor, mk: Tensor, mv: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As ``FormulaNet.step``, its caches spread out."""
        logits, cache = self.network.step(ids, Cache(pk, pv), Cache(mk, mv))
        return logits, cache.keys, cache.values


def _graph(
    module: nn.Module, args: tuple[Tensor, ...], inputs: list[str], outputs: list[str], axes: dict[str, dict[int, str]]
) -> bytes:
    """Export a module and take the trained numbers out; initializers keep the network's parameter names."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module, args, buffer, dynamo=False, do_constant_folding=False, opset_version=_OPSET,  # type: ignore[arg-type]
            input_names=inputs, output_names=outputs, dynamic_axes=axes,
        )  # fmt: skip
    proto = onnx.load_model_from_string(buffer.getvalue())
    for tensor in proto.graph.initializer:
        tensor.name = tensor.name.removeprefix(_PREFIX)
    for node in proto.graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = name.removeprefix(_PREFIX)
    strip_initializers(proto, {name.removeprefix(_PREFIX) for name in module.state_dict()})
    return proto.SerializeToString()


def export_graphs(network: FormulaNet, weights: Path) -> tuple[Path, Path]:
    """Write the graphs that belong beside a weights file.

    Args:
        network: The network that the weights are of; its numbers are not written.
        weights: Path of the weights file; the graphs take its name.

    Returns:
        Paths of the encoder and the decoder graph.
    """
    network = copy.deepcopy(network).eval().cpu().float()
    with torch.no_grad():
        for tensor in network.state_dict().values():  # the exporter makes one of tensors with equal numbers
            if tensor.is_floating_point():
                tensor.uniform_(0.5, 1.5)
    encoder, decoder = graph_paths(weights)
    with torch.no_grad():
        images = torch.zeros(2, 1, 32, 64)
        memory = network.encode(images)
        _, past = network.step(torch.zeros(2, 1, dtype=torch.int64), network.empty_cache(2), memory)
        encoder.write_bytes(
            _graph(
                _Encode(network),
                (images,),
                ["images"],
                ["memory_keys", "memory_values"],
                {
                    "images": {0: "B", 2: "H", 3: "W"},
                    "memory_keys": {1: "B", 3: "S"},
                    "memory_values": {1: "B", 3: "S"},
                },
            )
        )
        cached = {1: "B", 3: "T"}
        decoder.write_bytes(
            _graph(
                _Step(network),
                (torch.zeros(2, 1, dtype=torch.int64), *past, *memory),
                ["ids", "past_keys", "past_values", "memory_keys", "memory_values"],
                ["logits", "keys", "values"],
                {
                    "ids": {0: "B"},
                    "past_keys": cached,
                    "past_values": cached,
                    "memory_keys": {1: "B", 3: "S"},
                    "memory_values": {1: "B", 3: "S"},
                    "logits": {0: "B"},
                    "keys": {1: "B", 3: "U"},
                    "values": {1: "B", 3: "U"},
                },
            )
        )
    return encoder, decoder
