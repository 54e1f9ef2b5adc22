"""The released weights on the example pages: the promise of the README."""

import pytest

from mathocr.data.latex import canonicalize
from mathocr.detector.predictor import RELEASED as DETECTOR
from mathocr.im2latex.predictor import RELEASED as IM2LATEX
from mathocr.pipeline import MathOCR

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


def test_answers_do_not_depend_on_the_batch(ocr, example):
    images = [example(name)[0] for name in ("crop.png", "slide.png", "crop_dark.png")]
    together = ocr.predict_batch(images)
    assert [r.formulas for r in together] == [ocr.predict(image).formulas for image in images]
