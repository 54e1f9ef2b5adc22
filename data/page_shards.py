"""Read page shards: pages drawn at any resolution with the exact boxes of their formulas."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathocr.data.contracts import Kind
from mathocr.data.pdf_handles import POINTS_PER_INCH, PdfHandles
from mathocr.data.shard_index import ShardIndex

FORMAT = "mathocr-pages/1"


@dataclass(frozen=True, eq=False)
class PageRegions:
    """What is on a page, in pixels of its drawing.

    Attributes:
        boxes: Ink boxes ``(x0, y0, x1, y1)``, float32 ``(N, 4)``.
        kinds: ``inline`` or ``display`` of each.
        tex: LaTeX of each; both parts of a broken formula have the whole.
        tags: Equation number of each such as ``(3.2)``, or None; several numbers are joined by ``, ``.
        continues: For the later part of a broken formula the row of its earlier part, otherwise None.
        tag_boxes: Ink boxes of all equation numbers, float32 ``(M, 4)``.
        tag_owners: The row of ``boxes`` that each equation number belongs to.
    """

    boxes: NDArray[np.float32]
    kinds: tuple[Kind, ...]
    tex: tuple[str, ...]
    tags: tuple[str | None, ...]
    continues: tuple[int | None, ...]
    tag_boxes: NDArray[np.float32]
    tag_owners: tuple[int, ...]


class PageShards:
    """The pages of a folder that ``mathocr data build pages`` wrote.

    Safe to fork: each process opens its own documents. Rows are read when a shard is first used.

    Args:
        folder: Holds ``manifest.json`` and a ``.pdf`` and ``.jsonl`` for each shard.

    Raises:
        OSError: If the manifest is missing.
        ValueError: If it is damaged or of another format.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._index = ShardIndex(self.folder, FORMAT, "page", "pages", ("name",))
        self._names = [name for (name,) in self._index.shards]
        self._rows: dict[int, list[dict[str, Any]]] = {}
        self._handles = PdfHandles()

    def __len__(self) -> int:
        """Number of pages."""
        return len(self._index)

    def row(self, index: int) -> dict[str, Any]:
        """The page's JSON row: ``size`` and boxes in points, origin top left.

        Raises:
            IndexError: If there is no such page.
            ValueError: If the shard's rows are missing or damaged.
        """
        shard, place = self._index.find(index)
        if shard not in self._rows:
            path = self.folder / f"{self._names[shard]}.jsonl"
            try:
                rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
            except (OSError, ValueError) as error:
                raise ValueError(f"{path}: cannot read the shard's rows ({error})") from error
            expected = self._index.size(shard)
            if len(rows) != expected:
                raise ValueError(f"{path}: expected {expected} rows, got {len(rows)}")
            self._rows[shard] = rows
        return self._rows[shard][place]

    def render(self, index: int, dpi: float, color: bool = False) -> NDArray[np.uint8]:
        """Draw a page as ``uint8 (H, W)`` gray, or ``(H, W, 3)`` RGB with ``color``."""
        shard, _ = self._index.find(index)
        return self._handles.render(self.folder / f"{self._names[shard]}.pdf", self.row(index)["page"], dpi, color)

    def regions(self, index: int, dpi: float) -> PageRegions:
        """Formulas of a page in pixels of ``render(index, dpi)``."""
        row = self.row(index)
        width, height = row["size"]
        scale = dpi / POINTS_PER_INCH
        # A drawing has whole pixels, and the page fills them: see PdfHandles.render.
        scale_x, scale_y = math.ceil(width * scale) / width, math.ceil(height * scale) / height
        factor = np.array([scale_x, scale_y, scale_x, scale_y])
        formulas = row["formulas"]
        rows = {formula["id"]: place for place, formula in enumerate(formulas)}
        tags = [(place, tag["box"]) for place, formula in enumerate(formulas) for tag in formula.get("tags", ())]
        return PageRegions(
            boxes=_scaled([formula["box"] for formula in formulas], factor),
            kinds=tuple(formula["kind"] for formula in formulas),
            tex=tuple(formula["tex"] for formula in formulas),
            tags=tuple(formula["tag"] for formula in formulas),
            continues=tuple(None if f["continues"] is None else rows[f["continues"]] for f in formulas),
            tag_boxes=_scaled([box for _, box in tags], factor),
            tag_owners=tuple(owner for owner, _ in tags),
        )


def _scaled(boxes: list[list[float]], factor: NDArray[np.float64]) -> NDArray[np.float32]:
    """Boxes in points to pixels, ``(N, 4)`` also for none."""
    return (np.array(boxes, dtype=np.float64).reshape(-1, 4) * factor).astype(np.float32)
