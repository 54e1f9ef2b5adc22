"""Opens any data set by its path: tells the format, and gives its crops or its pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from mathocr.data.formats import coco, crohme, ibem, im2latex100k, jsonl, label_studio, shards, table, unimer, yolo
from mathocr.data.samples import CropSample, FormatError, Image, PageSample, Rows, cut

Content = Literal["crops", "pages"]

_CROPS: dict[str, Callable[[Path], Rows[CropSample]]] = {
    "shards": shards.load_crops,
    "jsonl": jsonl.load_crops,
    "csv": table.load_crops,
    "im2latex100k": im2latex100k.load_crops,
    "unimer": unimer.load_crops,
    "crohme": crohme.load_crops,
    "label_studio": label_studio.load_crops,
}
_PAGES: dict[str, Callable[[Path], Rows[PageSample]]] = {
    "shards": shards.load_pages,
    "jsonl": jsonl.load_pages,
    "coco": coco.load_pages,
    "ibem": ibem.load_pages,
    "yolo": yolo.load_pages,
    "label_studio": label_studio.load_pages,
}
_HOLDS_PAGES: dict[str, Callable[[Path], bool]] = {
    "shards": shards.holds_pages,
    "jsonl": jsonl.holds_pages,
    "label_studio": label_studio.holds_pages,
}
FORMATS = tuple(dict.fromkeys([*_CROPS, *_PAGES]))
_BY_SUFFIX = {
    ".jsonl": "jsonl", ".csv": "csv", ".tsv": "csv", ".lst": "im2latex100k", ".inkml": "crohme", ".txt": "unimer",
    ".yaml": "yolo", ".yml": "yolo",
}  # fmt: skip
_IN_ONE_FILE = (
    (".jsonl", "jsonl"), (".csv", "csv"), (".tsv", "csv"),
    (".json", "coco"), (".json", "ibem"), (".json", "label_studio"),
)  # fmt: skip


def load_crops(path: str | Path, format: str = "auto") -> Sequence[CropSample]:
    """Formulas with their LaTeX, in any format; images and rows are read when asked for.

    A set of pages whose regions have LaTeX gives the regions as crops. To know their number all rows are read at once
    (0.6 ms a page of vector shards), but no image.

    Args:
        path: File or folder of the set.
        format: One of ``FORMATS``, or ``auto`` to tell it from the path.

    Raises:
        FormatError: If there is no such set, or it has no LaTeX; for a bad row, when it is asked for.
    """
    path, format = _known(path, format)
    if content_of(path, format) == "crops":
        return _CROPS[format](path)
    pages = _PAGES[format](path)
    places = [
        (number, region)
        for number, page in enumerate(pages)
        for region, text in enumerate(page.texts or ())
        if text is not None
    ]
    if not places:
        raise FormatError(f"{path}: a set of pages without LaTeX for their regions; it has no crops to read")
    return Rows(len(places), partial(_region, pages, places))


def load_pages(path: str | Path, format: str = "auto") -> Sequence[PageSample]:
    """Pages with the boxes of their formulas, in any format; images and rows are read when asked for.

    Args:
        path: File or folder of the set.
        format: One of ``FORMATS``, or ``auto`` to tell it from the path.

    Raises:
        FormatError: If there is no such set, or it holds crops; for a bad row, when it is asked for.
    """
    path, format = _known(path, format)
    if content_of(path, format) == "crops":
        raise FormatError(f"{path}: a set of crops ({format}); pages with boxes are needed")
    return _PAGES[format](path)


def content_of(path: str | Path, format: str = "auto") -> Content:
    """Whether a set holds crops or pages.

    Raises:
        FormatError: As ``load_crops``.
    """
    path, format = _known(path, format)
    if format in _HOLDS_PAGES:
        return "pages" if _HOLDS_PAGES[format](path) else "crops"
    return "pages" if format in _PAGES else "crops"


def detect(path: str | Path) -> tuple[Path, str]:
    """The file or folder to load, and its format, one of ``FORMATS``.

    Raises:
        FormatError: If there is nothing at the path, or nothing that is known.
    """
    path = Path(path)
    if not path.exists():
        raise FormatError(f"{path}: no such file or folder")
    if path.is_dir():
        return _detect_folder(path)
    if path.suffix.lower() == ".json":
        return path, _detect_json(path)
    if path.suffix.lower() in _BY_SUFFIX:
        return path, _BY_SUFFIX[path.suffix.lower()]
    raise FormatError(f"{path}: not a data set: expected {', '.join(_BY_SUFFIX)}, .json or a folder")


def _known(path: str | Path, format: str) -> tuple[Path, str]:
    """Path and format after detection and checks."""
    if format == "auto":
        return detect(path)
    if format not in FORMATS:
        raise FormatError(f"unknown format {format!r}: expected auto, {', '.join(FORMATS)}")
    path = Path(path)
    if not path.exists():
        raise FormatError(f"{path}: no such file or folder")
    suffixes = [suffix for suffix, name in _IN_ONE_FILE if name == format]
    files = sorted(file for suffix in suffixes for file in path.glob(f"*{suffix}")) if path.is_dir() else []
    return (_only(path, files) if files else path), format


def _detect_folder(folder: Path) -> tuple[Path, str]:
    """The format of a folder by what lies in it."""
    if (folder / shards.MANIFEST).is_file():
        return folder, "shards"
    if files := sorted(folder.glob("*.jsonl")):
        return _only(folder, files), "jsonl"
    if any(folder.glob("*.lst")):
        return folder, "im2latex100k"
    if (folder / "images").is_dir() and (folder / "labels").is_dir():
        return folder, "yolo"
    if files := sorted(file for suffix in (".csv", ".tsv", ".json") for file in folder.glob(f"*{suffix}")):
        return detect(_only(folder, files))
    if any(folder.glob("*.txt")):
        return folder, "unimer"
    if next(folder.rglob("*.inkml"), None) is not None:
        return folder, "crohme"
    raise FormatError(
        f"{folder}: no data set found in this folder (vector shards, .jsonl, .csv, .json, .lst, .txt beside images/, "
        ".inkml, or images/ with labels/)"
    )


def _only(folder: Path, files: list[Path]) -> Path:
    """The file to take among several: the only one, or ``labels.*``."""
    named = [file for file in files if file.stem == "labels"] or files
    if len(named) > 1:
        raise FormatError(f"{folder}: give the path of one of {', '.join(file.name for file in named)}")
    return named[0]


def _detect_json(path: Path) -> str:
    """Label Studio (a list of tasks), COCO (annotations) or IBEM (pages)."""
    text = path.read_bytes()
    if text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return "label_studio"
    return "coco" if re.search(rb'"annotations"\s*:', text) and re.search(rb'"categories"\s*:', text) else "ibem"


def _region(pages: Sequence[PageSample], places: list[tuple[int, int]], index: int) -> CropSample:
    """One region of a page as a crop."""
    number, region = places[index]
    page = pages[number]
    text = page.texts[region] if page.texts else None
    if text is None:
        raise FormatError(f"{page.where}: region {region} has lost its LaTeX since the set was opened")
    where = f"{page.where}: region {region}"
    return CropSample(partial(_cut_region, page, region, where), text, page.kinds[region], page.source, where)


def _cut_region(page: PageSample, region: int, where: str) -> Image:
    """The pixels of one region."""
    image = page.load()
    try:
        return cut(image, page.boxes_on(image)[region].tolist())
    except ValueError as error:
        raise FormatError(f"{where}: {error}") from error
