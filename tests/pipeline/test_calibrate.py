"""``mathocr calibrate`` on a tiny network and drawn crops."""

import json
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mathocr.data.images import read_image
from mathocr.data.samples import FormatError
from mathocr.data.weights import read_weights, sha256_of, write_weights
from mathocr.detector.predictor import FORMAT as DETECTOR_FORMAT
from mathocr.detector.predictor import RELEASED, RegionPredictor
from mathocr.im2latex.calibration import Calibration
from mathocr.im2latex.export import export_graphs
from mathocr.im2latex.model import FormulaNet
from mathocr.im2latex.predictor import FORMAT, LatexPredictor
from mathocr.im2latex.vocabulary import EOS
from mathocr.pipeline import calibrate
from mathocr.pipeline.cli import main
from mathocr.pipeline.thresholds import PAGE_SCORES

EXAMPLE = Path(__file__).parents[2] / "examples" / "page.png"
CONFIG = {"backbone": "hgnetv2_b0", "width": 16, "heads": 2, "decoder_layers": 1, "max_length": 8, "glyph_classes": 3}


def test_calibration_is_written_and_used(tmp_path, capsys):
    torch.manual_seed(0)
    network = FormulaNet(6, **CONFIG)
    with torch.no_grad():
        network.bias[EOS] = 1.0  # so that its answers end
    path = tmp_path / "tiny.safetensors"
    tensors = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    before = write_weights(path, tensors, {"network": CONFIG, "tokens": ["x", "y"]}, FORMAT)
    export_graphs(network, path)
    image = np.full((30, 60), 255, np.uint8)
    cv2.putText(image, "x+y", (4, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 0, 1)
    cv2.imwrite(str(tmp_path / "a.png"), image)
    rows = [{"image": "a.png", "latex": latex} for latex in ("x", r"\frac{", "y")]
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["calibrate", str(path), "--data", str(tmp_path), "--negatives", "6"]) == 0
    after, out = sha256_of(path), capsys.readouterr().out
    assert after != before and f"sha256: {after}" in out
    crops = int(re.search(r"from (\d+) crops", out)[1])
    assert main(["calibrate", str(path), "--data", str(tmp_path), "--data", str(tmp_path), "--negatives", "6"]) == 0
    assert f"from {crops + 2} crops" in capsys.readouterr().out  # of the three one does not parse
    weights = read_weights(path, FORMAT)
    assert set(weights.config["calibration"]) == set(Calibration._fields)
    assert 0.0 <= LatexPredictor.load(path).predict([image])[0].confidence <= 1.0


def test_thresholds_of_a_detector_are_written(tmp_path, capsys):
    path = tmp_path / "detector.safetensors"
    read = read_weights(RELEASED, DETECTOR_FORMAT)
    write_weights(path, read.tensors, {**read.config, "page_score": 0.5}, DETECTOR_FORMAT)
    shutil.copy(RELEASED.with_suffix(".onnx"), path.with_suffix(".onnx"))
    found = RegionPredictor.load().predict([read_image(EXAMPLE)])[0]
    regions = [{"box": list(one.box), "kind": one.kind, "latex": "x"} for one in found]
    text = np.full((200, 400), 255, np.uint8)
    for y in range(20, 200, 20):
        cv2.putText(text, "nothing but words on this page", (10, y), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 0, 1)
    cv2.imwrite(str(tmp_path / "text.png"), text)
    for name, row in (
        ("math", {"image": str(EXAMPLE), "regions": regions}),
        ("text", {"image": "text.png", "regions": []}),
    ):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(row))
    asked = ["calibrate", str(path), "--data", str(tmp_path / "math.jsonl")]
    assert main(asked) == 0 and "F1 1.000" in capsys.readouterr().out
    kept = read_weights(path, DETECTOR_FORMAT).config
    assert kept["page_score"] == 0.5 and kept["min_score"] != read.config["min_score"]
    assert main([*asked, "--negatives", "5"]) == 2
    assert "--negatives is for weights of the recogniser" in capsys.readouterr().err
    assert main([*asked, "--without-math", str(tmp_path / "text.jsonl")]) == 0
    assert "0.000 regions a page without math" in capsys.readouterr().out
    assert read_weights(path, DETECTOR_FORMAT).config["page_score"] in PAGE_SCORES


def test_formulas_of_pages_are_read_at_the_scale_of_their_type(tmp_path):
    page = np.full((200, 300), 255, np.uint8)
    for y in range(20, 200, 30):
        cv2.putText(page, "some text around x+y", (10, y), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 0, 1)
    cv2.imwrite(str(tmp_path / "page.png"), page)
    regions = [{"box": [100, 5, 180, 25], "kind": "inline", "latex": tex} for tex in ("x", r"\frac{", "y")]
    (tmp_path / "pages.jsonl").write_text(json.dumps({"image": "page.png", "regions": regions}))
    asked = list(calibrate._questions(str(tmp_path / "pages.jsonl"), 10))
    assert [(one.truth, one.crop.shape) for one in asked] == [(("x",), (24, 84)), (("y",), (24, 84))]
    assert asked[0].scale == calibrate.find_ink(page).type_scale is not None
    assert len(list(calibrate._questions(str(tmp_path / "pages.jsonl"), 1))) == 1
    bare = [{name: value for name, value in region.items() if name != "latex"} for region in regions]
    (tmp_path / "bare.jsonl").write_text(json.dumps({"image": "page.png", "regions": bare}))
    with pytest.raises(FormatError, match=r"bare\.jsonl.*have no LaTeX"):
        list(calibrate._questions(str(tmp_path / "bare.jsonl"), 10))
    far = [{**regions[0], "box": [400, 5, 480, 25]}]
    (tmp_path / "far.jsonl").write_text(json.dumps({"image": "page.png", "regions": far}))
    with pytest.raises(FormatError, match=r"far\.jsonl.*outside the page"):
        list(calibrate._questions(str(tmp_path / "far.jsonl"), 10))
