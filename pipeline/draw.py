"""Drawing the found formulas over the page: a box in the colour of its kind, its number and its score."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from mathocr.data.contracts import Formula, Kind

# Blue and vermilion of Okabe and Ito's palette, which colour-blind people tell apart too.
COLOURS: dict[Kind, tuple[int, int, int]] = {"display": (0, 114, 178), "inline": (213, 94, 0)}


def draw_formulas(image: np.ndarray, formulas: Sequence[Formula]) -> np.ndarray:
    """Copy a page with a box around each formula.

    Args:
        image: ``uint8 (H, W)`` or ``(H, W, 3)`` RGB.
        formulas: Numbered from 1 in the order given; their boxes are pixels of ``image``.

    Returns:
        ``uint8 (H, W, 3)`` RGB.
    """
    canvas = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB) if image.ndim == 2 else image.copy()
    thickness = max(1, round(max(image.shape[:2]) / 900))
    for number, formula in enumerate(formulas, 1):
        x0, y0, x1, y1 = (round(edge) for edge in formula.box)
        colour = COLOURS[formula.kind]
        cv2.rectangle(canvas, (x0 - thickness, y0 - thickness), (x1 + thickness, y1 + thickness), colour, thickness)
        _write_label(canvas, f"{number}: {formula.score:.2f}", x0, y0 - thickness, colour, thickness)
    return canvas


def _write_label(
    canvas: np.ndarray, text: str, x: int, bottom: int, colour: tuple[int, int, int], thickness: int
) -> None:
    """White text on a coloured ground whose lower left corner is ``(x, bottom)``, moved into the canvas."""
    font, size = cv2.FONT_HERSHEY_SIMPLEX, 0.4 * thickness
    (width, height), _ = cv2.getTextSize(text, font, size, thickness)
    left = max(0, min(x, canvas.shape[1] - width - 4))
    base = max(height + 4, bottom)
    cv2.rectangle(canvas, (left, base - height - 4), (left + width + 4, base), colour, cv2.FILLED)
    cv2.putText(canvas, text, (left + 2, base - 2), font, size, (255, 255, 255), thickness, cv2.LINE_AA)
