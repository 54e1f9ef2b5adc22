"""Cutting what is read out of a page image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mathocr.data.contracts import Box
from mathocr.data.samples import Image, cut

# White around a crop, as a share of its text line's height: about 1 pt, less than a word space, more than the
# detector's usual error.
MARGIN_FRAC = 0.1


def cut_places(image: Image, places: Sequence[Box], regions: Sequence[Box] | None = None) -> list[Image]:
    """Cut places out of a page with a margin, as they are read.

    Args:
        image: ``uint8 (H, W)`` or ``(H, W, 3)``.
        places: Corners ``(x0, y0, x1, y1)`` in pixels.
        regions: Boxes of the page's formulas, whose median height is that of a line; the places themselves if None.

    Returns:
        A view for each place.

    Raises:
        ValueError: If nothing of a place is on the page.
    """
    heights = [box[3] - box[1] for box in (places if regions is None else regions)]
    line = float(np.median(heights)) if heights else 0.0
    return [cut(image, box, MARGIN_FRAC * min(line, box[3] - box[1])) for box in places]
