"""Label Studio's JSON export: rectangles with labels, and the LaTeX typed for each or for the whole image.

The first annotation of a task that was not cancelled counts; tasks without one are left out, as nobody labelled them.

Source:
    https://labelstud.io/guide/task_format.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

import numpy as np

from mathocr.data.contracts import Kind
from mathocr.data.formats.fields import IMAGE_FIELDS, find_image, kind_of, read_box
from mathocr.data.formats.json_file import read_json
from mathocr.data.samples import CropSample, FormatError, PageSample, Rows

_Task = tuple[int, dict[str, Any], list[dict[str, Any]]]  # number, data, marks


def load_pages(path: Path) -> Rows[PageSample]:
    """Pages whose formulas are rectangles labelled inline or display (or a synonym).

    Images are looked for by their names beside the export and in ``images/``, ``media/`` and ``upload/``.

    Raises:
        FormatError: If it is not a list of tasks; for a bad task, when it is asked for.
    """
    tasks = _tasks(path)
    return Rows(len(tasks), partial(_page, path, tasks))


def load_crops(path: Path) -> Rows[CropSample]:
    """Crops: tasks with one text for the whole image.

    Raises:
        FormatError: If it is not a list of tasks; for a task without text, when it is asked for.
    """
    tasks = _tasks(path)
    return Rows(len(tasks), partial(_crop, path, tasks))


def holds_pages(path: Path) -> bool:
    """Whether any task has a rectangle."""
    return any("rectangle" in str(item.get("type")) for _, _, results in _tasks(path) for item in results)


def _tasks(path: Path) -> list[_Task]:
    """Labelled tasks with their places in the file; their marks are checked to be objects."""
    record = read_json(path)
    if not isinstance(record, list) or not all(_has_data(task) for task in record):
        raise FormatError(f"{path}: Label Studio exports a list of tasks with 'data'; export as JSON, not as JSON-MIN")
    tasks = []
    for number, task in enumerate(record):
        done = _objects(task.get("annotations") or task.get("completions") or [], f"{path}: task {number}: annotations")
        kept = next((annotation for annotation in done if not annotation.get("was_cancelled")), None)
        if kept is not None:
            results = _objects(kept.get("result", []), f"{path}: task {number}: result")
            _objects([item.get("value", {}) for item in results], f"{path}: task {number}: values")
            tasks.append((number, task["data"], results))
    return tasks


def _has_data(task: object) -> bool:
    """Whether this is a task."""
    return isinstance(task, dict) and isinstance(task.get("data"), dict)


def _objects(value: object, where: str) -> list[dict[str, Any]]:
    """A list of objects.

    Raises:
        FormatError: If it is not one.
    """
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise FormatError(f"{where} must be a list of objects")
    return value


def _page(path: Path, tasks: list[_Task], row: int) -> PageSample:
    """One task as a page."""
    number, data, results = tasks[row]
    where = f"{path}: task {number}"
    written = {str(item.get("id")): _text(item) for item in results if item.get("type") == "textarea"}
    boxes, kinds, texts = [], list[Kind](), list[str | None]()
    for item in results:
        if item.get("type") != "rectanglelabels":
            continue
        value = item.get("value", {})
        labels = value.get("rectanglelabels", [])
        if not isinstance(labels, list):
            raise FormatError(f"{where}: the labels of region {item.get('id')} must be a list, got {labels!r}")
        kind = next((kind for name in labels if (kind := kind_of(str(name)))), None)
        if kind is None:
            continue  # a label that is not a formula's
        if value.get("rotation"):
            raise FormatError(f"{where}: region {item.get('id')} is rotated; boxes must be upright")
        x, y, width, height = read_box([value.get(k) for k in ("x", "y", "width", "height")], where)
        boxes.append((x, y, x + width, y + height))
        kinds.append(kind)
        texts.append(written.get(str(item.get("id"))))
    return PageSample(
        image=_image(path, data, where),
        boxes=np.array(boxes, dtype=np.float64).reshape(-1, 4) / 100,
        kinds=tuple(kinds),
        texts=tuple(texts) if any(text is not None for text in texts) else None,
        source=path.stem,
        where=where,
        relative=True,
    )


def _crop(path: Path, tasks: list[_Task], row: int) -> CropSample:
    """One task as a crop."""
    number, data, results = tasks[row]
    where = f"{path}: task {number}"
    tex = next((text for item in results if item.get("type") == "textarea" and (text := _text(item))), None)
    if tex is None:
        raise FormatError(f"{where}: no text for the image")
    return CropSample(_image(path, data, where), tex, None, path.stem, where)


def _text(item: dict[str, Any]) -> str | None:
    """What was typed."""
    text = item.get("value", {}).get("text")
    return " ".join(map(str, text)) if isinstance(text, list) else None if text is None else str(text)


def _image(path: Path, data: dict[str, Any], where: str) -> Path:
    """The image's file: Label Studio gives a URL, and puts a random prefix before the names of uploads."""
    value = next((data[field] for field in (*IMAGE_FIELDS, *data) if isinstance(data.get(field), str)), None)
    if value is None:
        raise FormatError(f"{where}: 'data' names no image")
    url = urlparse(value)
    relative = parse_qs(url.query).get("d", [unquote(url.path)])[0].lstrip("/")
    name = Path(relative).name
    folders = [path.parent, *(path.parent / folder for folder in ("images", "media", "upload"))]
    for candidate in (relative, name, re.sub(r"^[0-9a-f]{8}-", "", name)):
        if any((folder / candidate).is_file() for folder in folders):
            return find_image(candidate, folders, where)
    return find_image(name, folders, where)
