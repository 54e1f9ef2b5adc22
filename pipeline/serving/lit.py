"""The engine on LitServe: its worker processes, devices, queues and their supervision, with a batch loop of our own.

LitServe's own batch loop asks its queue a thousand times a second while idle (a queue in another process), and its
routes hold neither limits nor a bounded queue; so a worker here sleeps until something comes, and the routes are ours.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.util import find_spec
from queue import Queue
from types import FrameType
from typing import Any

import litserve as ls
from fastapi import FastAPI
from litserve.callbacks import CallbackRunner
from litserve.connector import check_cuda_with_nvidia_smi
from litserve.loops.base import LitLoop
from litserve.transport.base import MessageTransport
from litserve.utils import LitAPIStatus, LoopResponseType, ResponseBufferItem, WorkerSetupStatus

from mathocr.pipeline.ocr import MathOCR
from mathocr.pipeline.serving.engine import Failure, ReadAnswer, ReadRequest
from mathocr.pipeline.serving.logs import configure, log
from mathocr.pipeline.serving.settings import ServeSettings
from mathocr.pipeline.serving.worker import BatchReader

_PATH = "/read"  # the name of the queue; no route
_LOOK_AROUND_S = 1.0  # how often who waits looks whether those that it waits for still live
_ATTEMPTS = 2  # a request that kills workers must not kill them all; the second is alone, so that it harms no other
_Entry = tuple[int, str, float, ReadRequest]  # consumer, id, time, request: what LitServe queues


class ReaderAPI(ls.LitAPI):
    """A worker: the models on one device.

    Args:
        settings: Of the service.
    """

    def __init__(self, settings: ServeSettings) -> None:
        super().__init__(
            max_batch_size=settings.batch_size,
            batch_timeout=settings.batch_wait_ms / 1000,
            api_path=_PATH,
            loop=GatheringLoop(),
        )
        self._settings = settings

    def setup(self, device: str) -> None:
        """Load the models; called once in the worker's process."""
        configure(self._settings.log_level)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent stops us when drained
        place, _, number = device.partition(":")
        if place == "cuda" and number:
            os.environ["CUDA_VISIBLE_DEVICES"] = _visible(number)
        settings = self._settings
        ocr = MathOCR.load(settings.detector_weights, settings.im2latex_weights, place, settings.backend)
        self.reader = BatchReader(ocr, settings.max_pages, settings.max_pixels)

    def predict(self, x: list[ReadRequest], **kwargs: Any) -> list[ReadAnswer]:
        """Read a batch."""
        return self.reader.read(x)


class GatheringLoop(LitLoop):
    """Waits for a request, takes those that have come meanwhile, answers each."""

    @property
    def worker_id(self) -> int:
        """Its process, so that who waits for an answer can look whether it still lives."""
        return os.getpid()

    def run(
        self,
        lit_api: ls.LitAPI,
        device: str,
        worker_id: int,
        request_queue: Queue,
        transport: MessageTransport,
        workers_setup_status: dict[int, str],
        callback_runner: CallbackRunner,
    ) -> None:
        """One round; LitServe calls it for ever."""
        try:
            batch = self._gather(request_queue, lit_api.max_batch_size, lit_api.batch_timeout)
        except (EOFError, OSError) as error:  # the queue's process is gone, and with it the server
            raise SystemExit(0) from error
        if not batch:
            if _orphaned():
                raise SystemExit(0)
            return
        for consumer, uid, *_ in batch:
            self.put_response(transport, consumer, uid, (), LitAPIStatus.START, LoopResponseType.REGULAR)
        requests = [request for *_, request in batch]
        try:
            answers = lit_api.predict(requests)
        except Exception:
            log.exception("a batch of %d requests failed", len(batch))
            answers = [ReadAnswer(failure=Failure(500, f"{r.name}: the server's log says more")) for r in requests]
        for (consumer, uid, *_), answer in zip(batch, answers, strict=True):
            self.put_response(transport, consumer, uid, answer, LitAPIStatus.OK, LoopResponseType.REGULAR)

    def _gather(self, request_queue: Queue, most: int, wait_s: float) -> list[_Entry]:
        """The next request and those that come within the wait; empty after a second without any.

        One that must be alone comes alone, and those that were before it go back to the queue: a worker that dies takes
        with it only what it said it had taken.
        """
        first = self.get_request(request_queue, timeout=_LOOK_AROUND_S)
        if first is None:
            return []
        batch, end = [first], time.monotonic() + wait_s
        while len(batch) < most and not first[-1].alone:
            more = self.get_request(request_queue, timeout=max(0.0, end - time.monotonic()))
            if more is None:
                break
            if more[-1].alone:
                for entry in batch:
                    request_queue.put(entry)
                return [more]
            batch.append(more)
        return batch


class LitEngine:
    """Hands requests to LitServe's workers; lives in the process that speaks HTTP.

    Args:
        server: The server whose workers read.
    """

    def __init__(self, server: ls.LitServer) -> None:
        self._server = server
        self.workers = len(server.devices) * server.workers_per_device

    async def read(self, request: ReadRequest) -> ReadAnswer:
        """As ``Engine.read``; a request whose worker died is read by another, once and alone."""
        server, uid = self._server, uuid.uuid4().hex
        item = server.response_buffer[uid] = ResponseBufferItem(asyncio.Event())
        try:
            async with asyncio.timeout(request.deadline - time.monotonic()):
                for attempt in range(1, _ATTEMPTS + 1):
                    item.worker_id = None
                    asked = replace(request, alone=attempt > 1)
                    entry = (server.app.response_queue_id, uid, time.monotonic(), asked)
                    await asyncio.to_thread(self._queue.put, entry)
                    if await self._answered(item, last=attempt == _ATTEMPTS):
                        return item.response[0]
                return ReadAnswer(failure=Failure(500, f"{request.name}: the workers that read it died"))
        finally:
            del server.response_buffer[uid]

    @property
    def _queue(self) -> Queue:
        return self._server.litapi_request_queues[_PATH]

    async def _answered(self, item: ResponseBufferItem, last: bool) -> bool:
        """Wait for an answer; False once the request is lost with its worker.

        A worker says when it takes a request. One that is neither taken nor in the queue was on its way to a worker
        that died; two looks, as it may be on its way to a living one, and after the last attempt none.
        """
        missing = 0
        while True:
            try:
                await asyncio.wait_for(item.event.wait(), _LOOK_AROUND_S)
                return True
            except TimeoutError:
                if item.worker_id is not None:
                    if not _lives(item.worker_id):
                        log.error("worker %d died while it read", item.worker_id)
                        return False
                    continue
            missing = missing + 1 if await asyncio.to_thread(self._queue.empty) else 0
            if missing >= 2 and not last and item.worker_id is None and not item.event.is_set():
                log.error("a request was lost on its way to a worker")
                return False

    def ready(self) -> int:
        """As ``Engine.ready``."""
        states = self._server.workers_setup_status.values()
        return sum(state == WorkerSetupStatus.READY for state in states)


def make_server(settings: ServeSettings) -> ls.LitServer:
    """A LitServe server with our workers and no routes yet."""
    device = settings.device
    if device == "auto":
        device = "cuda" if find_spec("torch") and check_cuda_with_nvidia_smi() else "cpu"
    server = ls.LitServer(
        ReaderAPI(settings),
        accelerator=device,
        devices=settings.devices or ("auto" if device == "cuda" else 1),
        workers_per_device=settings.workers_per_device,
        timeout=False,  # requests carry their own
        restart_workers=True,
    )
    server.uvicorn_graceful_timeout = settings.drain_s
    return server


@asynccontextmanager
async def lit_lifespan(server: ls.LitServer, app: FastAPI) -> AsyncIterator[None]:
    """Receive answers while the app lives, and leave when the parent is gone."""
    async with server.lifespan(app):
        watch = asyncio.create_task(_watch_parent())
        try:
            yield
        finally:
            watch.cancel()
            if _orphaned():  # nobody else ends the process of the queues any more
                os.kill(server.transport_config.manager._process.pid, signal.SIGKILL)


def run_server(server: ls.LitServer, app: FastAPI, settings: ServeSettings) -> None:
    """Serve until SIGTERM or Ctrl-C, then finish what was accepted.

    Raises:
        RuntimeError: If no worker can load the models.
        OSError: If the port cannot be had.
    """
    server.app = app
    parent = os.getpid()

    def stop(number: int, frame: FrameType | None) -> None:
        if os.getpid() == parent:  # children inherit this by fork
            raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    # One process speaks HTTP: limits, jobs and metrics are counted in one place, and reading is the workers' part.
    server.run(
        host=settings.host, port=settings.port, num_api_servers=1, log_level="warning", generate_client_file=False,
        access_log=False, log_config=None,
    )  # fmt: skip


async def _watch_parent() -> None:
    """Stop gently when the parent was killed: nobody would restart workers or stop us."""
    while not _orphaned():
        await asyncio.sleep(_LOOK_AROUND_S)
    log.error("the parent process is gone, stopping")
    os.kill(os.getpid(), signal.SIGTERM)


def _visible(number: str) -> str:
    """What CUDA calls the device of that number among those that this process may use."""
    visible = [one for one in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if one]
    return visible[int(number)] if visible else number


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _orphaned() -> bool:
    """Whether the server's first process was killed."""
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()
