"""Contracts: checks and the JSON round trip."""

import json

import pytest

from mathocr.data.contracts import Formula, ModelIdentity, PageResult, Reading, Region

REGION = Region(box=(1.0, 2.0, 30.0, 12.0), kind="inline", score=0.75)
READING = Reading(
    latex="x^{2}", tokens=("x", "^", "{", "2", "}"), confidence=0.5, valid=True, stopped="end", alternatives=("x2",)
)


def test_formula_joins_region_and_reading():
    formula = Formula.of(REGION, READING, tag="(3.2)")
    assert (formula.box, formula.kind, formula.score) == (REGION.box, "inline", 0.75)
    assert (formula.latex, formula.confidence, formula.tag, formula.alternatives) == ("x^{2}", 0.5, "(3.2)", ("x2",))


def test_page_result_survives_json():
    page = PageResult(
        "p.png", 1, 640, 480, (Formula.of(REGION, READING),), {"im2latex": ModelIdentity("m", "ab")}, {"total": 1.5}
    )
    record = json.loads(json.dumps(page.to_json()))
    assert record["schema"] == "mathocr/1" and (record["width"], record["height"]) == (640, 480)
    assert PageResult.from_json(record) == page


def test_wrong_values_are_refused():
    with pytest.raises(ValueError, match="expected schema 'mathocr/1', got None"):
        PageResult.from_json({})
    with pytest.raises(ValueError, match="kind must be one of"):
        Region((0, 0, 1, 1), "table", 1.0)
    with pytest.raises(ValueError, match=r"box must be \(x0, y0, x1, y1\)"):
        Region((5, 0, 1, 1), "inline", 1.0)
