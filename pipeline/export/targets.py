"""Runtimes that a piece of a network can be exported to: each writes a file and gives back a way to run it."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch

from mathocr.data.network_part import NetworkPart
from mathocr.pipeline.export.verify import Arrays, Runner


@dataclass(frozen=True)
class Target:
    """A runtime.

    Attributes:
        write: Writes a piece to a path without ending; gives the path written and a way to run it, None where the file
            cannot be run on this machine.
        package: What has to be installed.
        static: Whether the decoding step is to have a cache of fixed length.
        fixed: Whether all sizes are those of the example inputs.
        half: Whether it keeps float16 numbers by itself.
    """

    write: Callable[[NetworkPart, Path], tuple[Path, Runner | None]]
    package: str
    static: bool = False
    fixed: bool = False
    half: bool = False


def run_onnx(path: Path, names: tuple[str, ...]) -> Runner:
    """A way to run an ONNX file with its numbers inside."""
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda arrays: session.run(None, dict(zip(names, arrays, strict=True)))


def _torch_export(part: NetworkPart, stem: Path) -> tuple[Path, Runner | None]:
    path = stem.with_name(stem.name + ".pt2")
    with torch.no_grad():
        program = torch.export.export(part.module, part.args, dynamic_shapes=part.dynamic_shapes())
    torch.export.save(program, path)
    module = torch.export.load(path).module()

    @torch.no_grad()
    def run(arrays: Arrays) -> Arrays:
        return [tensor.numpy() for tensor in module(*map(torch.from_numpy, arrays))]

    return path, run


def _openvino(part: NetworkPart, stem: Path) -> tuple[Path, Runner | None]:
    import openvino

    path = stem.with_name(stem.name + ".xml")
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder) / "part.onnx"
        graph.write_bytes(part.to_onnx(fold=True).SerializeToString())
        model = openvino.convert_model(graph)
    openvino.save_model(model, path, compress_to_fp16=True)
    compiled = openvino.compile_model(path, "CPU")

    def run(arrays: Arrays) -> Arrays:
        result = compiled(arrays)
        return [np.array(result[number]) for number in range(len(part.outputs))]

    return path, run


def _coreml(part: NetworkPart, stem: Path) -> tuple[Path, Runner | None]:
    import coremltools

    path = stem.with_name(stem.name + ".mlpackage")
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(part.module, part.args, check_trace=False)
    kinds = {torch.int64: np.int32, torch.float32: np.float32}
    inputs = [
        coremltools.TensorType(name, tuple(arg.shape), kinds[arg.dtype])
        for name, arg in zip(part.inputs, part.args, strict=True)
    ]
    outputs = [coremltools.TensorType(name) for name in part.outputs]
    model = coremltools.convert(traced, inputs=inputs, outputs=outputs, convert_to="mlprogram")
    model.save(str(path))
    return path, None


def _litert(part: NetworkPart, stem: Path) -> tuple[Path, Runner | None]:
    import litert_torch

    path = stem.with_name(stem.name + ".tflite")
    model = litert_torch.convert(part.module, part.args)
    model.export(str(path))

    def run(arrays: Arrays) -> Arrays:
        found = model(*map(torch.from_numpy, arrays))
        return list(found) if isinstance(found, (tuple, list)) else [found]

    return path, run


def _tensorrt(part: NetworkPart, stem: Path) -> tuple[Path, Runner | None]:
    import tensorrt as trt

    path = stem.with_name(stem.name + ".plan")
    logger = trt.Logger(trt.Logger.WARNING)
    builder = trt.Builder(logger)
    network = builder.create_network(0)
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(part.to_onnx(fold=True).SerializeToString()):
        raise RuntimeError(f"TensorRT does not take {stem.name}: {parser.get_error(0)}")
    config, profile = builder.create_builder_config(), builder.create_optimization_profile()
    for name, arg in zip(part.inputs, part.args, strict=True):
        shape = tuple(arg.shape)
        profile.set_shape(name, shape, shape, shape)
    config.add_optimization_profile(profile)
    path.write_bytes(bytes(builder.build_serialized_network(network, config)))
    return path, None


TARGETS = {
    "torch-export": Target(_torch_export, "torch", static=True),
    "openvino": Target(_openvino, "openvino", half=True),
    "coreml": Target(_coreml, "coremltools", static=True, fixed=True, half=True),
    "litert": Target(_litert, "litert_torch", static=True, fixed=True),
    "tensorrt": Target(_tensorrt, "tensorrt", static=True, fixed=True),
}
