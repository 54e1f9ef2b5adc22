import pytest

from mathocr.pipeline.monitor.shadow import compare_answers
from mathocr.pipeline.monitor.summary import summarise_shadows
from mathocr.pipeline.monitor.tables import Look

from .conftest import formula, page

BOXES = [(0, 0, 20, 10), (0, 50, 20, 60), (100, 0, 140, 10)]


def test_formulas_are_met_by_their_place():
    live = page([formula("a", 0.9, box=BOXES[0]), formula(r"x \le y", 0.8, box=BOXES[1]), formula("z", box=BOXES[2])])
    shadow = page([formula(r"x \leq y", 0.6, box=BOXES[1]), formula("b", 0.5, box=BOXES[0])], ms=40.0)
    rows, more = compare_answers([live], [shadow])
    by_live = {row["live"]: row for row in rows}
    assert by_live[0.8]["same"] and by_live[0.8]["edit"] == 1 and by_live[0.8]["shadow"] == 0.6
    assert not by_live[0.9]["same"] and by_live[0.9]["edit"] == 0
    assert (more["live_only"], more["shadow_only"], more["live_ms"], more["shadow_ms"]) == (1, 0, 100.0, 40.0)


def test_what_cannot_be_parsed_is_the_same_only_as_itself():
    rows, _ = compare_answers([page([formula("{")])], [page([formula("{")])])
    assert rows[0]["same"]
    with pytest.raises(ValueError):
        compare_answers([page([])], [])


def test_sums_have_intervals_and_shadows_are_kept_apart():
    def look(same, sha256="a" * 64, **more):
        row = {
            "same": same,
            "edit": 0.5 + same / 2,
            "live": 0.5,
            "shadow": 0.75,
            "live_valid": True,
            "shadow_valid": True,
        }
        models = {"im2latex": {"name": "m", "sha256": sha256}}
        told = {"models": models, "live_only": 1, "shadow_only": 0, "live_ms": 10.0, "shadow_ms": 20.0, **more}
        return Look(created=0.0, kind="shadow", rows=[row, row], more=told)

    looks = [look(number % 4 > 0) for number in range(40)] + [look(True, "b" * 64)]
    looks.append(Look(created=0.0, kind="shadow", more={"failure": 422}))
    first, second, failed = summarise_shadows(looks)
    assert first["requests"] == 40 and first["formulas"] == 80 and first["live_only"] == 40
    assert first["same"]["value"] == 0.75 and 0.55 < first["same"]["low"] < 0.75 < first["same"]["high"] < 0.95
    assert first["edit_similarity"]["value"] == 0.875
    assert first["confidence_gain"] == {"value": 0.25, "low": 0.25, "high": 0.25}
    assert second["models"]["im2latex"]["sha256"] == "b" * 64 and failed == {"failed": 1}
    assert summarise_shadows([]) == []
