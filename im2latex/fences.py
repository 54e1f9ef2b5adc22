"""Matrices and cases in a formula: high delimiters, and the grid of cells between a pair or behind a lone brace."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

from mathocr.im2latex.bands import CELL_GAP, DOT, Mask, Parts, Span, parts_of, rows_of, runs
from mathocr.im2latex.pieces import CASES, MATRICES

_MOST = 100  # components that may be delimiters
# In points at the size of the type, tried on 300 formulas with matrices and 74 with cases of training.
_HIGH = 13.0  # A delimiter around two rows is so high at least,
_NARROW = 16.0  # no wider,
_THIN = 1.3  # and a vertical line no wider than this.
_SAME = 2.0  # The ends of a pair are no further apart,
_TURN = 0.03  # and where a photograph is turned by so much for each pixel between them.
_COLUMN_GAP = 6.5  # TeX leaves 10 pt between columns; what the estimate of the size is off is taken from it.
_SMALL_GAP = 3.7  # Less is left by those of a small matrix, but more than is around signs.
_TWO_LINES = 18.0  # A row that is so high, and
_UNEVEN = 1.7  # so many times as high as the others, is rather two that overlap.
_COLUMNS_OF_TWO = (
    3  # A matrix of two rows has so many columns at least: the network reads smaller ones and binomials well.
)
_IN_LINE = 1.5  # Conditions of cases begin no further apart.
# Where the stroke of a left delimiter runs, 0 at its left end and 1 at its right one: see ``_kind``.
_LEFT = 0.45  # In the middle it is further left than this, and ends no further left
_BACK = 0.2  # than so much.
_NOSE, _NECK, _ARM = (
    0.1,
    0.12,
    0.4,
)  # A brace has a nose so long, straight arms on both sides of it, and these so far right.
_BOW, _SIDE, _BELLY = (
    0.55,
    0.16,
    0.42,
)  # A bow ends so much further right, or is there already at an eighth; angles are flatter.
_HOOK = 0.1  # A bracket ends so much further right.


class Fence(NamedTuple):
    """A matrix, or cases.

    Attributes:
        name: Of its environment.
        x: Outer ends of its delimiters, in pixels as all of these; cases reach to the end of the formula.
        y: Upper and lower end of its delimiters.
        inner: Inner ends of its delimiters.
        rows: Of its cells.
        columns: Of its cells.
    """

    name: str
    x: Span
    y: Span
    inner: Span
    rows: list[Span]
    columns: list[Span]


def fences_of(full: Mask, point: float) -> list[Fence]:
    """The matrices and cases of a formula of one row that are in nothing else, from the left.

    Args:
        full: Where there is ink, ``(H, W)``.
        point: Pixels of a point at the size of the type.

    Returns:
        None of them inside another; none where there are too many components that may be delimiters.
    """
    # high delimiters are made of pieces, between which a line may be faint
    closed = cv2.morphologyEx(full.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 1), np.uint8)).astype(bool)
    parts = parts_of(closed)
    wide, high = parts.x1 - parts.x0, parts.y1 - parts.y0
    candidates = np.flatnonzero((high >= _HIGH * point) & (wide <= np.minimum(_NARROW * point, 0.5 * high)))
    candidates = candidates[np.argsort(parts.x0[candidates], kind="stable")]
    if len(candidates) > _MOST:
        return []
    kinds = {int(n): _kinds(closed, parts, int(n), point) for n in candidates}
    found: list[Fence] = []
    for place, left in enumerate(candidates.tolist()):
        if not kinds[left][0] or (found and parts.x0[left] < found[-1].x[1]):
            continue
        for right in candidates[place + 1 :].tolist():
            ends = abs(parts.y0[left] - parts.y0[right]), abs(parts.y1[left] - parts.y1[right])
            pair = {kinds[left][0], kinds[right][1]}
            slack = _SAME * point + _TURN * (parts.x1[right] - parts.x0[left])
            if max(ends) <= slack and (len(pair) == 1 or pair == {"(", "["}):
                # a hook may look round, but a bow does not look square
                fence = _fence(full, parts, (left, right), MATRICES[min(pair)], point)
                break
        else:
            fence = _fence(full, parts, (left,), CASES, point) if kinds[left][0] == "{" else None
        if fence is not None:
            found.append(fence)
    return found


def _fence(full: Mask, parts: Parts, delimiters: tuple[int, ...], name: str, point: float) -> Fence | None:
    """What stands between two delimiters, or behind one, if it is a grid that nothing stands above or below."""
    ends = list(delimiters)
    y0, y1 = int(parts.y0[ends].min()), int(parts.y1[ends].max())
    x0, x1 = int(parts.x0[ends[0]]), full.shape[1]
    inner = int(parts.x1[ends[0]]), x1
    if len(ends) == 2:
        x1, inner = int(parts.x1[ends[1]]), (inner[0], int(parts.x0[ends[1]]))
    across = (parts.x0 < x1) & (parts.x1 > x0)
    slack = _SAME * point + 1
    if ((parts.y0[across] < y0 - slack) | (parts.y1[across] > y1 + slack)).any():
        return None
    if inner[1] - inner[0] < point:
        return None
    cells = full[:, inner[0] : inner[1]]
    rows = rows_of(cells, parts_of(cells), point, CELL_GAP)
    columns = _columns(cells, point)
    heights = [b - a for a, b in rows]
    if len(rows) < 2 or (len(rows) == 2 and (name == CASES or len(columns) < _COLUMNS_OF_TWO)):
        return None
    if name == CASES and not (columns := _conditions(cells, rows, columns, point)):
        return None
    if max(heights) > max(_UNEVEN * float(np.median(heights)), _TWO_LINES * point):
        return None  # rows that overlap
    if any(_has_rows(cells[y0:y1, x0:x1], point) for y0, y1 in rows for x0, x1 in columns):
        return None
    if name != CASES and any(_is_several([cells[y0:y1, x0:x1] for y0, y1 in rows], point) for x0, x1 in columns):
        return None
    return Fence(name, (x0, x1), (y0, y1), inner, rows, [(a + inner[0], b + inner[0]) for a, b in columns])


def _conditions(cells: Mask, rows: list[Span], columns: list[Span], point: float) -> list[Span]:
    """The two columns of cases, the latter of which begins in line; none where several columns do not."""
    for number in range(1, len(columns)):
        start = columns[number][0]
        begins = [np.flatnonzero(cells[y0:y1, start:].any(axis=0)) for y0, y1 in rows]
        first = [int(inked[0]) for inked in begins if len(inked)]
        if len(first) > 1 and max(first) - min(first) <= _IN_LINE * point:
            later = columns[number + 1 :]
            if later and sum(bool(cells[y0:y1, later[0][0] :].any()) for y0, y1 in rows) == 1:
                return []  # perhaps it comes after the cases
            return [(columns[0][0], columns[number - 1][1]), (start, columns[-1][1])]
    return columns if len(columns) == 1 else []


def _has_rows(cell: Mask, point: float) -> bool:
    """Whether a cell has several rows: then those of the matrix overlap elsewhere."""
    return len(rows_of(cell, parts_of(cell), point, CELL_GAP)) > 1


def _is_several(column: list[Mask], point: float) -> bool:
    """Whether the cells of a column may be several of a small matrix: all but dots are parted by the same white."""
    held = [(cell.any(axis=0), parts_of(cell)) for cell in column]
    inked = np.array([across for across, parts in held if (parts.y1 - parts.y0 > max(2.0, DOT * point)).any()])
    if len(inked) < 2:
        return False
    return any(
        right[0] - left[1] >= _SMALL_GAP * point
        and inked[:, : left[1]].any(axis=1).all()
        and inked[:, right[0] :].any(axis=1).all()
        for left, right in pairwise(runs(np.asarray(inked.any(axis=0))))
    )


def _columns(cells: Mask, point: float) -> list[Span]:
    """Columns of cells: runs that are as far apart as columns are."""
    columns: list[Span] = []
    for run in runs(np.asarray(cells.any(axis=0))):
        if columns and run[0] - columns[-1][1] < _COLUMN_GAP * point:
            columns[-1] = columns[-1][0], run[1]
        else:
            columns.append(run)
    return columns


def _kinds(full: Mask, parts: Parts, n: int, point: float) -> tuple[str, str]:
    """What a component is as a left and as a right delimiter, ``([{|``; empty where it is none."""
    shape = full[parts.y0[n] : parts.y1[n], parts.x0[n] : parts.x1[n]]
    if shape.shape[1] <= max(1.0, _THIN * point) and abs(_stroke(shape, 0.0) - _stroke(shape, 0.5)) < 0.2:
        return "|", "|"
    return _kind(shape), _kind(shape[:, ::-1])


def _kind(shape: Mask) -> str:
    """What a component ``(H, W)`` is as a left delimiter, by where its stroke runs."""
    eighth, quarter, third = ((_stroke(shape, place) + _stroke(shape, 1 - place)) / 2 for place in (0.15, 0.25, 0.38))
    middle, ends = _stroke(shape, 0.5), (_stroke(shape, 0.0), _stroke(shape, 1.0))
    if middle > _LEFT or min(_stroke(shape, 0.05), _stroke(shape, 0.95)) < middle - _BACK:
        return ""
    if third - middle >= _NOSE and quarter - third <= _NOSE and eighth - quarter <= _NECK and quarter >= _ARM:
        return "{"
    if max(ends) - middle >= _BOW or eighth - middle >= _SIDE:
        return "(" if quarter - middle <= _BELLY else ""
    return "[" if sum(ends) / 2 - middle >= _HOOK else ""


def _stroke(shape: Mask, place: float) -> float:
    """Middle of the ink of a few lines at a place between the upper end, 0, and the lower one, 1."""
    height, width = shape.shape
    at = round(place * (height - 1))
    columns = np.flatnonzero(shape[max(0, at - 1) : at + 2].any(axis=0))
    return float(columns.mean() / max(1, width - 1)) if len(columns) else 0.5
