import numpy as np

from mathocr.data.inspection import Fault, box_faults, inspect_row
from mathocr.data.samples import CropSample, FormatError, PageSample, Rows


def gray(height, width, seed=1):
    image = np.full((height, width), 255, np.uint8)
    image[0, :seed] = 0
    return image


def crop(tex="x", image=None):
    return CropSample(lambda: gray(10, 20) if image is None else image, tex, None, "set", "f:1")


def faults(sample, vocabulary=None):
    return [(fault.kind, fault.where, fault.message) for fault in inspect_row([sample], 0, vocabulary).faults]


def test_a_good_crop():
    found = inspect_row([crop("{a \\over b}")], 0, frozenset("ab{}") | {"\\frac"})
    assert found.faults == [] and (found.height, found.width) == (10, 20) and found.tokens == [7]
    assert found.tex_hash == inspect_row([crop("\\frac ab")], 0, None).tex_hash != 0
    assert found.image_hash != inspect_row([crop(image=gray(10, 20, 2))], 0, None).image_hash
    assert found.image_hash != inspect_row([crop(image=gray(20, 10).reshape(20, 10))], 0, None).image_hash


def test_latex_faults():
    assert faults(crop("\\frac{a"))[0][0] == "latex"
    assert faults(crop("\\quad")) == [("latex", "f:1", "the LaTeX draws nothing: '\\\\quad'")]
    assert faults(crop("\\foo a")) == [("token", "f:1", "unknown command \\foo")]
    assert faults(crop("a+b"), frozenset("ab")) == [("token", "f:1", "not in the vocabulary: +")]


def test_image_faults():
    assert faults(crop(image=np.zeros((3, 50), np.uint8))) == [
        ("size", "f:1", "50 x 3 pixels are too few for a formula")
    ]
    assert faults(crop(image=np.zeros((2001, 2000), np.uint8))) == [
        ("size", "f:1", "2000 x 2001 pixels are a page, not a crop")
    ]
    assert faults(crop(image=np.zeros((9, 9), np.uint8))) == [("image", "f:1", "the image is blank")]

    def broken():
        raise ValueError("a.png: damaged")

    assert faults(CropSample(broken, "x", None, "set", "f:1")) == [("image", "f:1", "a.png: damaged")]


def test_a_row_that_cannot_be_read():
    def fail(row):
        raise FormatError("f:2: no field")

    assert inspect_row(Rows(1, fail), 0, None).faults == [Fault("row", "f:2", "no field")]


def test_boxes():
    boxes = np.array([[0, 0, 10, 10], [5, 5, 5, 9], [-1, -1, 101.4, 51.4], [-2, 0, 9, 9], [1, 1, 9, 2.5],
                      [0, 0, 10, 10], [0, 0, 9, 52]], float)  # fmt: skip
    assert [(fault.kind, fault.where, fault.message) for fault in box_faults(boxes, 100, 50, "f:1")] == [
        ("box", "f:1: region 1", "box (5.0, 5.0, 5.0, 9.0) is empty: it needs x0 < x1 and y0 < y1"),
        ("box", "f:1: region 3", "box (-2.0, 0.0, 9.0, 9.0) is outside the page of 100 x 50 pixels"),
        ("size", "f:1: region 4", "box (1.0, 1.0, 9.0, 2.5) is less than 2 pixels wide or high"),
        ("box", "f:1: region 5", "the same box as region 0"),
        ("box", "f:1: region 6", "box (0.0, 0.0, 9.0, 52.0) is outside the page of 100 x 50 pixels"),
    ]


def test_page():
    boxes = np.array([[0.5, 0, 1, 1.2], [0, 0, 0.5, 0.5]])
    page = PageSample(lambda: gray(50, 100), boxes, ("inline", "display"), (None, "{"), "s", "f:1", True, (50, 99))
    found = inspect_row([page], 0, None)
    assert [(fault.kind, fault.where) for fault in found.faults] == [
        ("latex", "f:1: region 1"), ("size", "f:1"), ("box", "f:1: region 0")
    ]  # fmt: skip
    assert found.faults[1].message == "the image has 100 x 50 pixels, the row says 99 x 50"
    assert found.kinds == ["inline", "display"] and found.box_heights == [60, 25]
