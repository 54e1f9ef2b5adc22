"""Candidates on drawn pages (dashes are words, bars are displays, blocks are numbers), and the form of numbers."""

import cv2
import numpy as np
import pytest

from mathocr.data.contracts import Reading, Region
from mathocr.pipeline.columns import find_layout
from mathocr.pipeline.equation_numbers import find_candidates, parse_number, split_number
from mathocr.pipeline.layout import find_ink

NUMBER = (16, 26)  # height and width: brackets are 2.3 letters high, letters are 7


def paper(x0=40, x1=520, tops=(*range(40, 200, 20), *range(300, 460, 20)), width=560):
    """Lines of words above and below an empty band; letters 7 high."""
    page = np.full((500, width), 255, np.uint8)
    for top in tops:
        for x in range(x0, x1 - 5, 14):
            page[top : top + 7, x : x + 5] = 0
            page[top : top + 7, x + 6 : x + 11] = 0
    return page


def bar(page, x0, y0, x1, y1):
    """A display: symbols 7 high with little white between them, one as high as the whole."""
    for top in range(y0, y1 - 6, 20):
        for x in range(x0, x1 - 4, 10):
            page[top : top + 7, x : x + 6] = 0
    page[y0:y1, x0 : x0 + 6] = 0
    page[y1 - 7 : y1, x1 - 6 : x1] = 0
    return Region((x0, y0, x1, y1), "display", 0.9)


def number(page, x, middle):
    height, width = NUMBER
    y0 = middle - height // 2
    page[y0 : y0 + height, x : x + 4] = page[y0 : y0 + height, x + width - 4 : x + width] = 0
    page[middle - 4 : middle + 4, x + 10 : x + 15] = 0
    return (x, y0, x + width, y0 + height)


def candidates(page, *regions):
    return find_candidates(regions, find_layout(find_ink(page)))


def near(box, other, slack=2.0):
    return np.abs(np.subtract(box, other)).max() <= slack


@pytest.mark.parametrize("x", [494, 40])
def test_a_number_at_either_margin_belongs_to_the_display(x):
    page = paper()
    display, box = bar(page, 200, 230, 350, 260), number(page, x, 245)
    (found,) = candidates(page, display)
    assert near(found.box, box) and (found.owner, found.rest) == (0, None)


@pytest.mark.parametrize("degrees", [1.2, -1.5])
def test_a_turned_page(degrees):
    page = paper()
    bar(page, 200, 230, 350, 260)
    number(page, 494, 245)
    turn = cv2.getRotationMatrix2D((280, 250), degrees, 1)
    turned = cv2.warpAffine(page, turn, (560, 500), borderValue=255)

    def moved(x, y):
        return turn @ (x, y, 1)

    (x, y), (number_x, number_y) = moved(275, 245), moved(507, 245)
    display = Region((x - 77, y - 17, x + 77, y + 17), "display", 0.9)
    (found,) = candidates(turned, display)
    assert near([(found.box[0] + found.box[2]) / 2, (found.box[1] + found.box[3]) / 2], [number_x, number_y], 3)


def test_a_number_within_the_region_is_cut_off():
    page = paper()
    bar(page, 200, 230, 350, 260)
    box = number(page, 494, 245)
    (found,) = candidates(page, Region((200, 230, 520, 260), "display", 0.9))
    assert near(found.box, box) and near(found.rest, (200, 230, 350, 260))


def test_a_display_as_small_as_a_number_is_not_cut_back_to_what_stands_beside_it():
    page = paper()
    bar(page, 40, 230, 150, 260)
    box = number(page, 494, 245)
    found = candidates(page, Region(box, "display", 0.9))
    assert all(one.rest is None or one.rest[0] < one.rest[2] for one in found)


def test_each_row_has_its_own_number_though_a_lower_row_is_longer():
    page = paper()
    for top, end in ((215, 350), (250, 480)):
        for x in range(120, end, 10):
            page[top : top + 12, x : x + 6] = 0
    boxes = [number(page, 494, 221), number(page, 494, 256)]
    found = candidates(page, Region((120, 215, 486, 262), "display", 0.9))
    assert len(found) == 2 and all(near(one.box, box) for one, box in zip(found, boxes, strict=True))


def test_a_number_set_smaller_than_the_text():
    """Chinese signs are higher than the brackets of a number."""
    page = cv2.resize(paper(), None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)
    display, box = bar(page, 600, 720, 1000, 750), number(page, 1520, 735)
    (found,) = candidates(page, display)
    assert near(found.box, box)


def test_a_number_on_the_line_below_a_wide_display():
    page = paper()
    display = bar(page, 50, 215, 518, 245)
    box = number(page, 494, 268)
    (found,) = candidates(page, display)
    assert near(found.box, box)


def test_text_on_the_line_below_is_no_number():
    page = paper(tops=(*range(40, 200, 20), 265, *range(300, 460, 20)))
    assert candidates(page, bar(page, 200, 215, 350, 245)) == []


def test_a_number_belongs_to_its_own_column():
    page = np.minimum(paper(20, 310, width=660), paper(350, 640, width=660))
    left, right = bar(page, 80, 230, 200, 260), bar(page, 420, 230, 540, 260)
    box = number(page, 286, 245)
    found = candidates(page, right, left)
    assert [(one.owner, near(one.box, box)) for one in found] == [(1, True)]


def test_inline_regions_and_blank_pages_have_none():
    page = paper()
    bar(page, 200, 230, 350, 260)
    number(page, 494, 245)
    assert candidates(page, Region((200, 230, 350, 260), "inline", 0.9)) == []
    assert candidates(np.full((50, 60), 255, np.uint8), Region((5, 5, 20, 20), "display", 0.9)) == []
    assert candidates(page) == []


def reading(text, confidence=0.9, stopped="end"):
    return Reading(text.replace(" ", ""), tuple(text.split()), confidence, True, stopped)


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ("( 1 2 )", "(12)"), ("( 3 . 2 )", "(3.2)"), ("( 3 , 2 )", "(3.2)"), ("( A . 1 )", "(A.1)"),
        ("( 2 a )", "(2a)"),
        ("( * )", "(*)"), ("( \\ast )", "(*)"), ("[ 7 ]", "[7]"), ("( 5 ^ { \\prime } )", "(5')"), ("( I V )", "(IV)"),
        ("( 1 . 2 . 1 0 )", "(1.2.10)"), ("( S 4 )", "(S4)"),
        ("( \\Lambda )", "(A)"), ("( 3 . 2 \\alpha )", "(3.2a)"), ("( \\mathbf { 7 } )", "(7)"),
        ("( x )", None), ("( i i )", None), ("1 2", None), ("( 1 ]", None), ("( a + b )", None), ("( )", None),
        ("", None),
        ("( x , y )", None), ("( 1 2 3 4 5 )", None), ("f ( 1 )", None),
    ],
)  # fmt: skip
def test_form_of_a_number(tokens, expected):
    assert parse_number(reading(tokens)) == expected


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ("x = y . ( 1 0 )", ("x = y .", "(10)")), ("f ( x ) , ( 3 , 2 )", ("f ( x ) ,", "(3.2)")),
        ("x = f ( 2 )", None), ("x , ( 2 \\alpha )", None),
        ("x , ( n )", None), (". ( 1 )", None), ("x = y", None), ("", None), ("x , ( 1 ) y", None),
    ],
)  # fmt: skip
def test_a_number_at_the_end_of_a_display(tokens, expected):
    found = split_number(reading(tokens))
    assert (None if found is None else (" ".join(found[0]), found[1])) == expected
