"""IBEM: pages with embedded and displayed expressions, their LaTeX, and boxes in percent of the page.

Written after the set's published description, which does not spell out every key: a page maps ``embedded`` and
``displayed`` (or ``isolated``) to a list or dict of expressions; a box is ``xy``, four numbers or two points, or
``x_min``, ``y_min``, ``x_max``, ``y_max``. Of the transcripts, ``latex_expand`` (macros expanded) is taken first.

Source:
    Anitei et al., The IBEM dataset, https://zenodo.org/records/11635134.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mathocr.data.contracts import Kind
from mathocr.data.formats.fields import find_image, kind_of, read_box, read_text
from mathocr.data.formats.json_file import read_json
from mathocr.data.samples import FormatError, PageSample, Rows

TEX_FIELDS = ("latex_expand", "latex", "latex_norm")
CORNERS = ("x_min", "y_min", "x_max", "y_max")


def load_pages(path: Path) -> Rows[PageSample]:
    """Pages of an IBEM file; images are looked for beside it, in ``images/`` and in ``pages/``.

    Raises:
        FormatError: If it is not a dict of pages; for a bad page, when it is asked for.
    """
    record = read_json(path)
    if not isinstance(record, dict) or not all(isinstance(page, dict) for page in record.values()):
        raise FormatError(f"{path}: IBEM maps names of pages to their expressions")
    return Rows(len(record), partial(_page, path, list(record.items())))


def _page(path: Path, pages: list[tuple[str, dict[str, Any]]], row: int) -> PageSample:
    """One page with its expressions."""
    name, page = pages[row]
    where = f"{path}: page {name!r}"
    boxes, kinds, texts = [], list[Kind](), list[str | None]()
    for group, content in page.items():
        kind = kind_of(group)
        if kind is None or not isinstance(content, list | dict):
            continue  # the preamble and other facts of the page
        for number, expression in enumerate(content.values() if isinstance(content, dict) else content):
            place = f"{where}: {group} {number}"
            if not isinstance(expression, dict):
                raise FormatError(f"{place}: an expression must be an object, got {type(expression).__name__}")
            boxes.append(_box(expression, place))
            kinds.append(kind)
            tex = next((expression[field] for field in TEX_FIELDS if expression.get(field)), None)
            texts.append(read_text(tex, place))
    folders = [path.parent, path.parent / "images", path.parent / "pages"]
    return PageSample(
        image=find_image(name, folders, where),
        boxes=np.array(boxes, dtype=np.float64).reshape(-1, 4) / 100,
        kinds=tuple(kinds),
        texts=tuple(texts) if any(text is not None for text in texts) else None,
        source=path.stem,
        where=where,
        relative=True,
    )


def _box(expression: dict[str, Any], where: str) -> tuple[float, float, float, float]:
    """Corners in percent."""
    if all(corner in expression for corner in CORNERS):
        return read_box([expression[corner] for corner in CORNERS], where)
    value = expression.get("xy")
    if isinstance(value, list) and len(value) == 2 and all(isinstance(point, list) for point in value):
        value = [*value[0], *value[1]]
    return read_box(value, where)
