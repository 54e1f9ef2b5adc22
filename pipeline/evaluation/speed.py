"""Latency, throughput and memory on samples of the set that is measured, for reports and targets."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from mathocr.data.contracts import Box
from mathocr.data.samples import PageSample
from mathocr.pipeline.benchmark import measure as time_stages
from mathocr.pipeline.evaluation.measure import Outcome, Request
from mathocr.pipeline.latency.cold_start import measure_cold, predict_arguments
from mathocr.pipeline.latency.samples import Sample, Samples, cut_samples, with_files
from mathocr.pipeline.latency.timing import Plan

PLAN = Plan(warmup=2, rounds=3, seconds=8.0, batches=(1, 8, 32), threads=(1, 2), cold_runs=2)
_PAGES, _CROPS = 4, 32  # timed


def measure_speed(outcome: Outcome, request: Request, plan: Plan = PLAN) -> dict[str, Any]:
    """Time the models that were measured.

    Args:
        outcome: Of the run; its first samples are timed.
        request: What was run.
        plan: How often and how long; a benchmark of its own (``mathocr benchmark``) takes longer.

    Returns:
        What ``mathocr.pipeline.benchmark.measure`` gives, ``cold_start``, ``samples`` (numbers of pages and crops
        timed), and the numbers that targets name: ``crop_median_ms``, ``crop_p95_ms``, ``page_median_ms``,
        ``page_p95_ms``, ``cold_start_ms``, ``crops_per_second``, ``pages_per_second``, ``memory_mib`` (of a process
        that reads one image, MiB); None for what was not measured. JSON-ready.

    Raises:
        RuntimeError: If ``mathocr predict`` fails.
    """
    predictors = outcome.predictors
    with tempfile.TemporaryDirectory(prefix="mathocr-evaluate-") as folder:
        samples = with_files(_samples(outcome), Path(folder))  # so that decoding can be timed
        if "im2latex" not in predictors or not (samples.crops or samples.pages):
            return {"missing": "no recogniser was measured, or no image could be read"}
        found = time_stages(predictors.get("detector"), predictors["im2latex"], samples, plan, request.device)
        arguments = partial(
            predict_arguments, detector=request.detector, im2latex=request.im2latex, device=request.device,
            backend=request.backend,
        )  # fmt: skip
        seen = samples if "detector" in predictors else Samples((), samples.crops)
        found["cold_start"] = measure_cold(seen, plan.cold_runs, arguments)
    found["samples"] = {"pages": len(samples.pages), "crops": len(samples.crops)}
    return found | _targeted(found)


def _samples(outcome: Outcome) -> Samples:
    """The first readable samples; of pages their true boxes too."""
    wanted = _CROPS if outcome.selection.content == "crops" else _PAGES
    samples = cut_samples(islice(_readable(outcome, outcome.selection.rows[: 2 * wanted]), wanted))
    return Samples(samples.pages, samples.crops[:_CROPS])


def _readable(outcome: Outcome, rows: Sequence[int]) -> Iterator[tuple[Sample, list[Box] | None]]:
    """Images of rows with their true boxes, None for a crop."""
    for row in rows:
        try:
            sample = outcome.selection.samples[row]
            image = sample.load()
        except Exception:  # bad samples are named in the run's own part of the report
            continue
        boxes = [_corners(box) for box in sample.boxes_on(image)] if isinstance(sample, PageSample) else None
        yield Sample(image), boxes


def _corners(box: np.ndarray) -> Box:
    x0, y0, x1, y1 = box.tolist()
    return x0, y0, x1, y1


def _targeted(found: dict[str, Any]) -> dict[str, Any]:
    """The numbers that targets name."""
    stages, cold = found["stages"], found["cold_start"]
    rates: dict[str, float] = {}
    for row in (*found["throughput"]["batch"], *found["throughput"]["concurrency"]):
        rates[row["what"]] = max(row["per_s"], rates.get(row["what"], 0.0))
    peaks = [row["peak_memory_mib"] for row in cold.values() if row["peak_memory_mib"] is not None]
    return {
        "crop_median_ms": stages.get("crop", {}).get("median_ms"),
        "crop_p95_ms": stages.get("crop", {}).get("p95_ms"),
        "page_median_ms": stages.get("page", {}).get("median_ms"),
        "page_p95_ms": stages.get("page", {}).get("p95_ms"),
        "cold_start_ms": cold.get("crop", {}).get("median_ms"),
        "crops_per_second": rates.get("crop"),
        "pages_per_second": rates.get("page"),
        "memory_mib": max(peaks) if peaks else None,
    }
