"""Drawing the pages of a PDF with PDFium."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pypdfium2 as pdfium

from mathocr.data.images import ImageError, check_size

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

_POINTS_PER_INCH = 72.0
_PDFIUM = threading.Lock()  # PDFium is not thread-safe, whichever documents are touched


class PdfPages:
    """Pages of a PDF held in memory.

    Args:
        blob: The file's bytes.
        name: Name for messages.
        dpi: Dots per inch at which pages are drawn.
        limit: Largest page in pixels.

    Raises:
        ImageError: If the PDF is encrypted, damaged or has no page.
    """

    def __init__(self, blob: bytes, name: str, dpi: float, limit: int) -> None:
        self._name, self._scale, self._limit = name, dpi / _POINTS_PER_INCH, limit
        with _PDFIUM:
            try:
                self._document = pdfium.PdfDocument(blob)
                self.count = len(self._document)
            except pdfium.PdfiumError as error:
                if "password" in str(error).lower():
                    raise ImageError(f"{name}: the PDF is encrypted, remove its password first") from error
                raise ImageError(f"{name}: damaged PDF ({error})") from error
        if self.count == 0:
            raise ImageError(f"{name}: the PDF has no pages")

    def read(self, page: int) -> np.ndarray:
        """Draw a page (number from 1) as ``uint8 (H, W, 3)`` RGB; ``ImageError`` if it is damaged or too large."""
        with _PDFIUM:
            try:
                return self._draw(self._document[page - 1], page)
            except pdfium.PdfiumError as error:
                raise ImageError(f"{self._name}: page {page}: damaged PDF page ({error})") from error

    def _draw(self, leaf: PdfPage, page: int) -> np.ndarray:
        try:
            width, height = (max(1, round(side * self._scale)) for side in leaf.get_size())
            check_size(f"{self._name}: page {page}", width, height, self._limit)
            bitmap = leaf.render(scale=self._scale, rev_byteorder=True)
            pixels = bitmap.to_numpy()
            if pixels.ndim == 3 and pixels.shape[2] == 1:
                pixels = pixels[..., 0]
            drawn = np.array(pixels if pixels.ndim == 2 else pixels[..., :3], copy=True, order="C")
            bitmap.close()
            return drawn
        finally:
            leaf.close()

    def close(self) -> None:
        """Free the document."""
        with _PDFIUM:
            self._document.close()
