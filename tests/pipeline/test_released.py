"""The released weights on the example pages: the promise of the README."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from mathocr.data.latex import canonicalize
from mathocr.data.weights import read_weights, write_weights
from mathocr.detector.predictor import RELEASED as DETECTOR
from mathocr.im2latex.predictor import FORMAT
from mathocr.im2latex.predictor import RELEASED as IM2LATEX
from mathocr.pipeline import MathOCR
from mathocr.pipeline.cli import main

HALF_RIGHT = """
name: half_right
purpose: Half of the formulas are read exactly.
labelling_guide: docs/LABELLING.md
inputs: [{name: formulas, samples: 8}]
accuracy: {pipeline: {f1: 0.5}}
speed: {definition: not asked for}
deployment: {where: local_cpu, device: cpu, hardware: any, threads: 1}
"""

pytestmark = pytest.mark.skipif(
    not (DETECTOR.is_file() and IM2LATEX.is_file()), reason="no released weights in this checkout"
)


@pytest.fixture(scope="module")
def ocr():
    return MathOCR.load()


def iou(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0, width) * max(0, height)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def test_half_of_the_example_page_is_read_exactly_and_in_order(ocr, example):
    image, truth = example("page.png")
    result = ocr.predict(image)
    assert result.mode == "page"
    right = []
    for number, wanted in enumerate(truth["formulas"]):
        for place, found in enumerate(result.formulas):
            same_place = iou(wanted["box"], found.box) > 0.5
            if same_place and found.valid and canonicalize(found.latex).tokens == canonicalize(wanted["latex"]).tokens:
                right.append((number, place))
    assert len(right) >= len(truth["formulas"]) / 2
    assert [place for _, place in right] == sorted(place for _, place in right)


@pytest.mark.parametrize("name", ["crop.png", "crop_dark.png"])
def test_crops_are_told_from_pages(ocr, example, name):
    image, _ = example(name)
    result = ocr.predict(image)
    assert result.mode == "crop" and result.formulas[0].latex


def test_weights_made_worse_miss_the_targets_and_are_not_released(example, tmp_path, capsys):
    pytest.importorskip("torch")
    image, truth = example("page.png")
    cv2.imwrite(str(tmp_path / "page.png"), image[..., ::-1] if image.ndim == 3 else image)
    regions = [{key: formula[key] for key in ("box", "kind", "latex")} for formula in truth["formulas"]]
    (tmp_path / "labels.jsonl").write_text(json.dumps({"image": "page.png", "regions": regions}) + "\n")
    good = read_weights(IM2LATEX, FORMAT)
    rng = np.random.default_rng(0)
    tensors = {name: array.astype(np.float32) for name, array in good.tensors.items() if array.dtype.kind == "f"}
    noisy = {name: array + rng.normal(0, 0.5 * array.std(), array.shape) for name, array in tensors.items()}
    worse = tmp_path / "worse.safetensors"
    write_weights(worse, {**good.tensors, **noisy}, good.config, FORMAT)
    service = tmp_path / "half.yaml"
    service.write_text(HALF_RIGHT)
    common = [
        "evaluate",
        "--data",
        str(tmp_path / "labels.jsonl"),
        "--targets",
        str(service),
        "--backend",
        "torch",
        "--module",
        "pipeline",
    ]
    candidates = [*common, "--output", str(tmp_path / "out"), "--candidates", str(worse), str(IM2LATEX)]
    assert main(candidates) == 0
    assert "**Release: im2latex.** Why: im2latex is the only one that meets all targets." in capsys.readouterr().out
    alone = [*common, "--output", str(tmp_path / "out" / "worse"), "--no-render", "--no-speed"]
    assert main([*alone, "--im2latex-weights", str(worse)]) == 1
    assert "| accuracy.pipeline.f1 | at least 0.5 | 0.0000 | fail |" in capsys.readouterr().out


def test_answers_do_not_depend_on_the_batch(ocr, example):
    images = [example(name)[0] for name in ("crop.png", "slide.png", "crop_dark.png")]
    for together, image in zip(ocr.predict_batch(images), images, strict=True):
        for one, alone in zip(together.formulas, ocr.predict(image).formulas, strict=True):
            assert one.confidence == pytest.approx(alone.confidence, abs=1e-4)  # drafts change the shapes of the sums
            assert replace(one, confidence=0.0) == replace(alone, confidence=0.0)
