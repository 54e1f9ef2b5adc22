"""Large formulas are read in pieces, rows and cells of matrices: where these are, and one formula of what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mathocr.data.latex.symbols import BINARY, RELATIONS
from mathocr.im2latex.bands import POINT, ROW_GAP, Mask, Parts, Span, parts_of, rows_of
from mathocr.im2latex.fences import ENVIRONMENTS, Fence, fences_of
from mathocr.im2latex.prepare import FAINT, FULL, type_size

_FEWEST = 4  # components of a formula of several rows; fewer say too little of the size of the type
# In points at the size of the type.
_SAME = 1.6  # ends of rows that are no further apart stand in line,
_SAME_LEFT = 2.6  # or left ends where nothing else does: letters have their own white
_SCRIPT_GAP = 5.0  # a script is no further behind a matrix, its signs no further apart than
_SCRIPT_SPACE = 2.5
_OFF_AXIS = 2.0, 5.0  # above and below the axis at least, as no sign of the line is
_STOP = 2.6, 5.5  # as wide is a stop or a comma at most, and as high a comma
_DOT = 2.2  # as wide and high at most
_RAISED = 1.0  # above the baseline of their row are centred dots, at least
_EDGE = 1  # pixels that a delimiter may be wider than its strokes
_OPEN, _CLOSE = frozenset("([") | {"\\{", "\\langle"}, frozenset(")]") | {"\\}", "\\rangle"}

_ENVIRONMENTS = ("aligned", "gathered", *ENVIRONMENTS.values())
JOINTS = frozenset(
    (
        ".",
        ",",
        "\\vdots",
        "\\ddots",
        "\\cdots",
        "\\\\",
        "&",
        "^",
        "_",
        "{",
        "}",
        *(f"\\{word}{{{name}}}" for word in ("begin", "end") for name in _ENVIRONMENTS),
    )
)
"""Tokens that hold pieces together."""

Numbered = list[tuple[str, int]]
"""Canonical tokens, each with its number among those of all pieces; -1 for a joint."""


class Box(NamedTuple):
    """Of a piece, in pixels of the ink, ends excluded."""

    x0: int
    y0: int
    x1: int
    y1: int


class Layout(Protocol):
    """How a formula, or a part of it, is made of pieces."""

    @property
    def boxes(self) -> list[Box]:
        """Of the pieces."""

    def joined(self, pieces: Sequence[Sequence[str]]) -> Numbered:
        """One formula of the canonical tokens of each piece."""


@dataclass(frozen=True)
class Piece:
    """What is read as it is."""

    box: Box

    @property
    def boxes(self) -> list[Box]:
        """See ``Layout``."""
        return [self.box]

    def joined(self, pieces: Sequence[Sequence[str]]) -> Numbered:
        """See ``Layout``."""
        return list(zip(pieces[0], range(len(pieces[0])), strict=True))


@dataclass(frozen=True)
class Sign:
    """A sign that is known by its shape and place."""

    token: str

    @property
    def boxes(self) -> list[Box]:
        """See ``Layout``."""
        return []

    def joined(self, pieces: Sequence[Sequence[str]]) -> Numbered:
        """See ``Layout``."""
        return [(self.token, -1)]


def _each(parts: Sequence[Layout], pieces: Sequence[Sequence[str]]) -> list[Numbered]:
    """Each part of the pieces that are its own, numbered among all."""
    found, first, number = [], 0, 0
    for part in parts:
        own = pieces[first : first + len(part.boxes)]
        found.append([(token, at if at < 0 else at + number) for token, at in part.joined(own)])
        first += len(own)
        number += sum(map(len, own))
    return found


@dataclass(frozen=True)
class Line:
    """Parts that stand side by side."""

    parts: list[Layout]

    @property
    def boxes(self) -> list[Box]:
        """See ``Layout``."""
        return [box for part in self.parts for box in part.boxes]

    def joined(self, pieces: Sequence[Sequence[str]]) -> Numbered:
        """See ``Layout``."""
        return [token for part in _each(self.parts, pieces) for token in part]


@dataclass(frozen=True)
class Script:
    """A script of what stands before it, ``^`` or ``_``."""

    sign: str
    part: Layout

    @property
    def boxes(self) -> list[Box]:
        """See ``Layout``."""
        return self.part.boxes

    def joined(self, pieces: Sequence[Sequence[str]]) -> Numbered:
        """See ``Layout``."""
        inner = self.part.joined(pieces)
        return [(self.sign, -1), ("{", -1), *inner, ("}", -1)] if inner else []


@dataclass(frozen=True)
class Matrix:
    """Rows of cells, None where one is empty, in an environment with delimiters."""

    name: str
    cells: list[list[Layout | None]]

    @property
    def boxes(self) -> list[Box]:
        """See ``Layout``."""
        return [box for row in self.cells for cell in row if cell is not None for box in cell.boxes]

    def joined(self, pieces: Sequence[Sequence[str]]) -> Numbered:
        """See ``Layout``."""
        filled = iter(_each([cell for row in self.cells for cell in row if cell is not None], pieces))
        tokens: Numbered = [(f"\\begin{{{self.name}}}", -1)]
        for number, row in enumerate(self.cells):
            if number:
                tokens.append(("\\\\", -1))
            held = [[] if cell is None else next(filled) for cell in row]
            last = max((place for place, cell in enumerate(held) if cell), default=0)
            for place, cell in enumerate(held[: last + 1]):
                tokens += [("&", -1), *cell] if place else cell
        return [*tokens, (f"\\end{{{self.name}}}", -1)]


@dataclass(frozen=True)
class Rows:
    """Rows one below the other.

    Attributes:
        rows: From above, at least two.
        spans: Left and right end of each.
        equals: Left ends of the equals signs of each, in pixels, from the left.
        point: Pixels of a point.
    """

    rows: list[Layout]
    spans: list[Span]
    equals: list[list[int]]
    point: float

    @property
    def boxes(self) -> list[Box]:
        """See ``Layout``."""
        return [box for row in self.rows for box in row.boxes]

    def joined(self, pieces: Sequence[Sequence[str]]) -> Numbered:
        r"""``aligned`` at what stands in line, or ``gathered``; a row in which nothing was read is left out."""
        every = _each(self.rows, pieces)
        kept = [number for number, row in enumerate(every) if row]
        rows = [every[number] for number in kept]
        if len(rows) < 2:
            return rows[0] if rows else []
        texts = [[token for token, _ in row] for row in rows]
        spans, equals = [self.spans[number] for number in kept], [self.equals[number] for number in kept]
        marks = _marks(texts, spans, equals, self.point)
        name = "gathered" if marks is None else "aligned"
        tokens: Numbered = [(f"\\begin{{{name}}}", -1)]
        for number, row in enumerate(rows):
            if number:
                tokens.append(("\\\\", -1))
            mark = None if marks is None else marks[number]
            if texts[number][0] == "\\begin{aligned}" and _closes_at_end(texts[number]):
                tokens += row[1:-1]  # rows that could not be cut, read together
            elif mark is None:
                tokens += row
            else:
                tokens += [*row[:mark], ("&", -1), *row[mark:]]
        return [*tokens, (f"\\end{{{name}}}", -1)]


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


def lay_out(ink: NDArray[np.uint8]) -> tuple[Layout, float] | None:
    """How a formula is read in pieces.

    Args:
        ink: Trimmed ink of a formula, ``(H, W)`` uint8, 255 is ink.

    Returns:
        The pieces, and the size of the type, 1 being 10 pt at 100 dpi; None where the formula is best read as a whole.
    """
    size = type_size(ink)
    if size is None:
        return None
    found = _rows(_Region(ink > FULL, ink > FAINT, (0, 0), POINT * size))
    return None if found is None or isinstance(found, Piece) else (found, size)


def _rows(region: _Region) -> Layout | None:
    """The rows of a formula, or what stands in its only one."""
    parts = parts_of(region.full)
    spans = rows_of(region.full, parts, region.point, ROW_GAP)
    if len(spans) < 2 or len(parts.x0) < _FEWEST:
        return _line(region)
    lines = [_line(region.cut(rows, (0, region.width))) for rows in _to_middles(spans, 0, region.height)]
    rows = [line for line in lines if line is not None]
    columns = [np.flatnonzero(region.full[y0:y1].any(axis=0)) for y0, y1 in spans]
    ends = [(int(inked[0]), int(inked[-1]) + 1) for inked in columns]
    return Rows(rows, ends, [_equals(parts, span) for span in spans], region.point)


def _to_middles(spans: Sequence[Span], start: int, stop: int) -> list[Span]:
    """The same spans, each reaching to the middle of the gap to the next."""
    middles = [(above[1] + below[0]) // 2 for above, below in pairwise(spans)]
    return list(pairwise([start, *middles, stop]))


def _line(region: _Region) -> Layout | None:
    """What stands in a row; None where it has no ink."""
    fences = fences_of(region.full, region.point)
    if not fences:
        return _piece(region)
    parts = parts_of(region.full)
    found: list[Layout | None] = []
    x = 0
    for number, fence in enumerate(fences):
        found.append(_beside(region.cut((0, region.height), (x, max(x, fence.x[0] - _EDGE)))))
        found.append(_matrix(region, fence))
        end = fences[number + 1].x[0] if number + 1 < len(fences) else region.width
        scripts, x = _scripts(region, parts, (fence.x[1] + _EDGE, end))
        found += scripts
    found.append(_beside(region.cut((0, region.height), (x, region.width))))
    return Line([part for part in found if part is not None])


def _piece(region: _Region) -> Piece | None:
    """What is read of a region as it is; None where it has no ink."""
    if not region.full.any():
        return None
    across, down = np.flatnonzero(region.faint.any(axis=0)), np.flatnonzero(region.faint.any(axis=1))
    x, y = region.corner
    return Piece(Box(x + int(across[0]), y + int(down[0]), x + int(across[-1]) + 1, y + int(down[-1]) + 1))


def _beside(region: _Region) -> Layout | None:
    """What stands beside a matrix: a lone stop or comma would be read as another sign, as nothing tells its height."""
    piece = _piece(region)
    if piece is None:
        return None
    low = piece.box.y0 - region.corner[1] > region.height / 2
    wide, high = piece.box.x1 - piece.box.x0, piece.box.y1 - piece.box.y0
    if low and wide <= _STOP[0] * region.point and high <= _STOP[1] * region.point:
        return Sign("." if high <= _STOP[0] * region.point else ",")
    return piece


def _matrix(region: _Region, fence: Fence) -> Matrix:
    """A matrix; its cells may hold further ones."""
    columns = _to_middles(fence.columns, fence.inner[0] + _EDGE, fence.inner[1] - _EDGE)
    rows = _to_middles(fence.rows, 0, region.height)
    cells = [
        [_cell(region.cut(row, column), baseline - row[0]) for column in columns]
        for row, baseline in zip(rows, _baselines(region, fence.rows), strict=True)
    ]
    return Matrix(fence.name, cells)


def _baselines(region: _Region, rows: Sequence[Span]) -> list[float]:
    """Where most signs of each row end; where a row has dots alone, as far from it as those of its neighbours are."""
    parts = parts_of(region.full)
    signs = parts.y1 - parts.y0 > _DOT * region.point
    ends = [parts.y1[signs & (parts.y0 >= y0) & (parts.y1 <= y1)] for y0, y1 in rows]
    found = [float(np.median(one)) if len(one) else np.nan for one in ends]
    known = np.flatnonzero(np.isfinite(found))
    if not len(known):
        return [float(y1) for _, y1 in rows]
    return np.interp(np.arange(len(rows)), known, np.array(found)[known]).tolist()


def _cell(region: _Region, baseline: float) -> Layout | None:
    """What a cell holds, the baseline of whose row is there; three dots are rarely read rightly alone."""
    parts = parts_of(region.full)
    high, wide = parts.y1 - parts.y0, parts.x1 - parts.x0
    if len(high) != 3 or max(high.max(), wide.max()) > max(2.0, _DOT * region.point):
        return _line(region)
    across, down = np.ptp(parts.x0) > wide.max(), np.ptp(parts.y0) > high.max()
    if down:
        return Sign("\\ddots" if across else "\\vdots")
    return Sign("\\ldots" if baseline - parts.y1.mean() < _RAISED * region.point else "\\cdots")


def _scripts(region: _Region, parts: Parts, columns: Span) -> tuple[list[Layout | None], int]:
    """Scripts at the beginning of some columns, right behind a matrix, and where they end."""
    found: list[Layout | None] = []
    axis, end = region.height / 2, columns[0]
    above, below = axis - _OFF_AXIS[0] * region.point, axis + _OFF_AXIS[1] * region.point
    for sign, rows, there in (
        ("_", (round(below), region.height), parts.y0 >= below),
        ("^", (0, round(above)), parts.y1 <= above),
    ):
        x = columns[0]
        mine = np.flatnonzero(there & (parts.x0 >= columns[0]) & (parts.x1 <= columns[1]))
        for n in mine[np.argsort(parts.x0[mine], kind="stable")]:
            if parts.x0[n] - x > (_SCRIPT_SPACE if x > columns[0] else _SCRIPT_GAP) * region.point:
                break
            x = max(x, int(parts.x1[n]))
        if x > columns[0] and (piece := _piece(region.cut(rows, (columns[0], min(x + 1, columns[1]))))) is not None:
            found.append(Script(sign, piece))
        end = max(end, x)
    return found, end


def _equals(parts: Parts, row: Span) -> list[int]:
    """The equals signs of a row: two bars alike, one above the other."""
    wide, high = parts.x1 - parts.x0, parts.y1 - parts.y0
    inside = np.flatnonzero((parts.y0 >= row[0]) & (parts.y1 <= row[1]) & (wide >= 3 * high) & (wide >= 4))
    found = []
    for a in inside:
        for b in inside:
            apart = parts.y0[b] - parts.y1[a]
            alike = abs(parts.x0[a] - parts.x0[b]) <= 1 and abs(parts.x1[a] - parts.x1[b]) <= 1
            if alike and 0 < apart <= 0.6 * wide[a]:
                found.append(int(min(parts.x0[a], parts.x0[b])))
    return sorted(found)


def _closes_at_end(row: Sequence[str]) -> bool:
    """Whether the environment that a row begins with ends with it."""
    depth = 0
    for number, token in enumerate(row):
        depth += token.startswith("\\begin{") - token.startswith("\\end{")
        if not depth:
            return number == len(row) - 1
    return False


def _marks(
    rows: Sequence[Sequence[str]], spans: Sequence[Span], equals: Sequence[Sequence[int]], point: float
) -> list[int | None] | None:
    """Before which token each row has its alignment mark, if any; None where the rows are centred."""
    point = max(1.0, point)
    same = _SAME * point
    left, right = np.array(spans).T
    relations = [_relations(row) for row in rows]
    begins = [0 in found for found in relations]
    line = _in_line(left, equals, begins, same)
    if line is None and np.ptp(right) <= same < np.ptp(left):
        return [None] * len(rows)
    if line is None and np.ptp((left + right) / 2) <= same < np.ptp(left):
        return None
    if np.ptp(left) <= _SAME_LEFT * point and (line is None or (np.ptp(left) <= same and not all(relations))):
        return [0] * len(rows)
    if line is None and any(begins) and not all(begins):
        outer = left[begins]
        if np.ptp(outer) <= same and (left[np.logical_not(begins)] > outer.max() + same).all():
            return [int(first) for first in begins]  # the relation hangs out to the left
    marks: list[int | None] = []
    for row, x, found, signs in zip(rows, left, relations, equals, strict=True):
        at = _sign_in_line(row, found, signs, line, same)
        if at is None and found and not (line is not None and x >= line - same) and row[0] not in BINARY:
            at = found[0]
        marks.append(at or 0)
    return marks


def _in_line(
    left: NDArray[np.int64], equals: Sequence[Sequence[int]], begins: Sequence[bool], same: float
) -> float | None:
    """Where most rows have an equals sign, or begin with a relation, as far from the left; the first such place."""
    places = [[int(x)] if first else signs for x, signs, first in zip(left, equals, begins, strict=True)]
    for place in sorted(x for row in places for x in row):
        there = sum(any(abs(x - place) <= same for x in row) for row in places)
        if place > left[0] and there > len(places) / 2:
            return float(place)
    return None


def _sign_in_line(
    row: Sequence[str], relations: Sequence[int], equals: Sequence[int], line: float | None, same: float
) -> int | None:
    """Place of the equals token that stands in line; None where none does, or it is not known which."""
    tokens = [number for number, token in enumerate(row) if token == "="]
    if line is None or len(tokens) != len(equals):
        return None
    at = [number for number, x in zip(tokens, equals, strict=True) if abs(x - line) <= same]
    if not at or at[0] not in relations:
        return None
    return at[0] - (at[0] - 1 in relations)  # a colon belongs to it


def _relations(row: Sequence[str]) -> list[int]:
    """Places of the relations that are in no group, environment or pair of brackets."""
    balanced = sum(token in _OPEN for token in row) == sum(token in _CLOSE for token in row)
    depth, found = 0, []
    for number, token in enumerate(row):
        if token == "{" or token.startswith("\\begin{") or (balanced and token in _OPEN):
            depth += 1
        elif token == "}" or token.startswith("\\end{") or (balanced and token in _CLOSE):
            depth -= 1
        elif depth <= 0 and token in RELATIONS:
            found.append(number)
    return found
