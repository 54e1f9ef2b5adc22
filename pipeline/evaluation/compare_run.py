"""Measures candidates one after another on the same samples, and compares them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mathocr.data.service import Service
from mathocr.data.weights import WeightsError, format_of
from mathocr.pipeline.evaluation.candidates import MEASURES, Candidate, compare, crop_numbers, gather, page_numbers
from mathocr.pipeline.evaluation.measure import Outcome, Request, measure, open_set
from mathocr.pipeline.evaluation.output import write_report
from mathocr.pipeline.evaluation.records import read_records
from mathocr.pipeline.evaluation.report import SCHEMA
from mathocr.pipeline.evaluation.speed import measure_speed
from mathocr.pipeline.evaluation.targets import judge
from mathocr.pipeline.options import UsageError

_STAGES = {"mathocr-im2latex/1": "im2latex", "mathocr-detector/1": "detector"}


def compare_candidates(
    request: Request, weights: Sequence[Path], folder: Path, service: Service | None = None, speed: bool = False
) -> dict[str, Any]:
    """Measure and compare.

    Args:
        request: What to measure; the candidates take the place of its weights.
        weights: Of one stage, the one in use first.
        folder: Gets a folder with a whole report for each candidate.
        service: Targets that a model must meet to be released.
        speed: Whether to measure also latency, throughput and memory of each.

    Returns:
        The comparison: ``compare`` with ``schema``, ``data``, ``environment``, ``stage`` and ``service``, JSON-ready.

    Raises:
        WeightsError: If weights cannot be used.
        FormatError: If the set cannot be opened.
        ValueError: If the candidates are fewer than two, or of different stages.
        UsageError: If the set or the module leaves out their stage.
    """
    if len(weights) < 2:
        raise ValueError(f"at least 2 candidates are needed to compare, got {len(weights)}")
    stages = [stage_of(path) for path in weights]
    if len(set(stages)) > 1:
        raise ValueError(f"candidates must be of one stage, got {', '.join(stages)}")
    _check_measured(request, stages[0])
    candidates, outcome, pages = [], None, False
    for path, name in zip(weights, distinct_names(weights), strict=True):
        place = folder / name.replace("/", "-")
        own = dataclasses.replace(request, **{stages[0]: path})  # type: ignore[arg-type]  # a stage names its field
        outcome = measure(own, place)
        pages = outcome.selection.content == "pages"
        report = dict(outcome.report)
        if speed:
            report["speed"] = measure_speed(outcome, own)
        if service is not None:
            report["targets"] = judge(report, service)
        write_report(place, report)
        candidates.append(_candidate(name, stages[0], outcome, report, megabytes_of(path)))
    measures = MEASURES["crops" if not pages else "regions" if request.module == "detector" else "pages"]
    head = {"schema": SCHEMA, "data": report["data"], "environment": report["environment"], "stage": stages[0]}
    return head | {"service": service.name if service else None} | compare(candidates, measures)


def _check_measured(request: Request, stage: str) -> None:
    """Stop where what is measured leaves out the candidates' stage, which would show when all is measured."""
    if stage == "im2latex" and request.module == "detector":
        raise UsageError("--module detector does not measure the candidates, which are of the recogniser")
    if stage == "detector" and open_set(request).content == "crops":
        asked = "--module im2latex" if request.module == "im2latex" else f"{request.data}, a set of crops,"
        raise UsageError(f"{asked} does not measure the candidates, which are of the detector")


def stage_of(path: Path) -> str:
    """The stage that a weights file is of.

    Raises:
        WeightsError: If it is missing or of no stage.
    """
    format = format_of(path) or ""
    if format not in _STAGES:
        raise WeightsError(f"{path}: format must be one of {', '.join(_STAGES)}, got {format!r}")
    return _STAGES[format]


def megabytes_of(path: Path) -> float:
    """Size of a weights file and its graphs, 10^6 bytes."""
    graphs = [*path.parent.glob(f"{path.stem}.onnx"), *path.parent.glob(f"{path.stem}.*.onnx")]
    return round(sum(file.stat().st_size for file in (path, *graphs)) / 1e6, 2)


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """File names without ending; with their folders, or numbers, where they are the same."""
    stems = [path.stem for path in paths]
    names = [path.stem if stems.count(path.stem) == 1 else f"{path.parent.name}/{path.stem}" for path in paths]
    return [name if names.count(name) == 1 else f"{name}-{number}" for number, name in enumerate(names, 1)]


def _candidate(name: str, stage: str, outcome: Outcome, report: dict[str, Any], megabytes: float) -> Candidate:
    """What is compared of a run."""
    pages = outcome.selection.content == "pages"
    rows = gather(read_records(outcome.records), page_numbers if pages else crop_numbers)
    if pages:
        ms = report["pipeline"]["ms_per_page"]["total"] if "pipeline" in report else report["detector"]["ms_per_page"]
    else:
        ms = report["im2latex"]["ms_per_crop"]
    targets = report.get("targets", {"missed": None, "not_measured": 0})
    sha256 = outcome.predictors[stage].identity.sha256
    return Candidate(name, sha256, rows, targets["missed"], ms, megabytes, targets["not_measured"])
