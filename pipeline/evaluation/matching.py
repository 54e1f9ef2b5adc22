"""Pairs found boxes with true ones: one to one, best score first, by IoU."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pairwise_iou(preds: NDArray[np.floating], targets: NDArray[np.floating]) -> NDArray[np.float64]:
    """IoU of every box in one set with every box in another.

    Args:
        preds: Corners ``(x0, y0, x1, y1)``, shape ``(N, 4)``, any unit shared by both.
        targets: As ``preds``, ``(M, 4)``.

    Returns:
        ``(N, M)``; 0 where both boxes have no area.
    """
    a = np.asarray(preds, np.float64).reshape(-1, 1, 4)
    b = np.asarray(targets, np.float64).reshape(1, -1, 4)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = sides.clip(min=0).prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def match(iou: NDArray[np.floating], least: float) -> list[tuple[int, int]]:
    """Pairs of prediction and target: each prediction, best first, takes the free target that it overlaps most.

    Args:
        iou: Predictions (best score first) by targets, ``(N, M)``.
        least: Least IoU of a pair.

    Returns:
        Numbers ``(prediction, target)``, in order of the predictions.
    """
    free = np.array(iou, np.float64)
    pairs = []
    for prediction in range(free.shape[0]):
        target = int(free[prediction].argmax()) if free.shape[1] else -1
        if target >= 0 and free[prediction, target] >= least:
            pairs.append((prediction, target))
            free[:, target] = -1.0
    return pairs
