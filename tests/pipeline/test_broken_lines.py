"""Broken formulas on drawn lines: which two regions are one formula, and what is read of it."""

from dataclasses import replace

import numpy as np
import pytest

from mathocr.data.contracts import Reading, Region
from mathocr.pipeline.broken_lines import find_continuations, join_readings, with_tokens
from mathocr.pipeline.columns import find_layout
from mathocr.pipeline.layout import find_ink


def paper(columns=((40, 470),), width=510):
    """Columns of words without a break, letters 7 high, lines 20 apart from 40 on."""
    page = np.full((500, width), 255, np.uint8)
    for x0, x1 in columns:
        for top in range(40, 440, 20):
            for x in range(x0, x1 - 4, 10):
                page[top : top + 7, x : x + 6] = 0
    return page


def region(x0, top, x1, kind="inline"):
    return Region((x0, top - 2, x1, top + 9), kind, 0.9)


def reading(text, confidence=0.5, stopped="end"):
    return Reading(text, tuple(text.split()), confidence, True, stopped)


def continuations(page, *parts):
    regions, texts = zip(*parts, strict=True)
    return find_continuations(regions, [reading(text) for text in texts], find_layout(find_ink(page)))


END, START = region(420, 100, 466), region(40, 120, 90)


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("a +", "b", True), ("a =", "b", True), ("a", "= b", True), ("f ( a", "b )", True), ("a", "\\leq b", True),
        ("a", "b", False), ("a", "- b", False), ("( a )", "( b )", False), ("f ( a", "b", False), ("", "= b", False),
        ("a ,", "= b", False),
    ],
)  # fmt: skip
def test_what_goes_on_is_joined(first, second, joined):
    assert continuations(paper(), (END, first), (START, second)) == ({1: 0} if joined else {})


@pytest.mark.parametrize(
    ("end", "start"),
    [
        (region(300, 100, 346), START),  # text after it in its line
        (END, region(140, 120, 190)),  # text before it
        (END, region(40, 140, 90)),  # a line between
        (END, region(40, 100, 90)),  # the same line
        (region(420, 120, 466), region(40, 100, 90)),  # above
        (region(420, 100, 466, "display"), START),
        (region(40, 100, 466), region(40, 120, 466)),  # two rows of a list, not further left
    ],
)
def test_what_stands_elsewhere_is_not(end, start):
    assert continuations(paper(), (end, "a +"), (start, "b")) == {}


def test_columns_are_kept_apart():
    page = paper(((40, 250), (280, 490)), width=530)
    left_end, right_start, left_start = region(210, 100, 246), region(280, 120, 320), region(40, 120, 90)
    assert continuations(page, (left_end, "a +"), (right_start, "b")) == {}
    assert continuations(page, (right_start, "c"), (left_end, "a +"), (left_start, "b")) == {2: 1}


def test_a_formula_over_three_lines_is_a_chain_and_no_part_is_taken_twice():
    whole_line = region(40, 120, 466)
    chain = continuations(paper(), (END, "a +"), (whole_line, "b +"), (region(40, 140, 90), "c"))
    assert chain == {1: 0, 2: 1}


def test_none_and_blank():
    layout = find_layout(find_ink(np.full((60, 60), 255, np.uint8)))
    assert find_continuations([], [], layout) == {}
    assert find_continuations([START], [reading("a +")], layout) == {}


def test_the_whole_is_right_where_both_parts_are():
    whole = join_readings(reading("x ^ { 2 } +", 0.5), reading("y = \\frac { 1 } { 2 }", 0.8))
    assert (whole.latex, whole.confidence, whole.valid) == (r"x^2 + y = \frac{1}{2}", pytest.approx(0.4), True)
    assert whole.tokens == tuple(["x", "^", "{", "2", "}", "+", "y", "=", "\\frac", "{", "1", "}", "{", "2", "}"])
    assert join_readings(reading("x +"), reading("y", stopped="length")).stopped == "length"


def test_parts_that_do_not_parse_stay_and_are_not_valid():
    whole = join_readings(reading("x ^ {"), reading("y"))
    assert not whole.valid and whole.latex == "x ^ { y"


def test_commands_that_do_not_render_stay_not_valid():
    assert not with_tokens(replace(reading("\\iiiint f ."), valid=False), ("\\iiiint", "f")).valid
    assert not join_readings(reading("\\iiiint f +"), reading("g")).valid
    assert with_tokens(reading("\\int f ."), ("\\int", "f")).valid
