"""How high the letters of a text are, in scripts of letters and in scripts of characters."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mathocr.data.pixels import resized

# In heights of the median connected component.
_TALLEST = 4.0  # What belongs to a line of text is lower: frames and the brackets of matrices are not.
_LOWEST = 0.5  # What belongs to it is higher: rules are not.
_SPACE = 0.6  # Gaps within a word are narrower.
_PART, _LEAST_PART = 5.0, 2.0  # Lines are measured in parts of so much width: a whole line, turned, is far too high.
# So many parts of lines, by width, are no higher than a line is taken to be: most have an ascender, few a fraction.
_SHARE = 0.8
# A line of Latin text is so many times as high as its median letter: 1.5 to 2.0 on 45 typeset pages of 100 and 150 dpi,
# where 33 East Asian ones are 1.3 to 2.4 times as high.
_LINE = (1.7, 2.1)
_FEWEST = 5  # Parts that tell how high the lines are.
_ENOUGH = 5.0  # Pixels of a median letter at which that can be told: larger ones are reduced.
_INKED = 80  # Of 255: a reduced pixel with more ink is ink.


def letter_height(mask: NDArray[np.uint8], median: float) -> float:
    """Height of the median letter, or what it would be in Latin type of the same size.

    The connected components alone do not tell it: of Chinese, Japanese and Korean characters they are strokes in one
    font and whole characters in another, three times as high. How high a line is does not depend on that. Words without
    any ascender or descender, and capitals alone, look like characters: they are taken for up to 1.7 times less high.

    Args:
        mask: uint8 ``(H, W)``, 1 where there is ink, else 0.
        median: Median height in pixels of the connected components that look like letters, above 0.

    Returns:
        Pixels; ``median`` within the bounds that the lines set, where there are lines.
    """
    step = max(1, round(median / _ENOUGH))
    if step > 1:
        height, width = mask.shape
        shares = resized(255 * mask, max(1, round(width / step)), max(1, round(height / step)))
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
