"""JSON lines, the project's own plain format: one crop or one page a line.

Crop: ``{"image": "a.png", "latex": "x^2"}``, with ``kind`` and ``source`` if known.
Page: ``{"image": "p.png", "regions": [{"kind": "inline", "box": [x0, y0, x1, y1], "latex": "x"}]}``, pixels; ``latex``,
``width`` and ``height`` may be left out. Image paths are relative to the file.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mathocr.data.contracts import Kind
from mathocr.data.formats.fields import IMAGE_FIELDS, TEX_FIELDS, pick, read_box, read_kind, read_size, read_text
from mathocr.data.formats.lines import LineIndex
from mathocr.data.samples import CropSample, FormatError, PageSample, Rows


def load_crops(path: Path) -> Rows[CropSample]:
    """Crops of a JSON lines file; rows are read when asked for.

    Raises:
        FormatError: If the file cannot be opened; for a bad row, when it is asked for.
    """
    index = LineIndex(path)
    return Rows(len(index), partial(_crop, index))


def load_pages(path: Path) -> Rows[PageSample]:
    """Pages of a JSON lines file; rows are read when asked for.

    Raises:
        FormatError: If the file cannot be opened; for a bad row, when it is asked for.
    """
    index = LineIndex(path)
    return Rows(len(index), partial(_page, index))


def holds_pages(path: Path) -> bool:
    """Whether the first row is a page."""
    index = LineIndex(path)
    return len(index) > 0 and "regions" in _record(index, 0)


def _record(index: LineIndex, row: int) -> dict[str, Any]:
    """One row as a dict."""
    try:
        record = json.loads(index.line(row))
    except json.JSONDecodeError as error:
        raise FormatError(f"{index.where(row)}: not JSON: {error.msg} at column {error.colno}") from error
    if not isinstance(record, dict):
        raise FormatError(f"{index.where(row)}: a row must be an object, got {type(record).__name__}")
    return record


def _crop(index: LineIndex, row: int) -> CropSample:
    """One row as a crop."""
    record, where = _record(index, row), index.where(row)
    image = pick(record, IMAGE_FIELDS, "image", where)
    tex = pick(record, TEX_FIELDS, "LaTeX", where)
    kind = read_kind(record["kind"], where) if record.get("kind") is not None else None
    return CropSample(index.path.parent / image, tex, kind, str(record.get("source", index.path.stem)), where)


def _page(index: LineIndex, row: int) -> PageSample:
    """One row as a page."""
    record, where = _record(index, row), index.where(row)
    image = pick(record, IMAGE_FIELDS, "image", where)
    regions = record.get("regions")
    if not isinstance(regions, list) or not all(isinstance(region, dict) for region in regions):
        raise FormatError(f"{where}: field 'regions' must be a list of objects")
    boxes, kinds, texts = [], list[Kind](), list[str | None]()
    for number, region in enumerate(regions):
        place = f"{where}: region {number}"
        boxes.append(read_box(region.get("box"), place))
        kinds.append(read_kind(region.get("kind"), place))
        texts.append(read_text(region.get("latex"), place))
    return PageSample(
        image=index.path.parent / image,
        boxes=np.array(boxes, dtype=np.float64).reshape(-1, 4),
        kinds=tuple(kinds),
        texts=tuple(texts) if any(text is not None for text in texts) else None,
        source=str(record.get("source", index.path.stem)),
        where=where,
        size=read_size(record, where),
    )
