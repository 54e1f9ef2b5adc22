"""Pages of a folder with what the models read in them, least confident first, and the routes that hand them out."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from mathocr.data.contracts import PageResult
from mathocr.data.images import ImageError, open_pages
from mathocr.data.pixels import encode_png
from mathocr.pipeline.inputs import BadInput, iter_pages
from mathocr.pipeline.ocr import MathOCR
from mathocr.pipeline.options import Options
from mathocr.pipeline.serving.access import Owner, Shared
from mathocr.pipeline.serving.problems import Problem
from mathocr.pipeline.serving.worker import write_output
from mathocr.pipeline.stream import read_stream

router = APIRouter(prefix="/v1/review", include_in_schema=False)


@dataclass(frozen=True)
class ReviewPage:
    """One page to review.

    Attributes:
        path: File that it is in.
        result: What was read.
        mathml: Of each formula; None where it cannot be drawn.
        sha256: Of the page as PNG, as the store has it.
    """

    path: Path
    result: PageResult
    mathml: list[str | None]
    sha256: str

    @property
    def confidence(self) -> float | None:
        """Of the formula that is least sure; None without formulas."""
        return min((formula.confidence for formula in self.result.formulas), default=None)

    @property
    def name(self) -> str:
        """For a list."""
        return self.path.name if self.result.page == 1 else f"{self.path.name}, page {self.result.page}"


def read_pages(
    ocr: MathOCR, files: Iterable[Path | str | BadInput], options: Options, dpi: float
) -> Iterator[ReviewPage | BadInput]:
    """Have every page read.

    Args:
        ocr: Both stages.
        files: As ``expand_paths`` gives them.
        options: What to look for.
        dpi: Resolution at which PDF pages are drawn, dots per inch.

    Yields:
        A page, or what could not be read; a page at which a stage fails costs no other one.
    """
    for file in files:
        for answer in read_stream(iter_pages([file], dpi=dpi), lambda: ocr, options, jobs=1):
            if isinstance(answer, BadInput):
                yield answer
                continue
            page, result = answer
            sha256 = hashlib.sha256(encode_png(page.image)).hexdigest()
            yield ReviewPage(Path(file), result, write_output("mathml", result, page), sha256)  # type: ignore[arg-type]


class ReviewQueue:
    """Pages in the order in which they should be looked at.

    Args:
        pages: To review.
        dpi: Resolution at which PDF pages were drawn, dots per inch.
    """

    def __init__(self, pages: Iterable[ReviewPage], dpi: float) -> None:
        # A page on which nothing was found comes after those with something to check.
        self.pages = sorted(pages, key=lambda page: (2.0 if page.confidence is None else page.confidence, page.name))
        self._dpi = dpi

    def image(self, number: int) -> bytes:
        """PNG of a page.

        Raises:
            ImageError: If the file has gone or changed.
        """
        page = self.pages[number]
        with open_pages(page.path, dpi=self._dpi) as opened:
            return encode_png(opened.read(page.result.page))


def _queue(request: Request, number: int = 0) -> ReviewQueue:
    queue: ReviewQueue = request.app.state.review
    if not 0 <= number < len(queue.pages):
        raise Problem(404, f"no page {number}, there are {len(queue.pages)}")
    return queue


@router.get("")
async def list_pages(request: Request, service: Shared, owner: Owner) -> JSONResponse:
    """All pages, least confident first, and whether they were checked."""
    checked = await asyncio.to_thread(service.feedback.checked) if service.feedback else set()
    return JSONResponse([
        {"id": number, "name": page.name, "confidence": page.confidence, "done": page.sha256 in checked}
        for number, page in enumerate(request.app.state.review.pages)
    ])  # fmt: skip


@router.get("/{number}")
async def get_page(request: Request, number: int, owner: Owner) -> JSONResponse:
    """What was read in a page."""
    page = _queue(request, number).pages[number]
    answer: dict[str, Any] = {"page": page.result.to_json(), "mathml": page.mathml}
    return JSONResponse(answer)


@router.get("/{number}/image")
async def get_image(request: Request, number: int, owner: Owner) -> Response:
    """Its image."""
    try:
        png = await asyncio.to_thread(_queue(request, number).image, number)
    except ImageError as error:  # the file has gone since it was read
        raise Problem(422, str(error)) from error
    return Response(png, media_type="image/png", headers={"Cache-Control": "no-store"})
