"""Snap found boxes to the ink on the page: a formula's box is the bounds of its ink, which a network only guesses."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

INK = 0.35  # of full ink; where the anti-aliased edge of a glyph counts as inside
OWNED = 0.55  # share of a glyph's bounds that must lie in a box for the glyph to belong to it
REACH = 0.35  # of the box's height: an edge moves no further than this, and no further than ...
MOST = 8.0  # ... this many pixels at working scale

# How a box grows over glyphs that the network cut off, in letter heights (about the x-height): (gap that is bridged,
# farthest that an edge moves; beyond that it is taken for running text and stays). The best of sweeps on typeset pages
# of held-out sources that no report uses; the pipeline's F1 (`mathocr evaluate --data PAGES`) measures that.
# Inline formulas grow over a sign that is left out, no further: in Korean and Chinese the text goes on without a space
# (gaps of 0.45 and two letters took it in: .80 of such formulas were found instead of .90, .48 with the right ends
# instead of .73; elsewhere .67 had the right ends, .65 without growth over whole signs, now .68). Accents and what
# is shaped like a bracket (also an l or f) are reached for first, and further: all four ends are right in .832
# instead of .810 of what is found, and of 50 lost hats, bars and dots (2 %) 11 are left.
_GROW_INLINE = (0.25, 1.2)
_GROW_OVER_BRACKETS = (0.35, 1.0)
_GROW_OVER_ACCENTS = (0.35, 1.0)  # upwards
_GROW_ACROSS = (1.2, 16.0)  # a display's left and right edge
_GROW_UP_DOWN = (0.5, 6.0)  # a display's upper and lower edge: limits, indices, numerators
_BAND = 0.5  # share of a glyph (or of the box) that lies beside the edge for the glyph to be beside it
# Letter heights:
_MARK = (0.38, 0.7)  # a full stop or comma is no wider and higher, the stem of an index i is wider
_BRACKET = (0.7, 1.3)  # a bracket or bar is narrower and higher
_ACCENT = 0.6  # an accent is lower; the line above is higher
_MAX_STEPS = 40


def snap(boxes: Floats, display: Bools, ink: Floats, scale: float) -> Floats:
    """Move the edges of boxes to the bounds of the glyphs inside, and grow boxes over glyphs that they cut off.

    An edge that would have to move far (a glyph that touches a neighbour or a rule, a word of the text) stays where it
    was. A full stop or comma at the end of an inline formula belongs to the sentence, after a display to the display.

    Args:
        boxes: xyxy in pixels of ``ink``, float32 ``(N, 4)``.
        display: Whether each is a display formula, bool ``(N,)``.
        ink: Ink 1 on paper 0, float32 ``(H, W)``.
        scale: Working pixels per pixel of ``ink``.

    Returns:
        ``(N, 4)`` in pixels of ``ink``.
    """
    _, _, stats, _ = cv2.connectedComponentsWithStats((ink > INK).astype(np.uint8), connectivity=8)
    stats = stats[1:].astype(np.float32)
    if not len(stats) or not len(boxes):
        return boxes
    glyphs = np.concatenate((stats[:, :2], stats[:, :2] + stats[:, 2:4]), axis=1)  # xyxy, (M, 4)
    boxes = _to_owned(boxes, glyphs, scale)
    tall = stats[stats[:, cv2.CC_STAT_HEIGHT] >= 4, cv2.CC_STAT_HEIGHT]
    if not len(tall):
        return boxes
    letter = float(np.median(tall))
    glyphs = glyphs[stats[:, cv2.CC_STAT_WIDTH] < 40 * letter]  # without rules across the page
    grown = boxes.copy()
    grown[~display] = _grow_inline(boxes[~display], glyphs, letter)
    grown[display] = _grow_display(boxes[display], glyphs, letter)
    return grown


def _to_owned(boxes: Floats, glyphs: Floats, scale: float) -> Floats:
    """Each edge at the bounds of the glyphs that lie mostly inside."""
    low, high = glyphs[:, :2], glyphs[:, 2:]
    sides = [
        np.clip(np.minimum(boxes[:, None, axis + 2], high[None, :, axis])
                - np.maximum(boxes[:, None, axis], low[None, :, axis]), 0, None)
        for axis in (0, 1)
    ]  # fmt: skip
    owned = sides[0] * sides[1] >= OWNED * (high - low).prod(-1)  # (N, M)
    edges = [np.where(owned, low[:, axis], np.inf).min(1) for axis in (0, 1)]
    edges += [np.where(owned, high[:, axis], -np.inf).max(1) for axis in (0, 1)]
    wanted = np.stack(edges, axis=1).astype(np.float32)
    reach = np.minimum(REACH * (boxes[:, 3] - boxes[:, 1]), MOST / scale)[:, None]
    return np.where(np.abs(wanted - boxes) <= reach, wanted, boxes).astype(np.float32)


def _grow_inline(boxes: Floats, glyphs: Floats, letter: float) -> Floats:
    """Over brackets beside the box, accents over it, glyphs that it cuts and one that it leaves out; a full stop or
    comma at the end is left out.
    """
    width, height = ((glyphs[:, 2:] - glyphs[:, :2]) / letter).T
    gap, most = (factor * letter for factor in _GROW_INLINE)
    middle = (boxes[:, 1] + boxes[:, 3])[:, None] / 2
    mark = (width < _MARK[0]) & (height < _MARK[1]) & (glyphs[None, :, 1] > middle)  # (N, M)
    bracket = (width < _BRACKET[0]) & (height > _BRACKET[1])
    for edge in (0, 2):
        boxes = _grow(boxes, glyphs, bracket[None], edge, *(factor * letter for factor in _GROW_OVER_BRACKETS))
    left, right = boxes[:, :1] - letter / 2, boxes[:, 2:3] + letter / 2
    over = (glyphs[None, :, 0] > left) & (glyphs[None, :, 2] < right)  # a rule reaches further
    accent = over & (height < _ACCENT) | (glyphs[None, :, 3] > boxes[:, 1, None])  # (N, M)
    boxes = _grow(boxes, glyphs, accent, 1, *(factor * letter for factor in _GROW_OVER_ACCENTS))
    boxes = _grow(boxes, glyphs, ~mark, 0, gap, most)
    inside = (glyphs[None, :, :2] >= boxes[:, None, :2] - 1) & (glyphs[None, :, 2:] <= boxes[:, None, 2:] + 1)
    end = np.where(inside.all(2) & ~mark, glyphs[None, :, 2], -np.inf).max(1, initial=-np.inf)
    past = boxes[:, 2] - end  # how far marks reach beyond the last glyph
    boxes[:, 2] = np.where((past > 1) & (past < letter), end, boxes[:, 2])
    return _grow(boxes, glyphs, ~mark, 2, gap, most)


def _grow_display(boxes: Floats, glyphs: Floats, letter: float) -> Floats:
    """Over all that stands near on any side; twice, since a new limit may lead to a new neighbour."""
    every = np.ones((len(boxes), len(glyphs)), dtype=bool)
    for edge in (0, 2, 1, 3) * 2:
        gap, most = _GROW_UP_DOWN if edge % 2 else _GROW_ACROSS
        boxes = _grow(boxes, glyphs, every, edge, gap * letter, most * letter)
    return boxes


def _grow(boxes: Floats, glyphs: Floats, usable: Bools, edge: int, gap: float, most: float) -> Floats:
    """Move one edge of all boxes outwards, from glyph to glyph.

    Args:
        boxes: ``(N, 4)``.
        glyphs: ``(M, 4)``.
        usable: Which glyphs a box may take in, ``(N, M)`` or ``(1, M)``.
        edge: 0 left, 1 top, 2 right, 3 bottom.
        gap: White that is bridged, pixels.
        most: Farthest that the edge may move, pixels; it stays where it was if it would move further.
    """
    along, across = edge % 2, 1 - edge % 2
    sign = 1.0 if edge >= 2 else -1.0  # to the left and upwards everything is mirrored
    near, far = (sign * glyphs[:, along + 2 * side] for side in ((0, 1) if edge >= 2 else (1, 0)))
    start, opposite = sign * boxes[:, edge], sign * boxes[:, (edge + 2) % 4]
    beside = np.minimum(boxes[:, None, across + 2], glyphs[None, :, across + 2])
    beside = beside - np.maximum(boxes[:, None, across], glyphs[None, :, across])
    extent = (boxes[:, across + 2] - boxes[:, across])[:, None]
    band = beside >= _BAND * np.minimum(glyphs[:, across + 2] - glyphs[:, across], extent)
    candidates = usable & band & (near[None] >= opposite[:, None] - 1)
    reached = start
    for _ in range(_MAX_STEPS):
        taken = candidates & (near[None] <= (reached + gap)[:, None])
        further = np.maximum(reached, np.where(taken, far[None], -np.inf).max(1, initial=-np.inf))
        if (further <= reached + 0.5).all():
            break
        reached = further
    grown = boxes.copy()
    grown[:, edge] = sign * np.where(reached - start <= most, reached, start)
    return grown
