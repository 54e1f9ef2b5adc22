"""Plans of what is read, and what becomes of the readings."""

import numpy as np
import pytest

from mathocr.data.contracts import Reading, Region
from mathocr.pipeline.assemble import Plan, is_plain_text, plan_page
from mathocr.pipeline.columns import find_layout
from mathocr.pipeline.equation_numbers import Candidate
from mathocr.pipeline.inputs import PageImage
from mathocr.pipeline.layout import find_ink

DISPLAY, INLINE = Region((10, 10, 90, 30), "display", 0.9), Region((10, 50, 30, 60), "inline", 0.8)
ON_NUMBER = Region((70, 11, 91, 29), "inline", 0.7)
LAYOUT = find_layout(find_ink(np.full((100, 100), 255, np.uint8)))


def reading(text, confidence=0.5):
    return Reading(text, tuple(text.split()), confidence, True, "end")


def test_a_number_is_taken_out_of_its_display_and_is_no_formula():
    candidate = Candidate((70, 10, 90, 30), 0, (10, 10, 60, 30))
    plan = Plan([DISPLAY, ON_NUMBER, INLINE], LAYOUT, [False] * 3, [candidate])
    assert plan.places() == [DISPLAY.box, ON_NUMBER.box, INLINE.box, candidate.rest, candidate.box]
    texts = ["a b c", "d", "x", "a b", "( 7 )"]
    formulas = plan.formulas([reading(text, 0.1 * n) for n, text in enumerate(texts)])
    assert [(f.latex, f.tag, f.box) for f in formulas] == [("a b", "(7)", candidate.rest), ("x", None, INLINE.box)]


def test_what_is_no_number_leaves_the_display_whole():
    candidate = Candidate((70, 10, 90, 30), 0, (10, 10, 60, 30))
    formulas = Plan([DISPLAY], LAYOUT, [False], [candidate]).formulas(
        [reading(text) for text in ("a b c", "a b", "( n )")]
    )
    assert [(f.latex, f.tag, f.box) for f in formulas] == [("a b c", None, DISPLAY.box)]


def test_a_number_that_was_read_with_the_display_is_taken_out():
    formulas = Plan([DISPLAY, INLINE], LAYOUT, [False] * 2).formulas([reading("a = b . ( 1 0 )"), reading("c , ( 2 )")])
    assert [(f.latex, f.tag) for f in formulas] == [("a = b.", "(10)"), ("c , ( 2 )", None)]


def test_a_broken_formula_is_whole_in_both_parts_though_one_is_a_number_alone():
    image = np.full((200, 400), 255, np.uint8)
    for top in (50, 70, 90):
        for x in range(20, 380, 10):
            image[top : top + 7, x : x + 6] = 0
    regions = [Region((20, 48, 60, 59), "inline", 0.9), Region((330, 48, 376, 59), "inline", 0.9),
               Region((20, 68, 30, 79), "inline", 0.9)]  # fmt: skip
    plan = Plan(regions, find_layout(find_ink(image)), [False] * 3)
    formulas = plan.formulas([reading("4 2"), reading("x \\geq", 0.5), reading("0", 0.8)])
    assert [(f.latex, f.continues) for f in formulas] == [(r"x \geq 0", None), (r"x \geq 0", 0)]
    assert formulas[1].confidence == pytest.approx(0.4)


def test_several_numbers_are_joined():
    numbers = [Candidate((95, y, 99, y + 9), 0) for y in (10, 20)]
    readings = [reading(text) for text in ("a b", "( 1 )", "( 2 )")]
    (formula,) = Plan([DISPLAY], LAYOUT, [False], numbers).formulas(readings)
    assert formula.tag == "(1), (2)"


def test_punctuation_after_an_inline_formula_is_the_sentences():
    places = [Region((0, y, 30, y + 10), kind, 0.9) for y, kind in ((10, "inline"), (30, "inline"), (50, "display"))]
    said = Reading("x , y ;", ("x", ",", "y", ";"), 0.5, True, "end", ("x, y", "x , v ;", "x , v"))
    formulas = Plan(places, LAYOUT, [False, True, False]).formulas([said] * 3)
    assert [f.latex for f in formulas] == ["x, y", "x , y ;", "x , y ;"]
    assert [f.confidence for f in formulas] == [0.5] * 3
    assert [f.alternatives for f in formulas] == [("x , v",), said.alternatives, said.alternatives]
    assert Plan(places[:1], LAYOUT, [False]).formulas([reading(". .")]) == ()
    ends = [
        Plan(places[:1], LAYOUT, [False]).formulas([reading(f"n {end}")])[0].latex for end in ("?", "!", "? .", "= ?")
    ]
    assert ends == ["n", "n !", "n", "n = ?"]  # a factorial stays, and what is asked for


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1 2", True), ("1 , 2 0 0 . 5 0", True), ("[ 7 ]", True), ("( 1 2 )", True), (":", True),
        ("9 : 3 0", True),
        ("\\mathrm { N a C l }", True), ("\\mathrm { d }", False), ("x", False), ("- 1", False), ("1 + 1", False),
        ("\\mathbf { x }", False), ("1 / 2", False), ("\\operatorname { r e f }", True), ("", False),
        ("( n )", False),
    ],
)  # fmt: skip
def test_plain_numbers_and_words_are_text(text, plain):
    assert is_plain_text(reading(text)) == plain


def test_text_is_left_out_unless_the_user_named_the_place():
    readings = [reading("4 2"), reading("4 2")]
    regions = [Region((10, 10, 30, 20), "inline", 0.9), Region((10, 50, 30, 60), "inline", 1.0)]
    formulas = Plan(regions, LAYOUT, [False, True]).formulas(readings)
    assert [f.box for f in formulas] == [regions[1].box]
    assert [f.latex for f in Plan([DISPLAY]).formulas(readings[:1])] == ["4 2"]  # a crop is read whatever it holds


def test_named_places_take_the_place_of_what_was_found_there():
    image = np.full((200, 300), 255, np.uint8)
    for x in range(20, 280, 10):
        image[50:57, x : x + 6] = 0
    image[100:130, 100:200:9] = 0
    page = PageImage("a.png", 1, 1, image, 0.0)
    found = [Region((22, 48, 60, 60), "inline", 0.9), Region((100, 100, 150, 130), "display", 0.8)]
    plan = plan_page(found, [(90.0, 95.0, 210.0, 135.0), (200.0, 45.0, 240.0, 60.0)], find_ink(image), page)
    planned = zip(plan.regions, plan.given, strict=True)
    assert [(region.box, region.kind, region.score, given) for region, given in planned] == [
        ((22, 48, 60, 60), "inline", 0.9, False),
        ((200, 45, 240, 60), "inline", 1.0, True),
        ((90, 95, 210, 135), "display", 1.0, True),
    ]  # fmt: skip
    clipped = plan_page([], [(250.0, 150.0, 900.0, 900.0)], find_ink(image), page)
    assert clipped.regions[0].box == (250, 150, 300, 200)
    with pytest.raises(ValueError, match=r"a.png: region .* outside the page of 300 x 200"):
        plan_page([], [(300.0, 0.0, 310.0, 10.0)], find_ink(image), page)
