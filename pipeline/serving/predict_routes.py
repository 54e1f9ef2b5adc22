"""``/v1/predict`` and ``/v1/batch``: images in, ``mathocr/1`` documents out, while the client waits."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from mathocr.pipeline.serving.access import KEYED, Owner, Shared
from mathocr.pipeline.serving.bodies import Switches, Upload, read_body
from mathocr.pipeline.serving.engine import ReadAnswer, ReadRequest
from mathocr.pipeline.serving.logs import current_request_id
from mathocr.pipeline.serving.openapi import body, problems
from mathocr.pipeline.serving.problems import Problem, document
from mathocr.pipeline.serving.schemas import BatchAnswer, PredictAnswer
from mathocr.pipeline.serving.service import Service, raise_failure

router = APIRouter(prefix="/v1", tags=["read"], dependencies=KEYED)


@router.post(
    "/predict", response_model=PredictAnswer, responses=problems(401, 403, 413, 415, 422, 429, 502, 504),
    openapi_extra=body("PredictBody", "file", many=False), summary="Read an image or PDF",
)  # fmt: skip
async def predict(request: Request, service: Shared, owner: Owner) -> JSONResponse:
    """Every formula of every page, in reading order."""
    deadline = service.deadline(request)
    uploads, switches = await in_time(read_body(request, many=False), deadline)
    answer = await service.read_let_in(service.make_request(uploads[0], switches, deadline), uploads[0].url)
    raise_failure(answer)
    return JSONResponse({"request_id": current_request_id(), **_content(answer)})


@router.post(
    "/batch", response_model=BatchAnswer, responses=problems(401, 413, 415, 422, 429, 504),
    openapi_extra=body("BatchBody", "files", many=True), summary="Read several images or PDFs",
)  # fmt: skip
async def batch(request: Request, service: Shared, owner: Owner) -> JSONResponse:
    """One item an image, in order; an image that cannot be read has a ``problem`` and the others go on."""
    deadline = service.deadline(request)
    uploads, switches = await in_time(read_body(request, many=True), deadline)
    check_count(service, uploads)
    requests = [service.make_request(upload, switches, deadline) for upload in uploads]
    service.gate.enter(len(uploads))  # whole or not at all, and before anything is fetched
    try:
        items = await asyncio.gather(*(
            _read_item(service, request, upload.url) for request, upload in zip(requests, uploads, strict=True)
        ))  # fmt: skip
    finally:
        service.gate.leave(len(uploads))
    return JSONResponse({"request_id": current_request_id(), "items": items})


async def in_time(work: Any, deadline: float) -> Any:
    """Wait for a body no longer than the request's time, so that a slow sender holds nothing for ever."""
    try:
        return await asyncio.wait_for(work, max(0.0, deadline - time.monotonic()))
    except TimeoutError as error:
        raise Problem(408, "the body did not arrive within the time limit", headers={"Connection": "close"}) from error


def check_count(service: Service, uploads: list[Upload]) -> None:
    """Refuse more images than a batch may have."""
    most = service.settings.max_images
    if len(uploads) > most:
        raise Problem(413, f"at most {most} images in a batch or job, got {len(uploads)}")


async def read_item(service: Service, upload: Upload, switches: Switches) -> dict[str, Any]:
    """One item of a job: it has its own time limit, and waits for nobody's place in the queue."""
    deadline = time.monotonic() + service.settings.timeout_s
    return await _read_item(service, service.make_request(upload, switches, deadline), upload.url)


async def _read_item(service: Service, request: ReadRequest, url: str | None) -> dict[str, Any]:
    """An item of a batch's answer."""
    try:
        answer = await service.read(request, url)
        raise_failure(answer)
    except Problem as problem:
        return {"name": request.name, "problem": document(problem)}
    return {"name": request.name, **_content(answer)}


def _content(answer: ReadAnswer) -> dict[str, Any]:
    return {"pages": list(answer.pages), "outputs": list(answer.outputs)}
