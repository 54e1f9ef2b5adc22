import numpy as np
import pytest

from mathocr.data.contracts import Region
from mathocr.pipeline import MathOCR, Options
from mathocr.pipeline.layout import find_ink
from mathocr.pipeline.page_or_crop import is_page, surely_page


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        *[("page.png", "page"), ("page_two_columns.png", "page"), ("scan.jpg", "page"), ("slide.png", "page")],
        *[("pages.pdf", "page"), ("crop.png", "crop"), ("crop_dark.png", "crop")],
    ],
)
def test_examples_are_told_apart(example, truth_finder, reader, name, mode):
    image, _ = example(name)
    assert MathOCR(truth_finder, reader).predict(image).mode == mode


def test_example_page_in_order(example, truth_finder, reader):
    image, truth = example("page_two_columns.png")
    result = MathOCR(truth_finder, reader).predict(image, Options(formulas="display"))
    assert [list(f.box) for f in result.formulas] == [f["box"] for f in truth["formulas"] if f["kind"] == "display"]


def glyphs(rows, columns, pitch=24):
    image = np.full((40 + rows * pitch, 40 + columns * 14), 255, np.uint8)
    for row in range(rows):
        for column in range(columns):
            image[20 + row * pitch : 30 + row * pitch, 20 + column * 14 : 28 + column * 14] = 0
    return image


def test_a_page_of_dots_is_read(finder, reader):
    page = np.full((300, 300), 255, np.uint8)
    page[np.ix_(*[np.flatnonzero(np.arange(300) % 12 > 8)] * 2)] = 0
    assert MathOCR(finder, reader).predict(page).formulas == ()


def test_much_ink_is_surely_a_page_at_any_resolution():
    page = glyphs(12, 40)
    assert surely_page(find_ink(page))
    assert surely_page(find_ink(np.kron(page, np.ones((3, 3), np.uint8))))
    assert not surely_page(find_ink(glyphs(3, 20)))
    assert surely_page(find_ink(glyphs(25, 2)))  # a long narrow list


def test_without_regions_lines_are_text_and_less_is_a_formula():
    assert is_page(find_ink(glyphs(6, 20)), [])
    assert not is_page(find_ink(glyphs(1, 20)), [])
    assert is_page(find_ink(glyphs(1, 60)), [])


def test_a_line_with_one_small_formula_is_a_page():
    ink = find_ink(glyphs(1, 30))
    assert is_page(ink, [Region((20, 18, 90, 32), "inline", 0.9)])
    assert not is_page(ink, [Region((20, 18, 400, 32), "inline", 0.9)])


def test_rows_of_one_formula_are_a_crop_and_displays_apart_are_a_page():
    rows = [Region((15, 18 + 24 * i, 310, 32 + 24 * i), "display", 0.9) for i in range(5)]
    assert not is_page(find_ink(glyphs(5, 20)), rows)
    apart = [Region((15, 18 + 60 * i, 310, 32 + 60 * i), "display", 0.9) for i in range(5)]
    assert is_page(find_ink(glyphs(5, 20, pitch=60)), apart)
