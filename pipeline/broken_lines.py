"""Inline formulas broken over two lines: the part that ends one line and the part that begins the next become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mathocr.data.contracts import Reading, Region
from mathocr.data.latex import tokens_or_none, written
from mathocr.data.latex.symbols import BINARY, RELATIONS
from mathocr.pipeline.columns import PageLayout, runs

_LINES = (1.2, 7.0)  # letter heights between the middles of two neighbouring lines: single to double spacing
_SLACK = 0.5  # letter heights that a region may end before its ink
_WHITE = 2.2  # letter heights between the words of a line at most; gutters have 10 pt (2.3) and more
_SEEN = 8.0  # letter heights of a line's beginning in which a line between would show
_INDENT = 6.0  # letter heights: the first line of a paragraph is indented by 20 pt (4.6)
_BACK = 3.0  # letter heights that the second part lies further left; formulas of a table's column stand in line
_SIGNS = frozenset(("+", "-", "\\pm", "\\mp", ":"))  # may begin a formula of its own
_OPEN, _CLOSE = frozenset(("(", "[", "\\{", "\\langle")), frozenset((")", "]", "\\}", "\\rangle"))


def find_continuations(regions: Sequence[Region], readings: Sequence[Reading], layout: PageLayout) -> dict[int, int]:
    """Which region goes on with which earlier one.

    A pair is two inline regions: the first ends its line of text, the second begins the line below in the same
    column, and the LaTeX goes on: the first ends with an operator or relation or leaves a bracket open, or the
    second begins with one that needs something before it.

    Args:
        regions: Of one page.
        readings: Of each region.
        layout: Of the page.

    Returns:
        Number of the later part to that of the earlier one; no region is in two pairs on the same side.
    """
    if not layout.letter:  # a blank page has no lines
        return {}
    inline = [n for n, region in enumerate(regions) if region.kind == "inline" and readings[n].tokens]
    boxes = layout.straighten([regions[n].box for n in inline])
    found: dict[int, int] = {}
    for a, b in _line_neighbours(boxes, layout):
        above, below = inline[a], inline[b]
        if below in found or above in found.values() or not _goes_on(readings[above].tokens, readings[below].tokens):
            continue
        if _nothing_between(boxes[a], boxes[b], layout):
            found[below] = above
    return found


def join_readings(first: Reading, second: Reading) -> Reading:
    """The reading of a whole formula from those of its two parts; it is right where both are."""
    return replace(
        with_tokens(first, (*first.tokens, *second.tokens)),
        confidence=first.confidence * second.confidence,
        stopped=first.stopped if first.stopped != "end" else second.stopped,
    )


def with_tokens(reading: Reading, tokens: Sequence[str]) -> Reading:
    """A reading with other tokens, made canonical; without alternatives, which were of the old ones."""
    parsed = tokens_or_none(" ".join(tokens))
    tokens = tuple(tokens) if parsed is None else parsed
    latex, valid = written(tokens)
    return replace(reading, latex=latex, tokens=tokens, valid=valid, alternatives=(), token_confidences=())


def _line_neighbours(boxes: np.ndarray, layout: PageLayout) -> list[tuple[int, int]]:
    """Pairs of boxes of which the first ends a line and the second begins the next; surer columns first."""
    places = layout.places(boxes)
    columns = np.array([layout.column(place) for place in places], np.float64).reshape(-1, 2)
    spans = np.array([_spans(box, layout) for box in boxes]).reshape(-1, 2, 2)  # (N, line or nearest ink, start or end)
    letter, slack = layout.letter, _SLACK * layout.letter
    starts, ends = boxes[:, 0] - slack, boxes[:, 2] + slack
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    apart = middles[None, :] - middles[:, None]
    centres = (boxes[:, 0] + boxes[:, 2]) / 2
    below = (apart >= _LINES[0] * letter) & (apart <= _LINES[1] * letter)
    below &= centres[:, None] - centres[None, :] >= _BACK * letter
    in_column = (spans[:, 1, 1] >= columns[:, 1])[:, None] & (spans[:, 1, 0] <= columns[:, 0])[None, :]
    in_column &= (places[:, None] == places[None, :]).all(2)
    aligned = np.abs(spans[None, :, 0, 0] - spans[:, None, 0, 0]) <= _INDENT * letter
    by_look = (spans[:, 0, 1] <= ends)[:, None] & (spans[:, 0, 0] >= starts)[None, :] & aligned
    return [(a, b) for pairs in (in_column, by_look & ~in_column) for a, b in np.argwhere(below & pairs).tolist()]


def _spans(box: np.ndarray, layout: PageLayout) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where the line of text around a box begins and ends, and the nearest ink left and right of the box.

    The line goes on up to white as wide as a gutter; without ink on a side the nearest is at infinity.
    """
    middle, half, slack = (box[1] + box[3]) / 2, layout.letter / 2, _SLACK * layout.letter
    row = layout.mask[max(0, round(middle - half)) : max(1, round(middle + half))].any(0)
    ink = np.array(runs(row), np.float64).reshape(-1, 2)
    start, end = float(box[0]), float(box[2])
    for begin, stop in ink[::-1]:
        if begin < start and start - stop <= _WHITE * layout.letter:
            start = begin
    for begin, stop in ink:
        if stop > end and begin - end <= _WHITE * layout.letter:
            end = stop
    left, right = ink[ink[:, 0] < box[0] - slack, 1], ink[ink[:, 1] > box[2] + slack, 0]
    return (start, end), (left.max(initial=-np.inf), right.min(initial=np.inf))


def _nothing_between(above: np.ndarray, below: np.ndarray, layout: PageLayout) -> bool:
    """Whether no line of text lies between two boxes: ink there hangs from the upper line or stands on the lower."""
    top, bottom = int(np.ceil(above[3])), int(below[1])
    if bottom - top < 2:
        return True
    left = int(below[0])
    rows = np.asarray(layout.mask[top:bottom, left : left + max(round(_SEEN * layout.letter), 1)].any(1))
    return not any(begin > 0 and end < len(rows) for begin, end in runs(rows))


def _goes_on(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether LaTeX that ends so goes on with LaTeX that begins so."""
    operators = BINARY | RELATIONS
    opened = sum(token in _OPEN for token in first) - sum(token in _CLOSE for token in first)
    closed = sum(token in _CLOSE for token in second) - sum(token in _OPEN for token in second)
    if first[-1] in operators or (opened > 0 and closed > 0):
        return True
    return second[0] in operators - _SIGNS and first[-1] not in (",", ".")
