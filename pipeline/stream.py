"""Many pages through both stages: files are decoded and pages searched while the formulas of others are read."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from mathocr.data.contracts import PageResult
from mathocr.data.cores import usable_cores
from mathocr.data.onnx_session import choose_backend
from mathocr.pipeline.explain import debugging, explain
from mathocr.pipeline.inputs import BadInput, PageImage
from mathocr.pipeline.ocr import CALL_PIXELS, MathOCR, PageWork
from mathocr.pipeline.options import Options

THREADS = "mathocr-pages"
"""How the names of the threads begin."""

_GROUP_PAGES = 8  # with CALL_PIXELS the bound of a group
_MOST_JOBS = 8  # Python's own part of the work is done by one thread at a time

Answer = tuple[PageImage, PageResult] | BadInput


def default_jobs(backend: str, device: str, cores: int | None = None) -> int:
    """How many threads compute: one a core, at most 8, each with networks that use one core; one alone with PyTorch.

    PyTorch shares its cores between all calls by itself, and the step that it records on a GPU has one user at a time.

    Raises:
        ValueError: If backend or device is not known, or they do not go together.
    """
    return min(_MOST_JOBS, cores or usable_cores()) if choose_backend(backend, device)[0] == "onnx" else 1


def read_stream(
    items: Iterable[PageImage | BadInput], load: Callable[[], MathOCR], options: Options, jobs: int
) -> Iterator[Answer]:
    """Read pages as they come.

    One thread decodes, ``jobs`` threads search pages and read groups of pages that were searched. A group is full with
    8 pages or 24 million pixels; a smaller one is read where nothing else is left to do. At most a group more than
    there are threads is on its way, so that memory does not grow with the number of pages.

    Args:
        items: What ``iter_pages`` gives; it is asked from another thread, one item at a time.
        load: Gives the stages, once, and not before a page is there to be read.
        options: What to look for.
        jobs: Threads that compute, at least 1; with more than one both stages must be safe to share.

    Yields:
        What came in, in its order: a page with its result, the same as it is alone, or what could not be read. A page
        at which a stage fails costs no other one: where a group fails its pages are read one by one. Its traceback
        goes to standard error with ``MATHOCR_DEBUG=1``.

    Raises:
        Exception: What ``items`` or ``load`` raised. Work under way is given up without waiting for it.
        MemoryError: As a stage raised it.
    """
    decoder = ThreadPoolExecutor(1, thread_name_prefix=THREADS)
    pool = ThreadPoolExecutor(jobs, thread_name_prefix=THREADS)
    try:
        yield from _Stream(iter(items), load, options, jobs, decoder, pool).run()
    finally:
        for executor in (decoder, pool):
            executor.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True)
class _Entry:
    """Something that came in; ``search`` is under way for a page, and None for what could not be read."""

    item: PageImage | BadInput
    search: Future[PageWork | BadInput] | None

    @property
    def pixels(self) -> int:
        return self.item.image.shape[0] * self.item.image.shape[1] if isinstance(self.item, PageImage) else 0


@dataclass(frozen=True)
class _Group:
    """Entries that are read together."""

    entries: list[_Entry]
    results: Future[list[PageResult | BadInput]]


class _Stream:
    """What is on its way: an item being decoded, entries being searched, groups being read, each in order."""

    def __init__(
        self,
        items: Iterator[PageImage | BadInput],
        load: Callable[[], MathOCR],
        options: Options,
        jobs: int,
        decoder: ThreadPoolExecutor,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._items, self._load, self._options, self._jobs = items, load, options, jobs
        self._decoder, self._pool = decoder, pool
        self._ocr: Future[MathOCR] | None = None
        self._next: Future[PageImage | BadInput | None] | None = None
        self._ended = False
        self._entries: deque[_Entry] = deque()
        self._groups: deque[_Group] = deque()

    def run(self) -> Iterator[Answer]:
        """Everything in its order; wakes when something is done."""
        self._ask()
        while self._next or self._entries or self._groups:
            wait(self._awaited(), return_when=FIRST_COMPLETED)
            self._take()
            self._form_groups()
            while self._groups and self._groups[0].results.done():
                yield from self._answers(self._groups.popleft())
                self._form_groups()
            self._ask()

    def _awaited(self) -> list[Future]:
        """The item being decoded, the first search and the first group that are not done."""
        searches = (entry.search for entry in self._entries if entry.search and not entry.search.done())
        results = (group.results for group in self._groups)
        return [future for future in (self._next, next(searches, None), next(results, None)) if future is not None]

    def _ask(self) -> None:
        """Have the next item decoded, where there is room for it."""
        entries = [*self._entries, *(entry for group in self._groups for entry in group.entries)]
        room = self._jobs + 1
        full = len(entries) >= room * _GROUP_PAGES or sum(e.pixels for e in entries) >= room * CALL_PIXELS
        if self._next is None and not self._ended and not full:
            self._next = self._decoder.submit(next, self._items, None)

    def _take(self) -> None:
        """Have a page that was decoded searched."""
        if self._next is None or not self._next.done():
            return
        item, self._next = self._next.result(), None
        if item is None:
            self._ended = True
            return
        if isinstance(item, PageImage) and self._ocr is None:
            self._ocr = self._pool.submit(self._load)
        search = self._pool.submit(self._search, item) if isinstance(item, PageImage) else None
        self._entries.append(_Entry(item, search))
        self._ask()

    def _form_groups(self) -> None:
        """Have pages read that were searched: those that fill a group, or all where nothing else is left to do."""
        while self._entries and len(self._groups) < self._jobs:
            entries: list[_Entry] = []
            pixels = 0
            for entry in self._entries:
                if entry.search is not None and not entry.search.done():
                    break
                if entries and (len(entries) == _GROUP_PAGES or pixels + entry.pixels > CALL_PIXELS):
                    break
                entries.append(entry)
                pixels += entry.pixels
            rest = list(self._entries)[len(entries) :]
            waiting = rest and (rest[0].search is None or rest[0].search.done())  # the group is full
            if not entries or not (waiting or not rest):
                return
            for _ in entries:
                self._entries.popleft()
            self._groups.append(_Group(entries, self._pool.submit(self._read, entries)))

    def _search(self, page: PageImage) -> PageWork | BadInput:
        assert self._ocr is not None  # loading was submitted before
        ocr = self._ocr.result()
        try:
            return ocr.find([page], self._options)[0]
        except MemoryError:
            raise
        except Exception as error:  # whatever it was, it must cost no more than this page
            return _failed(page, error)

    def _read(self, entries: list[_Entry]) -> list[PageResult | BadInput]:
        """A result, or what could not be read, for each page of a group."""
        searched = [entry.search.result() for entry in entries if entry.search is not None]
        works = [work for work in searched if isinstance(work, PageWork)]
        results = iter(self._read_works(works))
        return [next(results) if isinstance(work, PageWork) else work for work in searched]

    def _read_works(self, works: list[PageWork]) -> list[PageResult | BadInput]:
        """Pages together, or one by one where that fails."""
        if self._ocr is None or not works:
            return []
        try:
            return list(self._ocr.result().read(works, self._options))
        except MemoryError:
            raise
        except Exception as error:  # whatever it was, it must cost no more than the page that brought it
            if len(works) > 1:
                return [result for work in works for result in self._read_works([work])]
            return [_failed(works[0].page, error)]

    @staticmethod
    def _answers(group: _Group) -> Iterator[Answer]:
        results = iter(group.results.result())
        for entry in group.entries:
            if isinstance(entry.item, BadInput):
                yield entry.item
            else:
                result = next(results)
                yield result if isinstance(result, BadInput) else (entry.item, result)


def _failed(page: PageImage, error: Exception) -> BadInput:
    """What is said of a page at which a stage failed."""
    if debugging():
        traceback.print_exception(error)
    where = f"{page.source}: page {page.page}" if page.count > 1 else page.source
    return BadInput(f"{where}: {explain(error).removeprefix(f'{page.source}: ')}")
