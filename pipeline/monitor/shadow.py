"""The answers of two models to the same page, formula by formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mathocr.detector.metrics import MATCH_IOU
from mathocr.im2latex.metrics import edit_similarity
from mathocr.pipeline.evaluation.chain import tokens_of
from mathocr.pipeline.evaluation.matching import pairs


def compare_answers(
    live: Sequence[Mapping[str, Any]], shadow: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Compare two answers to one request.

    Args:
        live: Its pages as they were answered, documents of schema ``mathocr/1``.
        shadow: The same pages as the shadow answers them.

    Returns:
        A row a formula that both found: ``same`` (canonical tokens), ``edit`` (edit similarity in [0, 1]), ``live`` and
        ``shadow`` (confidences), ``live_valid`` and ``shadow_valid``; and of the whole: ``models`` (weights of the
        shadow), ``live_only`` and ``shadow_only`` (formulas that one found), ``live_ms`` and ``shadow_ms``
        (detector and recogniser together).

    Raises:
        ValueError: If the pages are not the same.
    """
    rows: list[dict[str, Any]] = []
    only = {"live_only": 0, "shadow_only": 0}
    for ours, theirs in zip(live, shadow, strict=True):
        ranked = sorted(ours["formulas"], key=lambda formula: -formula["score"])
        met = pairs(ranked, theirs["formulas"], MATCH_IOU)
        rows += [_row(ranked[a], theirs["formulas"][b]) for a, b in met]
        only["live_only"] += len(ranked) - len(met)
        only["shadow_only"] += len(theirs["formulas"]) - len(met)
    return rows, {
        "models": shadow[0]["models"] if shadow else {}, **only, "live_ms": _ms(live), "shadow_ms": _ms(shadow)
    }  # fmt: skip


def _row(live: Mapping[str, Any], shadow: Mapping[str, Any]) -> dict[str, Any]:
    a, b = tokens_of(live["latex"]), tokens_of(shadow["latex"])
    return {
        "same": a == b, "edit": round(edit_similarity(b, a), 6), "live": round(live["confidence"], 6),
        "shadow": round(shadow["confidence"], 6), "live_valid": live["valid"], "shadow_valid": shadow["valid"],
    }  # fmt: skip


def _ms(pages: Sequence[Mapping[str, Any]]) -> float:
    stages = ("detector", "im2latex")
    return round(sum(float(page["timing_ms"].get(stage, 0.0)) for page in pages for stage in stages), 3)
