"""From a page image to what the network takes, and boxes back; one way for training and inference."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mathocr.data.letters import letter_height
from mathocr.data.pixels import resized
from mathocr.detector.cells import SIZE_MULTIPLE

Gray = NDArray[np.uint8]
Floats = NDArray[np.float32]

# Height in pixels of the median letter that the network is used to, see ``text_height``: 10 pt type at 100 dpi.
TEXT_HEIGHT = 7.0
NEAR = (0.8, 1.3)  # pages whose text is within these factors of TEXT_HEIGHT are taken as they are
SCALES = (0.1, 4.0)  # the estimate is never trusted beyond these
MIN_COMPONENTS = 15  # fewer say nothing about the text height
MAX_TILE = 1536  # px; larger working pages are cut into overlapping tiles
OVERLAP = 384  # px; formulas up to this size are whole in at least one tile
MAX_PIXELS = 64_000_000  # of the working page; larger ones are shrunk to it


@dataclass(frozen=True, eq=False)
class WorkingPage:
    """A page at working scale.

    Attributes:
        ink: Ink 1 on paper 0, float32 ``(h, w)``.
        scale_x: Working pixels per page pixel, across.
        scale_y: Working pixels per page pixel, down.
    """

    ink: Floats
    scale_x: float
    scale_y: float

    def to_page(self, boxes: Floats) -> Floats:
        """Boxes ``(N, 4)`` xyxy of the working page in pixels of the page image."""
        return (boxes / np.array([self.scale_x, self.scale_y] * 2, np.float32)).astype(np.float32)


def to_gray(image: NDArray[np.uint8]) -> Gray:
    """Gray of a page.

    Args:
        image: ``uint8 (H, W)`` or ``(H, W, 3)`` RGB.

    Raises:
        ValueError: If it is anything else, or has no pixel.
    """
    if image.dtype != np.uint8 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)) or not image.size:
        raise ValueError(f"a page must be uint8 (H, W) or (H, W, 3) with pixels, got {image.dtype} {image.shape}")
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def ink_of(gray: Gray) -> Floats:
    """Ink of a page or tile, whatever its polarity and contrast: paper 0, full ink 1.

    The commonest side of the gray range is paper. Contrast is stretched to the 0.5 % darkest, but never by more than
    the factor that would turn faint noise into ink.
    """
    share = np.cumsum(cv2.calcHist([gray], [0], None, [256], [0, 256]).ravel(), dtype=np.float64) / gray.size
    median = int(np.searchsorted(share, 0.5))
    if median < 128:  # light on dark
        gray, share = 255 - gray, 1.0 - np.append(share[254::-1], 0.0)
        median = 255 - median
    darkest = int(np.searchsorted(share, 0.005))
    contrast = max(median - darkest, 64)
    table = np.clip((median - np.arange(256)) / contrast, 0.0, 1.0).astype(np.float32)
    return np.asarray(cv2.LUT(gray, table))


def text_height(ink: Floats) -> float | None:
    """Height of the median letter in pixels, see ``letter_height``; None where too little looks like letters."""
    mask = (ink > 0.5).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count <= MIN_COMPONENTS:
        return None
    width, height = stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT]
    # Neither specks nor rules nor pictures.
    letters = height[(height >= 3) & (width >= 2) & (width < 8 * height) & (height < 3 * width)]
    return letter_height(mask, float(np.median(letters))) if len(letters) >= MIN_COMPONENTS else None


def working_scale(ink: Floats) -> float:
    """Factor that brings the text of a page near ``TEXT_HEIGHT``; 1 where it is near, or cannot be estimated."""
    height = text_height(ink)
    factor = 1.0
    if height is not None and not NEAR[0] <= height / TEXT_HEIGHT <= NEAR[1]:
        factor = float(np.clip(TEXT_HEIGHT / height, *SCALES))
    return min(factor, math.sqrt(MAX_PIXELS / ink.size))


def to_working(ink: Floats) -> WorkingPage:
    """Bring a page to working scale.

    Args:
        ink: Ink 1 on paper 0, float32 ``(H, W)``.
    """
    height, width = ink.shape
    scale = working_scale(ink)
    if scale == 1.0:
        return WorkingPage(ink, 1.0, 1.0)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return WorkingPage(resized(ink, *size).clip(0.0, 1.0), size[0] / width, size[1] / height)


def pad(ink: Floats) -> Floats:
    """Paper to the right and below, up to a multiple of what the network takes."""
    height, width = ink.shape
    return np.pad(ink, ((0, -height % SIZE_MULTIPLE), (0, -width % SIZE_MULTIPLE)))


@dataclass(frozen=True)
class Tile:
    """A part of a working page: ``x0 <= x < x1`` and ``y0 <= y < y1``, in working pixels."""

    x0: int
    y0: int
    x1: int
    y1: int


def tiles(height: int, width: int) -> Iterator[Tile]:
    """Tiles that cover a working page: one where it is small enough, else overlapping ones."""
    for y0, y1 in _spans(height):
        for x0, x1 in _spans(width):
            yield Tile(x0, y0, x1, y1)


def _spans(length: int) -> list[tuple[int, int]]:
    """Overlapping intervals of at most ``MAX_TILE`` that cover ``length``."""
    if length <= MAX_TILE:
        return [(0, length)]
    count = math.ceil((length - OVERLAP) / (MAX_TILE - OVERLAP))
    starts = np.linspace(0, length - MAX_TILE, count).round().astype(int)
    return [(int(start), int(start) + MAX_TILE) for start in starts]
