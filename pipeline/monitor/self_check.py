"""Draws answers anew by TeX and compares their ink with that of the crops that they were read from."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mathocr.data.pdf import PdfPages
from mathocr.data.samples import Image
from mathocr.data.synthesis.tex import TexMissing
from mathocr.data.synthesis.typeset import Job, typeset
from mathocr.im2latex.prepare import FULL, Gray, trimmed_ink
from mathocr.im2latex.rendered import COMPUTER_MODERN, TYPE_PT, printable

PASSES = 0.65
"""Least match that passes: of 400 held-out typeset formulas 92 % of those read exactly are above, 47 % of the wrong
below (`mathocr monitor power SET` measures it)."""
_HEIGHT, _WIDEST = 48, 3000  # px to which both are brought
_NEAR = 2  # px within which ink counts as met: strokes of other fonts are that far off
_DPI = 150.0
_LIMIT = 20_000_000


def self_check(
    crops: Sequence[Image], formulas: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], str | None]:
    """How well each answer, drawn anew, matches its crop.

    Args:
        crops: What was read, ``(H, W)`` or ``(H, W, 3)`` RGB, uint8.
        formulas: The answers: ``latex``, ``kind``, ``confidence``.

    Returns:
        For each answer ``confidence`` and ``match`` in [0, 1]: 0 where TeX refuses it or draws no ink, None
        where the answer is empty or the crop has no ink; and why nothing was checked, or None.
    """
    try:
        drawn = iter(draw([(one["latex"], one["kind"] == "display") for one in formulas if one["latex"].strip()]))
    except TexMissing as error:
        return [], " ".join(str(error).split())
    rows = []
    for crop, formula in zip(crops, formulas, strict=True):
        match = None
        if formula["latex"].strip():
            picture, seen = next(drawn), trimmed_ink(crop)
            made = None if picture is None else trimmed_ink(picture)
            match = None if seen is None else 0.0 if made is None else round(ink_match(seen, made), 4)
        rows.append({"confidence": round(formula["confidence"], 6), "match": match})
    return rows, None


def draw(texs: Sequence[tuple[str, bool]]) -> list[Image | None]:
    """Pictures of formulas as the evaluation prints them, in Computer Modern; None for what TeX refuses.

    Args:
        texs: LaTeX, and whether it is displayed.

    Raises:
        TexMissing: If no TeX is installed.
    """
    if not texs:
        return []
    jobs = [Job(printable(tex), TYPE_PT, display) for tex, display in texs]
    found: list[Image | None] = [None] * len(jobs)
    with tempfile.TemporaryDirectory(prefix="mathocr-check-") as folder:
        done = typeset(jobs, COMPUTER_MODERN, Path(folder))
        if done.pdf is not None:
            pages = PdfPages(done.pdf.read_bytes(), "answers", _DPI, _LIMIT)
            for page, number in enumerate(done.kept, 1):
                found[number] = pages.read(page)
            pages.close()
    return found


def ink_match(seen: Gray, made: Gray) -> float:
    """F1 of ink that has ink of the other nearby, times the root of the ratio of both shapes.

    Both are brought to the bounds of the first, so that resolution does not count, and half of what a wrong shape
    costs comes back.

    Args:
        seen: Trimmed ink of the crop, ``(H, W)``.
        made: Trimmed ink of the drawing, ``(H, W)``.

    Returns:
        In [0, 1].
    """
    shape, other = seen.shape[1] / seen.shape[0], made.shape[1] / made.shape[0]
    size = max(8, min(_WIDEST, round(_HEIGHT * shape))), _HEIGHT
    a, b = ((cv2.resize(ink, size, interpolation=cv2.INTER_AREA) > FULL).astype(np.uint8) for ink in (seen, made))
    near = np.ones((2 * _NEAR + 1, 2 * _NEAR + 1), np.uint8)
    met_a = float((a & cv2.dilate(b, near)).sum()) / max(1, int(a.sum()))
    met_b = float((b & cv2.dilate(a, near)).sum()) / max(1, int(b.sum()))
    f1 = 2 * met_a * met_b / (met_a + met_b) if met_a + met_b else 0.0
    return float(f1 * np.sqrt(min(shape / other, other / shape)))
