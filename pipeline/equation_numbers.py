"""Equation numbers: short ink of its own beside a display, at the margin of its column, told by its place and form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mathocr.data.contracts import Box, Reading, Region
from mathocr.pipeline.columns import PageLayout, runs

# In letter heights (about the x-height, 4.3 pt in 10 pt type).
_GAP = 1.1  # white that parts a number from other ink (amsmath leaves 1.16); in "0.1" there is up to 1.05
_WIDTH = (0.5, 16.0)  # of a number: from (1), which beside Chinese signs is half as wide, to (A.12.34)
_HEIGHT = (0.6, 3.2)  # brackets are 2.3 high, or .8 times as high as Chinese signs
_MARGIN = 2.5  # how far from the column's edge a number may end that stands within the region found
_BESIDE = 4.0  # how far below or above a wide display its number may stand on a line of its own

_PAIRS = {"(": ")", "[": "]"}
_FORM = re.compile(
    r"[A-Z]{0,2}[.-]?\d{1,4}(?:[.-]\d{1,4}){0,3}(?:\.?[a-z])?'{0,3}"  # 12, 3.2, A.1, S4, 2a, 5', 1.2.3
    r"|[A-Z]|[IVXL]{1,6}"
    r"|(?:\*|\\ast|\\star|\\dagger|\\ddagger|\\S){1,3}'{0,2}"
)
_PLAIN_NUMBER = re.compile(r"\(\d{1,4}(?:\.\d{1,4}){0,3}[a-z]?\)")
_SAME = {",": ".", "\\prime": "'", "\\cdot": ".", "\\ldots": "..", "^": "", "{": "", "}": ""}
_SAME |= dict.fromkeys(("\\mathrm", "\\mathbf", "\\mathit", "\\mathsf", "\\mathtt"), "")
_LOOKS_LIKE = {"\\Lambda": "A", "\\alpha": "a"}  # in a number, which stands alone; the pages tried had no Greek ones


@dataclass(frozen=True)
class Candidate:
    """Ink that may be an equation number.

    Attributes:
        box: Corners in image pixels.
        owner: Number of the region that it stands beside.
        rest: Box of that region without it, where the region holds it; None where it stands outside.
    """

    box: Box
    owner: int
    rest: Box | None = None


def parse_number(reading: Reading) -> str | None:
    """The equation number that was read, such as ``(3.2)``; None where it has not the form of one."""
    text = "".join(_SAME.get(token, _LOOKS_LIKE.get(token, token)) for token in reading.tokens)
    if reading.stopped != "end" or len(text) < 3 or _PAIRS.get(text[0]) != text[-1]:
        return None
    return text.replace("\\ast", "*") if _FORM.fullmatch(text[1:-1]) else None


def split_number(reading: Reading) -> tuple[Sequence[str], str] | None:
    """Tokens of a display without the number at their end, and the number; None where there is none.

    A number that stands too near to be told by its place is told by the full stop or comma before it.
    """
    tokens = reading.tokens
    opening = max((place for place, token in enumerate(tokens) if token == "("), default=0)
    if opening < 2 or tokens[opening - 1] not in (".", ",") or tokens[-1] != ")":
        return None
    text = "".join(_SAME.get(token, token) for token in tokens[opening:])
    return (tokens[:opening], text) if _PLAIN_NUMBER.fullmatch(text) else None


def find_candidates(regions: Sequence[Region], layout: PageLayout) -> list[Candidate]:
    """Ink that stands where equation numbers stand.

    Args:
        regions: Found on the page; numbers are looked for beside displays.
        layout: Of the page.

    Returns:
        From top to bottom within each display, no ink twice: what two displays lay claim to is the nearer one's.
    """
    displays = [number for number, region in enumerate(regions) if region.kind == "display"]
    boxes = layout.straighten([regions[number].box for number in displays])
    places = layout.places(boxes)
    found = [
        (_distance(box, ink), number, ink, rest)
        for number, box, place in zip(displays, boxes, places, strict=True)
        for ink, rest in _beside(box, layout, layout.column(place))
    ]
    kept: list[tuple[int, np.ndarray, np.ndarray | None]] = []
    for _, number, ink, rest in sorted(found, key=lambda one: one[0]):
        if not any(_meet(ink, other) for _, other, _ in kept):
            kept.append((number, ink, rest))
    kept.sort(key=lambda one: (one[0], one[1][1]))
    return [
        Candidate(_restored(ink, layout), number, None if rest is None else _restored(rest, layout))
        for number, ink, rest in kept
    ]


def _beside(box: np.ndarray, layout: PageLayout, column: tuple[int, int]) -> list[tuple[np.ndarray, np.ndarray | None]]:
    """Candidates beside one display, and the box without them where they are inside it."""
    top, bottom = max(0, int(box[1])), min(layout.mask.shape[0], int(np.ceil(box[3])))
    found = _in_band(box, (top, bottom), layout, column)
    if found:
        return found
    lines = runs(layout.mask[top:bottom, column[0] : column[1]].any(1))
    if len(lines) > 1:  # a long row may reach below the number of another
        found = [one for line in lines for one in _in_band(box, (top + line[0], top + line[1]), layout, column)]
    return found or _on_own_line(layout, column, (top, bottom))


def _in_band(
    box: np.ndarray, band: tuple[int, int], layout: PageLayout, column: tuple[int, int]
) -> list[tuple[np.ndarray, np.ndarray | None]]:
    """Candidates in some rows of a display."""
    letter, (top, bottom) = layout.letter, band
    pieces = _pieces(layout.mask[top:bottom, column[0] : column[1]].any(0), column[0], _GAP * letter)
    found: list[tuple[np.ndarray, np.ndarray | None]] = []
    for number, piece in enumerate(pieces):
        if len(pieces) == 1 or not _WIDTH[0] * letter <= piece[1] - piece[0] <= _WIDTH[1] * letter:
            continue
        rest = None
        if piece[1] > box[0] + letter and piece[0] < box[2] - letter:
            side = number - (len(pieces) if number else 0)  # -1 at the right end, 0 at the left
            if side not in (-1, 0) or not _at_margin(piece, side, layout, band, column):
                continue
            others = [other for other in pieces if other != piece and other[1] > box[0] and other[0] < box[2]]
            if not others:  # all that the display has
                continue
            rest = _without(box, side, others)
        found += [(ink, rest) for ink in _rows(layout.mask, piece, band, letter)]
    return found


def _distance(box: np.ndarray, ink: np.ndarray) -> float:
    """How far ink is from a display: white across, and between their middles."""
    across = max(ink[0] - box[2], box[0] - ink[2], 0.0)
    return float(across + abs(ink[1] + ink[3] - box[1] - box[3]) / 2)


def _pieces(profile: ArrayLike, offset: int, gap: float) -> list[tuple[int, int]]:
    """Runs of ink along a line, those apart by at most ``gap`` joined; each from its first pixel to one past."""
    joined: list[tuple[int, int]] = []
    for begin, end in runs(profile):
        if joined and begin + offset - joined[-1][1] <= gap:
            joined[-1] = (joined[-1][0], end + offset)
        else:
            joined.append((begin + offset, end + offset))
    return joined


def _at_margin(
    piece: tuple[int, int], side: int, layout: PageLayout, band: tuple[int, int], column: tuple[int, int]
) -> bool:
    """Whether a piece ends where the text of the column ends."""
    middle = sum(band) / 2
    block = min(layout.blocks, key=lambda one: max(one.top - middle, middle - one.bottom, 0))
    inked = np.flatnonzero(layout.mask[block.top : block.bottom, column[0] : column[1]].any(0)) + column[0]
    edge, own = (inked[-1] + 1, piece[1]) if side else (inked[0], piece[0])
    return bool(abs(edge - own) <= _MARGIN * layout.letter)


def _rows(mask: np.ndarray, piece: tuple[int, int], band: tuple[int, int], letter: float) -> list[np.ndarray]:
    """Boxes of the lines of ink within a piece that reach into the band of rows."""
    reach = round(_HEIGHT[1] * letter)
    first = max(0, band[0] - reach)
    part = mask[first : band[1] + reach, piece[0] : piece[1]]
    boxes = []
    for begin, end in runs(part.any(1)):
        middle = first + (begin + end) / 2
        if not (_HEIGHT[0] * letter <= end - begin <= _HEIGHT[1] * letter and band[0] <= middle < band[1]):
            continue
        columns = np.flatnonzero(part[begin:end].any(0))
        x0, x1 = piece[0] + columns[0], piece[0] + columns[-1] + 1
        boxes.append(np.array([x0, first + begin, x1, first + end], np.float64))
    return boxes


def _on_own_line(
    layout: PageLayout, column: tuple[int, int], band: tuple[int, int]
) -> list[tuple[np.ndarray, np.ndarray | None]]:
    """A number on the line below the display or above it, where nothing else stands on that line."""
    letter, (left, right) = layout.letter, column
    reach = round((_BESIDE + _HEIGHT[1]) * letter)
    for first, last, nearest in ((band[1], band[1] + reach, 0), (max(0, band[0] - reach), band[0], -1)):
        lines = runs(layout.mask[first:last, left:right].any(1))
        if not lines:
            continue
        begin, end = lines[nearest]
        distance = begin if nearest == 0 else last - first - end
        if distance > _BESIDE * letter or not _HEIGHT[0] * letter <= end - begin <= _HEIGHT[1] * letter:
            continue
        pieces = _pieces(layout.mask[first + begin : first + end, left:right].any(0), left, _GAP * letter)
        if len(pieces) != 1 or not _WIDTH[0] * letter <= pieces[0][1] - pieces[0][0] <= _WIDTH[1] * letter:
            continue
        line = (first + begin, first + end)
        if any(_at_margin(pieces[0], side, layout, line, column) for side in (-1, 0)):
            return [(np.array([pieces[0][0], line[0], pieces[0][1], line[1]], np.float64), None)]
    return []


def _without(box: np.ndarray, side: int, others: list[tuple[int, int]]) -> np.ndarray:
    """A box cut back to the other ink in its rows."""
    rest = box.copy()
    if side:
        rest[2] = max(other[1] for other in others)
    else:
        rest[0] = min(other[0] for other in others)
    return rest


def _meet(a: np.ndarray, b: np.ndarray) -> bool:
    return bool((np.minimum(a[2:], b[2:]) > np.maximum(a[:2], b[:2])).all())


def _restored(box: np.ndarray, layout: PageLayout) -> Box:
    x0, y0, x1, y1 = layout.restore(box[None])[0].tolist()
    return (x0, y0, x1, y1)
