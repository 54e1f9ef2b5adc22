"""The columns of a page, found in its ink: rows that share a white gutter form a block of columns.

Formulas alone are too few to show the columns. A title or a wide figure fills the gutter and so begins another block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mathocr.data.contracts import Box
from mathocr.pipeline.layout import Ink, slope

# In letter heights (about the x-height, 4.3 pt in 10 pt type), tried on one- and two-column pages in
# tests/pipeline/test_reading_order.py: word spaces stay under 1.2, gutters of columns start at 2 (10 pt).
_GUTTER = 1.6
_COLUMN_HEIGHT = 10.0  # four lines of text
_COLUMN_WIDTH_FRAC = 0.2  # of the ink's width: narrower is a column of equation numbers
_BLOCK_COST = 16.0  # six lines: more than a page number in the gutter takes away, so that it parts no columns
_LINES_FILL_FRAC = 0.4  # of its rows that have ink; columns of typeset pages had 0.49 to 0.67
_LINE_FILL_FRAC = 0.4  # of its width that a row of ink spans on average; there 0.44 to 0.69


@dataclass(frozen=True)
class Block:
    """Rows of a page that share their columns.

    Attributes:
        top: First row, mask pixels of the straightened page.
        bottom: One past the last row.
        gutters: Middles of the white gutters between its columns, ascending; empty for one column.
    """

    top: int
    bottom: int
    gutters: tuple[float, ...] = ()


@dataclass(frozen=True)
class PageLayout:
    """A page turned straight and divided into blocks of columns. Lengths are mask pixels of ``Ink``.

    Attributes:
        mask: Bool ``(H, W)``, True where there is ink.
        letter: Median height of the letters (about the x-height).
        scale: Mask pixels per image pixel.
        tangent: How far the lines of the image fall to the right.
        blocks: From top to bottom, at least one.
    """

    mask: np.ndarray
    letter: float
    scale: float
    tangent: float
    blocks: tuple[Block, ...]

    def straighten(self, boxes: Sequence[Box]) -> np.ndarray:
        """Boxes in image pixels on the straight mask, float64 ``(N, 4)``; each moves by the turn at its middle."""
        straight = np.asarray(boxes, np.float64).reshape(-1, 4) * self.scale
        shift_x = (straight[:, 1] + straight[:, 3]) / 2 * self.tangent
        shift_y = -(straight[:, 0] + straight[:, 2]) / 2 * self.tangent
        return straight + np.stack([shift_x, shift_y, shift_x, shift_y], axis=1)

    def restore(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes of the straight mask ``(N, 4)`` in image pixels, float64 ``(N, 4)``."""
        turn = 1 + self.tangent**2
        x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
        shift_x = (x - y * self.tangent) / turn - x
        shift_y = (y + x * self.tangent) / turn - y
        return (boxes + np.stack([shift_x, shift_y, shift_x, shift_y], axis=1)) / self.scale

    def places(self, boxes: np.ndarray) -> np.ndarray:
        """Block and column of each box of the straight mask, int64 ``(N, 2)``."""
        x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
        tops, bottoms = (np.array([getattr(block, edge) for block in self.blocks]) for edge in ("top", "bottom"))
        block = np.maximum(np.maximum(tops - y[:, None], y[:, None] - bottoms), 0).argmin(1)
        most = max(len(one.gutters) for one in self.blocks)
        gutters = np.array([[*one.gutters, *[np.inf] * (most - len(one.gutters))] for one in self.blocks])
        column = (x[:, None] > gutters.reshape(len(self.blocks), most)[block]).sum(1)
        return np.stack([block, column], axis=1).astype(np.int64)

    def column(self, place: np.ndarray) -> tuple[int, int]:
        """First column of pixels and one past the last of a block's column, as ``places`` names it."""
        block, column = (int(number) for number in place)
        edges = (0, *self.blocks[block].gutters, self.mask.shape[1])
        return round(edges[column]), round(edges[column + 1])

    def has_neighbour(self, box: Box) -> bool:
        """Whether ink of the same column stands beside a box in image pixels, in the middle of its rows."""
        straight = self.straighten([box])
        left, right = self.column(self.places(straight)[0])
        x0, y0, x1, y1 = straight[0]
        middle, half = (y0 + y1) / 2, self.letter / 2
        rows = self.mask[max(0, round(middle - half)) : max(1, round(middle + half))]
        return bool(rows[:, left : max(left, int(x0))].any() or rows[:, min(right, int(np.ceil(x1))) : right].any())


def find_layout(ink: Ink) -> PageLayout:
    """Turn a page straight and find its columns."""
    tangent = slope(ink)
    mask = _straighten_mask(ink.mask, tangent)
    return PageLayout(mask, ink.letter, ink.scale, tangent, tuple(find_blocks(mask, ink.letter) or [Block(0, 1)]))


def find_blocks(mask: np.ndarray, letter: float) -> list[Block]:
    """Divide a straight page into blocks from top to bottom, so that most of its height is in few blocks of columns.

    Args:
        mask: Bool ``(H, W)``, True where there is ink.
        letter: Height of its letters in pixels.
    """
    columns = np.flatnonzero(mask.any(0))
    if not columns.size:
        return []
    left, right = int(columns[0]), int(columns[-1]) + 1
    strips = runs(np.asarray(mask.any(1)))
    whites = [~np.asarray(mask[top:bottom, left:right].any(0)) for top, bottom in strips]
    # most[n]: greatest height in columns that the first n strips can give; begins[n], cuts[n]: its last block
    most, begins = [0.0], [0]
    cuts: list[tuple[float, ...]] = [()]
    for end in range(1, len(strips) + 1):
        total, begin = most[end - 1], end - 1
        gutters: tuple[tuple[int, int], ...] = ()
        # A longer block never gives less than a shorter one, so the longest that holds is taken.
        for first, white in reversed(_open_runs(whites[:end], _GUTTER * letter)):
            top, bottom = strips[first][0], strips[end - 1][1]
            gain = most[first] + bottom - top - _BLOCK_COST * letter
            found = _gutters(mask[top:bottom, left:right], white, letter) if gain > total else ()
            if found:
                total, begin, gutters = gain, first, found
                break
        most.append(total)
        begins.append(begin)
        cuts.append(tuple(left + (start + stop) / 2 for start, stop in gutters))
    return _chain(strips, begins, cuts)


def _open_runs(whites: list[np.ndarray], least: float) -> list[tuple[int, list[tuple[int, int]]]]:
    """For each strip from the last upwards: what stays white from it to the last, as long as any run is wide enough."""
    found = []
    white = np.ones_like(whites[-1])
    for first in range(len(whites) - 1, -1, -1):
        white = white & whites[first]
        wide = [run for run in runs(white) if run[1] - run[0] >= least]
        if not wide:
            break
        found.append((first, wide))
    return found


def _chain(strips: list[tuple[int, int]], begins: list[int], cuts: list[tuple[float, ...]]) -> list[Block]:
    """Blocks from the last to the first, as chosen; neighbours without columns become one."""
    blocks: list[Block] = []
    end = len(strips)
    while end > 0:
        top, bottom, gutters = strips[begins[end]][0], strips[end - 1][1], cuts[end]
        if blocks and not gutters and not blocks[-1].gutters:
            bottom = blocks.pop().bottom
        blocks.append(Block(top, bottom, gutters))
        end = begins[end]
    return blocks[::-1]


def _gutters(block: np.ndarray, white: Sequence[tuple[int, int]], letter: float) -> tuple[tuple[int, int], ...]:
    """Those of the white runs that part a block into columns tall, wide and full enough to be text."""
    width = block.shape[1]
    inner = [run for run in white if run[0] > 0 and run[1] < width]
    chosen: list[tuple[int, int]] = []
    for run in inner:
        begin = chosen[-1][1] if chosen else 0
        ends = [other[0] for other in inner if other[0] > run[1]] + [width]
        if _is_column(block[:, begin : run[0]], letter, width) and any(
            _is_column(block[:, run[1] : end], letter, width) for end in ends
        ):
            chosen.append(run)
    return tuple(chosen)


def _is_column(part: np.ndarray, letter: float, width: int) -> bool:
    """Whether the ink of a part is as tall, as wide and as filled as a column of text."""
    rows, columns = np.flatnonzero(part.any(1)), np.flatnonzero(part.any(0))
    if not rows.size or rows[-1] + 1 - rows[0] < _COLUMN_HEIGHT * letter:
        return False
    if rows.size < _LINES_FILL_FRAC * (rows[-1] + 1 - rows[0]):
        return False
    own_width = columns[-1] + 1 - columns[0]
    inked = part[rows]
    spans = part.shape[1] - inked[:, ::-1].argmax(1) - inked.argmax(1)
    return bool(own_width >= _COLUMN_WIDTH_FRAC * width and spans.mean() >= _LINE_FILL_FRAC * own_width)


def runs(flags: ArrayLike) -> list[tuple[int, int]]:
    """First index and one past the last of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(flags, np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _straighten_mask(mask: np.ndarray, tangent: float) -> np.ndarray:
    if tangent == 0:
        return mask
    y, x = np.nonzero(mask)
    new_x, new_y = np.rint(x + y * tangent).astype(int), np.rint(y - x * tangent).astype(int)
    inside = (new_x >= 0) & (new_x < mask.shape[1]) & (new_y >= 0) & (new_y < mask.shape[0])
    straight = np.zeros_like(mask)
    straight[new_y[inside], new_x[inside]] = True
    return straight
