from pathlib import Path

import numpy as np
import pytest

from mathocr.data.onnx_session import fed_names, open_session, strip_initializers
from mathocr.data.weights import Weights, WeightsError

onnx = pytest.importorskip("onnx")


def linear_graph(weight: np.ndarray, bias: np.ndarray) -> "onnx.ModelProto":
    """y = relu(x W + b) + 1, where the 1 is a constant of the graph and no parameter."""
    helper, numpy_helper, float32 = onnx.helper, onnx.numpy_helper, onnx.TensorProto.FLOAT
    nodes = [
        helper.make_node("Gemm", ["x", "layer.weight", "layer.bias"], ["z"]),
        helper.make_node("Relu", ["z"], ["r"]),
        helper.make_node("Add", ["r", "one"], ["y"]),
    ]
    values = {"layer.weight": weight, "layer.bias": bias, "one": np.ones(1, np.float32)}
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("x", float32, ["batch", weight.shape[0]])],
        [helper.make_tensor_value_info("y", float32, ["batch", weight.shape[1]])],
        [numpy_helper.from_array(array, name) for name, array in values.items()],
    )
    graph.node[0].doc_string = "File /home/someone/secret.py, line 3"
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.fixture
def parts(tmp_path: Path) -> tuple[Weights, Path]:
    random = np.random.default_rng(0)
    tensors = {
        "layer.weight": random.normal(size=(300, 20)).astype(np.float16),
        "layer.bias": random.normal(size=20).astype(np.float16),
        "elsewhere.weight": np.zeros(3, np.float16),
    }
    model = linear_graph(*(tensors[k].astype(np.float32) for k in ("layer.weight", "layer.bias")))
    strip_initializers(model, tensors)
    path = tmp_path / "linear.onnx"
    path.write_bytes(model.SerializeToString())
    return Weights(tensors, {}, "linear", "0" * 64, tmp_path / "linear.safetensors"), path


def test_weightless_graph_computes_with_fed_numbers(parts: tuple[Weights, Path]) -> None:
    weights, graph = parts
    x = np.random.default_rng(1).normal(size=(4, 300)).astype(np.float32)
    session = open_session(weights, graph, threads=1)
    got = session.run(None, {"x": x})[0]
    tensors = {name: array.astype(np.float32) for name, array in weights.tensors.items()}
    want = np.maximum(x @ tensors["layer.weight"] + tensors["layer.bias"], 0) + 1
    np.testing.assert_allclose(got, want, atol=1e-4)


def test_threads_are_no_more_than_the_cores_that_may_be_used(parts: tuple[Weights, Path], monkeypatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    for usable, expected in ((3, 3), (4, 0)):  # 0: ONNX Runtime's own choice
        monkeypatch.setattr("mathocr.data.onnx_session.usable_cores", lambda usable=usable: usable)
        assert open_session(*parts).get_session_options().intra_op_num_threads == expected


def test_graph_file_holds_no_numbers_and_no_paths(parts: tuple[Weights, Path]) -> None:
    _, graph = parts
    blob = graph.read_bytes()
    assert len(blob) < 2_000  # the weight alone has 300 * 20 numbers
    assert b"someone" not in blob
    assert fed_names(blob) == ["layer.bias", "layer.weight"]


def test_missing_tensor_is_named(parts: tuple[Weights, Path]) -> None:
    weights, graph = parts
    del weights.tensors["layer.bias"]
    with pytest.raises(WeightsError, match=r"'layer\.bias'"):
        open_session(weights, graph)


def test_wrong_shape_is_an_error_that_names_both_files(parts: tuple[Weights, Path]) -> None:
    weights, graph = parts
    weights.tensors["layer.bias"] = np.zeros(7, np.float16)
    with pytest.raises(WeightsError, match=r"linear\.onnx: does not fit .*linear\.safetensors"):
        open_session(weights, graph)


def test_missing_graph_is_named(parts: tuple[Weights, Path]) -> None:
    weights, graph = parts
    with pytest.raises(WeightsError, match=r"nowhere\.onnx: no such graph"):
        open_session(weights, graph.with_name("nowhere.onnx"))


def test_nothing_to_strip_is_an_error() -> None:
    model = linear_graph(np.zeros((2, 2), np.float32), np.zeros(2, np.float32))
    with pytest.raises(ValueError, match="no initializer"):
        strip_initializers(model, ["other"])
