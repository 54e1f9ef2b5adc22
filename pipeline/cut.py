"""Cutting a region out of a page image."""

from __future__ import annotations

import math

import numpy as np

from mathocr.data.contracts import Box

# White around a crop, as a share of its text line's height: about 1 pt, less than a word space, more than the
# detector's usual error.
MARGIN_FRAC = 0.1


def cut_region(image: np.ndarray, box: Box, margin: float = 0.0) -> np.ndarray:
    """Cut a box out of an image.

    Args:
        image: ``(H, W)`` or ``(H, W, 3)``.
        box: Corners ``(x0, y0, x1, y1)`` in pixels; parts outside the image are left away.
        margin: Pixels added on every side.

    Returns:
        A view of at least one pixel.
    """
    height, width = image.shape[:2]
    x0, y0 = (max(0, math.floor(edge - margin)) for edge in box[:2])
    x0, y0 = min(x0, width - 1), min(y0, height - 1)
    x1, y1 = max(x0 + 1, math.ceil(box[2] + margin)), max(y0 + 1, math.ceil(box[3] + margin))
    return image[y0:y1, x0:x1]
