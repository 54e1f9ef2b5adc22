"""Errors as the client sees them: RFC 9457 problem documents, or Mathpix's shape under ``/v3``."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from mathocr.pipeline.feedback.store import StoreError
from mathocr.pipeline.serving.logs import current_request_id, log

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """A request that is not answered.

    Args:
        status: HTTP status.
        detail: One line for a person: what, which file, expected, got.
        headers: Further headers of the answer.
        mathpix_id: What Mathpix calls this error; told from the status by default.
    """

    def __init__(
        self, status: int, detail: str, headers: Mapping[str, str] | None = None, mathpix_id: str | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})
        self.mathpix_id = mathpix_id or _MATHPIX_IDS.get(status, "opts_bad_value")


_MATHPIX_IDS = {
    401: "http_unauthorized", 413: "image_max_size", 429: "http_max_requests", 500: "sys_exception",
    503: "sys_exception", 504: "sys_exception", 502: "image_download_error", 403: "image_download_error",
    404: "http_not_found", 405: "http_method_not_allowed", 415: "opts_bad_value",
}  # fmt: skip
MATHPIX_STATUS = frozenset({401, 404, 405, 413, 429})
"""Mathpix answers 200 to nearly everything; these tell a client to stop, wait or send less, whatever it reads."""


def document(problem: Problem) -> dict[str, Any]:
    """A problem as RFC 9457 has it, with the request's id."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "request_id": current_request_id(),
    }


def respond(request: Request, problem: Problem) -> Response:
    """The answer to a request that failed."""
    if request.url.path.startswith("/v3/"):
        content = {
            "request_id": current_request_id(),
            "error": problem.detail,
            "error_info": {"id": problem.mathpix_id, "message": problem.detail},
        }
        status = problem.status if problem.status in MATHPIX_STATUS else 200
        return JSONResponse(content, status, headers=problem.headers)
    return JSONResponse(document(problem), problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Turn every exception of a request into an answer of one line."""

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # Starlette looks handlers up by class
        return respond(request, error)

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        detail = str(error.detail) if error.status_code != 404 else f"no such address: {request.url.path}"
        return respond(request, Problem(error.status_code, detail, error.headers))

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return respond(request, Problem(422, explain_invalid(error.errors())))

    async def on_store_error(request: Request, error: Exception) -> Response:
        log.error("%s", error)
        return respond(request, Problem(503, "the store of corrections fails, come again later", {"Retry-After": "5"}))

    async def on_crash(request: Request, error: Exception) -> Response:
        log.error("request failed", exc_info=error)
        problem = Problem(500, "internal error; the log says more under this request_id")
        problem.headers["X-Request-Id"] = current_request_id()  # this answer is made outside the edge
        return respond(request, problem)

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(StoreError, on_store_error)
    app.add_exception_handler(Exception, on_crash)


def explain_invalid(errors: Any) -> str:
    """The first of pydantic's errors in one line: the field, what was wrong with it."""
    first = errors[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body")
    return f"{place}: {first['msg']}" if place else str(first["msg"])
