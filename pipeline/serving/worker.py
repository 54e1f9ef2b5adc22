"""What a worker does with the requests of a batch: decode, read together, write the forms asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from mathocr.data.contracts import Formula, PageResult
from mathocr.data.images import ImageError, Pages, open_pages
from mathocr.pipeline.inputs import PageImage, selected_pages
from mathocr.pipeline.ocr import CALL_PIXELS, MathOCR
from mathocr.pipeline.outputs import get_format, page_name
from mathocr.pipeline.serving.engine import Failure, ReadAnswer, ReadRequest
from mathocr.pipeline.serving.logs import log

FORMULA_OUTPUTS = ("mathml", "typst")
PAGE_OUTPUTS = ("latex", "text", "markdown", "html")
OUTPUT_NAMES = PAGE_OUTPUTS + FORMULA_OUTPUTS
_Found = TypeVar("_Found")


@dataclass
class _Work:
    """A request on its way through the worker."""

    request: ReadRequest
    opened: Pages | None = None
    numbers: list[int] = field(default_factory=list)
    pages: list[dict[str, Any]] = field(default_factory=list)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    sizes: dict[int, tuple[int, int]] = field(default_factory=dict)  # (height, width) of whole pages, by number
    failure: Failure | None = None

    def fail(self, status: int, detail: str) -> None:
        self.failure, self.numbers = Failure(status, detail), []


class BatchReader:
    """Reads files that came with different requests, as many together as their options allow.

    Args:
        ocr: Both stages.
        max_pages: Most pages of a file.
        max_pixels: Largest page in pixels.
    """

    def __init__(self, ocr: MathOCR, max_pages: int, max_pixels: int) -> None:
        self._ocr, self._max_pages, self._max_pixels = ocr, max_pages, max_pixels

    def read(self, requests: Sequence[ReadRequest]) -> list[ReadAnswer]:
        """One answer a request, in order; what is wrong with one leaves the others alone."""
        begin = time.monotonic()
        works = [_Work(request) for request in requests]
        for work in works:
            _contain(work, partial(self._open, work))
        for chunk in _chunks(works, self._load):
            self._read_chunk(chunk)
        for work in works:
            if work.opened is not None:
                work.opened.close()
        return [
            ReadAnswer(
                () if work.failure else tuple(work.pages),
                () if work.failure else tuple(work.outputs),
                work.failure,
                max(0.0, begin - work.request.accepted),
                len(works),
            )
            for work in works
        ]

    def _open(self, work: _Work) -> None:
        """Find out which pages are to be read."""
        request = work.request
        if time.monotonic() > request.deadline:
            work.fail(504, f"{request.name}: waited in the queue for longer than the time limit")
            return
        work.opened = open_pages(request.blob, name=request.name, dpi=request.dpi, max_pixels=self._max_pixels)
        work.numbers = selected_pages(work.opened.count, request.pages)
        if not work.numbers:
            work.fail(422, f"{request.name}: none of the pages asked for, the file has {work.opened.count}")
        elif len(work.numbers) > self._max_pages:
            work.fail(413, f"{request.name}: {len(work.numbers)} pages, at most {self._max_pages} are read at once")

    def _load(self, work: _Work, number: int) -> PageImage | None:
        """One page, decoded and cut to the area asked for; None where that fails or nobody waits any more."""
        assert work.opened is not None  # only opened files have numbers
        begin = time.perf_counter()
        if time.monotonic() > work.request.deadline:
            work.fail(504, f"{work.request.name}: not read within the time limit")
            return None
        image = _contain(work, partial(work.opened.read, number))
        if image is None:
            return None
        if (area := work.request.area) is not None:
            x0, y0, x1, y1 = area
            work.sizes[number] = (image.shape[0], image.shape[1])
            image = image[max(0, y0) : y1, max(0, x0) : x1]
            if image.size == 0:
                work.fail(422, f"{work.request.name}: the region lies outside the image")
                return None
        elapsed = (time.perf_counter() - begin) * 1000
        return PageImage(work.request.name, number, work.opened.count, image, elapsed)

    def _read_chunk(self, chunk: list[tuple[_Work, PageImage]]) -> None:
        """Read pages that fit together; those with the same options in one call."""
        groups: dict[str, list[tuple[_Work, PageImage]]] = {}
        for work, page in chunk:
            groups.setdefault(repr(work.request.options), []).append((work, page))
        for group in groups.values():
            self._read_group(group)

    def _read_group(self, group: list[tuple[_Work, PageImage]]) -> None:
        """Read pages in one call, or one by one where that fails; what one alone fails with becomes its answer."""
        try:
            results = self._ocr.predict_pages([page for _, page in group], group[0][0].request.options)
        except Exception as error:  # whatever it was, it must cost no more than the request that brought it
            if len(group) == 1:
                _fail(group[0][0], error)
                return
            log.exception("a batch of %d pages failed, reading them one by one", len(group))
            for one in group:
                self._read_group([one])
            return
        for (work, page), result in zip(group, results, strict=True):
            if work.failure is None:
                self._write(work, page, result)

    def _write(self, work: _Work, page: PageImage, result: PageResult) -> None:
        """Keep a result; what cannot be written costs the request that it is for, and no other."""
        try:
            _finish(work, page, result)
        except Exception:
            log.exception("%s could not be written", work.request.name)
            work.fail(500, f"{work.request.name}: could not be written, the server's log says more")


def _contain(work: _Work, step: Callable[[], _Found]) -> _Found | None:
    """What a step gives; what is wrong with it costs the request that it is for, and no other of the batch."""
    try:
        return step()
    except ImageError as error:
        work.fail(422, str(error))
    except Exception:
        log.exception("%s failed", work.request.name)
        work.fail(500, f"{work.request.name}: could not be read, the server's log says more")
    return None


def _chunks(
    works: Sequence[_Work], load: Callable[[_Work, int], PageImage | None]
) -> Iterator[list[tuple[_Work, PageImage]]]:
    """Pages of all requests, first pages first, a bounded number of pixels at a time."""
    chunk: list[tuple[_Work, PageImage]] = []
    pixels = 0
    for turn in range(max((len(work.numbers) for work in works), default=0)):
        for work in works:
            page = load(work, work.numbers[turn]) if turn < len(work.numbers) else None
            if page is None:
                continue
            size = page.image.shape[0] * page.image.shape[1]
            if chunk and pixels + size > CALL_PIXELS:
                yield chunk
                chunk, pixels = [], 0
            chunk.append((work, page))
            pixels += size
    if chunk:
        yield chunk


def _fail(work: _Work, error: Exception) -> None:
    """Make an error of reading the answer; one that is not the request's fault is told to the log."""
    if isinstance(error, ValueError):
        work.fail(422, f"{work.request.name}: {error}")
        return
    log.error("%s failed", work.request.name, exc_info=error)
    work.fail(500, f"{work.request.name}: could not be read, the server's log says more")


def _finish(work: _Work, page: PageImage, result: PageResult) -> None:
    """Keep a result, and write the forms of it that were asked for."""
    outputs: dict[str, Any] = {name: write_output(name, result, page) for name in work.request.formats}
    if work.request.area is not None:
        result = _shifted(result, work.request.area, work.sizes[page.page])
    work.pages.append(result.to_json())
    work.outputs.append(outputs)


def write_output(name: str, result: PageResult, page: PageImage) -> Any:
    """One form of a page: a text as ``mathocr predict --format`` writes it, or a list with a text a formula.

    In a list None stands for a formula that cannot be written in that form.
    """
    if name == "mathml":
        from mathocr.pipeline.mathml import to_mathml

        return [
            to_mathml(formula.latex, formula.kind) if formula.latex.strip() else None for formula in result.formulas
        ]
    if name == "typst":
        from mathocr.pipeline.typst import to_typst

        return [to_typst(formula.latex) if formula.valid else None for formula in result.formulas]
    form = get_format(name)
    return form.head + form.page(result, page.image, page_name(result, page.count), False) + form.foot


def _shifted(result: PageResult, area: tuple[int, int, int, int], size: tuple[int, int]) -> PageResult:
    """A result of the part that was cut out as one of the whole page, whose size is ``(height, width)``."""
    x, y = max(0, area[0]), max(0, area[1])

    def moved(formula: Formula) -> Formula:
        x0, y0, x1, y1 = formula.box
        return replace(formula, box=(x0 + x, y0 + y, x1 + x, y1 + y))

    return replace(result, height=size[0], width=size[1], formulas=tuple(map(moved, result.formulas)))
