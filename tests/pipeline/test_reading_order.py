"""Order on drawn pages: gray dashes are words, boxes are given in the order that a reader meets them."""

import cv2
import numpy as np
import pytest

from mathocr.pipeline.columns import find_blocks, find_layout
from mathocr.pipeline.layout import find_ink, slope
from mathocr.pipeline.reading_order import reading_order


def write_lines(page, x0, x1, tops, seed=0):
    """Lines of words: letters 7 high or 10 with ascender, 5 wide, words of 2 to 8 letters, spaces of 8."""
    rng = np.random.default_rng(seed)
    for top in tops:
        x = x0
        while x < x1 - 8:
            for letter in range(rng.integers(2, 9)):
                if x + 5 <= x1:
                    page[top - 3 * (letter == 1) : top + 7, x : x + 5] = 0
                    x += 7
            x += 8


def paper(height=700, width=560):
    return np.full((height, width), 255, np.uint8)


def two_columns():
    """Title across, two columns, a wide line across, two columns: 9 boxes."""
    page = paper()
    write_lines(page, 120, 440, [30], seed=1)
    for x0, x1, seed in ((40, 260, 2), (300, 520, 3)):
        write_lines(page, x0, x1, range(80, 300, 20), seed)
        write_lines(page, x0, x1, range(400, 640, 20), seed + 5)
    write_lines(page, 60, 500, [340, 360], seed=9)
    boxes = [
        (200, 28, 230, 40),
        *[(80, 138, 120, 150), (200, 140, 215, 148), (60, 278, 100, 290)],
        *[(320, 98, 360, 110), (400, 200, 470, 226)],
        (180, 335, 420, 372),
        *[(50, 500, 90, 512)],
        *[(450, 420, 480, 432)],
    ]
    return page, boxes


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("degrees", [0.0, 1.2, -1.5])
def test_two_columns_with_wide_lines_also_turned(seed, degrees):
    page, boxes = two_columns()
    turn = cv2.getRotationMatrix2D((280, 350), degrees, 1)
    page = cv2.warpAffine(page, turn, (560, 700), borderValue=255)
    middles = np.array([[(b[0] + b[2]) / 2, (b[1] + b[3]) / 2, 1] for b in boxes]) @ turn.T
    turned = [
        (x - (b[2] - b[0]) / 2, y - (b[3] - b[1]) / 2, x + (b[2] - b[0]) / 2, y + (b[3] - b[1]) / 2)
        for (x, y), b in zip(middles.tolist(), boxes, strict=True)
    ]
    shuffled = np.random.default_rng(seed).permutation(len(boxes)).tolist()
    order = reading_order([turned[i] for i in shuffled], find_layout(find_ink(page)))
    assert [shuffled[i] for i in order] == list(range(len(boxes)))


def test_blocks_of_the_two_column_page():
    page, _ = two_columns()
    ink = find_ink(page)
    blocks = find_blocks(ink.mask, ink.letter)
    assert [len(block.gutters) for block in blocks] == [0, 1, 0, 1]
    assert all(265 < block.gutters[0] < 295 for block in blocks if block.gutters)


def test_three_columns():
    page = paper(500, 800)
    for column, x0 in enumerate((30, 290, 550)):
        write_lines(page, x0, x0 + 220, range(40, 460, 20), column)
    boxes = [(40, 300, 80, 312), (330, 60, 360, 72), (300, 200, 340, 212), (600, 40, 640, 52)]
    assert reading_order(boxes, find_layout(find_ink(page))) == [0, 1, 2, 3]
    assert reading_order(boxes[::-1], find_layout(find_ink(page))) == [3, 2, 1, 0]


def test_equation_numbers_are_no_column():
    page = paper(420, 560)
    write_lines(page, 40, 520, range(20, 120, 20))
    for top in range(150, 400, 40):
        write_lines(page, 120, 360, [top], seed=top)
        write_lines(page, 490, 520, [top])
    ink = find_ink(page)
    assert all(not block.gutters for block in find_blocks(ink.mask, ink.letter))


def test_one_line_from_left_to_right_though_heights_differ():
    page = paper(200, 560)
    write_lines(page, 40, 520, range(40, 180, 20))
    boxes = [(50, 61, 60, 69), (120, 52, 160, 78), (300, 58, 330, 66), (45, 80, 60, 90)]
    assert reading_order(boxes[::-1], find_layout(find_ink(page))) == [3, 2, 1, 0]


def test_none_and_one_box():
    ink = find_ink(paper(50, 50))
    assert reading_order([], find_layout(ink)) == []
    assert reading_order([(1, 1, 5, 5)], find_layout(ink)) == [0]
    assert reading_order([(1, 30, 5, 35), (1, 1, 5, 5)], find_layout(ink)) == [1, 0]


@pytest.mark.parametrize("name", ["page.png", "page_two_columns.png", "scan.jpg", "slide.png"])
def test_examples_in_any_order_of_detection(example, name):
    image, truth = example(name)
    boxes = [tuple(formula["box"]) for formula in truth["formulas"]]
    shuffled = np.random.default_rng(1).permutation(len(boxes)).tolist()
    order = reading_order([boxes[i] for i in shuffled], find_layout(find_ink(image)))
    assert [shuffled[i] for i in order] == list(range(len(boxes)))


@pytest.mark.parametrize("degrees", [-2.0, 0.0, 1.0])
def test_slope_is_the_turn_of_the_lines(degrees):
    page = paper()
    write_lines(page, 80, 480, range(100, 600, 20))
    turned = cv2.warpAffine(page, cv2.getRotationMatrix2D((280, 350), degrees, 1), (560, 700), borderValue=255)
    assert slope(find_ink(turned)) == pytest.approx(-np.tan(np.radians(degrees)), abs=0.002)


@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (255, 20), (100, 170)])
def test_ink_is_found_on_any_ground(ink, ground):
    page = paper()
    write_lines(page, 80, 480, range(100, 600, 20))
    found = find_ink(np.where(page == 0, ink, ground).astype(np.uint8))
    assert found.letter == 7
    assert np.array_equal(found.mask, page == 0)


def test_large_images_are_reduced():
    page = np.kron(two_columns()[0], np.ones((4, 4), np.uint8))
    found = find_ink(page)
    assert max(found.mask.shape) == 1280 and found.scale == pytest.approx(1280 / 2800)
    assert found.letter == pytest.approx(28 * found.scale, abs=1.5)


@pytest.mark.parametrize("size", [2, 3])
def test_dots_without_any_letter_tell_no_size_of_type(size):
    page = np.full((300, 300), 255, np.uint8)
    for y, x in np.ndindex(24, 24):
        page[6 + 12 * y : 6 + 12 * y + size, 6 + 12 * x : 6 + 12 * x + size] = 0
    found = find_ink(page)
    assert (found.letters, found.letter, found.type_scale) == (24 * 24, 0.0, None)
