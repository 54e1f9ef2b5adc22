"""What is kept of an answer: numbers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mathocr.data.latex import tokens_or_none
from mathocr.pipeline.monitor.tables import Answer


def answer_rows(told: Mapping[str, Any], pages: Sequence[Mapping[str, Any]]) -> list[Answer]:
    """Rows of a request.

    Args:
        told: Fields of ``Answer`` that are the same for all pages of the request.
        pages: Documents of schema ``mathocr/1``; none for a request that failed.

    Returns:
        One a page, or one for a request without pages. What was counted since the last record is in the first.
    """
    if not pages:
        return [Answer(page=0, **told)]
    counted = {"refused": 0, "lost": 0, "dropped": 0}
    return [
        Answer(
            page=number, mode=page["mode"], width=page["width"], height=page["height"], timing_ms=page["timing_ms"],
            models=page["models"], formulas=[_formula(formula) for formula in page["formulas"]],
            **{**told, **(counted if number > 1 else {})},
        )
        for number, page in enumerate(pages, 1)
    ]  # fmt: skip


def token_count(latex: str) -> int | None:
    """Number of canonical tokens of an answer; None where it cannot be parsed."""
    tokens = tokens_or_none(latex)
    return None if tokens is None else len(tokens)


def _formula(formula: Mapping[str, Any]) -> dict[str, Any]:
    x0, y0, x1, y1 = formula["box"]
    return {
        "kind": formula["kind"], "score": round(formula["score"], 4), "confidence": round(formula["confidence"], 6),
        "valid": formula["valid"], "stopped": formula["stopped"], "tokens": token_count(formula["latex"]),
        "width": round(x1 - x0), "height": round(y1 - y0),
    }  # fmt: skip
