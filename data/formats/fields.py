"""The names that data sets give to the same things: image, LaTeX, kinds, and where images lie."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mathocr.data.contracts import Kind
from mathocr.data.images import IMAGE_ENDINGS
from mathocr.data.samples import FormatError

IMAGE_FIELDS = ("image", "image_path", "img", "file_name", "filename", "file", "path")
TEX_FIELDS = ("latex", "tex", "formula", "equation", "label", "text")
USUAL_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")  # tried where a set leaves them out
_INLINE = ("inline", "embed")
_DISPLAY = ("display", "isolat", "interline", "block", "formula", "equation", "math")
_BESIDE = ("caption", "number", "tag", "reference")  # of a formula, not the formula


def pick(record: Mapping[str, Any], names: Iterable[str], what: str, where: str) -> str:
    """The first field of ``names`` that the record has, as text.

    Raises:
        FormatError: If it has none of them, or one that is not text.
    """
    for name in names:
        if name in record:
            value = record[name]
            if not isinstance(value, str):
                raise FormatError(f"{where}: field {name!r} must be text, got {type(value).__name__}")
            return value
    raise FormatError(
        f"{where}: no field for the {what}: one of {', '.join(names)}; it has {', '.join(record) or 'none'}"
    )


def kind_of(name: str) -> Kind | None:
    """The kind that a class name of a data set means; None if it is not a formula's."""
    folded = name.casefold()
    if any(part in folded for part in _BESIDE):
        return None
    if any(part in folded for part in _INLINE):
        return "inline"
    return "display" if any(part in folded for part in _DISPLAY) else None


def read_kind(value: object, where: str) -> Kind:
    """The kind that a row states.

    Raises:
        FormatError: If it means neither inline nor display.
    """
    kind = kind_of(value) if isinstance(value, str) else None
    if kind is None:
        raise FormatError(f"{where}: kind must be 'inline' or 'display', got {value!r}")
    return kind


def read_box(value: object, where: str) -> tuple[float, float, float, float]:
    """Four finite numbers, in the order they have in the set.

    Raises:
        FormatError: If they are not.
    """
    try:
        box = tuple(float(v) for v in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        raise FormatError(f"{where}: a box must be four numbers, got {value!r}") from error
    if len(box) != 4 or not all(map(math.isfinite, box)):
        raise FormatError(f"{where}: a box must be four numbers, got {value!r}")
    return box


def read_text(value: object, where: str) -> str | None:
    """LaTeX that may be missing.

    Raises:
        FormatError: If it is there and not text.
    """
    if value is not None and not isinstance(value, str):
        raise FormatError(f"{where}: LaTeX must be text, got {type(value).__name__}")
    return value


def read_size(record: Mapping[str, Any], where: str) -> tuple[int, int] | None:
    """Height and width in pixels, where a row states both.

    Raises:
        FormatError: If they are not whole numbers above 0.
    """
    height, width = record.get("height"), record.get("width")
    if height is None or width is None:
        return None
    if not all(isinstance(side, int) and side > 0 for side in (height, width)):
        raise FormatError(f"{where}: height and width must be whole numbers above 0, got {height!r} and {width!r}")
    return height, width


def find_image(name: str, folders: Iterable[Path], where: str) -> Path:
    """The image called ``name``, with or without its suffix, in the first folder that has it.

    Raises:
        FormatError: If no folder has it.
    """
    folders = list(folders)
    names = [name] if is_image(Path(name)) else [name + ending for ending in USUAL_ENDINGS]
    for folder in folders:
        for candidate in names:
            if (folder / candidate).is_file():
                return folder / candidate
    raise FormatError(f"{where}: no image {name!r} in {', '.join(map(str, folders))}")


def images_under(folder: Path) -> list[Path]:
    """All image files below a folder, sorted by path."""
    return sorted(path for path in folder.rglob("*") if is_image(path) and path.is_file())


def is_image(path: Path) -> bool:
    """Whether the name ends as an image's does."""
    return path.suffix.lower() in IMAGE_ENDINGS
