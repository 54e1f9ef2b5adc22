"""Smaller ONNX graphs: half precision, and 8-bit integers with ranges found while running or by calibration."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)

from mathocr.pipeline.export import Precision

Feeds = dict[str, NDArray]

_SMALL = 1024  # numbers; biases and norms are no more, and their errors would weigh most
# Ranges of the 8-bit product of two bytes, summed in pairs to 16 bits by processors without VNNI: weights of 7 bits
# cannot overflow there.
_REDUCED = True
# So many convolutions at the ends stay in float32 where ranges are fixed: nine of 37, they cause half of the squared
# error of what the recogniser's encoder gives.
_FLOAT_FIRST, _FLOAT_LAST = 5, 4


def compress(proto: ModelProto, precision: Precision, feeds: Sequence[Feeds] = ()) -> ModelProto:
    """A graph in another precision; its inputs and outputs stay float32.

    - ``fp16``: numbers are kept in half precision and computed with in float32. Released weights are float16 already,
      so nothing is lost.
    - ``int8``: matrix products with trained matrices in 8 bits, the range of the other side found at each call (over
      the whole batch, so that an answer may depend on its neighbours); all other large tensors are kept in 8 bits and
      computed with in float32.
    - ``int8-static``: a graph with convolutions computes them in 8 bits too, the first and the last ones excepted, and
      its ranges are those met on ``feeds``; one without, a decoder, is as ``int8``: fixed ranges cost it twice as much
      as the encoder (docs/EXPORT.md).

    Args:
        proto: Graph with its numbers, float32.
        precision: ``fp32`` changes nothing.
        feeds: Inputs that are typical, by name; for ``int8-static`` of a graph with convolutions.

    Raises:
        ValueError: If they are missing.
    """
    if precision == "fp16":
        return _stored(proto, "fp16")
    convolutions = [node.name for node in proto.graph.node if node.op_type == "Conv"]
    if precision == "int8" or (precision == "int8-static" and not convolutions):
        return _stored(_dynamic(proto), "int8")
    if precision == "int8-static":
        if not feeds:
            raise ValueError("int8-static needs typical inputs to find the ranges by, got none")
        return _stored(_static(proto, convolutions, feeds), "int8")
    return proto


def _dynamic(proto: ModelProto) -> ModelProto:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "int8.onnx"
        quantize_dynamic(
            proto, path, op_types_to_quantize=["MatMul"], per_channel=True, reduce_range=_REDUCED,
            weight_type=QuantType.QInt8, extra_options={"MatMulConstBOnly": True},
        )  # fmt: skip
        return onnx.load(path)


def _static(proto: ModelProto, convolutions: Sequence[str], feeds: Sequence[Feeds]) -> ModelProto:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "int8.onnx"
        level = logging.root.level
        logging.root.setLevel(logging.ERROR)  # it advises preprocessing that the exporter has done
        try:
            quantize_static(
                proto, path, _Reader(feeds), quant_format=QuantFormat.QDQ, op_types_to_quantize=["Conv", "MatMul"],
                per_channel=True, reduce_range=_REDUCED, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax, extra_options={"MatMulConstBOnly": True},
                nodes_to_exclude=[*convolutions[:_FLOAT_FIRST], *convolutions[-_FLOAT_LAST:]],
            )  # fmt: skip
        finally:
            logging.root.setLevel(level)
        return onnx.load(path)


class _Reader(CalibrationDataReader):
    """Feeds one after the other."""

    def __init__(self, feeds: Sequence[Feeds]) -> None:
        self._feeds: Iterator[Feeds] = iter(feeds)

    def get_next(self) -> Feeds | None:  # type: ignore[override]
        return next(self._feeds, None)


def _stored(proto: ModelProto, kind: Literal["fp16", "int8"]) -> ModelProto:
    """Keep large float32 tensors in fewer bits; a node in front of their users brings them back when a session opens.

    Sessions compute such nodes once, as they depend on nothing else.
    """
    graph, nodes = proto.graph, []
    for tensor in list(graph.initializer):
        if tensor.data_type != onnx.TensorProto.FLOAT or np.prod(tensor.dims) <= _SMALL:
            continue
        name, values = tensor.name, numpy_helper.to_array(tensor)
        kept = f"{name}.{kind}"
        graph.initializer.remove(tensor)
        if kind == "fp16":
            graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), kept))
            nodes.append(helper.make_node("Cast", [kept], [name], to=onnx.TensorProto.FLOAT))
            continue
        axis = _channel_axis(proto, name)
        others = tuple(number for number in range(values.ndim) if number != axis)
        scale = np.maximum(np.abs(values).max(axis=others), 1e-12) / 127.0
        shape = [-1 if number == axis else 1 for number in range(values.ndim)]
        whole = np.rint(values / scale.reshape(shape)).astype(np.int8)
        for suffix, array in (("", whole), (".scale", scale), (".zero", np.zeros(len(scale), np.int8))):
            graph.initializer.append(numpy_helper.from_array(array, kept + suffix))
        nodes.append(helper.make_node("DequantizeLinear", [kept, f"{kept}.scale", f"{kept}.zero"], [name], axis=axis))
    for node in reversed(nodes):
        graph.node.insert(0, node)
    return proto


def _channel_axis(proto: ModelProto, name: str) -> int:
    """The axis whose entries have a range each: the last of what is multiplied from the right, else the first."""
    users = [node for node in proto.graph.node if name in node.input]
    return 1 if any(node.op_type in ("MatMul", "Gemm") for node in users) else 0
