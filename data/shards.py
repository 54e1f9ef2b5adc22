"""Read formula shards: formulas drawn at any resolution, with their truth and where their glyphs are."""

from __future__ import annotations

import ctypes
import json
import mmap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from mathocr.data.pdf_handles import PdfHandles
from mathocr.data.shard_index import ShardIndex

FORMAT = "mathocr-formulas/1"
_OPEN_DOCUMENTS = 48  # a document of 5,000 formulas stays open for about a megabyte; opening one takes milliseconds


class FormulaShards:
    """The formulas of a folder that ``mathocr data build formulas`` wrote.

    Safe to fork and to send to another process: each process opens its own documents when it needs them. Of the
    rows only their places in the files are kept, 8 bytes each.

    Args:
        folder: Holds ``manifest.json`` and a ``.pdf`` and ``.jsonl`` for each shard.
        open_documents: PDFs that stay open. PDFium keeps some 12 kB of each formula that was drawn until its PDF is
            closed; reading in order needs only one open.

    Raises:
        OSError: If the manifest or a file that it names is missing.
        ValueError: If the manifest is damaged or of another format.
    """

    def __init__(self, folder: Path | str, open_documents: int = _OPEN_DOCUMENTS) -> None:
        self.folder = Path(folder)
        self._index = ShardIndex(self.folder, FORMAT, "formula", "count", ("pdf", "jsonl"))
        self._pdfs = [self.folder / pdf for pdf, _ in self._index.shards]
        self._jsonls = [self.folder / jsonl for _, jsonl in self._index.shards]
        for file in (*self._pdfs, *self._jsonls):
            if not file.is_file():
                raise FileNotFoundError(f"{file}: missing, though {self.folder / 'manifest.json'} names it")
        self._texts: dict[int, tuple[mmap.mmap, NDArray[np.int64]]] = {}
        self._handles = PdfHandles(open_documents)

    def __len__(self) -> int:
        """Number of formulas."""
        return len(self._index)

    def row(self, index: int) -> dict[str, Any]:
        """The formula's JSON row: ``page``, ``tex``, ``kind``, ``source``, ``size`` (PDF points), ``font``, ``pt``.

        Raises:
            IndexError: If there is no such formula.
            ValueError: If the shard's rows are missing or damaged.
        """
        shard, place = self._index.find(index)
        try:
            text, starts = self._text(shard)
            return json.loads(text[starts[place] : starts[place + 1]])
        except (OSError, ValueError) as error:
            raise ValueError(f"{self._jsonls[shard]}: cannot read row {place + 1} ({error})") from error

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows in order, read file by file: much faster than :meth:`row` for each.

        Raises:
            ValueError: As :meth:`row`.
        """
        for shard, path in enumerate(self._jsonls):
            try:
                text, starts = self._text(shard)
                for start, end in pairwise(starts.tolist()):
                    yield json.loads(text[start:end])
            except (OSError, ValueError) as error:
                raise ValueError(f"{path}: cannot read its rows ({error})") from error

    def render(self, index: int, dpi: float) -> NDArray[np.uint8]:
        """Draw a formula as gray ``uint8 (H, W)``, black on white, its sides times ``dpi / 72`` rounded up.

        Raises:
            IndexError: If there is no such formula.
            OSError: If the shard's PDF is damaged.
        """
        shard, place = self._index.find(index)
        return self._handles.render(self._pdfs[shard], place, dpi)

    def glyphs(self, index: int) -> tuple[list[int], NDArray[np.float32]]:
        """Glyphs of a formula, in the order of the PDF; rules such as fraction bars are none.

        Returns:
            Unicode codes as the font maps them, and the glyphs' ink boxes ``(x0, y0, x1, y1)`` in PDF points from
            the top left of the page, float32 ``(N, 4)``. Glyphs without a code or without ink are left out.

        Raises:
            IndexError: If there is no such formula.
            OSError: If the shard's PDF is damaged.
        """
        shard, place = self._index.find(index)
        leaf = self._handles.document(self._pdfs[shard])[place]
        height = leaf.get_height()
        text = pdfium_c.FPDFText_LoadPage(leaf)
        try:
            codes, boxes = _characters(text)
        finally:
            pdfium_c.FPDFText_ClosePage(text)
            leaf.close()
        corners = np.array(boxes, dtype=np.float32).reshape(-1, 4)
        corners[:, 1::2] = height - corners[:, 1::2]
        return codes, corners

    def _text(self, shard: int) -> tuple[mmap.mmap, NDArray[np.int64]]:
        """A shard's JSONL, mapped into memory when first used, and the byte offsets of its rows and its end."""
        if shard not in self._texts:
            with self._jsonls[shard].open("rb") as file:
                text = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n")) + 1
            expected = self._index.size(shard)
            if len(ends) != expected:
                raise ValueError(f"expected {expected} rows, got {len(ends)}")
            self._texts[shard] = text, np.concatenate(([0], ends))
        return self._texts[shard]

    def __getstate__(self) -> dict[str, Any]:
        """Maps of files stay behind when the object goes to another process."""
        return {**self.__dict__, "_texts": {}}


def _characters(text: Any) -> tuple[list[int], list[tuple[float, float, float, float]]]:
    """Codes of a text page's glyphs with boxes ``(left, top, right, bottom)``, origin bottom left."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    pointers = [ctypes.byref(value) for value in (left, right, bottom, top)]
    codes, boxes = [], []
    for place in range(pdfium_c.FPDFText_CountChars(text)):
        code = pdfium_c.FPDFText_GetUnicode(text, place)
        if code <= 32 or pdfium_c.FPDFText_HasUnicodeMapError(text, place) == 1:
            continue  # spaces and line ends that PDFium adds, and glyphs that the font gives no code
        if not pdfium_c.FPDFText_GetCharBox(text, place, *pointers):
            continue
        if right.value > left.value and top.value > bottom.value:
            codes.append(code)
            boxes.append((left.value, top.value, right.value, bottom.value))
    return codes, boxes
