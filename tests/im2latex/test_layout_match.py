"""Drawings made by hand: glyphs at 10 pt, a glyph 5 wide and 7 tall on a baseline at y = 20."""

import numpy as np
import pytest

from mathocr.im2latex import layout_match
from mathocr.im2latex.glyphs import Drawing
from mathocr.im2latex.layout_match import compare_drawings, same_drawing


def draw(*marks):
    """``(name, x, baseline)`` with a type size as fourth, or ``("rule", x0, y, width)``."""
    boxes, baselines, ems = [], [], []
    for name, x, y, *rest in marks:
        if name == "rule":
            boxes.append((x, y, x + rest[0], y + 0.4))
            ems.append(10.0)
            baselines.append(y + 2.5)
        else:
            size = rest[0] if rest else 10.0
            boxes.append((x, y - 0.7 * size, x + 0.5 * size, y))
            ems.append(size)
            baselines.append(y)
    names = tuple(mark[0] for mark in marks)
    return Drawing(names, np.array(boxes, float).reshape(-1, 4), np.array(baselines), np.array(ems))


def line(text, x=3.0, y=20.0):
    return [(letter, x + 6 * place, y) for place, letter in enumerate(text)]


def cdm(pred, target):
    return compare_drawings(draw(*pred), draw(*target)).cdm


def test_identical_is_one():
    score = compare_drawings(draw(*line("abc")), draw(*line("abc")))
    assert score == (1.0, 3, 3, 3, True)


def test_one_wrong_glyph_of_n():
    score = compare_drawings(draw(*line("abxde")), draw(*line("abcde")))
    assert score == (pytest.approx(0.8), 4, 5, 5, False)


def test_missing_and_added_glyphs():
    assert cdm(line("abde"), line("abcde")) == pytest.approx(2 * 4 / 9)
    assert cdm(line("abcde"), line("abde")) == pytest.approx(2 * 4 / 9)
    assert compare_drawings(draw(*line("abde")), draw(*line("abcde")))[2:4] == (4, 5)


def test_swapped_glyphs_cost_both():
    assert cdm(line("y=2x+3z"), line("y=2z+3x")) == pytest.approx(5 / 7)


def test_superscript_is_no_subscript():
    raised = [("2", 3, 20), ("2a", 9, 16, 7.0)]
    lowered = [("2", 3, 20), ("2a", 9, 21.5, 7.0)]
    assert cdm(lowered, raised) == pytest.approx(0.5)
    assert cdm(raised, raised) == 1


def test_displaced_part_costs_its_borders():
    up = [*line("x"), *[(c, x, 16.0) for c, x, _ in line("abc", 9)], *line("+y", 27)]
    down = [*line("x"), *[(c, x, 21.5) for c, x, _ in line("abc", 9)], *line("+y", 27)]
    assert cdm(up, down) == pytest.approx(4 / 6)


def test_displaced_glyph_costs_one():
    assert cdm([("x", 3, 20), ("a", 9, 20), ("+", 15, 20), ("y", 21, 20)],
               [("x", 3, 20), ("a", 9, 16), ("+", 15, 20), ("y", 21, 20)]) == pytest.approx(3 / 4)  # fmt: skip


def test_sideways_and_up_are_not_mixed_up():
    # above it instead of beside it, and the other way round
    beside, above = [("a", 3, 20), ("b", 12, 20)], [("a", 3, 20), ("b", 3, 11)]
    assert cdm(beside, above) == pytest.approx(0.5)
    assert cdm(above, beside) == pytest.approx(0.5)
    # the same steps of 4 points: in a line 4 of spaces may not be told, up or down they may
    assert cdm([("a", 3, 20), ("b", 3 + 6, 20)], [("a", 3, 20), ("b", 3 + 10, 20)]) == 1.0
    assert cdm([("a", 3, 20), ("b", 3 + 6, 20)], [("a", 3, 20), ("b", 3 + 6, 24)]) == pytest.approx(0.5)


def test_left_is_not_right():
    # drawn in the same order, on the same baseline
    assert cdm([("a", 9, 20), ("b", 3, 20)], [("a", 3, 20), ("b", 9, 20)]) == pytest.approx(0.5)


def test_what_is_centred_above_may_be_off_by_one_size():
    def limit(x):
        return [("∑", 10, 20), ("n", x, 8)]

    assert cdm(limit(19), limit(10)) == 1.0
    assert cdm(limit(21), limit(10)) == pytest.approx(0.5)
    assert cdm(limit(24), limit(16)) == 1.0  # both to the right


def test_offsets_are_in_the_larger_type_size():
    # 2 points down is .2 of 10 points but .4 of 5
    assert cdm([("a", 3, 20), ("b", 9, 22, 5.0)], [("a", 3, 20), ("b", 9, 20, 5.0)]) == 1.0
    assert cdm([("a", 3, 20, 5.0), ("b", 9, 22, 5.0)], [("a", 3, 20, 5.0), ("b", 9, 20, 5.0)]) == pytest.approx(0.5)


def test_missing_row_costs_its_glyphs_only():
    rows = [*line("a=b", y=20), *line("c=d", y=38), *line("e=f", y=56)]
    without = [*line("a=b", y=20), *line("e=f", y=38)]
    assert cdm(without, rows) == pytest.approx(2 * 6 / 15)


def test_lost_line_break_costs_one():
    assert cdm([*line("a=bc=d")], [*line("a=b"), *line("c=d", y=38)]) == pytest.approx(5 / 6)


def test_shift_by_a_wider_glyph_costs_nothing_more():
    assert cdm([("a", 3, 20), ("w", 9, 20), ("b", 21, 20)], line("avb")) == pytest.approx(2 / 3)


def test_numerator_and_denominator_exchanged():
    fraction = [("a", 4, 13), ("rule", 3, 16, 8), ("b", 4, 27)]
    turned = [("b", 4, 13), ("rule", 3, 16, 8), ("a", 4, 27)]
    assert cdm(turned, fraction) == pytest.approx(1 / 3)


def test_rule_must_span_the_same():
    short = [("√", 3, 20), ("rule", 9, 10, 6), ("a", 9, 20), ("b", 15, 20)]
    long = [("√", 3, 20), ("rule", 9, 10, 12), ("a", 9, 20), ("b", 15, 20)]
    assert cdm(long, short) == pytest.approx(3 / 4)
    # one glyph more under it is that glyph's fault alone
    longer = [("√", 3, 20), ("rule", 9, 10, 12), ("a", 9, 20), ("c", 15, 20), ("b", 21, 20)]
    assert cdm(longer, short) == pytest.approx(2 * 4 / 9)


def test_a_rule_is_compared_up_and_down_but_not_sideways():
    fraction = [("a", 4, 13), ("rule", 3, 16, 8), ("b", 4, 27)]
    # a longer bar, which spans the same glyphs, has its centre elsewhere
    assert cdm([("a", 4, 13), ("rule", 3, 16, 40), ("b", 4, 27)], fraction) == 1
    # the same bar below its denominator
    assert cdm([("a", 4, 13), ("rule", 3, 29, 8), ("b", 4, 27)], fraction) == pytest.approx(2 / 3)


def test_nothing_in_common_and_nothing_at_all():
    assert cdm(line("ab"), line("cd")) == 0
    assert cdm([], line("cd")) == 0
    assert cdm(line("cd"), []) == 0


def test_symmetric():
    rng = np.random.default_rng(3)
    for _ in range(20):
        first, second = (
            draw(*[(str(rng.choice(list("abc"))), *rng.integers(3, 60, 2).tolist()) for _ in range(8)])
            for _ in range(2)
        )
        assert compare_drawings(first, second).cdm == pytest.approx(compare_drawings(second, first).cdm)


def test_long_formulas_are_cut_to_the_likeliest_pairs(monkeypatch):
    monkeypatch.setattr(layout_match, "MAX_PAIRS", 40)
    score = compare_drawings(draw(*line("ab" * 10 + "x")), draw(*line("ab" * 10 + "y")))
    assert score.right == 20


def test_same_drawing_in_any_order_and_place():
    assert same_drawing(draw(*line("abc")), draw(*line("abc")[::-1]))
    assert same_drawing(draw(*line("abc", 9, 40)), draw(*line("abc")))
    assert same_drawing(draw(), draw())


def test_same_drawing_needs_each_glyph_in_its_place():
    assert not same_drawing(draw(*line("abc")), draw(*line("acb")))
    assert not same_drawing(draw(*line("ab")), draw(*line("abb")))
    twice, apart = draw(("a", 3, 20), ("a", 3, 20)), draw(("a", 3, 20), ("a", 9, 20))
    assert not same_drawing(twice, apart) and not same_drawing(apart, twice)
    assert not same_drawing(draw(("a", 3, 20), ("b", 9, 20)), draw(("a", 3, 20), ("b", 9, 20.6)))
    assert not same_drawing(draw(("a", 3, 20), ("b", 9, 20)), draw(("a", 3, 20), ("b", 9.6, 20)))
    assert same_drawing(draw(("a", 3, 20), ("b", 9, 20)), draw(("a", 3, 20), ("b", 9.4, 20)))
