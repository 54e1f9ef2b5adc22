"""Snap found boxes to the ink on the page: a formula's box is the bounds of its ink, which a network only guesses."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

INK = 0.35  # of full ink; where the anti-aliased edge of a glyph counts as inside
OWNED = 0.55  # share of a glyph's bounds that must lie in a box for the glyph to belong to it
REACH = 0.35  # of the box's height: an edge moves no further than this, and no further than ...
MOST = 8.0  # ... this many pixels at working scale


def snap(boxes: Floats, ink: Floats, scale: float) -> Floats:
    """Move the edges of boxes to the bounds of the glyphs inside.

    An edge that would have to move far (a glyph that touches a neighbour or a rule) stays where it was.

    Args:
        boxes: xyxy in pixels of ``ink``, float32 ``(N, 4)``.
        ink: Ink 1 on paper 0, float32 ``(H, W)``.
        scale: Working pixels per pixel of ``ink``.

    Returns:
        ``(N, 4)`` in pixels of ``ink``.
    """
    _, _, stats, _ = cv2.connectedComponentsWithStats((ink > INK).astype(np.uint8), connectivity=8)
    stats = stats[1:].astype(np.float32)
    if not len(stats) or not len(boxes):
        return boxes
    low = stats[:, [cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP]]
    high = low + stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
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
