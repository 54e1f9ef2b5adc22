"""How well regions were found: greedy one-to-one matching by IoU, precision, recall and F1 per kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mathocr.data.contracts import KINDS
from mathocr.detector.boxes import pairwise_overlap
from mathocr.detector.decode import Detections

MATCH_IOU = 0.5
"""From here on a box is taken for that of a formula, where nothing else is asked for."""


class Scores(NamedTuple):
    """Precision, recall and F1 of one kind at one IoU, and the lowest score of a region that still counted."""

    precision: float
    recall: float
    f1: float
    min_score: float


def match(iou: NDArray[np.floating], threshold: float) -> NDArray[np.bool_]:
    """Which predictions are right, ``(N,)``: those that :func:`assign` gives a target."""
    return assign(iou, threshold) >= 0


def assign(iou: NDArray[np.floating], threshold: float) -> NDArray[np.int64]:
    """The target of each prediction: it takes the free one that it overlaps most, best prediction first.

    Args:
        iou: Predictions (best first) by targets, ``(N, M)``.
        threshold: Least IoU of a match.

    Returns:
        Index of the target, int64 ``(N,)``; -1 for a prediction without one.
    """
    taken = np.full(iou.shape[0], -1, np.int64)
    if not iou.size:
        return taken
    free = iou.astype(np.float64).copy()
    for row in np.flatnonzero(iou.max(1) >= threshold):
        target = int(free[row].argmax())
        if free[row, target] >= threshold:
            taken[row] = target
            free[:, target] = -1.0
    return taken


class RegionScores:
    """Gathers pages and gives the scores of each kind at each IoU threshold.

    Args:
        ious: IoU thresholds.
    """

    def __init__(self, ious: Sequence[float] = (0.5, 0.75)) -> None:
        self.ious = tuple(ious)
        self.reset()

    def reset(self) -> None:
        """Forget all pages."""
        self._scores: dict[int, list[NDArray[np.floating]]] = {kind: [] for kind in range(len(KINDS))}
        self._hits: dict[tuple[int, float], list[NDArray[np.bool_]]] = {
            (kind, iou): [] for kind in range(len(KINDS)) for iou in self.ious
        }
        self._targets = np.zeros(len(KINDS), int)

    def update(self, preds: Detections, target_boxes: NDArray[np.floating], target_kinds: NDArray[np.integer]) -> None:
        """Add a page.

        Args:
            preds: Found regions, best first.
            target_boxes: xyxy in the same pixels, ``(M, 4)``.
            target_kinds: Index into ``KINDS``, ``(M,)``.
        """
        for kind in range(len(KINDS)):
            found, there = preds.kinds == kind, target_kinds == kind
            iou, _ = pairwise_overlap(preds.boxes[found], np.asarray(target_boxes, np.float32)[there])
            self._scores[kind].append(preds.scores[found])
            self._targets[kind] += int(there.sum())
            for threshold in self.ious:
                self._hits[kind, threshold].append(match(iou, threshold))

    def extend(self, other: RegionScores) -> None:
        """Add the pages of another one, of the same IoU thresholds."""
        for kind, scores in other._scores.items():
            self._scores[kind] += scores
        for place, hits in other._hits.items():
            self._hits[place] += hits
        self._targets += other._targets

    def compute(self, kind: str, iou: float, min_score: float | None = None) -> Scores:
        """Scores of a kind.

        Args:
            kind: ``inline`` or ``display``.
            iou: One of the thresholds given at the start.
            min_score: Regions below it do not count; None takes the one with the best F1.
        """
        index = KINDS.index(kind)  # type: ignore[arg-type]
        scores = np.concatenate([np.zeros(0), *self._scores[index]])
        hits = np.concatenate([np.zeros(0, bool), *self._hits[index, iou]])
        order = np.argsort(-scores, kind="stable")
        scores, right = scores[order], np.cumsum(hits[order])
        targets = int(self._targets[index])
        if not len(scores) or not targets:
            return Scores(0.0, 0.0, 0.0, 1.0 if min_score is None else min_score)
        count = np.arange(1, len(scores) + 1)
        f1 = 2 * right / (count + targets)
        last = int(f1.argmax()) if min_score is None else int((scores >= min_score).sum()) - 1
        if last < 0:
            return Scores(0.0, 0.0, 0.0, float(min_score or 0.0))
        chosen = float(scores[last]) if min_score is None else min_score
        return Scores(float(right[last] / count[last]), float(right[last] / targets), float(f1[last]), chosen)
