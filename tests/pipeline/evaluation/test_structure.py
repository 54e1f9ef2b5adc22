"""Equation numbers and broken formulas, counted by hand on pages of a few boxes."""

import pytest

from mathocr.pipeline.evaluation.structure import Structure

PLACES = [[10.0 * n, 0.0, 10.0 * n + 8.0, 8.0] for n in range(8)]


def target(place, kind="display", tag=None, continues=None):
    return {"box": PLACES[place], "kind": kind, "tag": tag, "continues": continues}


def formula(place, kind="display", tag=None, continues=None, score=0.9):
    return {"box": PLACES[place], "kind": kind, "tag": tag, "continues": continues, "score": score}


def measured(found, targets):
    structure = Structure()
    structure.add({"formulas": found, "targets": targets})
    return structure.compute()


def test_numbers_by_hand():
    targets = [
        target(0, tag="(1)"),
        target(1, tag="(2), (3)"),
        target(2, tag=r"($\ast $)"),
        target(3),
        target(4, tag="(9)"),
    ]
    found = [
        formula(3, tag="(4)"),  # false: this one has no number
        formula(0, tag="(1)", score=0.2),  # right
        formula(1, tag="(2)"),  # found, one of its two numbers
        formula(2, tag="(*)"),  # right
        formula(6, tag="(5)"),  # false: nothing there
        formula(7, tag="(9)"),  # a number of the page, on a piece of something
    ]  # (9) was not found
    assert measured(found, targets)["equation_numbers"] == {
        "numbered": 4, "displays_found": 3, "right": 2, "right_of_found": pytest.approx(2 / 3),
        "without_number": 1, "false": 2,
    }  # fmt: skip


def test_breaks_by_hand():
    targets = [target(n, "inline", continues=earlier) for n, earlier in enumerate((None, 0, None, 2, None, 4))]
    found = [
        formula(1, "inline", continues=4),  # right: row 4 here is target 0
        formula(2, "inline"),
        formula(3, "inline", continues=3),  # wrong: target 3 goes on from 2, not from 4
        formula(4, "inline"),  # its later part was not found
        formula(0, "inline"),
        formula(7, "inline"),
        formula(6, "inline", continues=5),  # on nothing, counts neither way
    ]
    assert measured(found, targets)["broken_lines"] == {
        "broken": 3, "parts_found": 2, "joined": 2, "right": 1, "precision": 0.5, "recall": pytest.approx(1 / 3),
        "recall_of_found": 0.5,
    }  # fmt: skip


def test_sets_that_do_not_say_are_not_counted_and_nothing_is_no_share():
    bare = {"box": PLACES[0], "kind": "display"}
    report = measured([formula(0, tag="(1)")], [bare])
    assert report == measured([], [])
    assert report["equation_numbers"]["right_of_found"] is None and report["broken_lines"]["precision"] is None
    page = measured([formula(0, tag="(1)", continues=None)], [])
    assert page["equation_numbers"]["false"] == 1
