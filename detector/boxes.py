"""Areas of boxes, and how much of each other they cover."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.floating]


def areas(boxes: Boxes) -> Boxes:
    """Area of each box, 0 for one that ends before it begins.

    Args:
        boxes: xyxy, ``(N, 4)``.

    Returns:
        ``(N,)``, in the square of their unit.
    """
    return np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(-1)


def pairwise_overlap(boxes_a: Boxes, boxes_b: Boxes) -> tuple[Boxes, Boxes]:
    """IoU, and the share of each of ``boxes_b`` that lies inside each of ``boxes_a``.

    Args:
        boxes_a: xyxy, ``(N, 4)``.
        boxes_b: xyxy in the same unit, ``(M, 4)``.

    Returns:
        Two arrays ``(N, M)``; ``N`` and ``M`` may be 0.
    """
    low = np.maximum(boxes_a[:, None, :2], boxes_b[None, :, :2])
    high = np.minimum(boxes_a[:, None, 2:], boxes_b[None, :, 2:])
    overlap = np.clip(high - low, 0, None).prod(-1)
    area_a, area_b = areas(boxes_a), areas(boxes_b)
    union = area_a[:, None] + area_b[None] - overlap
    return overlap / np.maximum(union, 1e-9), overlap / np.maximum(area_b[None], 1e-9)
