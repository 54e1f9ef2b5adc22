"""``/v3/text``, for clients of Mathpix."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from mathocr.pipeline.options import Options
from mathocr.pipeline.serving.access import MATHPIX_KEYED, Owner, Shared
from mathocr.pipeline.serving.bodies import Upload, clean_name, decode_base64, parse_json
from mathocr.pipeline.serving.engine import ReadRequest
from mathocr.pipeline.serving.logs import current_request_id
from mathocr.pipeline.serving.mathpix import TextBody, text_answer
from mathocr.pipeline.serving.predict_routes import in_time
from mathocr.pipeline.serving.problems import Problem, explain_invalid
from mathocr.pipeline.serving.service import raise_failure

router = APIRouter(prefix="/v3", tags=["mathpix"], dependencies=MATHPIX_KEYED)
_ANY = {"type": "object", "additionalProperties": True}
_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/TextBody"}},
        "multipart/form-data": {
            "schema": {
                "type": "object", "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}, "options_json": {"type": "string"}},
            }
        },
    },
}  # fmt: skip


# Of MATHPIX_STATUS those that this very route answers.
_WORDS = {200: "The answer, or an error with its id", 401: "No valid API key", 413: "Too large", 429: "See Retry-After"}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": {"application/json": {"schema": _ANY}}}
    for status, words in _WORDS.items()
}


@router.post(
    "/text", summary="Read an image as Mathpix does", openapi_extra={"requestBody": _BODY}, responses=_RESPONSES
)
async def text(request: Request, service: Shared, owner: Owner) -> JSONResponse:
    """Errors are answered with 200 and ``error_info``, as there, except 401, 413 and 429."""
    deadline = service.deadline(request)
    upload, body = await in_time(_read(request), deadline)
    body.wanted()
    answer = await service.read_let_in(
        ReadRequest(
            name=upload.name, blob=upload.blob, options=Options(), accepted=time.monotonic(), deadline=deadline,
            formats=("mathml",), area=None if body.region is None else body.region.box(), pages=(range(1, 2),),
            dpi=service.settings.dpi,
        ),
        upload.url,
    )  # fmt: skip
    raise_failure(answer)
    return JSONResponse(text_answer(body, answer, current_request_id(), f"mathocr-{version('mathocr')}"))


async def _read(request: Request) -> tuple[Upload, TextBody]:
    """The image and the options, from JSON or a form with ``file`` and ``options_json``."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":  # as Mathpix: JSON whatever the header says
        body = _options(parse_json(await request.body()))
        if not body.src:
            raise Problem(422, "Missing src in request body", mathpix_id="image_missing")
        if body.src.startswith(("http://", "https://")):
            return Upload(clean_name(body.src), url=body.src), body
        return Upload("image", decode_base64(body.src, "src")), body
    async with request.form() as form:
        file, text = form.get("file"), form.get("options_json")
        options = parse_json(text) if isinstance(text, str) and text.strip() else {}
        if isinstance(file, UploadFile):
            return Upload(clean_name(file.filename or "file"), await file.read()), _options(options)
    raise Problem(422, "Missing file in request body", mathpix_id="image_missing")


def _options(content: Any) -> TextBody:
    try:
        return TextBody.model_validate(content)
    except ValidationError as error:
        raise Problem(422, explain_invalid(error.errors()), mathpix_id="opts_bad_value") from error
