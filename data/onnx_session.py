"""Running a weightless ONNX graph: its initializers are fed from the safetensors file when a session opens.

A graph file holds structure only. ``strip_initializers`` takes the trained numbers out of an exported graph;
``open_session`` puts those of a weights file back in. Both stages use the same two functions.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort

from mathocr.data.cores import usable_cores
from mathocr.data.weights import Weights, WeightsError

if TYPE_CHECKING:
    from onnx import ModelProto

BACKENDS = ("auto", "onnx", "torch")
DEVICES = ("auto", "cpu", "cuda", "mps")
# Where ONNX wants the name of a file with the numbers stands FED.format(name), so that the names which a graph waits
# for can be read from its bytes without the ``onnx`` package.
FED = "fed:{};"
_FED = re.compile(rb"fed:([^;]+);")


class FedSession(ort.InferenceSession):
    """An inference session that keeps alive the arrays which ONNX Runtime reads its initializers from."""

    def __init__(self, graph: bytes, options: ort.SessionOptions, providers: list[str], values: list[Any]) -> None:
        self._values = values
        super().__init__(graph, options, providers=providers)


def choose_backend(backend: str, device: str) -> tuple[str, str]:
    """What runs a network where: ONNX Runtime on the CPU, or PyTorch where a GPU is asked for.

    Args:
        backend: ``auto``, ``onnx`` or ``torch``.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.

    Returns:
        ``onnx`` or ``torch``, and ``cpu``, ``cuda`` or ``mps``.

    Raises:
        ValueError: If one is not known, or they do not go together (the message says what it must be).
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, got {backend!r}")
    if device not in DEVICES:
        raise ValueError(f"device must be one of {', '.join(DEVICES)}, got {device!r}")
    on_gpu = device in ("cuda", "mps")
    if on_gpu and backend == "onnx":
        raise ValueError(f"device {device!r} needs backend 'torch', got {backend!r}")
    return "torch" if on_gpu or backend == "torch" else "onnx", device if on_gpu else "cpu"


def strip_initializers(model_proto: ModelProto, names: Collection[str]) -> None:
    """Turn initializers into references without numbers, in place.

    Also removes what exporters note beside the nodes (stack traces, file paths).

    Args:
        model_proto: An exported graph with its numbers inside.
        names: Which to strip, usually the keys of the network's ``state_dict``. Initializers that are not named
            (shapes, indices, constants) stay in the graph.

    Raises:
        ValueError: If none of the initializers is to be stripped: the export renamed the parameters.
    """
    from onnx import TensorProto

    graph = model_proto.graph
    stripped = 0
    for tensor in graph.initializer:
        if tensor.name not in names:
            continue
        for field in ("raw_data", "float_data", "int32_data", "int64_data", "double_data"):
            tensor.ClearField(field)
        del tensor.external_data[:]
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", FED.format(tensor.name)
        stripped += 1
    if stripped == 0:
        raise ValueError("no initializer of the graph bears a parameter's name: nothing to strip")
    for part in (model_proto, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    del graph.value_info[:]


def fed_names(graph: bytes) -> list[str]:
    """Names of the initializers that a graph waits for, from the bytes of its file."""
    return sorted({name.decode() for name in _FED.findall(graph)})


def open_session(
    weights: Weights,
    graph: Path,
    threads: int | None = None,
    providers: Sequence[str] = ("CPUExecutionProvider",),
) -> ort.InferenceSession:
    """Open a session on a weightless graph, fed from a weights file.

    Args:
        weights: Tensors by parameter name; float16 is cast to float32, everything else goes as it is. It may hold
            more than this graph asks for (a network can be split over several graphs).
        graph: ONNX file without the numbers (see ``strip_initializers``), or with them (see ``mathocr export``).
        threads: Threads within one operator; None leaves the choice to ONNX Runtime where the process may use all
            cores. Where it may not, that would count them all, and bind its threads to them.
        providers: ONNX Runtime execution providers, most wanted first.

    Raises:
        WeightsError: If the graph is missing, is not the one that the weights name, asks for a tensor that they do not
            have, or ONNX Runtime cannot join the two (the message names both files).
    """
    if not graph.is_file():
        raise WeightsError(f"{graph}: no such graph file")
    blob = graph.read_bytes()
    stated = weights.config.get("exported", {}).get("graphs", {}).get(graph.name)
    if stated and stated != (digest := hashlib.sha256(blob).hexdigest()):
        raise WeightsError(f"{graph}: sha256 is {digest}, {weights.path.name} says {stated}")
    names = fed_names(blob)
    missing = [name for name in names if name not in weights.tensors]
    if missing:
        raise WeightsError(f"{graph}: asks for {missing[0]!r} ({len(missing)} such), not found in {weights.path}")
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.enable_mem_pattern = False  # a plan of memory for each shape: 120 MiB more on pages, and no faster
    if threads is None and usable_cores() < (os.cpu_count() or 1):
        threads = usable_cores()
    if threads is not None:
        options.intra_op_num_threads = threads
    arrays = [weights.tensors[name] for name in names]
    values = [
        ort.OrtValue.ortvalue_from_numpy(array.astype(np.float32) if array.dtype == np.float16 else array)
        for array in arrays
    ]
    options.add_external_initializers(names, values)
    try:
        return FedSession(blob, options, list(providers), values)
    except Exception as error:  # onnxruntime's exceptions share no narrower base class
        reason = str(error).splitlines()[0]
        raise WeightsError(f"{graph}: does not fit {weights.path} ({reason})") from error
