"""YOLO detection: ``images/`` and ``labels/`` side by side, rows ``CLASS X_CENTRE Y_CENTRE WIDTH HEIGHT`` in shares.

Names of classes come from ``classes.txt`` or from ``names`` in a ``.yaml`` file. Rows with more than six numbers are
polygons ``CLASS X Y X Y X Y ...`` and become their bounding boxes. An image without a label file has no formulas.

Source:
    https://docs.ultralytics.com/datasets/detect/.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from mathocr.data.contracts import Kind
from mathocr.data.formats.fields import images_under, kind_of
from mathocr.data.samples import FormatError, PageSample, Rows


def load_pages(path: Path) -> Rows[PageSample]:
    """Pages of a YOLO folder.

    Args:
        path: The folder that holds ``images/`` and ``labels/`` (with the same subfolders), or its ``.yaml`` file.

    Raises:
        FormatError: If folders or class names are missing; for a bad row, when its page is asked for.
    """
    root = path if path.is_dir() else path.parent
    images, labels = root / "images", root / "labels"
    if not images.is_dir() or not labels.is_dir():
        raise FormatError(f"{root}: YOLO needs the folders images/ and labels/")
    names = _class_names(root, path)
    kinds = {number: kind for number, name in names.items() if (kind := kind_of(name))}
    if not kinds:
        known = ", ".join(names.values())
        raise FormatError(f"{root}: no class is a formula (inline, embedded, display, isolated, formula): {known}")
    files = images_under(images)
    return Rows(len(files), partial(_page, images, labels, files, names, kinds))


def _class_names(root: Path, path: Path) -> dict[int, str]:
    """Class numbers to names."""
    for text in (root / "classes.txt", root / "labels" / "classes.txt"):
        if text.is_file():
            return dict(enumerate(name for line in _read(text).splitlines() if (name := line.strip())))
    yamls = [path] if path.is_file() else sorted([*root.glob("*.yaml"), *root.glob("*.yml")])
    for file in yamls:
        if names := _yaml_names(file):
            return names
    raise FormatError(f"{root}: no names of classes: add classes.txt, one name a line, or a .yaml file with 'names'")


def _yaml_names(path: Path) -> dict[int, str]:
    """``names`` of a YOLO file, a list or a mapping of numbers; none where there is no such key."""
    import yaml

    try:
        content = yaml.safe_load(_read(path))
    except yaml.YAMLError as error:
        raise FormatError(f"{path}: not YAML: {error}") from error
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, list):
        names = dict(enumerate(names))
    elif names is not None and not (isinstance(names, dict) and all(isinstance(number, int) for number in names)):
        raise FormatError(f"{path}: 'names' must be a list, or a mapping of class numbers to names")
    return {number: str(name) for number, name in (names or {}).items()}


def _page(
    images: Path, labels: Path, files: list[Path], names: dict[int, str], kinds: dict[int, Kind], row: int
) -> PageSample:
    """One image with its label file."""
    label = labels / files[row].relative_to(images).with_suffix(".txt")
    boxes, found = [], list[Kind]()
    for number, line in enumerate(_lines(label), start=1):
        if not line.strip():
            continue
        category, box = _box(line, f"{label}:{number}")
        if category not in names:
            raise FormatError(f"{label}:{number}: class {category} has no name (known: {', '.join(map(str, names))})")
        if category in kinds:
            boxes.append(box)
            found.append(kinds[category])
    return PageSample(
        image=files[row],
        boxes=np.array(boxes, dtype=np.float64).reshape(-1, 4),
        kinds=tuple(found),
        texts=None,
        source=images.parent.name,
        where=str(label),
        relative=True,
    )


def _lines(label: Path) -> list[str]:
    """Rows of a label file, none where it does not exist."""
    return _read(label).splitlines() if label.is_file() else []


def _read(path: Path) -> str:
    """Text of a file."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: not UTF-8 text") from error


def _box(line: str, where: str) -> tuple[int, tuple[float, float, float, float]]:
    """Class and corners in shares of the page."""
    try:
        category, *values = [float(part) for part in line.split()]
    except ValueError as error:
        raise FormatError(f"{where}: expected numbers, got {line[:60]!r}") from error
    if len(values) in (4, 5):
        x, y, width, height = values[:4]
        return int(category), (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    if len(values) >= 6 and len(values) % 2 == 0:
        return int(category), (min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2]))
    raise FormatError(f"{where}: expected 'CLASS X Y WIDTH HEIGHT' or a polygon, got {len(values) + 1} numbers")
