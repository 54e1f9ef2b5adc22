"""The order in which a reader meets the formulas of a page: blocks, columns within a block, lines, then across.

Formulas alone are too few to show the columns, so they are found in the page's ink: rows of ink that share a
white gutter form a block of columns; a title or a wide figure fills the gutter and so begins another block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

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


def reading_order(boxes: Sequence[Box], ink: Ink) -> list[int]:
    """Indices of ``boxes`` in reading order.

    Args:
        boxes: Corners ``(x0, y0, x1, y1)`` in image pixels.
        ink: Ink of the image that the boxes lie on.
    """
    if len(boxes) < 2:
        return list(range(len(boxes)))
    tangent = slope(ink)
    straight = _straighten_boxes(np.asarray(boxes, np.float64) * ink.scale, tangent)
    blocks = find_blocks(_straighten_mask(ink.mask, tangent), ink.letter) or [Block(0, 1)]
    places: dict[tuple[int, int], list[int]] = {}
    for index, (x0, y0, x1, y1) in enumerate(straight):
        middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2
        nearest = min(range(len(blocks)), key=lambda b: max(blocks[b].top - middle_y, middle_y - blocks[b].bottom, 0))
        column = sum(middle_x > gutter for gutter in blocks[nearest].gutters)
        places.setdefault((nearest, column), []).append(index)
    return [index for place in sorted(places) for index in _by_lines(places[place], straight)]


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
    strips = _runs(np.asarray(mask.any(1)))
    whites = [~np.asarray(mask[top:bottom, left:right].any(0)) for top, bottom in strips]
    # most[n]: greatest height in columns that the first n strips can give; begins[n], cuts[n]: its last block
    most, begins = [0.0], [0]
    cuts: list[tuple[float, ...]] = [()]
    for end in range(1, len(strips) + 1):
        total, begin = most[end - 1], end - 1
        gutters: tuple[tuple[int, int], ...] = ()
        # A longer block never gives less than a shorter one, so the longest that holds is taken.
        for first, runs in reversed(_open_runs(whites[:end], _GUTTER * letter)):
            top, bottom = strips[first][0], strips[end - 1][1]
            gain = most[first] + bottom - top - _BLOCK_COST * letter
            found = _gutters(mask[top:bottom, left:right], runs, letter) if gain > total else ()
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
        runs = [run for run in _runs(white) if run[1] - run[0] >= least]
        if not runs:
            break
        found.append((first, runs))
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


def _by_lines(indices: list[int], boxes: np.ndarray) -> list[int]:
    """Sort boxes of one column: lines from the top, and from left to right where boxes share a line."""
    lines: list[list[int]] = []
    for index in sorted(indices, key=lambda i: (boxes[i][1] + boxes[i][3], boxes[i][0])):
        if lines and any(_side_by_side(boxes[index], boxes[other]) for other in lines[-1]):
            lines[-1].append(index)
        else:
            lines.append([index])
    return [index for line in lines for index in sorted(line, key=lambda i: boxes[i][0])]


def _side_by_side(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two boxes share at least half the height of the lower one, and do not stand above each other."""
    shared_y = min(a[3], b[3]) - max(a[1], b[1])
    shared_x = min(a[2], b[2]) - max(a[0], b[0])
    return bool(shared_y >= 0.5 * min(a[3] - a[1], b[3] - b[1]) and shared_x <= 0.5 * min(a[2] - a[0], b[2] - b[0]))


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Begin and end of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
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


def _straighten_boxes(boxes: np.ndarray, tangent: float) -> np.ndarray:
    """Move each box by the turn at its middle, ``(N, 4)``; its size stays."""
    shift_x = (boxes[:, 1] + boxes[:, 3]) / 2 * tangent
    shift_y = -(boxes[:, 0] + boxes[:, 2]) / 2 * tangent
    return boxes + np.stack([shift_x, shift_y, shift_x, shift_y], axis=1)
