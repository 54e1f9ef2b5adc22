"""The web page at ``/``, its files, and ``/v1/image`` for kinds of files that browsers do not show."""

from __future__ import annotations

import asyncio
from functools import cache
from importlib import resources
from typing import Any

from fastapi import APIRouter, Request, Response

from mathocr.data.images import ImageError, open_pages
from mathocr.data.pixels import encode_png
from mathocr.pipeline.serving.access import KEYED, Owner, Shared
from mathocr.pipeline.serving.bodies import Switches, Upload, read_body
from mathocr.pipeline.serving.openapi import body, problems
from mathocr.pipeline.serving.predict_routes import in_time
from mathocr.pipeline.serving.problems import Problem

router = APIRouter(tags=["page"])

_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_PNG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}
}


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    """Name to bytes and media type of the files of the page."""
    folder = resources.files("mathocr.pipeline.serving").joinpath("page")
    found = {}
    for file in folder.iterdir():
        media = _TYPES.get("." + file.name.rpartition(".")[2])
        if media is not None:
            found[file.name] = (file.read_bytes(), media)
    return found


@router.get("/", include_in_schema=False)
async def index() -> Response:
    """The page."""
    return await page_file("index.html")


@router.get("/page/{name}", include_in_schema=False)
async def page_file(name: str) -> Response:
    """One of its files."""
    if name not in _files():
        raise Problem(404, f"no such address: /page/{name}")
    content, media = _files()[name]
    return Response(content, media_type=f"{media}; charset=utf-8", headers=_HEADERS)


@router.post(
    "/v1/image", response_class=Response, responses={**_PNG, **problems(401, 403, 413, 415, 422, 429, 502, 504)},
    openapi_extra=body("PredictBody", "file", many=False), dependencies=KEYED, summary="A page as it is read",
)  # fmt: skip
async def image(request: Request, service: Shared, owner: Owner) -> Response:
    """The first page of ``pages`` as PNG, upright, without transparency; ``X-Page-Count`` says how many there are."""
    deadline = service.deadline(request)
    uploads, switches = await in_time(read_body(request, many=False), deadline)
    service.gate.enter()
    try:
        upload = await service.load(uploads[0], deadline)
        png, count = await asyncio.to_thread(_draw, upload, switches, service.settings.dpi, service.settings.max_pixels)
    except ImageError as error:
        raise Problem(422, str(error)) from error
    finally:
        service.gate.leave()
    return Response(png, media_type="image/png", headers={"X-Page-Count": str(count)})


def _draw(upload: Upload, switches: Switches, dpi: float, max_pixels: int) -> tuple[bytes, int]:
    """PNG of a page, and the number of pages of the file."""
    ranges = switches.page_ranges()
    with open_pages(upload.blob, name=upload.name, dpi=switches.dpi or dpi, max_pixels=max_pixels) as pages:
        return encode_png(pages.read(ranges[0].start if ranges else 1)), pages.count
