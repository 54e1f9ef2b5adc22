"""Exports: the numbers are PyTorch's, the files open where they should, what cannot be done is said in one line."""

import contextlib
import io
import re
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from mathocr.data.weights import WeightsError, read_weights
from mathocr.im2latex.predictor import FORMAT, LatexPredictor
from mathocr.pipeline.cli import main


def export(tiny, output, *more):
    return main(["export", "im2latex", "--weights", str(tiny), "--output", str(output), *more])


def size_of(folder):
    return sum(path.stat().st_size for path in folder.glob("im2latex.*"))


@pytest.fixture(scope="module")
def fp32(tiny, drawn_crops, tmp_path_factory):
    folder, said = tmp_path_factory.mktemp("fp32"), io.StringIO()
    with contextlib.redirect_stdout(said):
        assert export(tiny, folder, "--verify", str(drawn_crops)) == 0
    assert said.getvalue().count("against torch: 0 of 4 crops differ") == 3
    steps = re.search(r"(\d+) decoding steps, (\d\.\d\d) times fewer", said.getvalue())
    assert steps and int(steps[1]) > 0 and float(steps[2]) > 1
    return folder


def test_onnx_holds_its_numbers_and_reads_as_torch_does(fp32, tiny, drawn_crops, capsys):
    import onnxruntime as ort

    session = ort.InferenceSession(fp32 / "im2latex.encoder.onnx")  # nothing is fed
    assert session.run(None, {"images": np.zeros((3, 1, 48, 64), np.float32)})[0].shape[1] == 3
    assert main(["predict", "--crop", str(drawn_crops / "0.png"), "--im2latex-weights",
                 str(fp32 / "im2latex.safetensors")]) == 0  # fmt: skip
    exported = capsys.readouterr().out
    assert main(["predict", "--crop", str(drawn_crops / "0.png"), "--im2latex-weights", str(tiny)]) == 0
    assert exported == capsys.readouterr().out


def test_check_finds_a_wrong_graph(tiny, tmp_path, monkeypatch, capsys):
    from mathocr.data.network_part import NetworkPart

    right = NetworkPart.to_onnx

    def wrong(part, fold):
        proto = right(part, fold)
        tensor = max(proto.graph.initializer, key=lambda t: np.prod(t.dims) * (t.data_type == onnx.TensorProto.FLOAT))
        array = onnx.numpy_helper.to_array(tensor)
        tensor.CopyFrom(onnx.numpy_helper.from_array(array * np.float32(1.5), tensor.name))
        return proto

    monkeypatch.setattr(NetworkPart, "to_onnx", wrong)
    assert export(tiny, tmp_path) == 1
    assert "FAILED, allowed 0.001" in capsys.readouterr().out


@pytest.mark.parametrize(("precision", "share"), [("fp16", 0.62), ("int8", 0.45), ("int8-static", 0.6)])
def test_compressed_graphs_are_smaller_and_near(fp32, tiny, drawn_crops, tmp_path, capsys, precision, share):
    more = ["--calibration", str(drawn_crops)] if precision == "int8-static" else []
    assert export(tiny, tmp_path, "--precision", precision, *more) == 0
    found = [float(value) for value in re.findall(r"largest difference ([\d.e+-]+)", capsys.readouterr().out)]
    assert len(found) == 2 and max(found) < (0.01 if precision == "fp16" else 0.25)
    assert size_of(tmp_path) < share * size_of(fp32)  # of a network so small the graphs are a large part
    assert LatexPredictor.load(tmp_path / "im2latex.safetensors").predict([np.zeros((20, 20), np.uint8)])


def test_numbers_of_int8_are_stored_in_a_quarter(fp32, tiny, tmp_path):
    export(tiny, tmp_path, "--precision", "int8")

    def numbers(path):
        return sum(onnx.numpy_helper.to_array(t).nbytes for t in onnx.load(path).graph.initializer)

    for name in ("im2latex.encoder.onnx", "im2latex.decoder.onnx"):
        assert numbers(tmp_path / name) < 0.3 * numbers(fp32 / name)


def test_fixed_ranges_spare_the_first_and_the_last_convolutions(tiny, drawn_crops, tmp_path):
    export(tiny, tmp_path, "--precision", "int8-static", "--calibration", str(drawn_crops))
    graph = onnx.load(tmp_path / "im2latex.encoder.onnx").graph
    ranged = {node.output[0] for node in graph.node if node.op_type == "DequantizeLinear"}
    convolutions = [node.input[0] in ranged for node in graph.node if node.op_type == "Conv"]
    assert not any(convolutions[:5] + convolutions[-3:]) and all(convolutions[5:-4]) and len(convolutions) > 9


def test_exported_weights_are_known_by_hash_and_are_not_torch_s(fp32, tmp_path, tiny):
    exported = read_weights(fp32 / "im2latex.safetensors", FORMAT).config["exported"]
    assert exported["from"] == read_weights(tiny, FORMAT).sha256
    with pytest.raises(WeightsError, match="holds exported graphs, which need backend 'onnx'"):
        LatexPredictor.load(fp32 / "im2latex.safetensors", backend="torch")
    for path in fp32.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "im2latex.decoder.onnx").write_bytes((fp32 / "im2latex.encoder.onnx").read_bytes())
    with pytest.raises(WeightsError, match=r"im2latex\.decoder\.onnx: sha256 is \w+, im2latex\.safetensors says"):
        LatexPredictor.load(tmp_path / "im2latex.safetensors")


def test_torch_export_with_a_static_cache(tiny, tmp_path, capsys):
    assert export(tiny, tmp_path, "--to", "torch-export") == 0
    assert capsys.readouterr().out.count("(ok)") == 2
    assert {path.name for path in tmp_path.iterdir()} == {"im2latex.encoder.pt2", "im2latex.decoder.pt2"}


def test_openvino_where_it_is_installed(tiny, tmp_path, capsys):
    pytest.importorskip("openvino")
    assert export(tiny, tmp_path, "--to", "openvino") == 0
    assert capsys.readouterr().out.count("(ok)") == 2


@pytest.mark.parametrize("target", ["openvino", "coreml", "litert", "tensorrt"])
def test_missing_package_is_one_line(tiny, tmp_path, capsys, monkeypatch, target):
    package = {"coreml": "coremltools", "litert": "litert_torch"}.get(target, target)
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    fixed = ["--size", "32x64"] if target != "openvino" else []
    assert export(tiny, tmp_path, "--to", target, *fixed) == 1
    assert f"--to {target} needs the package {package}, which is not installed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--to", "openvino", "--precision", "int8"], "go with --to onnx alone"),
        (["--precision", "int8-static"], "needs --calibration SET"),
        (["--calibration", "set", "--calibration-count", "8"], "--calibration, --calibration-count only with"),
        (["--count", "8"], "--count only with --verify"),
        (["--size", "32x64"], "--size only with --to coreml, litert, tensorrt"),
        (["--size", "32x64", "--to", "torch-export"], "--size only with --to coreml, litert, tensorrt"),
    ],
)
def test_options_that_do_not_fit(tiny, tmp_path, capsys, more, message):
    assert export(tiny, tmp_path, *more) == 2
    assert message in capsys.readouterr().err


def test_size_that_no_network_takes(tiny, tmp_path, capsys):
    with pytest.raises(SystemExit):
        export(tiny, tmp_path, "--size", "30x64")
    assert "a size like 64x384 is expected" in capsys.readouterr().err
