"""Large formulas in pieces, rows and cells of matrices: one formula of what is read in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Protocol

from mathocr.im2latex.alignment import alignment_marks
from mathocr.im2latex.bands import Span

MATRICES = {"(": "pmatrix", "[": "bmatrix", "{": "Bmatrix", "|": "vmatrix"}
"""Environments by their left delimiter."""
CASES = "cases"
"""The environment that has a left brace alone."""

_ENVIRONMENTS = ("aligned", "gathered", CASES, *MATRICES.values())
JOINTS = frozenset(
    (
        "\\\\", "&", "^", "_", "{", "}", ".", ",", "\\vdots", "\\ddots", "\\cdots", "\\ldots",
        *(f"\\{word}{{{name}}}" for word in ("begin", "end") for name in _ENVIRONMENTS),
    )
)  # fmt: skip
"""Tokens that are not read in a piece: what holds pieces together, and signs that are known by shape and place."""

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
    """Rows of cells, None where one is empty, in an environment with delimiters, a left brace alone among them."""

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

    def marks(self, every: Sequence[Numbered]) -> tuple[list[int], list[int | None] | None]:
        """In which rows something was read, and before which token each of these has its mark, see
        ``alignment_marks``.
        """
        kept = [number for number, row in enumerate(every) if row]
        if not kept:
            return [], None
        texts = [[token for token, _ in every[number]] for number in kept]
        spans, equals = [self.spans[number] for number in kept], [self.equals[number] for number in kept]
        return kept, alignment_marks(texts, spans, equals, self.point)

    def joined(self, pieces: Sequence[Sequence[str]]) -> Numbered:
        r"""``aligned`` at what stands in line, or ``gathered``; a row in which nothing was read is left out."""
        every = _each(self.rows, pieces)
        kept, marks = self.marks(every)
        rows = [every[number] for number in kept]
        if len(rows) < 2:
            return rows[0] if rows else []
        name = "gathered" if marks is None else "aligned"
        tokens: Numbered = [(f"\\begin{{{name}}}", -1)]
        for number, row in enumerate(rows):
            if number:
                tokens.append(("\\\\", -1))
            mark = None if marks is None else marks[number]
            if marks is not None and row[0][0] == "\\begin{aligned}" and _closes_at_end([token for token, _ in row]):
                tokens += row[1:-1]  # rows that could not be cut, read together
            elif mark is None:
                tokens += row
            else:
                tokens += [*row[:mark], ("&", -1), *row[mark:]]
        return [*tokens, (f"\\end{{{name}}}", -1)]


@dataclass(frozen=True)
class Columns:
    """Equations in columns far apart, each of which has a part of some rows.

    Attributes:
        columns: From the left, at least two.
        places: Which of all rows those of each column are.
    """

    columns: list[Rows]
    places: list[list[int]]

    @property
    def boxes(self) -> list[Box]:
        """See ``Layout``."""
        return [box for column in self.columns for box in column.boxes]

    def joined(self, pieces: Sequence[Sequence[str]]) -> Numbered:
        r"""``aligned``, two cells of a row for each column: what is before its mark, and the rest."""
        read = [column for column in _each(self.columns, pieces) if column]
        if len(read) < 2:
            return read[0] if read else []
        every = iter(_each([row for column in self.columns for row in column.rows], pieces))
        table: list[list[Numbered]] = [[] for _ in range(1 + max(map(max, self.places)))]
        for column, places in zip(self.columns, self.places, strict=True):
            own = list(islice(every, len(column.rows)))
            kept, marks = column.marks(own)
            places_of_marks = [mark or 0 for mark in marks] if marks else [0] * len(kept)
            at = {places[number]: (own[number], mark) for number, mark in zip(kept, places_of_marks, strict=True)}
            for place, row in enumerate(table):
                tokens, mark = at.get(place, ([], 0))
                row += [tokens[:mark], tokens[mark:]]
        rows = [_in_cells(row) for row in table if any(row)]
        body = [token for row in rows for token in (("\\\\", -1), *row)][1:]
        return [("\\begin{aligned}", -1), *body, ("\\end{aligned}", -1)]


def _in_cells(row: Sequence[Numbered]) -> Numbered:
    """Cells with marks between them, but for those that nothing follows."""
    last = max(place for place, cell in enumerate(row) if cell)
    return [token for cell in row[: last + 1] for token in (("&", -1), *cell)][1:]


def _closes_at_end(row: Sequence[str]) -> bool:
    """Whether the environment that a row begins with ends with it."""
    depth = 0
    for number, token in enumerate(row):
        depth += token.startswith("\\begin{") - token.startswith("\\end{")
        if not depth:
            return number == len(row) - 1
    return False
