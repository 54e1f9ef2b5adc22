"""Drawing the found formulas over the page: a box in the colour of its kind, its number and its score."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from mathocr.data.contracts import Formula, Kind

# Blue and vermilion of Okabe and Ito's palette, which colour-blind people tell apart too.
COLOURS: dict[Kind, tuple[int, int, int]] = {"display": (0, 114, 178), "inline": (213, 94, 0)}
_PAGE = 1400  # pixels of a page's longer side up to which labels are as small as can be read
_INK = 48  # gray levels away from the page's middle one: more is something that a label should not cover


def draw_formulas(image: np.ndarray, formulas: Sequence[Formula]) -> np.ndarray:
    """Copy a page with a box around each formula, and a label beside the box where it covers least.

    Args:
        image: ``uint8 (H, W)`` or ``(H, W, 3)`` RGB.
        formulas: Numbered from 1 in the order given; their boxes are pixels of ``image``.

    Returns:
        ``uint8 (H, W, 3)`` RGB.
    """
    canvas = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB) if image.ndim == 2 else image.copy()
    gray = cv2.cvtColor(canvas, cv2.COLOR_RGB2GRAY)
    taken = np.abs(gray.astype(np.int16) - np.median(gray)) > _INK
    scale = max(1.0, max(image.shape[:2]) / _PAGE)
    thickness = round(scale)
    corners = [tuple(round(edge) for edge in formula.box) for formula in formulas]
    for (x0, y0, x1, y1), formula in zip(corners, formulas, strict=True):
        outer = (x0 - thickness, y0 - thickness), (x1 + thickness, y1 + thickness)
        cv2.rectangle(canvas, *outer, COLOURS[formula.kind], thickness)
    for number, (box, formula) in enumerate(zip(corners, formulas, strict=True), 1):
        _write_label(canvas, taken, f"{number}: {formula.score:.2f}", box, COLOURS[formula.kind], scale)
    return canvas


def _write_label(
    canvas: np.ndarray, taken: np.ndarray, text: str, box: tuple[int, ...], colour: tuple[int, int, int], scale: float
) -> None:
    """White text on a coloured ground beside a box, where fewest pixels are ``taken``; they are, afterwards."""
    font, size, thickness = cv2.FONT_HERSHEY_SIMPLEX, 0.35 * scale, round(scale)
    (width, height), _ = cv2.getTextSize(text, font, size, thickness)
    width, height, gap = width + 4, height + 4, 2 * thickness
    x0, y0, x1, y1 = box
    places = [(x, y) for y in (y0 - gap - height, y1 + gap) for x in (x0 - gap, x1 + gap - width)]
    places += [(x, y) for x in (x1 + gap, x0 - gap - width) for y in (y0 - gap, y1 + gap - height)]
    rows, columns = taken.shape
    inside = [(max(0, min(x, columns - width)), max(0, min(y, rows - height))) for x, y in places]
    x, y = min(inside, key=lambda place: np.count_nonzero(taken[place[1] :, place[0] :][:height, :width]))
    taken[y : y + height, x : x + width] = True
    cv2.rectangle(canvas, (x, y), (x + width - 1, y + height - 1), colour, cv2.FILLED)
    cv2.putText(canvas, text, (x + 2, y + height - 3), font, size, (255, 255, 255), thickness, cv2.LINE_AA)
