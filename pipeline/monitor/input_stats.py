"""What an input looks like, in a few numbers: what drift is told by."""

from __future__ import annotations

import cv2
import numpy as np

from mathocr.data.samples import Image
from mathocr.im2latex.prepare import trimmed_ink, type_size

STATISTICS = {
    "height": "height of the ink, px",
    "width": "width of the ink, px",
    "type": "size of the type, 1 is 10 pt at 100 dpi",
    "lines": "height of the ink, in sizes of its type",
    "ink": "share of ink within its bounds",
    "contrast": "range of gray, 1 is black on white",
    "paper": "gray of the ground, 1 is white",
    "sharpness": "steepest edges, 1 is the whole range within a pixel",
    "tokens": "canonical tokens",
}
"""Name of a statistic to words; ``tokens`` are those of the truth in a reference, those of the answers live."""
_NOMINAL = 10 * 100 / 72.27  # px: 10 pt at 100 dpi


def crop_stats(crop: Image) -> dict[str, float] | None:
    """Statistics of one formula's picture, all of ``STATISTICS`` but ``tokens``; margins without ink do not count.

    Args:
        crop: ``(H, W)`` or ``(H, W, 3)`` RGB, uint8.

    Returns:
        Name to number, JSON-ready; None where there is no ink.

    Raises:
        ValueError: If it is no such image.
    """
    ink = trimmed_ink(crop)
    size = None if ink is None else type_size(ink)
    if ink is None or size is None:
        return None
    gray = crop if crop.ndim == 2 else cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    low, high = np.percentile(gray, (0.5, 99.5))
    spread = max(1.0, float(high) - float(low))
    steps = np.abs(np.diff(gray.astype(np.float32), axis=1)) / spread
    found = {
        "height": ink.shape[0], "width": ink.shape[1], "type": size, "lines": ink.shape[0] / (size * _NOMINAL),
        "ink": float(ink.mean()) / 255, "contrast": spread / 255, "paper": float(np.median(gray)) / 255,
        "sharpness": min(1.0, float(np.percentile(steps, 99))) if steps.size else 0.0,
    }  # fmt: skip
    return {name: round(float(value), 4) for name, value in found.items()}
