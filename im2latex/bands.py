"""Where a formula can be cut between its rows: lines of background that do not belong to fractions or limits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

POINT = 100 / 72  # pixels of 10 pt type at 100 dpi
# All in points at the size of the type. Between the rows of a display TeX leaves 3 pt and more, between those of a
# matrix hardly any; fractions, limits, braces and accents leave as much between their parts where these are low.
ROW_GAP, CELL_GAP = 2.3, 0.5
_LOW = 3.4  # what is no higher is a part of a row next to it (a limit, dots) rather than a row,
_LOW_GAP = 4.0  # unless it is as far away
_DOT = 2.0  # as wide and high, at most; three of them one above the other are a row,
_DOTS_APART = 5.5  # if they are no further apart,
_DOTS_GAP = 2.5  # and so are three side by side that are so far from other rows
_BAR_GAP = 6.6  # a numerator or a denominator is no further from its bar
_FLAT = 1.2  # a bar alone
_BAR = 4.0  # long, and as many times as wide as high, at least, if it is not two pixels high
_BESIDE = 1.2  # as far beside a fraction nothing else stands
_LINE = 8.0  # wide, at least, is a bar that nothing of its band is lower than: not the lower part of a sign
_OPERATOR, _WIDE = 9.0, 5.0  # high and wide, at least: sums and integrals, whose limits are centred to
_BRACE = 12.0  # wide, at least, if it is no higher than an operator is wide: its label is centred, too
_CENTRE = 2.0  # within so much, being no higher, no longer
_LIMIT, _LONGEST = 10.0, 50.0
_LIMIT_GAP = 4.5  # and no further away; those of two operators are
_APART = 5.0

Mask = NDArray[np.bool_]
Span = tuple[int, int]  # in pixels, end excluded


class Parts(NamedTuple):
    """Connected components, in pixels, ends excluded, ``(N,)`` each."""

    x0: NDArray[np.int64]
    y0: NDArray[np.int64]
    x1: NDArray[np.int64]
    y1: NDArray[np.int64]


def parts_of(full: Mask) -> Parts:
    """The connected components of a formula, ``(H, W)``."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(full.astype(np.uint8), connectivity=8)
    x, y, w, h = (stats[1:, i].astype(np.int64) for i in range(4))
    return Parts(x, y, x + w, y + h)


def runs(inked: Mask) -> list[Span]:
    """Runs of lines or columns of pixels with ink, ``(N,)``."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], inked, [False]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def rows_of(full: Mask, parts: Parts, point: float, least: float) -> list[Span]:
    """The rows of a formula or of the cells of a matrix, from above.

    Args:
        full: Where there is ink, ``(H, W)``.
        parts: Its connected components.
        point: Pixels of a point at the size of the type.
        least: Points between two rows, at least.
    """
    rows = _with_dots(runs(np.asarray(full.any(axis=1))), point)
    while True:
        near = [(below[0] - above[1], n) for n, (above, below) in enumerate(pairwise(rows))]
        one_row = [(gap, n) for gap, n in near if _one_row(rows[n], rows[n + 1], gap, parts, point, least)]
        if not one_row:
            return rows
        _, n = min(one_row)
        rows[n : n + 2] = [(rows[n][0], rows[n + 1][1])]


def _with_dots(bands: Sequence[Span], point: float) -> list[Span]:
    """Dots one above the other, three or more, are a row of their own."""
    rows: list[list[Span]] = []
    for band in bands:
        above = rows[-1][-1] if rows else band
        low = max(band[1] - band[0], above[1] - above[0]) <= max(2.0, _LOW * point)
        if low and _FLAT * point <= band[0] - above[1] < _DOTS_APART * point:
            rows[-1].append(band)
        else:
            rows.append([band])
    together = [[(row[0][0], row[-1][1])] if len(row) >= 3 else row for row in rows]
    return [band for row in together for band in row]


def _one_row(above: Span, below: Span, gap: int, parts: Parts, point: float, least: float) -> bool:
    """Whether two neighbouring bands belong to one row."""
    if gap < least * point:
        return True
    lowest = min(above[1] - above[0], below[1] - below[0])
    if lowest < _LOW * point and gap < _LOW_GAP * point:
        return gap < _DOTS_GAP * point or not any(_is_dots(band, parts, point) for band in (above, below))
    if (
        lowest < _FLAT * point
        and gap < _BAR_GAP * point
        and any(_is_bar(band, parts, point) for band in (above, below))
    ):
        return True
    if gap < _BAR_GAP * point and (
        _fraction(above, below, parts, point, under=True) or _fraction(below, above, parts, point, under=False)
    ):
        return True
    return gap < _LIMIT_GAP * point and (_limits(above, below, parts, point) or _limits(below, above, parts, point))


def _inside(band: Span, parts: Parts) -> Mask:
    """Which components a band has, ``(N,)``."""
    return (parts.y0 >= band[0]) & (parts.y1 <= band[1])


def _is_dots(band: Span, parts: Parts, point: float) -> bool:
    """Whether a band has three dots or more, and nothing else."""
    inside = _inside(band, parts)
    wide, high = (parts.x1 - parts.x0)[inside], (parts.y1 - parts.y0)[inside]
    return len(wide) >= 3 and max(wide.max(), high.max()) <= max(2.0, _DOT * point)


def _is_bar(band: Span, parts: Parts, point: float) -> bool:
    """Whether a band, which is flat, has a long component."""
    wide = (parts.x1 - parts.x0)[_inside(band, parts)]
    return len(wide) > 0 and wide.max() >= _BAR * point


def _fraction(band: Span, other: Span, parts: Parts, point: float, under: bool) -> bool:
    """Whether the other band has what stands under (or over) a bar that has nothing else there in its own band."""
    wide, high = parts.x1 - parts.x0, parts.y1 - parts.y0
    inside, there = _inside(band, parts), _inside(other, parts)
    for n in np.flatnonzero(inside & (wide >= _BAR * point) & (high <= np.maximum(2, wide / _BAR))):
        x0, y0, x1, y1 = (int(side[n]) for side in parts)
        if under and y1 == band[1] and wide[n] < _LINE * point < band[1] - band[0]:
            continue
        if not under and (inside & (abs(parts.x1 - x0) <= 2) & (parts.y0 <= y1) & (parts.y1 > y1 + 2 * point)).any():
            continue  # the line of a root
        apart = parts.y0 - y1 if under else y0 - parts.y1
        across = (parts.x0 < x1) & (parts.x1 > x0) & (apart >= 0)
        if not across.any():
            continue
        least = apart[across].min()
        if least > _BAR_GAP * point or not (across & there & (apart == least)).any():
            continue
        near = there & (parts.x0 < x1 + _BESIDE * point) & (parts.x1 > x0 - _BESIDE * point)
        if (parts.x0[near] > x0 - _BESIDE * point).all() and (parts.x1[near] < x1 + _BESIDE * point).all():
            return True
    return False


def _limits(band: Span, other: Span, parts: Parts, point: float) -> bool:
    """Whether all that the other band has is centred over or under large operators of the band."""
    if other[1] - other[0] > _LIMIT * point:
        return False
    wide, high = parts.x1 - parts.x0, parts.y1 - parts.y0
    operator = (high >= _OPERATOR * point) & (wide >= _WIDE * point)
    brace = (high >= _FLAT * point) & (high <= _WIDE * point) & (wide >= _BRACE * point)
    large = _inside(band, parts) & (operator | brace)
    centres = (parts.x0[large] + parts.x1[large]) / 2
    inside = np.flatnonzero(_inside(other, parts))
    inside = inside[np.argsort(parts.x0[inside], kind="stable")]
    ends = np.maximum.accumulate(parts.x1[inside])
    starts = np.flatnonzero(np.concatenate(([True], parts.x0[inside][1:] - ends[:-1] > _APART * point)))
    for start, stop in pairwise([*starts.tolist(), len(inside)]):
        left, right = parts.x0[inside[start]], ends[stop - 1]
        if right - left > _LONGEST * point or not (np.abs(centres - (left + right) / 2) <= _CENTRE * point).any():
            return False
    return True
