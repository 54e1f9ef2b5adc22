"""Lets in only requests to names by which clients may call the server, against web pages that rebind their name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from mathocr.pipeline.serving.problems import Problem, respond

_HEADER = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(:\d+)?")


class KnownHosts:
    """ASGI middleware that answers 400 where the header ``Host`` has another name.

    Args:
        app: What it surrounds.
        names: Names without port such as ``localhost`` or ``*.example.org``, ``*`` for any.
    """

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        self._app, self._names = app, [name.lower() for name in names]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http" or "*" in self._names:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        host = request.headers.get("host", "")
        if self._knows(host):
            await self._app(scope, receive, send)
            return
        problem = Problem(400, f"this server is not called {host!r} (header Host); its setting hosts names others")
        await respond(request, problem)(scope, receive, send)

    def _knows(self, host: str) -> bool:
        """Whether a header's name is one of ours."""
        match = _HEADER.fullmatch(host)
        name = match["name"].lower() if match else ""
        return any(name == own or (own.startswith("*.") and name.endswith(own[1:])) for own in self._names)
