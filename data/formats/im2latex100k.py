"""im2latex-100k: a ``.lst`` file of a split beside the file of all formulas and the folder of images.

Two layouts are in use. The published one has ``im2latex_formulas.lst`` and split rows ``FORMULA_ROW IMAGE RENDERING``;
the preprocessed one has ``formulas.norm.lst`` and split rows ``IMAGE.png FORMULA_ROW``. Rows of formulas count from 0.

Source:
    Deng et al., ICML 2017, arXiv:1609.04938; the set: https://zenodo.org/records/56198.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from mathocr.data.formats.fields import find_image
from mathocr.data.formats.lines import LineIndex
from mathocr.data.samples import CropSample, FormatError, Rows

FORMULA_FILES = ("im2latex_formulas.norm.lst", "formulas.norm.lst", "im2latex_formulas.lst", "formulas.lst")
IMAGE_FOLDERS = ("formula_images_processed", "formula_images", "images_processed", "images", ".")
ENCODING = "latin-1"  # of the published file, which is not UTF-8


def load_crops(path: Path) -> Rows[CropSample]:
    """Crops of one split.

    Args:
        path: The split's ``.lst`` file, or a folder with one split only.

    Raises:
        FormatError: If files are missing; for a bad row, when it is asked for.
    """
    split = _only_split(path) if path.is_dir() else path
    folder = split.parent
    formulas = next((folder / name for name in FORMULA_FILES if (folder / name).is_file()), None)
    if formulas is None:
        raise FormatError(f"{folder}: no file of formulas ({', '.join(FORMULA_FILES)})")
    rows = LineIndex(split, encoding=ENCODING)
    return Rows(len(rows), partial(_crop, rows, LineIndex(formulas, skip_blank=False, encoding=ENCODING)))


def _only_split(folder: Path) -> Path:
    """The one split in a folder."""
    splits = sorted(path for path in folder.glob("*.lst") if path.name not in FORMULA_FILES)
    if len(splits) != 1:
        names = ", ".join(path.name for path in splits) or "none"
        raise FormatError(f"{folder}: give the path of one split's .lst file, the folder has {names}")
    return splits[0]


def _crop(rows: LineIndex, formulas: LineIndex, row: int) -> CropSample:
    """One row of the split with its formula."""
    where, parts = rows.where(row), rows.line(row).split()
    if len(parts) >= 2 and parts[0].isdecimal():
        number, image = int(parts[0]), parts[1]
    elif len(parts) >= 2 and parts[1].isdecimal():
        number, image = int(parts[1]), parts[0]
    else:
        raise FormatError(
            f"{where}: expected 'FORMULA_ROW IMAGE ...' or 'IMAGE FORMULA_ROW', got {rows.line(row)[:60]!r}"
        )
    if number >= len(formulas):
        raise FormatError(f"{where}: formula {number} is past the end of {formulas.path.name} ({len(formulas)} rows)")
    path = find_image(image, [rows.path.parent / name for name in IMAGE_FOLDERS], where)
    return CropSample(path, formulas.line(number), "display", rows.path.stem, where)
