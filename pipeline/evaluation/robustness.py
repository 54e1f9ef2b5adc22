"""Measures the recogniser on the same crops changed in many ways, each by several degrees."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

from mathocr.data.samples import CropSample, Image, Rows
from mathocr.pipeline.evaluation.measure import Predictors, Request, load_predictors, measure, open_set
from mathocr.pipeline.evaluation.perturbations import UNITS, Change, sweeps
from mathocr.pipeline.evaluation.selection import Selection

DEFAULT_COUNT = 200  # crops a level where no count is given: a share is then known to 7 points


def measure_robustness(request: Request, folder: Path, predictors: Predictors | None = None) -> dict[str, Any]:
    """Run all sweeps on crops; for a set of pages these are its true boxes.

    Args:
        request: What to measure; without a count ``DEFAULT_COUNT`` crops.
        folder: Keeps the records; a stopped sweep goes on.
        predictors: Opened already.

    Returns:
        ``samples`` and ``sweeps``: by name ``unit`` and ``levels``, a list of ``level``, ``exact_match``,
        ``edit_similarity``, ``bleu``, ``failed``, JSON-ready.

    Raises:
        As ``measure``.
    """
    request = dataclasses.replace(request, module="im2latex", count=request.count or DEFAULT_COUNT)
    loaded = {"im2latex": (predictors or load_predictors(request, open_set(request)))["im2latex"]}
    found: dict[str, Any] = {}
    unchanged: dict[str, Any] | None = None
    for name, levels in sweeps().items():
        rows = []
        for level, change in levels.items():
            if change is None:
                unchanged = unchanged or _level(request, folder, loaded, None, "unchanged")
                rows.append({"level": level} | unchanged)
            else:
                rows.append({"level": level} | _level(request, folder, loaded, change, f"{name}-{level:g}"))
        found[name] = {"unit": UNITS[name], "levels": rows}
    return {"samples": unchanged["count"] if unchanged else 0, "sweeps": found}


def _level(request: Request, folder: Path, predictors: Predictors, change: Change | None, label: str) -> dict[str, Any]:
    """Scores of one degree of a change."""
    altered = None if change is None else partial(changed, change)
    part = measure(request, folder, predictors, altered, label).report["im2latex"]
    failed = sum(failure["count"] for failure in part["failures"].values())
    return {**part["canonical"], "failed": failed}


def changed(change: Change, selection: Selection) -> Selection:
    """The selection with each image changed; the row is the seed of what is drawn by chance."""
    samples = Rows(len(selection.samples), partial(_changed_row, change, selection))
    return dataclasses.replace(selection, samples=samples)


def _changed_row(change: Change, selection: Selection, row: int) -> CropSample:
    """One crop."""
    sample = selection.samples[row]
    if not isinstance(sample, CropSample):
        raise ValueError(f"a crop is needed, got {type(sample).__name__}")
    return dataclasses.replace(sample, image=partial(_changed_image, change, sample, row))


def _changed_image(change: Change, sample: CropSample, row: int) -> Image:
    """Its pixels."""
    return change(sample.load(), row)
