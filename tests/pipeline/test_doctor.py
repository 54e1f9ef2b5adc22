"""The doctor: healthy here, and ill where weights are damaged or nothing is read."""

import json

import pytest

from mathocr.detector.predictor import RELEASED as DETECTOR
from mathocr.im2latex import predictor as im2latex
from mathocr.pipeline import doctor
from mathocr.pipeline.cli import main

pytestmark = pytest.mark.skipif(
    not (DETECTOR.is_file() and im2latex.RELEASED.is_file()), reason="no released weights in this checkout"
)


def test_this_installation_is_healthy(capsys):
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["healthy"] and report["self_test"]["latex"] and report["self_test"]["error"] is None
    assert report["weights"]["im2latex"]["sha256"] in im2latex.RELEASED.with_suffix(".md").read_text()
    assert report["backends"]["onnx"] and report["devices"][0] == "cpu"
    text = doctor.to_text(report)
    assert text.endswith("\nhealthy") and "pdflatex" in text


def test_damaged_weights_are_named(tmp_path, monkeypatch, capsys):
    for path in im2latex.RELEASED.parent.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    damaged = tmp_path / im2latex.RELEASED.name
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\x7f")
    monkeypatch.setattr(im2latex, "RELEASED", damaged)
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "its model card im2latex.md says" in out and out.endswith("NOT healthy\n")


def test_an_example_without_a_formula_is_ill(tmp_path, monkeypatch):
    import numpy as np
    from PIL import Image

    Image.fromarray(np.full((40, 60), 255, np.uint8)).save(tmp_path / "blank.png")
    monkeypatch.setattr(doctor, "EXAMPLE", tmp_path / "blank.png")
    assert doctor.examine()["self_test"]["error"]
