"""Which tokens of the rows of a formula stand in line, where ``aligned`` has its marks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mathocr.data.latex.symbols import BINARY, RELATIONS
from mathocr.im2latex.bands import Span

# In points at the size of the type.
_SAME = 1.6  # Ends of rows that are no further apart stand in line.
_SAME_LEFT = 2.6  # So do left ends where nothing else does: letters have their own white.
_OPEN, _CLOSE = frozenset("([") | {"\\{", "\\langle"}, frozenset(")]") | {"\\}", "\\rangle"}


def alignment_marks(
    rows: Sequence[Sequence[str]], spans: Sequence[Span], equals: Sequence[Sequence[int]], point: float
) -> list[int | None] | None:
    """Before which token each row has its alignment mark, if any.

    Args:
        rows: Canonical tokens of each row, at least one.
        spans: Left and right end of each row, in pixels.
        equals: Left ends of the equals signs of each, in pixels, from the left.
        point: Pixels of a point at the size of the type.

    Returns:
        None where the rows are centred.
    """
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
