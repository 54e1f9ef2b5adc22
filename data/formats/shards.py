"""The project's own vector shards (PDF and JSONL with a manifest), drawn at one resolution.

Training draws shards itself at random resolutions; this is for evaluation and checks.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from mathocr.data.formats.json_file import read_json
from mathocr.data.page_shards import FORMAT as PAGES_FORMAT
from mathocr.data.page_shards import PageShards
from mathocr.data.samples import CropSample, FormatError, PageSample, Rows
from mathocr.data.shards import FormulaShards

MANIFEST = "manifest.json"
CROP_DPI = 100.0  # for 10 pt type; other sizes are drawn to look the same: the recogniser's nominal scale
PAGE_DPI = 150.0  # a usual scan, and the resolution at which PDFs are read


def load_crops(path: Path) -> Rows[CropSample]:
    """Formulas of a shard folder, drawn so that their type is as large as 10 pt at 100 dpi.

    Raises:
        FormatError: If shards are missing or damaged.
    """
    try:
        shards = FormulaShards(path, open_documents=2)
    except (OSError, ValueError) as error:
        raise FormatError(str(error)) from error
    return Rows(len(shards), partial(_crop, path, shards))


def load_pages(path: Path) -> Rows[PageSample]:
    """Pages of a shard folder, drawn at 150 dpi.

    A formula that is broken over two lines is two regions without LaTeX, as neither shows the whole.

    Raises:
        FormatError: If shards are missing or damaged.
    """
    try:
        shards = PageShards(path)
    except (OSError, ValueError) as error:
        raise FormatError(str(error)) from error
    return Rows(len(shards), partial(_page, path, shards))


def holds_pages(path: Path) -> bool:
    """Whether a shard folder is of pages."""
    manifest = read_json(path / MANIFEST)
    return isinstance(manifest, dict) and manifest.get("format") == PAGES_FORMAT


def _crop(path: Path, shards: FormulaShards, row: int) -> CropSample:
    """One formula."""
    where = f"{path}: formula {row}"
    try:
        record = shards.row(row)
    except ValueError as error:
        raise FormatError(f"{where}: {error}") from error
    draw = partial(shards.render, row, CROP_DPI * 10.0 / float(record["pt"]))
    return CropSample(draw, record["tex"], record.get("kind"), str(record.get("source", path.name)), where)


def _page(path: Path, shards: PageShards, row: int) -> PageSample:
    """One page."""
    where = f"{path}: page {row}"
    try:
        regions = shards.regions(row, PAGE_DPI)
    except ValueError as error:
        raise FormatError(f"{where}: {error}") from error
    broken = {place for pair in enumerate(regions.continues) if pair[1] is not None for place in pair}
    return PageSample(
        image=partial(shards.render, row, PAGE_DPI),
        boxes=regions.boxes.astype(np.float64),
        kinds=regions.kinds,
        texts=tuple(None if place in broken else tex for place, tex in enumerate(regions.tex)),
        source=path.name,
        where=where,
        tags=regions.tags,
        continues=regions.continues,
    )
