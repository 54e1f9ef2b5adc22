"""Where ink is on an image, how tall its letters are and how far it is turned: what order and page/crop rest on."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from mathocr.data.letters import letter_height

_LONG_SIDE = 1280  # pixels: A4 at 109 dpi, where 10 pt type has an x-height of 6.5 pixels
_NOMINAL_LETTER = 7.0  # pixels: median letter of pages with 10 pt type at 100 dpi (6.2 to 8.2 by font)
_ENOUGH_LETTERS = 40
_MAX_TAN = 0.06  # 3.4 degrees; a page turned further was laid on the scanner askew by intention


@dataclass(frozen=True)
class Ink:
    """The ink of an image, reduced to at most 1,280 pixels on its long side.

    Attributes:
        mask: Bool ``(H, W)``, True where there is ink; specks and long ruled lines are left out.
        scale: Mask pixels per image pixel, at most 1.
        letter: Median height of the letters in mask pixels (about the x-height); 0 where no ink has a letter's form.
        letters: Number of connected pieces of ink.
    """

    mask: np.ndarray
    scale: float
    letter: float
    letters: int

    @property
    def type_scale(self) -> float | None:
        """Magnification of the image that brings its text to 10 pt at 100 dpi; None where too little ink tells."""
        if self.letters < _ENOUGH_LETTERS or not self.letter:
            return None
        return _NOMINAL_LETTER * self.scale / letter_height(self.mask.astype(np.uint8), self.letter)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Smallest ``(x0, y0, x1, y1)`` around all ink in mask pixels; all 0 without ink."""
        rows, columns = np.flatnonzero(self.mask.any(1)), np.flatnonzero(self.mask.any(0))
        if not rows.size:
            return (0, 0, 0, 0)
        return (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def find_ink(image: np.ndarray) -> Ink:
    """Separate ink from paper of any colour: ink is what differs from the median of its surroundings.

    Args:
        image: ``uint8 (H, W)`` or ``(H, W, 3)`` RGB.
    """
    gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    scale = min(1.0, _LONG_SIDE / max(gray.shape))
    if scale < 1:
        gray = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    difference = cv2.absdiff(gray, _paper(gray))
    share = np.cumsum(cv2.calcHist([difference], [0], None, [256], [0, 256]).ravel(), dtype=np.float64)
    contrast = float(np.searchsorted(share, 0.995 * difference.size))  # the percentile, without sorting all pixels
    mask = (difference > max(24.0, 0.35 * contrast)).astype(np.uint8)
    mask, letter, letters = _keep_letters(mask)
    return Ink(mask.astype(bool), scale, letter, letters)


def slope(ink: Ink) -> float:
    """How far the lines of text fall to the right, as the tangent of the angle; 0 where no angle is clearly better.

    The angle at which the ink of each line falls into the fewest rows, by the sum of squared row counts.
    """
    y, x = np.nonzero(ink.mask)
    if y.size < 200:
        return 0.0
    step = max(1, y.size // 20_000)
    y, x = y[::step].astype(np.float32), x[::step].astype(np.float32)

    def sharpness(tangent: float) -> float:
        rows = np.rint(y - x * tangent).astype(np.int64)
        return float((np.bincount(rows - rows.min()).astype(np.float64) ** 2).sum())

    coarse = max(np.linspace(-_MAX_TAN, _MAX_TAN, 25), key=sharpness)
    best = max(coarse + np.linspace(-0.005, 0.005, 11), key=sharpness)
    return float(best) if sharpness(best) > 1.05 * sharpness(0.0) else 0.0


def _paper(gray: np.ndarray) -> np.ndarray:
    """Paper under the ink: median of the surroundings, of the whole where the image is small or thickly inked."""
    height, width = gray.shape
    if min(height, width) < 128:
        edge = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
        return np.full_like(gray, int(np.median(edge)))
    small = cv2.resize(gray, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA)
    # 23 x 4 pixels are about ten x-heights: more paper than ink, whatever the text
    return cv2.resize(cv2.medianBlur(small, 23), (width, height), interpolation=cv2.INTER_LINEAR)


def _keep_letters(mask: np.ndarray) -> tuple[np.ndarray, float, int]:
    """Drop specks, frames and column rules; returns mask, median letter height, number of pieces kept."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    width, height, area = (stats[:, column].astype(np.float64) for column in (2, 3, 4))
    real = np.arange(count) > 0
    shaped = real & (height >= 4) & (width < 8 * height) & (area >= 6)
    letter = float(np.median(height[shaped])) if shaped.any() else 0.0
    speck = area < max(2.0, 0.04 * letter * letter)
    rule = (height > 0.3 * mask.shape[0]) & (height > 12 * letter) & (width < letter)
    frame = (width * height > 0.25 * mask.size) & (area < 0.1 * width * height) & (height > 12 * letter)
    keep = real & ~speck & ~rule & ~frame
    return keep[labels], letter if keep.any() else 0.0, int(keep.sum())
