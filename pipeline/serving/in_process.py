"""An engine within this process: one thread reads what has gathered meanwhile. For Ray Serve, and wherever a process
has one copy of the models.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from mathocr.pipeline.serving.engine import Failure, ReadAnswer, ReadRequest
from mathocr.pipeline.serving.logs import log
from mathocr.pipeline.serving.worker import BatchReader


class ThreadEngine:
    """Reads in a thread, so that the event loop stays free.

    Args:
        reader: What reads.
        batch_size: Most requests that are read together.
    """

    def __init__(self, reader: BatchReader, batch_size: int) -> None:
        self.workers = 1
        self._reader, self._batch_size = reader, batch_size
        self._waiting: deque[tuple[ReadRequest, asyncio.Future[ReadAnswer]]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mathocr-reader")
        self._task: asyncio.Task[None] | None = None

    async def read(self, request: ReadRequest) -> ReadAnswer:
        """As ``Engine.read``."""
        future: asyncio.Future[ReadAnswer] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        return await asyncio.wait_for(future, request.deadline - time.monotonic())

    def ready(self) -> int:
        """The one reader, always ready."""
        return 1

    async def _work(self) -> None:
        """Read batches until nothing waits."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(self._batch_size, len(self._waiting)))]
            requests = [request for request, _ in batch]
            try:
                answers = await asyncio.get_running_loop().run_in_executor(self._thread, self._reader.read, requests)
            except Exception:  # whoever waits must hear of it, and those that come later be read
                log.exception("a batch of %d requests failed", len(batch))
                answers = [ReadAnswer(failure=Failure(500, f"{r.name}: the server's log says more")) for r in requests]
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
