"""The order in which a reader meets the formulas of a page: blocks, columns within a block, lines, then across."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mathocr.data.contracts import Box
from mathocr.pipeline.columns import PageLayout


def reading_order(boxes: Sequence[Box], layout: PageLayout) -> list[int]:
    """Indices of ``boxes`` in reading order.

    Args:
        boxes: Corners ``(x0, y0, x1, y1)`` in image pixels.
        layout: Of the page that the boxes lie on.
    """
    if len(boxes) < 2:
        return list(range(len(boxes)))
    straight = layout.straighten(boxes)
    members: dict[tuple[int, ...], list[int]] = {}
    for index, place in enumerate(layout.places(straight).tolist()):
        members.setdefault(tuple(place), []).append(index)
    return [index for place in sorted(members) for index in _by_lines(members[place], straight)]


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
