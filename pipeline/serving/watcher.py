"""The monitor's process: writes what was answered, and at the lowest priority looks at some of it again."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from queue import Empty, Queue
from typing import Any

import numpy as np

from mathocr.data.contracts import Box
from mathocr.data.images import open_pages
from mathocr.data.samples import cut
from mathocr.data.weights import format_of
from mathocr.detector.predictor import FORMAT as DETECTOR
from mathocr.pipeline.monitor.answers import answer_rows
from mathocr.pipeline.monitor.input_stats import crop_stats
from mathocr.pipeline.monitor.self_check import self_check
from mathocr.pipeline.monitor.shadow import compare_answers
from mathocr.pipeline.monitor.store import MonitorStore
from mathocr.pipeline.monitor.tables import Look
from mathocr.pipeline.ocr import MathOCR
from mathocr.pipeline.serving.engine import ReadRequest
from mathocr.pipeline.serving.logs import configure, log
from mathocr.pipeline.serving.settings import ServeSettings
from mathocr.pipeline.serving.worker import BatchReader

STOP = None  # among the rows: write them and end
_WAIT_S = 1.0  # how often it is looked whether the server still lives
_TOGETHER = 200  # answers of one transaction
_MOST_FORMULAS = 100  # of a request that are looked at again
_PATIENCE_S = 600.0  # of a shadow for one request


@dataclass(frozen=True)
class Job:
    """A request to look at again.

    Attributes:
        request: As it was read.
        pages: What was answered.
        look: Whether for its inputs and the self-check.
        shadow: Whether for the shadow.
    """

    request: ReadRequest
    pages: tuple[dict[str, Any], ...]
    look: bool
    shadow: bool


def run(settings: ServeSettings, rows: Queue[Any], jobs: Queue[Any]) -> None:
    """Live until told to stop, or until the server is gone.

    Args:
        settings: Of the service.
        rows: What was answered: a mapping, and the pages of the answer.
        jobs: What to look at again.
    """
    configure(settings.log_level)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the server stops us
    signal.signal(signal.SIGTERM, _leave)
    if hasattr(os, "nice"):
        os.nice(settings.monitor_nice)
    assert settings.feedback is not None  # the settings see to it
    store = MonitorStore(settings.feedback, settings.feedback_database, settings.monitor_rows, settings.retention_days)
    ended = threading.Event()
    threading.Thread(target=_write, args=(store, rows, ended), name="mathocr-monitor-rows", daemon=True).start()
    look_again = Looker(store, settings)
    while not ended.is_set():
        try:
            job = jobs.get(timeout=_WAIT_S)
        except Empty:
            continue
        except (EOFError, OSError):  # the server is gone
            return
        look_again(job)


class Looker:
    """Looks at requests again.

    Args:
        store: Gets what was seen.
        settings: Of the service; the shadow is loaded with the first request for it.
    """

    def __init__(self, store: MonitorStore, settings: ServeSettings) -> None:
        self._store, self._settings = store, settings
        self._shadow: BatchReader | None = None

    def __call__(self, job: Job) -> None:
        """Take all looks that are wanted; what fails is logged, and the next ones are taken."""
        looks: tuple[tuple[bool, Callable[[Job], list[Look]]], ...] = (
            (job.look, self._look), (job.shadow, self._compare),
        )  # fmt: skip
        for wanted, take in looks:
            if not wanted:
                continue
            try:
                self._store.add(take(job))
            except Exception:  # whatever it was, the next look may do
                log.exception("a second look failed")

    def _look(self, job: Job) -> list[Look]:
        """Statistics of the inputs, and the self-check."""
        now = time.time()
        formulas, crops = [], []
        for formula, crop in _crops(job.request, job.pages, self._settings.max_pixels):
            formulas.append(formula)
            crops.append(crop)
        stats = [found for crop in crops if (found := crop_stats(crop)) is not None]
        checked, skipped = self_check(crops, formulas)
        more = {} if skipped is None else {"skipped": skipped}
        return [
            Look(created=now, kind="inputs", rows=stats),
            Look(created=now, kind="self_check", rows=checked, more=more),
        ]

    def _compare(self, job: Job) -> list[Look]:
        """The shadow's answer to the same request beside the live one."""
        if self._shadow is None:
            self._shadow = self._load()
        now = time.monotonic()
        request = replace(job.request, accepted=now, deadline=now + _PATIENCE_S, formats=())
        answer = self._shadow.read([request])[0]
        if answer.failure is not None:
            return [Look(created=time.time(), kind="shadow", more={"failure": answer.failure.status})]
        rows, more = compare_answers(job.pages, answer.pages)
        return [Look(created=time.time(), kind="shadow", rows=rows, more=more)]

    def _load(self) -> BatchReader:
        """The live models with the shadow in the place of one; on one thread of the processor."""
        settings = self._settings
        detector, im2latex = settings.detector_weights, settings.im2latex_weights
        assert settings.shadow is not None  # else nobody asks for it
        if format_of(settings.shadow) == DETECTOR:
            detector = settings.shadow
        else:
            im2latex = settings.shadow
        ocr = MathOCR.load(detector, im2latex, "cpu", settings.backend, threads=1)
        return BatchReader(ocr, settings.max_pages, settings.max_pixels)


def _crops(
    request: ReadRequest, pages: Sequence[dict[str, Any]], max_pixels: int
) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """Formulas of an answer with their pixels, the first of them where there are many."""
    left = _MOST_FORMULAS
    with open_pages(request.blob, name=request.name, dpi=request.dpi, max_pixels=max_pixels) as opened:
        for page in pages:
            formulas = page["formulas"][:left]
            if not formulas:
                continue
            left -= len(formulas)
            image = opened.read(page["page"])
            for formula in formulas:
                x0, y0, x1, y1 = formula["box"]
                box: Box = (x0, y0, x1, y1)
                yield formula, image if page["mode"] == "crop" and request.area is None else cut(image, box, 1.0)


def _write(store: MonitorStore, rows: Queue[Any], ended: threading.Event) -> None:
    """Write rows as they come, those that came together in one transaction."""
    while not ended.is_set():
        waiting: list[Any] = []
        try:
            waiting.append(rows.get(timeout=_WAIT_S))
            while len(waiting) < _TOGETHER and waiting[-1] is not STOP:
                waiting.append(rows.get_nowait())
        except Empty:
            if not waiting and _alone():
                ended.set()
        except (EOFError, OSError):  # the server is gone
            ended.set()
        told = [one for one in waiting if one is not STOP]
        try:
            store.add([row for said, pages in told for row in answer_rows(said, pages)])
        except Exception:  # whatever it was, the next rows may be kept
            log.exception("records of %d answers could not be kept", len(told))
        if len(told) < len(waiting):
            ended.set()


def _alone() -> bool:
    """Whether the server was killed."""
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()


def _leave(number: int, frame: object) -> None:
    raise SystemExit(0)  # what runs below us is stopped on the way
