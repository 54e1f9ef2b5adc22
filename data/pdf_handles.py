"""Open PDF shards when they are needed, again in each process, and keep only a few open."""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray

POINTS_PER_INCH = 72.0


class PdfHandles:
    """Documents by path, opened lazily; a process forked from this one opens its own.

    PDFium is not thread-safe: use one object, and PDFium altogether, from one thread of a process.

    Args:
        limit: Documents that stay open; the one unused for longest is closed first.
    """

    def __init__(self, limit: int = 16) -> None:
        self._limit = limit
        self._owner = 0
        self._open: OrderedDict[Path, pdfium.PdfDocument] = OrderedDict()

    def document(self, path: Path) -> pdfium.PdfDocument:
        """The open document.

        Raises:
            OSError: If the file is missing or is no PDF (the message names it).
        """
        if self._owner != os.getpid():
            self._owner, self._open = os.getpid(), OrderedDict()
        if path in self._open:
            self._open.move_to_end(path)
            return self._open[path]
        if not path.is_file():
            raise OSError(f"{path}: the shard's PDF is missing")
        try:
            opened = pdfium.PdfDocument(path)
        except pdfium.PdfiumError as error:
            raise OSError(f"{path}: damaged PDF ({error})") from error
        while len(self._open) >= self._limit:
            self._open.popitem(last=False)[1].close()
        self._open[path] = opened
        return opened

    def render(self, path: Path, page: int, dpi: float, color: bool = False) -> NDArray[np.uint8]:
        """Draw page ``page`` (from 0) as gray ``(H, W)``, or RGB ``(H, W, 3)`` with ``color``.

        ``H`` and ``W`` are the page's sides times ``dpi / 72``, rounded up; the page fills them.
        """
        leaf = self.document(path)[page]
        bitmap = leaf.render(scale=dpi / POINTS_PER_INCH, grayscale=not color, rev_byteorder=True)
        pixels = bitmap.to_numpy()
        if pixels.ndim == 3:
            pixels = pixels[..., :3] if color else pixels[..., 0]
        drawn = np.array(pixels, dtype=np.uint8, copy=True, order="C")
        bitmap.close()
        leaf.close()
        return drawn

    def __getstate__(self) -> dict[str, int]:
        """Only the limit travels to another process."""
        return {"_limit": self._limit}

    def __setstate__(self, state: dict[str, int]) -> None:
        """Start with nothing open."""
        self.__init__(state["_limit"])  # type: ignore[misc]
