"""Page results in the form that was asked for, and where they go: standard output or a folder."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from mathocr.data.contracts import PageResult
from mathocr.data.pixels import encode_png
from mathocr.pipeline.inputs import DRAWING, PageImage
from mathocr.pipeline.output_folder import OutputFolder
from mathocr.pipeline.outputs import get_format, page_name


@dataclass(frozen=True)
class WrittenPage:
    """One page, ready to be put somewhere.

    Attributes:
        source: As in ``PageImage``.
        page: As in ``PageImage``.
        count: As in ``PageImage``.
        text: The result in its format.
        drawing: The page with its boxes as PNG; empty where none was asked for.
    """

    source: str
    page: int
    count: int
    text: str
    drawing: bytes = b""


@dataclass(frozen=True)
class PageForm:
    """How pages are written.

    Attributes:
        format: Of ``FORMAT_NAMES``.
        alone: Whether each page is a document of its own, and not a part of one.
        several: Whether more than one file is read, so that each part must say which it is of.
        draw: Whether the page is drawn with its boxes too.
    """

    format: str
    alone: bool
    several: bool
    draw: bool = False

    @property
    def endings(self) -> tuple[str, ...]:
        """Of the files of a page."""
        return (get_format(self.format).ending, *((DRAWING,) if self.draw else ()))

    def write(self, page: PageImage, result: PageResult) -> WrittenPage:
        """One page in this form."""
        form, name = get_format(self.format), page_name(result, page.count)
        said = not self.alone and (self.several or page.count > 1)
        text = form.page(result, page.image, name, said)
        text = form.head + text + form.foot if self.alone else text
        drawing = _drawn(page.image, result) if self.draw else b""
        return WrittenPage(page.source, page.page, page.count, text, drawing)


class StandardOutput:
    """One document on standard output that grows by a page at a time.

    Args:
        format: Of ``FORMAT_NAMES``.
    """

    def __init__(self, format: str) -> None:
        self._format, self._begun = get_format(format), False

    def put(self, page: WrittenPage) -> None:
        """Write one page."""
        sys.stdout.write(page.text if self._begun else self._format.head + page.text)
        self._begun = True
        sys.stdout.flush()

    def finish(self) -> None:
        """Close the document."""
        if self._begun:
            sys.stdout.write(self._format.foot)
            sys.stdout.flush()


class FolderOutput:
    """A file a page in a folder, and one with the drawing.

    Args:
        folder: Where.
    """

    def __init__(self, folder: OutputFolder) -> None:
        self._folder = folder

    def put(self, page: WrittenPage) -> None:
        """Write one page."""
        files = (page.text.encode(), *((page.drawing,) if page.drawing else ()))
        self._folder.write(page.source, page.page, page.count, files)

    def finish(self) -> None:
        """Nothing is left open."""


def _drawn(image: np.ndarray, result: PageResult) -> bytes:
    """PNG of a page with its boxes."""
    from mathocr.pipeline.draw import draw_formulas

    return encode_png(draw_formulas(image, result.formulas))
