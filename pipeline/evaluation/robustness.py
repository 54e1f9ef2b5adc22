"""Measures both stages on the same crops and pages changed in many ways, each by several degrees."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from mathocr.data.samples import CropSample, Image, PageSample, Rows
from mathocr.data.synthesis.tex import TexMissing
from mathocr.pipeline.evaluation.measure import Predictors, Request, load_predictors, measure, open_set
from mathocr.pipeline.evaluation.perturbations import UNITS, Change, carried, sweeps
from mathocr.pipeline.evaluation.selection import Selection
from mathocr.pipeline.evaluation.typeset_sweeps import font_sweep, row_sweep

DEFAULT_COUNT = 100  # crops a degree where no count is given: a share is then known to 10 points, in minutes
_PAGES = 6  # a degree, some 200 formulas: a share is then known to 7 points, in minutes
Scores = Callable[[dict[str, Any]], dict[str, Any]]


def measure_robustness(request: Request, folder: Path, predictors: Predictors | None = None) -> dict[str, Any]:
    """Run all sweeps; on a set of pages for the detector too, while the recogniser reads the true boxes.

    Args:
        request: What to measure; without a count ``DEFAULT_COUNT`` crops and at most 6 pages.
        folder: Keeps the records; a stopped sweep goes on.
        predictors: Opened already.

    Returns:
        ``im2latex`` and ``detector``, those that the request allows, each with ``samples`` and ``sweeps``: by name
        ``unit`` and ``levels``, a list of ``level`` and scores: ``formulas``, ``exact_match``, ``edit_similarity``,
        ``bleu`` and ``failed`` (crops that could not be scored), or ``precision``, ``recall`` and ``f1`` at IoU 0.5
        whatever the kind. The sweeps ``font`` and ``rows`` typeset the truths anew; without TeX ``missing`` says so.
        JSON-ready.

    Raises:
        FormatError: If the set cannot be opened.
        WeightsError: If weights cannot be used.
    """
    selection = open_set(request)
    loaded = predictors or load_predictors(request, selection)
    found: dict[str, Any] = {}
    if "im2latex" in loaded:
        crops = dataclasses.replace(request, module="im2latex", count=request.count or DEFAULT_COUNT)
        own = {"im2latex": loaded["im2latex"]}
        found["im2latex"] = _sweep(crops, folder / "im2latex", own, _text_scores)
        try:
            found["im2latex"]["sweeps"] |= _typeset_sweeps(crops, folder / "im2latex", own)
        except TexMissing as error:
            found["im2latex"]["missing"] = " ".join(str(error).split())
    if selection.content == "pages":
        pages = dataclasses.replace(request, module="detector", count=min(request.count or _PAGES, _PAGES))
        own = {"detector": loaded["detector"]}
        found["detector"] = _sweep(pages, folder / "detector", own, _region_scores)
    return found


def _sweep(request: Request, folder: Path, predictors: Predictors, scores: Scores) -> dict[str, Any]:
    """Scores of each degree of each change; what changes nothing is measured once."""

    def level(change: Change | None, label: str) -> dict[str, Any]:
        altered = None if change is None else partial(changed, change)
        return scores(measure(request, folder, predictors, altered, label).report)

    unchanged = level(None, "unchanged")
    found: dict[str, Any] = {}
    for name, levels in sweeps().items():
        rows = [
            {"level": degree, **(unchanged if change is None else level(change, f"{name}-{degree:g}"))}
            for degree, change in levels.items()
        ]
        found[name] = {"unit": UNITS[name], "levels": rows}
    return {"samples": len(open_set(request).rows), "sweeps": found}


def _typeset_sweeps(request: Request, folder: Path, predictors: Predictors) -> dict[str, Any]:
    """Scores of the truths in each font and in formulas of more and more rows."""
    selection = open_set(request)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="mathocr-typeset-") as place:
        for name, make in (("rows", row_sweep), ("font", font_sweep)):
            rows = [
                {"level": level, **_text_scores(measure(request, folder, predictors, partial(_instead, crops),
                                                        f"{name}-{level}").report)}
                for level, crops in make(selection, Path(place)).items()
            ]  # fmt: skip
            if rows:
                found[name] = {"unit": "", "levels": rows}
    return found


def _instead(crops: Selection, _: Selection) -> Selection:
    """Other crops in the place of those of the set."""
    return crops


def _text_scores(report: dict[str, Any]) -> dict[str, Any]:
    """Of the recogniser."""
    part = report["im2latex"]
    failed = sum(failure["count"] for failure in part["failures"].values())
    kept = {name: part["canonical"][name] for name in ("exact_match", "edit_similarity", "bleu")}
    return {"formulas": part["canonical"]["count"], **kept, "failed": failed}


def _region_scores(report: dict[str, Any]) -> dict[str, Any]:
    """Of the detector."""
    point = report["detector"]["kinds"]["all"]["iou_0.5"]
    return {name: point[name] for name in ("precision", "recall", "f1")}


def changed(change: Change, selection: Selection) -> Selection:
    """The selection with each image changed; the row is the seed of what is drawn by chance."""
    samples = Rows(len(selection.samples), partial(_changed_row, change, selection))
    return dataclasses.replace(selection, samples=samples)  # type: ignore[arg-type]  # crops stay crops, pages pages


def _changed_row(change: Change, selection: Selection, row: int) -> CropSample | PageSample:
    """One crop or page; boxes go with what is on the page."""
    sample = selection.samples[row]
    if isinstance(sample, CropSample):
        return dataclasses.replace(sample, image=partial(_changed_image, change, sample, row))
    image = sample.load()
    boxes = carried(change, sample.boxes_on(image), image.shape[0], image.shape[1])
    return dataclasses.replace(sample, image=partial(change, image, row), boxes=boxes, relative=False, size=None)


def _changed_image(change: Change, sample: CropSample, row: int) -> Image:
    """Its pixels."""
    return change(sample.load(), row)
