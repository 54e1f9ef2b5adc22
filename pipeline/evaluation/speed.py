"""Latency, throughput and memory on samples of the set that is measured, for reports and targets."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import cv2

from mathocr.data.samples import CropSample, Image, PageSample
from mathocr.pipeline.benchmark import measure as time_stages
from mathocr.pipeline.cut import cut_region
from mathocr.pipeline.evaluation.measure import Outcome, Request
from mathocr.pipeline.latency.cold_start import measure_cold_start, predict_arguments
from mathocr.pipeline.latency.samples import Sample, Samples
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
        samples = _samples(outcome, Path(folder))
        if "im2latex" not in predictors or not (samples.crops or samples.pages):
            return {"missing": "no recogniser was measured, or no image could be read"}
        found = time_stages(predictors.get("detector"), predictors["im2latex"], samples, plan, request.device)
        found["cold_start"] = _cold(samples, request, plan, "detector" in predictors)
    found["samples"] = {"pages": len(samples.pages), "crops": len(samples.crops)}
    return found | _targeted(found)


def _samples(outcome: Outcome, folder: Path) -> Samples:
    """The first readable samples, also as files, so that decoding can be timed; of pages their true boxes too."""
    pages: list[Sample] = []
    crops: list[Sample] = []
    wanted = _CROPS if outcome.selection.content == "crops" else _PAGES
    for row in outcome.selection.rows[: 2 * wanted]:
        try:
            sample = outcome.selection.samples[row]
            image = sample.load()
        except Exception:  # bad samples are named in the run's own part of the report
            continue
        if isinstance(sample, PageSample) and len(pages) < _PAGES:
            pages.append(_filed(image, folder / f"page-{row}.png"))
            for number, box in enumerate(map(tuple, sample.boxes_on(image).tolist())):
                crops.append(_filed(cut_region(image, box, 2.0), folder / f"page-{row}-{number}.png"))
        elif isinstance(sample, CropSample):
            crops.append(_filed(image, folder / f"crop-{row}.png"))
    return Samples(tuple(pages), tuple(crops[:_CROPS]))


def _filed(image: Image, path: Path) -> Sample:
    """An image that also lies in a file."""
    turned = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    path.write_bytes(cv2.imencode(".png", turned)[1].tobytes())
    return Sample(image, path)


def _cold(samples: Samples, request: Request, plan: Plan, with_pages: bool) -> dict[str, Any]:
    """Cold start of the command on the first crop and page."""
    found: dict[str, Any] = {}
    firsts = {"crop": samples.crops[:1], "page": samples.pages[:1] if with_pages else ()}
    for mode, images in firsts.items() if plan.cold_runs else ():
        for path in (image.path for image in images if image.path is not None):
            arguments = predict_arguments(
                path, mode, request.detector, request.im2latex, request.device, request.backend
            )
            found[mode] = measure_cold_start(arguments, plan.cold_runs)
    return found


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
