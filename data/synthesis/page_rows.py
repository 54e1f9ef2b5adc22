"""Turn a typeset page into its row: the certain boxes of its formulas, or the reason why it is left out."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pypdfium2 as pdfium

from mathocr.data.synthesis.marks import Box, PageMarks, marked_objects, split_lines, union

_LINE_GAP_PT = 34.0  # ends of a formula further apart than this are not on neighbouring lines
_AXIS_PT = 2.5  # height of a line's middle above its baseline at 10 pt


def page_row(
    page: pdfium.PdfPage, marks: PageMarks, formulas: dict[int, tuple[str, str]], dropped: Counter[str]
) -> dict[str, Any] | None:
    """The page's row with ``page`` 0, or None where a formula's box is not certain.

    Args:
        page: The typeset page.
        marks: What TeX says of it.
        formulas: Kind and LaTeX of every formula of the document.
        dropped: Counts what is left out, by reason.
    """
    width, height = page.get_size()
    if marks.partial:
        dropped["page: formula broken over pages"] += 1
        return None
    objects = marked_objects(page)
    found: list[dict[str, Any]] = []
    for ident, marked in marks.formulas.items():
        boxes = objects.get(("Formula", ident), [])
        kind, tex = formulas[ident]
        if not boxes:
            dropped["formula without ink"] += 1
            continue
        parts = [boxes]
        rise = marked.begin[1] - marked.end[1]
        if kind == "inline" and abs(rise) > 0.01:
            if not 0 < rise < _LINE_GAP_PT:
                dropped["page: formula broken over columns or several lines"] += 1
                return None
            parts = split_lines(boxes, height - marked.begin[1] - _AXIS_PT, height - marked.end[1] - _AXIS_PT)
        tags = _tags(marked.tags, objects.get(("Tag", ident), []))
        first = len(found)
        for part in parts:
            x0, y0, x1, y1 = box = union(part)
            if x0 < 0 or y0 < 0 or x1 > width or y1 > height:
                dropped["page: formula outside of the page"] += 1
                return None
            found.append({
                "id": len(found), "box": _rounded(box), "kind": kind, "tex": tex,
                "tag": ", ".join(tag["text"] for tag in tags) or None, "tags": tags,
                "continues": first if len(found) > first else None,
            })  # fmt: skip
    if _any_overlap([formula["box"] for formula in found]):
        dropped["page: formulas overlap"] += 1
        return None
    return {"page": 0, "size": [round(width, 3), round(height, 3)], "formulas": found}


def _tags(texts: tuple[str, ...], boxes: list[Box]) -> list[dict[str, Any]]:
    """Equation numbers with their boxes; several numbers of one display stand on lines of their own."""
    rows: list[list[Box]] = []
    for box in boxes:
        if rows and box[1] < max(other[3] for other in rows[-1]):
            rows[-1].append(box)
        else:
            rows.append([box])
    return [{"text": f"({text})", "box": _rounded(union(row))} for text, row in zip(texts, rows, strict=False)]


def _rounded(box: tuple[float, float, float, float]) -> list[float]:
    """A box in hundredths of a point, as JSON."""
    return [round(value, 2) for value in box]


def _any_overlap(boxes: list[list[float]]) -> bool:
    """Whether two formulas cover each other by more than a fifth of the smaller one."""
    for place, a in enumerate(boxes):
        for b in boxes[place + 1 :]:
            w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
            if w > 0 and h > 0 and w * h > 0.2 * min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])):
                return True
    return False
