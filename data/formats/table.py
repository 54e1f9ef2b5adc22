"""Crops listed in a CSV or TSV table with a header row."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path

from mathocr.data.contracts import Kind
from mathocr.data.formats.fields import IMAGE_FIELDS, TEX_FIELDS, pick, read_kind
from mathocr.data.samples import CropSample, FormatError, Rows

_Row = tuple[int, str, str, Kind | None]
_FIELD_LIMIT = 1 << 20  # characters; the csv module stops at 131,072 otherwise


def load_crops(path: Path) -> Rows[CropSample]:
    """Crops of a table with a column for the image and one for the LaTeX (``kind`` if known).

    Image paths are relative to the table. A comma or a tab separates columns, whichever the header row has more of.

    Raises:
        FormatError: If the file cannot be opened, has no such columns, or a row is short.
    """
    csv.field_size_limit(_FIELD_LIMIT)
    rows: list[_Row] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter="\t" if header.count("\t") > header.count(",") else ",")
            for record in reader:
                rows.append(_row(record, f"{path}:{reader.line_num}", reader.line_num))
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: not UTF-8 text") from error
    except csv.Error as error:
        raise FormatError(f"{path}:{reader.line_num}: {error}") from error
    return Rows(len(rows), partial(_crop, path, rows))


def _row(record: dict[str, str | None], where: str, line: int) -> _Row:
    """The columns that are used."""
    if None in record or None in record.values():
        raise FormatError(f"{where}: the row has not as many columns as the header; quote fields that hold separators")
    folded = {name.strip().casefold(): value for name, value in record.items()}
    image = pick(folded, IMAGE_FIELDS, "image", where)
    kind = read_kind(folded["kind"], where) if folded.get("kind") else None
    return line, image, pick(folded, TEX_FIELDS, "LaTeX", where), kind


def _crop(path: Path, rows: list[_Row], index: int) -> CropSample:
    """One row as a crop."""
    line, image, tex, kind = rows[index]
    return CropSample(path.parent / image, tex, kind, path.stem, f"{path}:{line}")
