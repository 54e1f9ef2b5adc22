"""The outermost layer: request ids, the limit on body size, one log line and one count for each request."""

from __future__ import annotations

import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mathocr.pipeline.serving.logs import begin_request, log
from mathocr.pipeline.serving.metrics import Metrics
from mathocr.pipeline.serving.problems import Problem

_QUIET = frozenset({"/health", "/ready", "/metrics"})  # asked every few seconds: counted, logged at debug level only


class Edge:
    """ASGI middleware around everything else.

    Args:
        app: What it surrounds.
        metrics: Where requests are counted.
        max_body_bytes: Largest request body.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, max_body_bytes: int) -> None:
        self._app, self._metrics, self._max_body_bytes = app, metrics, max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request_id = begin_request(headers.get("x-request-id"))
        scope["mathocr.begin"] = begin = time.monotonic()
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self._app(scope, self._limited(headers, receive), send_with_id)
        finally:
            self._record(scope, status, time.monotonic() - begin)

    def _limited(self, headers: dict[str, str], receive: Receive) -> Receive:
        """Receive no more than the limit, whatever the client states."""
        stated = headers.get("content-length", "")
        seen = int(stated) if stated.isdecimal() and int(stated) > self._max_body_bytes else 0

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self._max_body_bytes:
                    limit = f"{self._max_body_bytes / 1e6:g} MB"
                    raise Problem(413, f"the body is larger than {limit}", headers={"Connection": "close"})
            return message

        return limited

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        """Count and log a request by its route, so that ids in paths make no new series."""
        route: Any = scope.get("route")
        path = getattr(route, "path", "other")
        self._metrics.requests.labels(path, str(status)).inc()
        self._metrics.seconds.labels(path).observe(seconds)
        write = log.debug if path in _QUIET else log.info
        write(
            "%s %s %d", scope["method"], scope["path"], status,
            extra={"status": status, "ms": round(seconds * 1000, 1), "owner": scope.get("mathocr.owner")},
        )  # fmt: skip
