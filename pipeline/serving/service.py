"""The service behind the routes: lets requests in, has them read, counts them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from fastapi import Request

from mathocr.pipeline.feedback.store import FeedbackStore
from mathocr.pipeline.serving.bodies import Switches, Upload
from mathocr.pipeline.serving.engine import Engine, Failure, Gate, ReadAnswer, ReadRequest
from mathocr.pipeline.serving.fetch import fetch, is_public
from mathocr.pipeline.serving.jobs import JobStore
from mathocr.pipeline.serving.keys import KeyFileError, KeyRing
from mathocr.pipeline.serving.logs import log
from mathocr.pipeline.serving.metrics import Metrics
from mathocr.pipeline.serving.problems import Problem
from mathocr.pipeline.serving.settings import ServeSettings
from mathocr.pipeline.serving.watch import Watch


@dataclass
class Service:
    """All that routes share; ``app.state.service``.

    Attributes:
        settings: Of the service.
        engine: What reads.
        keys: Who is let in.
        jobs: Asynchronous jobs.
        gate: How much is under way.
        metrics: What is counted.
        url_allowed: Which IP addresses may be fetched from.
        feedback: Where corrections are kept; None where they are not.
        watch: Who is told of answers; None where nobody is.
    """

    settings: ServeSettings
    engine: Engine
    keys: KeyRing
    jobs: JobStore
    gate: Gate
    metrics: Metrics
    url_allowed: Callable[[str], bool] = is_public
    feedback: FeedbackStore | None = None
    watch: Watch | None = None

    def owner(self, request: Request) -> str:
        """Whose request it is, by its key: ``X-API-Key``, ``Authorization: Bearer`` or Mathpix's ``app_key``.

        Raises:
            Problem: 401 without a key that is let in.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else None
        try:
            owner = self.keys.owner(request.headers.get("x-api-key") or bearer or request.headers.get("app_key"))
        except KeyFileError as error:
            log.error("nobody is let in: %s", error)
            owner = None
        if owner is None:
            raise Problem(401, "a valid API key is needed", headers={"WWW-Authenticate": "Bearer"})
        return owner

    def deadline(self, request: Request) -> float:
        """When the request's time is up, on the monotonic clock."""
        return float(request.scope["mathocr.begin"]) + self.settings.timeout_s

    def make_request(self, upload: Upload, switches: Switches, deadline: float) -> ReadRequest:
        """What a worker is asked."""
        return ReadRequest(
            name=upload.name, blob=upload.blob, options=switches.options(), accepted=time.monotonic(),
            deadline=deadline, formats=tuple(dict.fromkeys(switches.formats)), pages=switches.page_ranges(),
            dpi=switches.dpi or self.settings.dpi,
        )  # fmt: skip

    async def load(self, upload: Upload, deadline: float) -> Upload:
        """An upload with its bytes: those given, or fetched where that is allowed; it must have been let in.

        Raises:
            Problem: 403 where it is not allowed, and as ``fetch``.
        """
        if upload.url is None:
            return upload
        if not self.settings.allow_urls:
            raise Problem(403, "this server fetches no URLs, send the image itself")
        most = self.settings.max_body_bytes
        return replace(upload, blob=await fetch(upload.url, most, deadline - time.monotonic(), self.url_allowed))

    async def read(self, request: ReadRequest, url: str | None = None) -> ReadAnswer:
        """Have one request read; it must have been let in.

        Args:
            request: What to read.
            url: Where its bytes are to be fetched from first.

        Returns:
            The answer; one that is late or failed has a ``failure``.

        Raises:
            Problem: As ``load``.
        """
        if url is not None:
            loaded = await self.load(Upload(request.name, url=url), request.deadline)
            request = replace(request, blob=loaded.blob, accepted=time.monotonic())
        try:
            answer = await self.engine.read(request)
            self.metrics.observe_answer(answer.pages, answer.queued_s, answer.batch)
        except TimeoutError:
            limit = f"{self.settings.timeout_s:g} s"
            answer = ReadAnswer(failure=Failure(504, f"{request.name}: not read within the time limit of {limit}"))
        if self.watch is not None:
            self.watch.observe(request, answer)
        return answer

    async def read_let_in(self, request: ReadRequest, url: str | None = None) -> ReadAnswer:
        """Take a place in the queue, fetch and read, give the place back.

        Raises:
            Problem: 429 where the queue is full, and as ``read``.
        """
        self.gate.enter()
        begin = time.monotonic()
        busy = None
        try:
            answer = await self.read(request, url)
            if answer.failure is None and url is None:  # the time of a fetch is not a worker's
                busy = max(0.0, time.monotonic() - begin - answer.queued_s) / answer.batch
            return answer
        finally:
            self.gate.leave(busy_s=busy)


def raise_failure(answer: ReadAnswer) -> None:
    """Turn a failed answer into a problem."""
    if answer.failure is not None:
        ids = {422: "image_decode_error", 413: "image_max_size"}
        raise Problem(answer.failure.status, answer.failure.detail, mathpix_id=ids.get(answer.failure.status))
