"""How high the letters of a text are, in scripts of letters and in scripts of characters."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# In median heights of the connected components.
_TALLEST = 4.0  # what belongs to a line of text: no frame, no bracket of a matrix,
_LOWEST = 0.5  # no rule
_SPACE = 0.6  # gaps within a word are narrower
_PART, _LEAST_PART = 5.0, 2.0  # lines are measured in parts of so much width: turned, a whole line is far too high
_SHARE = 0.8  # of all parts that are no higher, by width: most have an ascender, few a fraction
# A line of Latin text is so many times as high as its median letter.
_LINE = (1.7, 2.1)
_FEWEST = 5
_ENOUGH, _INKED = 5.0, 80  # Pixels of a median letter that tell it, and gray from which a pixel of fewer is ink.


def letter_height(mask: NDArray[np.uint8], median: float) -> float:
    """Height of the median letter, or what it would be in Latin type of the same size.

    The connected components alone do not tell it: of Chinese, Japanese and Korean characters they are strokes in one
    font and whole characters in another, three times as high. How high a line is does not depend on that.

    Args:
        mask: ``(H, W)``, 1 where there is ink.
        median: Median height in pixels of the connected components that look like letters, above 0.

    Returns:
        Pixels; ``median`` within the bounds that the lines set, where there are lines.
    """
    step = max(1, round(median / _ENOUGH))
    if step > 1:
        shares = cv2.resize(255 * mask, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA)
        return step * letter_height((shares > _INKED).astype(np.uint8), median / step)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    kept = stats[:, cv2.CC_STAT_HEIGHT] < _TALLEST * median
    kept[0] = False
    reach = np.ones((1, max(3, round(_SPACE * median))), np.uint8)
    words = cv2.morphologyEx(kept[labels].astype(np.uint8), cv2.MORPH_CLOSE, reach)
    words[:, :: max(4, round(_PART * median))] = 0
    _, _, stats, _ = cv2.connectedComponentsWithStats(words, connectivity=8)
    width, height = stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT]
    part = (width >= _LEAST_PART * median) & (height >= _LOWEST * median) & (height < _TALLEST * median)
    if part.sum() < _FEWEST:
        return median
    width, height = width[part], height[part]
    order = np.argsort(height)
    upto = np.cumsum(width[order])
    line = float(height[order][np.searchsorted(upto, _SHARE * upto[-1])])
    return float(np.clip(median, line / _LINE[1], line / _LINE[0]))
