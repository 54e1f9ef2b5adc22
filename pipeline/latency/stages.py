"""Warm times: of each stage alone, and of the chain as a user calls it, with and without reading the file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from mathocr.pipeline.latency.memory import current_mib
from mathocr.pipeline.latency.samples import Sample, Samples
from mathocr.pipeline.latency.timing import Plan, repeat, summary, timed
from mathocr.pipeline.ocr import CropReader, MathOCR, RegionFinder
from mathocr.pipeline.options import Options

_SETTLED = 10  # pages after which memory should not grow any more
_PARTS = ("read", "layout", "detector", "im2latex")


def measure_stages(
    detector: RegionFinder | None, im2latex: CropReader, samples: Samples, plan: Plan, device: str
) -> dict[str, Any]:
    """Time each stage and the chain, one image a call.

    Args:
        detector: First stage; None to measure crops only.
        im2latex: Second stage.
        samples: Pages and crops.
        plan: How often.
        device: Where the networks run; it is waited for.

    Returns:
        JSON-ready: by what was called, :func:`~mathocr.pipeline.latency.timing.summary` of its times. Names:
        ``detector`` a page; ``im2latex`` a crop; ``page`` and ``crop`` the chain on an image in memory; ``page_file``
        and ``crop_file`` on a file, decoding included, and ``page_file.read`` and so on, the parts of that.
    """
    found: dict[str, Any] = {}
    if samples.crops:
        found["im2latex"] = _reader(im2latex, samples.crops, plan, device)
        found |= _chain(MathOCR(None, im2latex), samples.crops, "crop", plan, device)
    if samples.pages and detector is not None:
        times: list[float] = []

        def find(sample: Sample, counts: bool) -> None:
            _, ms = timed(lambda: detector.predict([sample.image]), device)
            times.extend([ms] * counts)

        repeat(find, samples.pages, plan)
        found["detector"] = summary(times)
        found |= _chain(MathOCR(detector, im2latex), samples.pages, "page", plan, device)
    return found


def _reader(im2latex: CropReader, crops: Sequence[Sample], plan: Plan, device: str) -> dict[str, Any]:
    """Times of the recogniser on single crops, and how they depend on the number of tokens read."""
    times: list[float] = []
    tokens: list[int] = []

    def read(sample: Sample, counts: bool) -> None:
        (reading,), ms = timed(lambda: im2latex.predict([sample.image]), device)
        if counts:
            times.append(ms)
            tokens.append(len(reading.tokens))

    repeat(read, crops, plan)
    total = sum(tokens)
    return summary(times) | {
        "tokens_per_crop": round(total / len(tokens), 2),
        "ms_per_token": round(sum(times) / total, 3) if total else None,
    }


def _chain(ocr: MathOCR, samples: Sequence[Sample], name: str, plan: Plan, device: str) -> dict[str, Any]:
    """Times of the chain on images in memory and on files, with the parts of the latter."""
    options = Options(mode=name)  # type: ignore[arg-type]
    times: dict[str, list[float]] = defaultdict(list)
    formulas: list[int] = []
    used: list[float] = []

    def from_memory(sample: Sample, counts: bool) -> None:
        result, ms = timed(lambda: ocr.predict(sample.image, options), device)
        if counts:
            times[name].append(ms)
            formulas.append(len(result.formulas))
            used.append(current_mib())

    def from_file(sample: Sample, counts: bool) -> None:
        result, ms = timed(lambda: ocr.predict(sample.path, options), device)  # type: ignore[arg-type]
        if counts:
            times[f"{name}_file"].append(ms)
            for part in _PARTS if name == "page" else ("read", "layout", "im2latex"):
                times[f"{name}_file.{part}"].append(result.timing_ms[part])

    repeat(from_memory, samples, plan)
    files = [sample for sample in samples if sample.path is not None]
    if files:
        repeat(from_file, files, plan)
    found: dict[str, Any] = {key: summary(values) for key, values in times.items()}
    found[name]["formulas_per_image"] = round(sum(formulas) / len(formulas), 2)
    if len(used) > _SETTLED:
        found[name]["memory_growth_mib"] = round(used[-1] - used[_SETTLED - 1], 1)
    return found
