"""Pairs the boxes that records hold: found with true ones, by the detector's own matching."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathocr.detector.boxes import pairwise_overlap
from mathocr.detector.metrics import assign


def pairs(
    found: Sequence[Mapping[str, Any]], targets: Sequence[Mapping[str, Any]], least: float
) -> list[tuple[int, int]]:
    """One-to-one pairs of what overlaps enough.

    Args:
        found: With ``box``, best first.
        targets: With ``box``.
        least: Least IoU of a pair.

    Returns:
        Numbers ``(found, target)``, in order of the found ones.
    """
    iou, _ = pairwise_overlap(boxes_of(found), boxes_of(targets))
    return [(number, int(target)) for number, target in enumerate(assign(iou, least)) if target >= 0]


def boxes_of(rows: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
    """Corners ``(x0, y0, x1, y1)``, shape ``(N, 4)``."""
    return np.array([row["box"] for row in rows], np.float64).reshape(-1, 4)
