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
_LOOK_AROUND_S = 1.0  # how often an idle process looks whether its parent still lives


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
            visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
            os.environ["CUDA_VISIBLE_DEVICES"] = visible[int(number)] if int(number) < len(visible) != [""] else number
        settings = self._settings
        ocr = MathOCR.load(settings.detector_weights, settings.im2latex_weights, place, settings.backend)
        self.reader = BatchReader(ocr, settings.max_pages, settings.max_pixels)

    def predict(self, x: list[ReadRequest], **kwargs: Any) -> list[ReadAnswer]:
        """Read a batch."""
        return self.reader.read(x)


class GatheringLoop(LitLoop):
    """Waits for a request, takes those that have come meanwhile, answers each."""

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
            _leave_if_orphaned()
            return
        requests = [request for *_, request in batch]
        try:
            answers = lit_api.predict(requests)
        except Exception:
            log.exception("a batch of %d requests failed", len(batch))
            answers = [ReadAnswer(failure=Failure(500, f"{r.name}: the server's log says more")) for r in requests]
        for (consumer, uid, *_), answer in zip(batch, answers, strict=True):
            self.put_response(transport, consumer, uid, answer, LitAPIStatus.OK, LoopResponseType.REGULAR)

    def _gather(self, request_queue: Queue, most: int, wait_s: float) -> list[tuple[int, str, float, ReadRequest]]:
        """The next request and those that come within the wait; empty after a second without any."""
        first = self.get_request(request_queue, timeout=_LOOK_AROUND_S)
        if first is None:
            return []
        batch, end = [first], time.monotonic() + wait_s
        while len(batch) < most:
            more = self.get_request(request_queue, timeout=max(0.0, end - time.monotonic()))
            if more is None:
                break
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
        """As ``Engine.read``."""
        server, uid = self._server, uuid.uuid4().hex
        item = server.response_buffer[uid] = ResponseBufferItem(asyncio.Event())
        entry = (server.app.response_queue_id, uid, time.monotonic(), request)
        try:
            async with asyncio.timeout(request.deadline - time.monotonic()):
                await asyncio.to_thread(server.litapi_request_queues[_PATH].put, entry)
                await item.event.wait()
        finally:
            del server.response_buffer[uid]
        answer, _ = item.response
        return answer

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
    while True:
        await asyncio.sleep(_LOOK_AROUND_S)
        parent = multiprocessing.parent_process()
        if parent is not None and not parent.is_alive():
            log.error("the parent process is gone, stopping")
            os.kill(os.getpid(), signal.SIGTERM)
            return


def _leave_if_orphaned() -> None:
    """End a worker whose server was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        raise SystemExit(0)
