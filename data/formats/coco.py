"""COCO detection files: images, annotations with boxes ``[x, y, width, height]`` in pixels, categories.

Categories whose names are not a formula's (table, text, ...) are left out. LaTeX is an annotation's ``latex``.

Source:
    https://cocodataset.org/#format-data.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mathocr.data.contracts import Kind
from mathocr.data.formats.fields import find_image, kind_of, read_box, read_size, read_text
from mathocr.data.formats.json_file import read_json
from mathocr.data.samples import FormatError, PageSample, Rows


def load_pages(path: Path) -> Rows[PageSample]:
    """Pages of a COCO file; images are looked for beside it, in ``images/``, and in its parent's ``images/``.

    Raises:
        FormatError: If the file has not the parts of COCO, or no category is a formula; for a bad page, when asked for.
    """
    record = read_json(path)
    parts = ("images", "annotations", "categories")
    if not isinstance(record, dict) or not all(isinstance(record.get(part), list) for part in parts):
        raise FormatError(f"{path}: COCO needs the lists 'images', 'annotations' and 'categories'")
    try:
        kinds = {category["id"]: kind_of(str(category["name"])) for category in record["categories"]}
        by_image: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for annotation in record["annotations"]:
            if kinds[annotation["category_id"]] and not annotation.get("iscrowd"):
                by_image[annotation["image_id"]].append(annotation)
    except (KeyError, TypeError) as error:
        raise FormatError(f"{path}: a category or annotation lacks {error}") from error
    if not any(kinds.values()):
        names = ", ".join(str(category["name"]) for category in record["categories"])
        raise FormatError(f"{path}: no category is a formula (inline, embedded, display, isolated, formula): {names}")
    formulas = {category: kind for category, kind in kinds.items() if kind}
    return Rows(len(record["images"]), partial(_page, path, record["images"], dict(by_image), formulas))


def _page(
    path: Path,
    images: list[dict[str, Any]],
    by_image: dict[Any, list[dict[str, Any]]],
    kinds: dict[Any, Kind],
    row: int,
) -> PageSample:
    """One image with its annotations."""
    where = f"{path}: image {row}"
    try:
        image, annotations = images[row], by_image.get(images[row]["id"], [])
        file_name = str(image["file_name"])
    except (KeyError, TypeError) as error:
        raise FormatError(f"{where}: lacks {error}") from error
    boxes = []
    for annotation in annotations:
        x, y, width, height = read_box(annotation.get("bbox"), f"{where}: annotation {annotation.get('id')}")
        boxes.append((x, y, x + width, y + height))
    texts = tuple(read_text(annotation.get("latex"), where) for annotation in annotations)
    folders = [path.parent, path.parent / "images", path.parent.parent / "images", path.parent.parent]
    return PageSample(
        image=find_image(file_name, folders, where),
        boxes=np.array(boxes, dtype=np.float64).reshape(-1, 4),
        kinds=tuple(kinds[annotation["category_id"]] for annotation in annotations),
        texts=texts if any(text is not None for text in texts) else None,
        source=path.stem,
        where=where,
        size=read_size(image, where),
    )
