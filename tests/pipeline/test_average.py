"""``mathocr average`` on the released weights and on changed copies of them."""

import shutil

import numpy as np
import pytest

from mathocr.data.weights import read_weights, write_weights
from mathocr.detector.predictor import FORMAT, RELEASED, RegionPredictor
from mathocr.im2latex import predictor as im2latex
from mathocr.pipeline.cli import main


@pytest.fixture
def pair(tmp_path):
    """Two files of the detector's network: the released numbers, and all of them 2 higher with other thresholds."""
    released = read_weights(RELEASED, FORMAT)
    paths = [tmp_path / "first.safetensors", tmp_path / "last.safetensors"]
    higher = {name: tensor + 2 if tensor.dtype.kind == "f" else tensor for name, tensor in released.tensors.items()}
    write_weights(paths[0], released.tensors, released.config, FORMAT)
    write_weights(paths[1], higher, {**released.config, "page_score": 0.125}, FORMAT)
    shutil.copy(RELEASED.with_suffix(".onnx"), paths[1].with_suffix(".onnx"))
    return paths


@pytest.mark.parametrize(("shares", "added"), [([], 1.0), (["--shares", "3", "1"], 0.5)])
def test_numbers_are_averaged_and_the_rest_is_the_last_ones(pair, tmp_path, capsys, shares, added):
    target = tmp_path / "mean" / "mean.safetensors"
    assert main(["average", *map(str, pair), *shares, "--output", str(target)]) == 0
    first, mean = read_weights(pair[0], FORMAT), read_weights(target, FORMAT)
    for name, tensor in first.tensors.items():
        rise = added if tensor.dtype.kind == "f" else 0
        np.testing.assert_allclose(mean.tensors[name].astype(float), tensor.astype(float) + rise, rtol=2e-3, atol=2e-3)
    assert mean.config["page_score"] == 0.125
    assert f"sha256: {mean.sha256}" in capsys.readouterr().out
    RegionPredictor.load(target, backend="onnx").predict([np.full((64, 64), 255, np.uint8)])


def test_the_mean_of_weights_with_themselves_reads_alike(tmp_path):
    copy, target = tmp_path / "copy.safetensors", tmp_path / "mean.safetensors"
    shutil.copy(im2latex.RELEASED, copy)
    assert main(["average", str(im2latex.RELEASED), str(copy), "--output", str(target)]) == 0
    released, mean = (read_weights(path, im2latex.FORMAT) for path in (im2latex.RELEASED, target))
    assert mean.config == released.config and mean.tensors.keys() == released.tensors.keys()
    for name, tensor in released.tensors.items():
        np.testing.assert_array_equal(mean.tensors[name], tensor)


def test_what_cannot_be_averaged_is_refused(pair, tmp_path, capsys):
    target = tmp_path / "mean.safetensors"
    first, last = map(str, pair)

    def refusal(*arguments):
        status = main(["average", *arguments])
        return status, capsys.readouterr().err

    assert refusal(first, "--output", str(target)) == (2, "mathocr: error: two files or more are averaged, got one\n")
    assert refusal(first, last, "--output", last)[0] == 2
    assert refusal(first, last, "--output", str(tmp_path / "mean"))[0] == 2
    assert refusal(first, last, "--shares", "1", "--output", str(target))[0] == 2
    assert refusal(first, last, "--shares", "1", "-1", "--output", str(target))[0] == 2
    assert refusal(first, str(im2latex.RELEASED), "--output", str(target))[0] == 1
    released = read_weights(pair[0], FORMAT)
    fewer = dict(list(released.tensors.items())[1:])
    write_weights(pair[1], fewer, released.config, FORMAT)
    status, message = refusal(first, last, "--output", str(target))
    assert status == 1 and "is not of the same network" in message
    write_weights(pair[1], released.tensors, {**released.config, "exported": {}}, FORMAT)
    status, message = refusal(first, last, "--output", str(target))
    assert status == 1 and "holds exported graphs" in message
    assert not target.exists()
