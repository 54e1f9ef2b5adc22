"""From a crop of any look to the ink map that the network reads; shared by training and inference."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mathocr.data.pixels import resized

FAINT = 48  # of 255: less is background
FULL = 96  # of 255: a pixel with more ink belongs to a glyph
MARGIN = 6  # pixels of background kept around the ink
MAX_HEIGHT, MAX_WIDTH = 512, 1536  # what the network's position tables cover
# Few distinct sizes: every new shape costs the CPU library a compilation.
_HEIGHTS = (32, 48, 64, 96, 128, 192, 256, 384, 512)
_WIDTHS = (64, 128, 192, 256, 320, 384, 448, 512, 640, 768, 1024, 1280, 1536)
# How large type is, 1 being 10 pt at 100 dpi: a weighted geometric mean of four lengths of the ink, in pixels. Fitted
# by robust regression on 3,400 typeset formulas of 14 font set-ups at 50 to 300 dpi, half of them degraded as in
# training; on 1,200 of other sources the deviation is 18 % (of the former median height: 39 %, several rows 83 %).
_TYPE_WEIGHTS = (0.42, 0.23, 0.06, 0.29)
_NOMINAL_LENGTH = 7.74
SCALE_COVERED = (0.95, 1.85)  # how large type is in training
BEST_SIZE = 1.35  # of type at the first of several looks; a single one is best at 1.5 (docs/TRAINING.md)
_WIDEST_GAP = 40  # pixels at the first look, 2 em of 10 pt: what is behind a wider one was left out, and silently
_USUAL = (0.55, 1.6)  # what is estimated so is more likely nearer to 1 than the estimate says

Gray = NDArray[np.uint8]


def to_ink(image: NDArray[np.uint8]) -> Gray:
    """Ink map of a crop: dark on light or light on dark, 255 where there is full ink, 0 on the background.

    Args:
        image: ``(H, W)`` gray or ``(H, W, 3)`` RGB, uint8.

    Returns:
        ``(H, W)`` uint8; all 0 where the crop has no contrast.

    Raises:
        ValueError: If the image is not such an array (the message says what it was).
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise ValueError(f"image must be uint8 (H, W) or (H, W, 3), got {image.dtype} {image.shape}")
    if image.size == 0:
        raise ValueError(f"image must have at least one pixel, got shape {image.shape}")
    gray = to_gray(image)
    background = float(np.median(gray))
    low, high = float(gray.min()), float(gray.max())
    if high - low < 24:  # weaker than any print: paper texture
        return np.zeros_like(gray)
    dark_ink = background - low >= high - background
    depth = background - gray.astype(np.float32) if dark_ink else gray.astype(np.float32) - background
    full = float(np.percentile(depth[depth > 0.25 * depth.max()], 90))
    return np.clip(depth * (255.0 / full), 0, 255).astype(np.uint8)


def to_gray(image: NDArray[np.uint8]) -> Gray:
    """Luminance, or the colour channel with clearly more contrast (blue on black, yellow on white).

    Args:
        image: ``(H, W)`` gray, which stays as it is, or ``(H, W, 3)`` RGB, uint8.
    """
    if image.ndim == 2:
        return image
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    channels = [gray, *(np.ascontiguousarray(image[..., c]) for c in range(3))]
    spreads = [float(c.max()) - float(c.min()) for c in channels]
    best = int(np.argmax(spreads))
    return channels[best] if spreads[best] > 1.5 * spreads[0] else gray


def text_scale(ink: Gray) -> float:
    """How much to magnify an ink map so that its type is as large as the network reads it best.

    Type that is about as large as 10 pt at 100 dpi goes half of the way: its scale is itself information (``x`` against
    ``X``), and the estimate errs.

    Args:
        ink: Trimmed (``ink_box``) result of ``to_ink``, ``(H, W)`` uint8.

    Returns:
        Factor for both sides; 1.0 where nothing can be said.
    """
    size = type_size(ink)
    if size is None:
        return 1.0
    return BEST_SIZE / (size**0.5 if _USUAL[0] <= size <= _USUAL[1] else size)


def type_size(ink: Gray) -> float | None:
    """How large the type of a formula is, 1 being 10 pt at 100 dpi.

    Of the connected components, bars and specks left out, the 75th percentile of the heights, their median weighted
    by the root of the area, and the root of the ink of one; and the height of the formula.

    Args:
        ink: As ``text_scale``.

    Returns:
        Size of the type; None without ink.
    """
    _, _, stats, _ = cv2.connectedComponentsWithStats((ink > FULL).astype(np.uint8), connectivity=8)
    widths, heights, areas = (stats[1:, i] for i in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
    if not len(areas):
        return None
    glyphs = (areas >= max(3.0, 0.02 * np.median(areas))) & (widths < 8 * heights) & (heights < 12 * widths)
    if glyphs.any():
        heights, areas = heights[glyphs], areas[glyphs]
    order = np.argsort(heights, kind="stable")
    share = np.cumsum(np.sqrt(areas[order]))
    middle = np.interp(0.5, (share - 0.5 * np.sqrt(areas[order])) / share[-1], heights[order])
    mass = float(ink.sum(dtype=np.int64)) / 255.0 / len(heights)
    lengths = (np.percentile(heights, 75), middle, ink.shape[0], np.sqrt(mass))
    return float(np.exp(np.dot(_TYPE_WEIGHTS, np.log(lengths))) / _NOMINAL_LENGTH)


def ink_box(ink: Gray, threshold: int = FAINT) -> tuple[int, int, int, int]:
    """Bounds ``(x0, y0, x1, y1)`` of the ink in pixels, end excluded; all 0 where there is none."""
    rows, columns = (np.flatnonzero((ink > threshold).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return 0, 0, 0, 0
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def rescale(ink: Gray, scale: float) -> Gray:
    """Resize by a factor, less where the result would not fit the network's largest input."""
    height, width = ink.shape
    fit = min((MAX_HEIGHT - 2 * MARGIN) / height, (MAX_WIDTH - 2 * MARGIN) / width)
    scale = min(scale, fit)
    if abs(scale - 1.0) < 1e-3:
        return ink
    return resized(ink, max(1, round(width * scale)), max(1, round(height * scale)))


def padded_size(height: int, width: int) -> tuple[int, int]:
    """The network's input size ``(height, width)`` for trimmed ink of this size; one of few."""
    return (
        next(h for h in _HEIGHTS if h >= min(height + 2 * MARGIN, MAX_HEIGHT)),
        next(w for w in _WIDTHS if w >= min(width + 2 * MARGIN, MAX_WIDTH)),
    )


def pad(ink: Gray, size: tuple[int, int], offset: tuple[int, int] = (MARGIN, MARGIN)) -> Gray:
    """Put trimmed ink at ``offset`` (x, y) on an empty background of ``size`` (height, width)."""
    canvas = np.zeros(size, dtype=np.uint8)
    x, y = offset
    canvas[y : y + ink.shape[0], x : x + ink.shape[1]] = ink
    return canvas


def trimmed_ink(image: NDArray[np.uint8]) -> Gray | None:
    """Ink map of a crop without the background around it, see ``to_ink``; None where the crop has no ink.

    Raises:
        ValueError: As ``to_ink``.
    """
    ink = to_ink(image)
    x0, y0, x1, y1 = ink_box(ink)
    return None if x0 == x1 else ink[y0:y1, x0:x1]


def narrowed(ink: Gray, scale: float) -> Gray:
    """Trimmed ink without what gaps are wider than usual, as between columns of equations.

    Args:
        ink: ``(H, W)`` uint8, 255 is ink.
        scale: How much it will be magnified.

    Returns:
        ``(H, W')`` uint8, W' at most W.
    """
    most = max(1, round(_WIDEST_GAP / scale))
    inked = np.flatnonzero((ink > FAINT).any(axis=0))
    kept = np.ones(ink.shape[1], dtype=np.bool_)
    for wide in np.flatnonzero(np.diff(inked) > most + 1):
        kept[inked[wide] + 1 + most : inked[wide + 1]] = False
    return ink if kept.all() else np.ascontiguousarray(ink[:, kept])


def canvas(ink: Gray, scale: float) -> Gray:
    """Trimmed ink, magnified, on a background of one of few sizes: what the network reads, ``(h, w)`` uint8."""
    ink = rescale(ink, scale)
    return pad(ink, padded_size(*ink.shape))


def prepare_crop(image: NDArray[np.uint8]) -> Gray | None:
    """A crop as the network reads it, but for wide gaps (``narrowed``).

    Args:
        image: ``(H, W)`` gray or ``(H, W, 3)`` RGB, uint8.

    Returns:
        Ink map of one of few sizes, ``(h, w)`` uint8, 255 is ink; None where the crop has no ink.

    Raises:
        ValueError: As ``to_ink``.
    """
    ink = trimmed_ink(image)
    return None if ink is None else canvas(ink, text_scale(ink))
