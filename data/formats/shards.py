"""The project's own vector shards (PDF and JSONL with a manifest), drawn at one resolution.

Training draws shards itself at random resolutions; this is for evaluation and checks.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mathocr.data.formats.json_file import read_json
from mathocr.data.samples import CropSample, FormatError, PageSample, Rows

if TYPE_CHECKING:
    from mathocr.data.page_shards import PageShards
    from mathocr.data.shards import FormulaShards

MANIFEST = "manifest.json"
CROP_DPI = 100.0  # the recogniser's nominal scale: 10 pt type at 100 dpi
PAGE_DPI = 150.0  # a usual scan, and the resolution at which PDFs are read


def load_crops(path: Path) -> Rows[CropSample]:
    """Formulas of a shard folder, drawn so that their type is as large as 10 pt at 100 dpi.

    Raises:
        FormatError: If the folder holds pages.
        OSError: If shards are missing.
    """
    from mathocr.data.shards import FormulaShards

    if holds_pages(path):
        raise FormatError(f"{path}: these shards hold pages, not formulas")
    shards = FormulaShards(path)
    return Rows(len(shards), partial(_crop, path, shards))


def load_pages(path: Path) -> Rows[PageSample]:
    """Pages of a shard folder, drawn at 150 dpi.

    Raises:
        FormatError: If the folder holds formulas.
        OSError: If shards are missing.
    """
    from mathocr.data.page_shards import PageShards

    if not holds_pages(path):
        raise FormatError(f"{path}: these shards hold formulas, not pages")
    shards = PageShards(path)
    return Rows(len(shards), partial(_page, path, shards))


def holds_pages(path: Path) -> bool:
    """Whether a shard folder is of pages."""
    return read_json(path / MANIFEST).get("kind") == "pages"


def _crop(path: Path, shards: FormulaShards, row: int) -> CropSample:
    """One formula."""
    record = shards.row(row)
    draw = partial(shards.render, row, CROP_DPI * 10.0 / float(record["pt"]))
    return CropSample(
        draw, record["tex"], record.get("kind"), str(record.get("source", path.name)), f"{path}: row {row}"
    )


def _page(path: Path, shards: PageShards, row: int) -> PageSample:
    """One page."""
    raise NotImplementedError
