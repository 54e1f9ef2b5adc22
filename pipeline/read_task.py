"""What a run of ``mathocr predict`` reads and how: the same on this machine and in each worker of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from mathocr.data.cores import usable_cores
from mathocr.data.images import DEFAULT_DPI
from mathocr.pipeline.inputs import BadInput, PageImage, iter_pages
from mathocr.pipeline.ocr import MathOCR
from mathocr.pipeline.options import Options
from mathocr.pipeline.stream import read_stream
from mathocr.pipeline.written_page import PageForm, WrittenPage

File = Path | str | BadInput


@dataclass(frozen=True)
class ReadTask:
    """How files become written pages.

    Attributes:
        load: Gives the stages; its argument is the number of threads within one operator, None for one a core.
        form: How pages are written.
        options: What to look for.
        pages: As in ``iter_pages``.
        dpi: As in ``iter_pages``.
        max_pixels: As in ``iter_pages``.
        done: As in ``iter_pages``.
    """

    load: Callable[[int | None], MathOCR]
    form: PageForm
    options: Options = field(default_factory=Options)
    pages: tuple[range, ...] | None = None
    dpi: float = DEFAULT_DPI
    max_pixels: int | None = None
    done: Mapping[str, frozenset[int]] = field(default_factory=dict)

    def read_here(self, files: Iterable[File], jobs: int) -> Generator[WrittenPage | BadInput, None, None]:
        """Read files in this process, in their order.

        Args:
            files: What ``expand_paths`` gave.
            jobs: Threads that compute, see ``read_stream``. The cores are shared evenly among them; a page that is
                alone has all of them.
        """
        items = self.open(files)
        first = next(items, None)
        if first is None:
            return
        several = self.form.several or (isinstance(first, PageImage) and first.count > 1)
        jobs = jobs if several else 1
        threads = None if jobs == 1 else max(1, usable_cores() // jobs)
        yield from self.answers(chain([first], items), lambda: self.load(threads), jobs)

    def open(self, files: Iterable[File]) -> Iterator[PageImage | BadInput]:
        """Pages of files, decoded when they are asked for."""
        return iter_pages(files, pages=self.pages, dpi=self.dpi, max_pixels=self.max_pixels, done=self.done)

    def answers(
        self, items: Iterable[PageImage | BadInput], load: Callable[[], MathOCR], jobs: int
    ) -> Iterator[WrittenPage | BadInput]:
        """Read and write pages, see ``read_stream``."""
        for answer in read_stream(items, load, self.options, jobs):
            yield answer if isinstance(answer, BadInput) else self.form.write(*answer)
