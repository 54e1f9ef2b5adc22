"""Tells a process of its own what was answered; no answer waits for it, what it has no room for is dropped."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from queue import Full
from typing import Any

from mathocr.pipeline.serving.engine import ReadAnswer, ReadRequest
from mathocr.pipeline.serving.logs import log
from mathocr.pipeline.serving.settings import ServeSettings
from mathocr.pipeline.serving.watcher import STOP, Job, run

_ROWS = 1000  # answers on their way to the process: a second of more than any machine here reads
_JOBS = 8  # requests that wait for a second look; they hold the images
_LOOK_S, _AGAIN_S = 1.0, 60.0  # how often it is looked whether the process lives, and how soon it is started anew
_STOP_S = 5.0  # that the process has to write what it was told


class Watch:
    """The side of the monitor that lives in the process that speaks HTTP.

    Args:
        settings: Of the service.
        refused: How many requests were refused with 429 so far.
    """

    def __init__(self, settings: ServeSettings, refused: Callable[[], int]) -> None:
        self._settings, self._refused = settings, refused
        self._context = multiprocessing.get_context("spawn")
        self._random = random.Random()
        self._process: BaseProcess | None = None
        self._rows: Queue[Any]
        self._jobs: Queue[Any]
        self._said_refused = self._lost = self._dropped = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Have the process while the app lives; one that died is replaced."""
        self._start()
        task = asyncio.create_task(self._supervise())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.to_thread(self._stop)

    def observe(self, request: ReadRequest, answer: ReadAnswer) -> None:
        """Tell of an answer; returns at once and never raises."""
        if self._process is None:
            return
        settings, now = self._settings, time.time()
        if answer.failure is None:
            look = self._random.random() < settings.monitor_share
            shadow = settings.shadow is not None and self._random.random() < settings.shadow_share
            if look or shadow:
                try:
                    self._jobs.put_nowait(Job(request, answer.pages, look, shadow))
                except Full:
                    self._dropped += 1
        refused = self._refused()
        told = {
            "created": now, "total_ms": (time.monotonic() - request.accepted) * 1000,
            "queued_ms": answer.queued_s * 1000, "batch": answer.batch, "lost": self._lost, "dropped": self._dropped,
            "failure": None if answer.failure is None else answer.failure.status,
            "refused": refused - self._said_refused,
        }  # fmt: skip
        try:
            self._rows.put_nowait((told, answer.pages))
        except Full:
            self._lost += 1
            return
        self._said_refused, self._lost, self._dropped = refused, 0, 0

    def _start(self) -> None:
        self._rows, self._jobs = self._context.Queue(_ROWS), self._context.Queue(_JOBS)
        self._process = self._context.Process(
            target=run, args=(self._settings, self._rows, self._jobs), name="mathocr-monitor", daemon=True
        )
        self._process.start()

    async def _supervise(self) -> None:
        """Start the process anew where it died; its queues too, whose locks it may have held."""
        while True:
            await asyncio.sleep(_LOOK_S)
            if self._process is None or not self._process.is_alive():
                log.error("the monitor's process ended, it is started anew in %g s", _AGAIN_S)
                self._leave_queues()
                self._process = None
                await asyncio.sleep(_AGAIN_S)
                self._start()

    def _stop(self) -> None:
        """Let it write what it was told, no longer than a moment; second looks that wait are left."""
        if self._process is None:
            return
        try:
            self._rows.put(STOP, timeout=1.0)
            self._process.join(_STOP_S)
        except Full:
            log.warning("the monitor's process was too far behind to finish")
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(_STOP_S)
        self._leave_queues()
        self._process = None

    def _leave_queues(self) -> None:
        for queue in (self._rows, self._jobs):
            queue.cancel_join_thread()
            queue.close()
