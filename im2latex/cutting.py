"""Where a formula is cut: between its rows, and between the cells of its matrices and cases."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mathocr.im2latex.bands import DOT, POINT, ROW_GAP, Mask, Parts, Span, inside, parts_of, rows_of
from mathocr.im2latex.fences import Fence, fences_of
from mathocr.im2latex.pieces import Box, Columns, Layout, Line, Matrix, Piece, Rows, Script, Sign
from mathocr.im2latex.prepare import FAINT, FULL, type_size

_FEWEST, _MOST = 4, 2000  # Components of a formula that is cut: fewer do not tell the size of the type, more are noise.
_MOST_PIECES = 150
# In points at the size of the type.
_COLUMN_GAP = 27.0  # Columns of equations are further apart: a line has 2 em and a space (23 pt), the size is 18 % off.
_SCRIPT_GAP, _SCRIPT_SPACE = 5.0, 3.0  # A script is no further behind a matrix, and its signs no further apart.
_ABOVE, _BELOW = 2.0, 5.0  # Signs of a line come so near to the axis at least; scripts stay away from it.
_STOP = 2.6  # A stop or a comma is no wider,
_COMMA = 5.5  # and a comma no higher;
_TAIL = 1.5  # a comma is so many times as high as wide, a stop is not.
_RAISED = 1.0  # Centred dots are so much above the baseline of their row.
_EDGE = 1  # Pixels that a delimiter may be wider than its strokes.


class _Region(NamedTuple):
    """A part of a formula.

    Attributes:
        full: Where a stroke is, ``(H, W)``.
        faint: Where any ink is, ``(H, W)``: thin strokes and the ends of others are no more.
        corner: Its upper left one, (x, y) in pixels of the formula.
        point: Pixels of a point at the size of the type.
    """

    full: Mask
    faint: Mask
    corner: Span
    point: float

    def cut(self, rows: Span, columns: Span) -> _Region:
        """Some rows and columns of it."""
        where = slice(*rows), slice(*columns)
        corner = self.corner[0] + columns[0], self.corner[1] + rows[0]
        return _Region(self.full[where], self.faint[where], corner, self.point)

    @property
    def height(self) -> int:
        """Pixels."""
        return self.full.shape[0]

    @property
    def width(self) -> int:
        """Pixels."""
        return self.full.shape[1]


def lay_out(ink: NDArray[np.uint8], size: float | None = None) -> Layout | None:
    """How a formula is read in pieces.

    Args:
        ink: Trimmed ink of a formula, ``(H, W)`` uint8, 255 is ink.
        size: Of its type, 1 being 10 pt at 100 dpi; None where it is to be estimated.

    Returns:
        The pieces; None where the formula is best read as a whole.
    """
    size = type_size(ink) if size is None else size
    full = ink > FULL
    parts = parts_of(full)
    if size is None or not _FEWEST <= len(parts.x0) <= _MOST:
        return None
    found = _rows(_Region(full, ink > FAINT, (0, 0), POINT * size), parts)
    if found is None or isinstance(found, Piece) or len(found.boxes) > _MOST_PIECES:
        return None
    return found


def _rows(region: _Region, parts: Parts) -> Layout | None:
    """The rows of a formula, in columns where they have such, or what stands in its only one."""
    spans = rows_of(region.full, parts, region.point, ROW_GAP)
    if len(spans) < 2:
        return _line(region)
    edges = _columns(region, spans)
    if len(edges) == 1:
        return _stack(region, spans)[0]
    stacks = [_stack(region.cut((0, region.height), edge), spans) for edge in edges]
    return Columns([rows for rows, _ in stacks], [places for _, places in stacks])


def _stack(region: _Region, spans: Sequence[Span]) -> tuple[Rows, list[int]]:
    """Rows one below the other, and which of all they are: one without ink is none."""
    parts = parts_of(region.full)
    columns = [np.flatnonzero(region.full[y0:y1].any(axis=0)) for y0, y1 in spans]
    lines = [_line(region.cut(rows, (0, region.width))) for rows in _to_middles(spans, 0, region.height)]
    places = [n for n, (line, inked) in enumerate(zip(lines, columns, strict=True)) if line is not None and len(inked)]
    ends = [(int(columns[n][0]), int(columns[n][-1]) + 1) for n in places]
    held = [line for n in places if (line := lines[n]) is not None]
    return Rows(held, ends, [_equals(parts, spans[n]) for n in places], region.point), places


def _columns(region: _Region, spans: Sequence[Span]) -> list[Span]:
    """Columns of rows with wide gaps between them; one where there are none.

    Each has ink in two rows at least, in one of them beside what is left of it.
    """
    inked = np.flatnonzero(region.faint.any(axis=0))
    wide = np.flatnonzero(np.diff(inked) > _COLUMN_GAP * region.point)
    found = [0]
    for middle in ((inked[wide] + inked[wide + 1]) // 2).tolist():
        left, right = (_rows_with_ink(region, spans, side) for side in ((found[-1], middle), (middle, region.width)))
        if min(len(left), len(right)) > 1 and left & right:
            found.append(middle)
    return list(pairwise([*found, region.width]))


def _rows_with_ink(region: _Region, spans: Sequence[Span], columns: Span) -> set[int]:
    """Which rows have ink in some columns."""
    return {n for n, (y0, y1) in enumerate(spans) if region.full[y0:y1, slice(*columns)].any()}


def _to_middles(spans: Sequence[Span], start: int, stop: int) -> list[Span]:
    """The same spans, each reaching to the middle of the gap to the next."""
    middles = [(above[1] + below[0]) // 2 for above, below in pairwise(spans)]
    return list(pairwise([start, *middles, stop]))


def _equals(parts: Parts, row: Span) -> list[int]:
    """Left ends of the equals signs of a row: two bars alike, one above the other, and no third."""
    wide, high = parts.x1 - parts.x0, parts.y1 - parts.y0
    bars = np.flatnonzero(inside(row, parts) & (wide >= np.maximum(4, 3 * high)))
    x0, x1, y0, y1 = (side[bars] for side in (parts.x0, parts.x1, parts.y0, parts.y1))
    alike = (abs(x0[:, None] - x0) <= 1) & (abs(x1[:, None] - x1) <= 1)
    near = abs((y0 + y1)[:, None] - (y0 + y1)) <= 1.4 * wide[bars]  # twice the distance of their middles
    together = (alike & near).sum(axis=1)  # with itself
    pairs = np.argwhere(alike & near & (together == 2) & (together == 2)[:, None])
    return sorted(int(min(x0[a], x0[b])) for a, b in pairs if a < b)


def _line(region: _Region) -> Layout | None:
    """What stands in a row; None where it has no ink."""
    fences = fences_of(region.full, region.point)
    if not fences:
        return _piece(region)
    found: list[Layout | None] = [
        _beside(region.cut((0, region.height), (0, max(0, fences[0].x[0] - _EDGE))), fences[0])
    ]
    for fence, following in zip(fences, [*fences[1:], None], strict=True):
        end = region.width if following is None else max(fence.x[1], following.x[0] - _EDGE)
        start = min(fence.x[1] + _EDGE, end)
        scripts, start = _scripts(region, (start, end), fence)
        found += [_matrix(region, fence), *scripts]
        found.append(_beside(region.cut((0, region.height), (start, end)), fence))
    return Line([part for part in found if part is not None])


def _piece(region: _Region) -> Piece | None:
    """What is read of a region as it is; None where it has no ink."""
    if not region.full.any():
        return None
    across, down = np.flatnonzero(region.faint.any(axis=0)), np.flatnonzero(region.faint.any(axis=1))
    x, y = region.corner
    return Piece(Box(x + int(across[0]), y + int(down[0]), x + int(across[-1]) + 1, y + int(down[-1]) + 1))


def _beside(region: _Region, fence: Fence) -> Layout | None:
    """What stands beside a matrix: a lone stop or comma would be read as another sign, as nothing tells its height."""
    piece = _piece(region)
    if piece is None:
        return None
    wide, high = piece.box.x1 - piece.box.x0, piece.box.y1 - piece.box.y0
    below_axis = piece.box.y0 - region.corner[1] > sum(fence.y) / 2
    if below_axis and wide <= _STOP * region.point and high <= _COMMA * region.point:
        return Sign("," if high > _TAIL * wide else ".")
    return piece


def _matrix(region: _Region, fence: Fence) -> Matrix:
    """A matrix or cases; its cells may hold further ones."""
    left = min(fence.inner[0] + _EDGE, fence.columns[0][0])
    right = max(fence.inner[1] - (_EDGE if fence.inner[1] < fence.x[1] else 0), fence.columns[-1][1])
    columns = _to_middles(fence.columns, left, right)
    rows = _to_middles(fence.rows, 0, region.height)
    cells = [
        [_cell(region.cut(row, column), baseline - row[0]) for column in columns]
        for row, baseline in zip(rows, _baselines(region, fence), strict=True)
    ]
    return Matrix(fence.name, cells)


def _baselines(region: _Region, fence: Fence) -> list[float]:
    """Where most signs of each row end; where a row has dots alone, as far from it as those of its neighbours are."""
    parts = parts_of(region.full[:, slice(*fence.inner)])
    signs = parts.y1 - parts.y0 > DOT * region.point
    ends = [parts.y1[signs & inside(row, parts)] for row in fence.rows]
    found = np.array([float(np.median(one)) if len(one) else np.nan for one in ends])
    known = np.flatnonzero(np.isfinite(found))
    if not len(known):
        return [float(y1) for _, y1 in fence.rows]
    return np.interp(np.arange(len(found)), known, found[known]).tolist()


def _cell(region: _Region, baseline: float) -> Layout | None:
    """What a cell holds, the baseline of whose row is there; three dots are rarely read rightly alone."""
    parts = parts_of(region.full)
    high, wide = parts.y1 - parts.y0, parts.x1 - parts.x0
    if len(high) != 3 or max(high.max(), wide.max()) > max(2.0, DOT * region.point):
        return _line(region)
    across, down = np.ptp(parts.x0) > wide.max(), np.ptp(parts.y0) > high.max()
    if down:
        return Sign("\\ddots" if across else "\\vdots")
    return Sign("\\ldots" if baseline - parts.y1.mean() < _RAISED * region.point else "\\cdots")


def _scripts(region: _Region, columns: Span, fence: Fence) -> tuple[list[Layout], int]:
    """Scripts right behind a matrix, and where they end; none where anything else stands in their columns."""
    parts = parts_of(region.faint[:, slice(*columns)])
    axis = sum(fence.y) / 2
    above, below = axis - _ABOVE * region.point, axis + _BELOW * region.point
    lower, upper = _run(parts, parts.y0 >= below, region.point), _run(parts, parts.y1 <= above, region.point)
    end = int(parts.x1[lower | upper].max()) if (lower | upper).any() else 0
    if (~(lower | upper) & (parts.x0 < end)).any():
        return [], columns[0]
    across = columns[0], columns[0] + end
    rows = (("_", lower, (round(below), region.height)), ("^", upper, (0, round(above))))
    pieces = [(sign, _piece(region.cut(span, across))) for sign, run, span in rows if run.any()]
    return [Script(sign, piece) for sign, piece in pieces if piece is not None], across[1]


def _run(parts: Parts, there: Mask, point: float) -> Mask:
    """Which of some components follow each other from the left on, ``(N,)``."""
    taken, x = np.zeros(len(there), bool), 0
    for n in np.flatnonzero(there)[np.argsort(parts.x0[there], kind="stable")]:
        if parts.x0[n] - x > (_SCRIPT_SPACE if x else _SCRIPT_GAP) * point:
            break
        taken[n], x = True, max(x, int(parts.x1[n]))
    return taken
