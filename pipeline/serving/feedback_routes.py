"""``/v1/feedback``: corrections in, acknowledged once they are on the disk; ``/v1/render`` for their preview."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from mathocr.data.images import ImageError, read_image
from mathocr.data.latex import LatexError, canonicalize, pretty, problems
from mathocr.pipeline.feedback.store import ClientIdTaken, FeedbackStore
from mathocr.pipeline.mathml import to_mathml
from mathocr.pipeline.serving.access import KEYED, Owner, Shared
from mathocr.pipeline.serving.bodies import decode_base64, parse_json
from mathocr.pipeline.serving.feedback_bodies import (
    FeedbackAnswer,
    FeedbackBody,
    FeedbackRules,
    RenderAnswer,
    RenderBody,
)
from mathocr.pipeline.serving.logs import current_request_id
from mathocr.pipeline.serving.openapi import json_body
from mathocr.pipeline.serving.openapi import problems as documented
from mathocr.pipeline.serving.predict_routes import in_time
from mathocr.pipeline.serving.problems import Problem, explain_invalid
from mathocr.pipeline.serving.service import Service

router = APIRouter(prefix="/v1", tags=["feedback"], dependencies=KEYED)


@router.get("/feedback", response_model=FeedbackRules, responses=documented(401), summary="What becomes of corrections")
async def rules(request: Request, service: Shared, owner: Owner) -> JSONResponse:
    """Whether corrections are kept, with which images, and for how long."""
    settings = service.settings
    return JSONResponse({
        "enabled": service.feedback is not None, "images": settings.feedback_images,
        "retention_days": settings.retention_days, "review": getattr(request.app.state, "review", None) is not None,
    })  # fmt: skip


@router.post(
    "/feedback", response_model=FeedbackAnswer, status_code=201, summary="Correct, confirm or flag a reading",
    responses={200: {"model": FeedbackAnswer, "description": "Kept before"},
               **documented(401, 403, 409, 413, 415, 422, 503)},
    openapi_extra=json_body("FeedbackBody"),
)  # fmt: skip
async def add(request: Request, service: Shared, owner: Owner) -> JSONResponse:
    """Answered once it is on the disk; a client that got no answer sends the same again."""
    store = service.feedback
    if store is None:
        raise Problem(403, "this server keeps no corrections")
    body: FeedbackBody = await _read(request, service, FeedbackBody)
    kept, new = await asyncio.to_thread(_add, service, store, body, owner)
    answer = {
        "request_id": current_request_id(), "id": kept.id, "image_sha256": kept.image, "image_kept": kept.image_kept,
    }  # fmt: skip
    return JSONResponse(answer, 201 if new else 200)


@router.post(
    "/render", response_model=RenderAnswer, responses=documented(401, 413, 415, 422),
    openapi_extra=json_body("RenderBody"), summary="Draw LaTeX as MathML",
)  # fmt: skip
async def render(request: Request, service: Shared, owner: Owner) -> JSONResponse:
    """For a preview while LaTeX is typed."""
    body: RenderBody = await _read(request, service, RenderBody)
    return JSONResponse(await asyncio.to_thread(_render, body))


async def _read(request: Request, service: Service, model: Any) -> Any:
    """A JSON body after its model."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem(415, f"the body must be application/json, got {kind or 'none'}")
    content = parse_json(await in_time(request.body(), service.deadline(request)))
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise Problem(422, explain_invalid(error.errors())) from error


def _add(service: Service, store: FeedbackStore, body: FeedbackBody, owner: str) -> tuple[Any, bool]:
    """Check the image, keep it where that is agreed to, and the record."""
    sent = None if body.image is None else decode_base64(body.image, body.name or "image")
    kept = None if body.image_sha256 is None else store.sent_image(owner, body.image_sha256)
    if body.image_sha256 is not None and kept is None:
        raise Problem(422, "image_sha256: no such image is kept, send the image itself")
    blob = kept if sent is None else sent
    try:
        agreed = service.settings.feedback_images == "always" or (
            service.settings.feedback_images == "consent" and body.consent
        )
        return store.add(body.entry(owner, _sha256(service, body, blob)), sent if agreed else None)
    except ClientIdTaken as error:
        raise Problem(409, str(error)) from error


def _sha256(service: Service, body: FeedbackBody, blob: bytes | None) -> str | None:
    """Of the image that a record is about, which must be one of the size that the record states."""
    if blob is None:
        return None
    try:
        image = read_image(blob, max_pixels=service.settings.max_pixels)
    except ImageError as error:
        raise Problem(422, f"image: {error}") from error
    if (body.height, body.width) != image.shape[:2]:
        found = f"{image.shape[1]} x {image.shape[0]}"
        raise Problem(422, f"width and height: {body.width} x {body.height}, but the image has {found} pixels")
    return hashlib.sha256(blob).hexdigest()


def _render(body: RenderBody) -> dict[str, Any]:
    """MathML, the canonical form, and what is wrong with the LaTeX."""
    try:
        tokens = canonicalize(body.latex).tokens
    except LatexError as error:
        return {"mathml": None, "latex": None, "problems": [str(error)]}
    return {"mathml": to_mathml(body.latex, body.kind), "latex": pretty(tokens), "problems": problems(tokens)}
