"""Where a formula can be cut between its rows: lines of background that do not belong to fractions or limits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

POINT = 100 / 72  # pixels of 10 pt type at 100 dpi
# All further lengths are in points at the size of the type: TeX's own (Appendix G of the TeXbook), and some slack, as
# the size is an estimate. Tried on 800 formulas of training.
ROW_GAP = 2.3  # Between rows of a display TeX leaves 3 pt and more,
CELL_GAP = 0.5  # between those of a matrix hardly any.
_SIGN = 6.5  # What is no lower is a whole row; between lower ones, as the parts of a sign,
_HAIR = 2  # fewer pixels (no points) than this do not part rows.
_LOW = 3.4  # What is no higher is a limit, an accent or dots of the row next to it
_LOW_GAP = 4.0  # if it is no further away.
DOT = 2.0  # Dots are no higher and no wider.
_DOTS_APART = 5.5  # Three of them above each other, no further apart, are a row,
_DOTS_GAP = 2.5  # and so are three side by side, so far from other rows at least.
_FLAT = 1.2  # A bar alone is no higher.
_LONG = 4.0  # A bar is so long at least, and so many times as long as high, if it is not two pixels high.
_BAR_GAP = 6.6  # Numerators and denominators are no further from their bar,
_BESIDE = 1.2  # and so far beside them nothing else stands.
_LINE = (
    8.0  # A bar at the lower end of its row that is shorter belongs to a sign, such as the lower one of an equals sign.
)
_OPERATOR, _WIDE = 9.0, 5.0  # Sums and integrals are so high and so wide at least;
_BRACE = 12.0  # braces with a label so wide, and no higher than operators are wide.
_CENTRE = 2.0  # Limits and labels are centred to these within so much,
_LIMIT, _LIMITS, _LONGEST = 10.0, 22.0, 50.0  # no higher, two lines of them neither, and no longer,
_LIMIT_GAP = 4.5  # and no further away;
_APART = 5.0  # those of two operators are further apart.

Mask = NDArray[np.bool_]
Span = tuple[int, int]  # in pixels, end excluded


class Parts(NamedTuple):
    """Connected components, in pixels, ends excluded, ``(N,)`` each."""

    x0: NDArray[np.int64]
    y0: NDArray[np.int64]
    x1: NDArray[np.int64]
    y1: NDArray[np.int64]


def parts_of(full: Mask) -> Parts:
    """The connected components of a mask ``(H, W)``, which may be empty."""
    if not full.size:  # OpenCV would crash
        none = np.zeros(0, np.int64)
        return Parts(none, none, none, none)
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

    Returns:
        Upper and lower end of each, in pixels.
    """
    rows = _with_dots(runs(np.asarray(full.any(axis=1))), point)
    known: dict[tuple[Span, Span], bool] = {}
    while True:
        pairs = list(pairwise(rows))
        for pair in pairs:
            if pair not in known:
                known[pair] = _one_row(*pair, parts, point, least)
        one_row = [(below[0] - above[1], n) for n, (above, below) in enumerate(pairs) if known[above, below]]
        if not one_row:
            return rows
        _, n = min(one_row)
        rows[n : n + 2] = [(rows[n][0], rows[n + 1][1])]


def _with_dots(bands: Sequence[Span], point: float) -> list[Span]:
    """Bands, where three low ones or more, as of dots above each other, are one."""
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


def _one_row(above: Span, below: Span, parts: Parts, point: float, least: float) -> bool:
    """Whether two neighbouring bands belong to one row."""
    gap = below[0] - above[1]
    lowest = min(above[1] - above[0], below[1] - below[0])
    if gap < least * point or (gap < _HAIR and lowest < _SIGN * point):
        return True
    if lowest < _LOW * point and gap < _LOW_GAP * point:
        return gap < _DOTS_GAP * point or not any(_is_dots(band, parts, point) for band in (above, below))
    if gap < _BAR_GAP * point and (
        any(band[1] - band[0] < _FLAT * point and _is_bar(band, parts, point) for band in (above, below))
        or _fraction(above, below, parts, point, under=True)
        or _fraction(below, above, parts, point, under=False)
    ):
        return True
    return gap < _LIMIT_GAP * point and (_limits(above, below, parts, point) or _limits(below, above, parts, point))


def inside(band: Span, parts: Parts) -> Mask:
    """Which components a band has, ``(N,)``."""
    return (parts.y0 >= band[0]) & (parts.y1 <= band[1])


def _is_dots(band: Span, parts: Parts, point: float) -> bool:
    """Whether a band has three dots or more, and nothing else."""
    own = inside(band, parts)
    wide, high = (parts.x1 - parts.x0)[own], (parts.y1 - parts.y0)[own]
    return len(wide) >= 3 and max(wide.max(), high.max()) <= max(2.0, DOT * point)


def _is_bar(band: Span, parts: Parts, point: float) -> bool:
    """Whether a band, which is flat, has a long component."""
    wide = (parts.x1 - parts.x0)[inside(band, parts)]
    return len(wide) > 0 and wide.max() >= _LONG * point


def _fraction(band: Span, other: Span, parts: Parts, point: float, under: bool) -> bool:
    """Whether the other band has what stands under (or over) a bar that has nothing else there in its own band."""
    wide, high = parts.x1 - parts.x0, parts.y1 - parts.y0
    own, there = inside(band, parts), inside(other, parts)
    for n in np.flatnonzero(own & (wide >= _LONG * point) & (high <= np.maximum(2, wide / _LONG))):
        x0, y0, x1, y1 = (int(side[n]) for side in parts)
        if under and y1 == band[1] and wide[n] < _LINE * point < band[1] - band[0]:
            continue
        if not under and (own & (abs(parts.x1 - x0) <= 2) & (parts.y0 <= y1) & (parts.y1 > y1 + 2 * point)).any():
            continue  # the line of a root
        apart = parts.y0 - y1 if under else y0 - parts.y1
        across = (parts.x0 < x1) & (parts.x1 > x0) & (apart >= 0)
        if not across.any():
            continue
        least = apart[across].min()
        if least > _BAR_GAP * point or not (across & there & (apart == least)).any():
            continue
        flat = high <= np.maximum(2, wide / _LONG)
        outer = flat & (parts.x0 <= x0) & (parts.x1 >= x1)  # the bar of a fraction that this one is in
        near = there & ~outer & (parts.x0 < x1 + _BESIDE * point) & (parts.x1 > x0 - _BESIDE * point)
        if (parts.x0[near] > x0 - _BESIDE * point).all() and (parts.x1[near] < x1 + _BESIDE * point).all():
            opposite = (parts.x0 < x1) & (parts.x1 > x0) & (parts.y1 <= y0 if under else parts.y0 >= y1)
            beyond = y0 - parts.y1[opposite] if under else parts.y0[opposite] - y1
            if (beyond <= _BAR_GAP * point).any():  # or it is a minus sign
                return True
    return False


def _limits(band: Span, other: Span, parts: Parts, point: float) -> bool:
    """Whether all that the other band has is centred over or under large operators of the band."""
    wide, high = parts.x1 - parts.x0, parts.y1 - parts.y0
    if other[1] - other[0] > _LIMITS * point or high[inside(other, parts)].max(initial=0) > _LIMIT * point:
        return False
    operator = (high >= _OPERATOR * point) & (wide >= _WIDE * point)
    brace = (high >= _FLAT * point) & (high <= _WIDE * point) & (wide >= _BRACE * point)
    large = inside(band, parts) & (operator | brace)
    centres = (parts.x0[large] + parts.x1[large]) / 2
    there = np.flatnonzero(inside(other, parts))
    there = there[np.argsort(parts.x0[there], kind="stable")]
    ends = np.maximum.accumulate(parts.x1[there])
    starts = np.flatnonzero(np.concatenate(([True], parts.x0[there][1:] - ends[:-1] > _APART * point)))
    for start, stop in pairwise([*starts.tolist(), len(there)]):
        left, right = parts.x0[there[start]], ends[stop - 1]
        if right - left > _LONGEST * point or not (np.abs(centres - (left + right) / 2) <= _CENTRE * point).any():
            return False
    return True
