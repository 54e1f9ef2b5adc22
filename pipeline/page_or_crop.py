"""Telling a page (text with formulas on it) from a crop (one formula that fills the image)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mathocr.data.contracts import Region
from mathocr.pipeline.layout import Ink

# Measured in letter heights and pieces of ink, so that the answer does not depend on the resolution.
_PAGE_LETTERS = 400  # more than a formula has: an aligned block of ten rows of thirty symbols has 300
_PAGE_HEIGHT = 45.0  # sixteen lines of text
_LOW_HEIGHT = 9.0  # three lines of text, or one tall display
# Share of the ink within regions from which an image is a crop. Of 100 formulas of im2latex-100k none had less than 0.3
# (where any region was found), of 60 snippets of text lines 54 did.
_COVERED_LOW, _COVERED_TALL = 0.3, 0.5
_LINE_WIDTH = 60.0  # a full line of text has 80 to 100, those formulas at most 50
_APART = 3.5  # white between displays that belong to different sentences; rows of one formula are at most 2 apart


def surely_page(ink: Ink) -> bool:
    """Whether an image has more ink than any one formula, so that the regions need not be asked."""
    _, top, _, bottom = ink.box
    return ink.letters > _PAGE_LETTERS or (ink.letter > 0 and bottom - top > _PAGE_HEIGHT * ink.letter)


def is_page(ink: Ink, regions: Sequence[Region]) -> bool:
    """Whether an image is a page, judged by what the detector found on it.

    A page has ink outside its formulas (text), or displays that stand well apart. Where nothing was found, a few
    lines of ink, a long one, or fewer on a tall sheet, are text; less is taken as a formula that was not recognised.

    Args:
        ink: Ink of the image.
        regions: Regions on the image, boxes in image pixels.
    """
    left, top, right, bottom = ink.box
    low = bottom - top <= _LOW_HEIGHT * ink.letter
    if not regions:
        return not low or right - left > _LINE_WIDTH * ink.letter or ink.mask.shape[0] > _PAGE_HEIGHT * ink.letter
    covered = _covered_share(ink, regions)
    if covered < (_COVERED_LOW if low else _COVERED_TALL):
        return True
    return not low and _stand_apart(ink, regions)


def _covered_share(ink: Ink, regions: Sequence[Region]) -> float:
    """Share of the ink that lies within half a letter of a region."""
    inside = np.zeros_like(ink.mask)
    for region in regions:
        x0, y0, x1, y1 = (edge * ink.scale for edge in region.box)
        pad = ink.letter / 2
        inside[max(0, round(y0 - pad)) : round(y1 + pad), max(0, round(x0 - pad)) : round(x1 + pad)] = True
    total = int(ink.mask.sum())
    return float((ink.mask & inside).sum()) / total if total else 0.0


def _stand_apart(ink: Ink, regions: Sequence[Region]) -> bool:
    """Whether any white band between the regions is taller than between rows of one formula."""
    spans = sorted((region.box[1] * ink.scale, region.box[3] * ink.scale) for region in regions)
    bottom = spans[0][1]
    for top, end in spans[1:]:
        if top - bottom > _APART * ink.letter:
            return True
        bottom = max(bottom, end)
    return False
