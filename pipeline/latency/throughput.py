"""Queries per second: by batch size, and by how many requests are served at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from typing import Any

from mathocr.pipeline.latency.samples import Samples
from mathocr.pipeline.latency.timing import Plan, summary, timed
from mathocr.pipeline.ocr import CropReader, MathOCR, RegionFinder
from mathocr.pipeline.options import Options

Batch = Callable[[list[Any]], Any]


def measure_throughput(
    detector: RegionFinder | None, im2latex: CropReader, samples: Samples, plan: Plan, device: str
) -> dict[str, Any]:
    """Images per second against batch size, and against requests at once.

    A batch is a call with so many images; crops of one size share a run of the network, pages share the batches of
    their crops. Requests at once are threads of one process, each with one image a call, that share the models.

    Args:
        detector: First stage; None to measure crops only.
        im2latex: Second stage.
        samples: Pages and crops; images follow each other in turn.
        plan: Which numbers, how long.
        device: Where the networks run; it is waited for.

    Returns:
        JSON-ready: ``batch`` and ``concurrency``, rows with ``what`` (``crop`` or ``page``), the number, ``per_s``
        and the summary of the times of single calls.
    """
    sweeps: dict[str, list[dict[str, Any]]] = {"batch": [], "concurrency": []}
    for what, images, call in _calls(detector, im2latex, samples):
        for size in plan.batches:
            sweeps["batch"].append({"what": what, "batch": size, **_batches(call, images, size, plan, device)})
        for threads in plan.threads:
            row = _at_once(call, images, threads, plan, device)
            sweeps["concurrency"].append({"what": what, "threads": threads, **row})
    return sweeps


def _calls(detector: RegionFinder | None, im2latex: CropReader, samples: Samples) -> list[tuple[str, list[Any], Batch]]:
    """What is asked: crops of the recogniser, pages of the chain."""
    calls: list[tuple[str, list[Any], Batch]] = []
    if samples.crops:
        calls.append(("crop", [sample.image for sample in samples.crops], im2latex.predict))
    if samples.pages and detector is not None:
        ocr, options = MathOCR(detector, im2latex), Options(mode="page")
        pages = [sample.image for sample in samples.pages]
        calls.append(("page", pages, lambda batch: ocr.predict_batch(batch, options)))
    return calls


def _batches(call: Batch, images: list[Any], size: int, plan: Plan, device: str) -> dict[str, Any]:
    """Calls with batches of one size, for the planned time."""
    times: list[float] = []
    place = 0
    for number in count():
        batch = [images[(place + offset) % len(images)] for offset in range(size)]
        place += size
        _, ms = timed(lambda batch=batch: call(batch), device)  # type: ignore[misc]
        if number >= plan.warmup:
            times.append(ms)
            if len(times) >= plan.rounds or sum(times) >= plan.seconds * 1000:
                break
    return {"per_s": round(1000 * size * len(times) / sum(times), 3), **summary(times)}


def _at_once(call: Batch, images: Sequence[Any], threads: int, plan: Plan, device: str) -> dict[str, Any]:
    """Single images asked for by several threads until time is up; every thread has one answer at least."""
    for image in islice(images, plan.warmup):
        call([image])
    begin = time.perf_counter()

    def client(number: int) -> list[float]:
        times: list[float] = []
        for turn in range(plan.rounds * len(images)):
            _, ms = timed(lambda turn=turn: call([images[(number + turn) % len(images)]]), device)  # type: ignore[misc]
            times.append(ms)
            if time.perf_counter() - begin >= plan.seconds:
                break
        return times

    with ThreadPoolExecutor(threads) as pool:
        times = [ms for found in pool.map(client, range(threads)) for ms in found]
    return {"per_s": round(len(times) / (time.perf_counter() - begin), 3), **summary(times)}
