"""Average precision of found regions by COCO's rules, and how often formulas were split or merged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mathocr.data.contracts import KINDS, Kind
from mathocr.detector.boxes import Boxes, areas, pairwise_overlap
from mathocr.detector.decode import Detections
from mathocr.detector.metrics import assign

COCO_IOUS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))  # .5 to .95, as COCO's primary metric
RECALLS = np.linspace(0, 1, 101)  # COCO's recall thresholds
INSIDE, ALONE = 0.7, 0.9  # a box is inside another by this share of its area; it is all of it by that share


class Curve(NamedTuple):
    """Precision by recall.

    Attributes:
        recall: ``(N,)``, rising, one point a prediction, best first.
        precision: ``(N,)``, as measured (not yet made monotone).
        scores: ``(N,)``, the least score that still counts at the point.
    """

    recall: NDArray[np.float64]
    precision: NDArray[np.float64]
    scores: NDArray[np.float64]


class _Page(NamedTuple):
    """One page and kind: scores ``(N,)``, right ``(T, N)``, ignored ``(T, N)``, number of targets that count."""

    scores: NDArray[np.float64]
    right: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    targets: int


class AveragePrecision:
    """Gathers pages and gives average precision per kind and IoU.

        AP = mean over r in 0, .01, .., 1 of the best precision at a recall of at least r

    Unlike COCO's tools it does not stop at 100 regions a page: pages hold more formulas.

    Args:
        ious: IoU thresholds.
        area: Only targets of this area count, from and to, in square pixels of the page. Predictions of another
            area, or on a target of another area, are left out rather than wrong.

    Source:
        Lin et al., ECCV 2014, arXiv:1405.0312; the rules are those of pycocotools' ``COCOeval``.
    """

    def __init__(self, ious: Sequence[float] = COCO_IOUS, area: tuple[float, float] = (0.0, np.inf)) -> None:
        self.ious, self.area = tuple(ious), area
        self._pages: dict[Kind, list[_Page]] = {kind: [] for kind in KINDS}

    def update(self, preds: Detections, target_boxes: Boxes, target_kinds: NDArray[np.integer]) -> None:
        """Add a page.

        Args:
            preds: Found regions in any order.
            target_boxes: xyxy in the same pixels, ``(M, 4)``.
            target_kinds: Index into ``KINDS``, ``(M,)``.

        Raises:
            ValueError: If the boxes are not ``(M, 4)``, or there are not as many kinds.
        """
        boxes = np.asarray(target_boxes, np.float64)
        if boxes.ndim != 2 or boxes.shape[1] != 4 or np.shape(target_kinds) != boxes.shape[:1]:
            raise ValueError(f"targets must be (M, 4) with (M,) kinds, got {boxes.shape}, {np.shape(target_kinds)}")
        order = np.argsort(-preds.scores, kind="stable")
        for index, kind in enumerate(KINDS):
            chosen = order[preds.kinds[order] == index]
            found, there = np.asarray(preds.boxes[chosen], np.float64), boxes[np.asarray(target_kinds) == index]
            self._pages[kind].append(self._page(found, np.asarray(preds.scores[chosen], np.float64), there))

    def ap(self, kind: Kind, iou: float | None = None) -> float | None:
        """Average precision of a kind at one IoU, or the mean over all of them (``AP@.5:.95`` by default).

        Returns:
            In [0, 1]; None where no page has a target of the kind.

        Raises:
            ValueError: If the IoU is none of those given at the start.
        """
        ious = self.ious if iou is None else (iou,)
        values = [average_precision(*self._gathered(kind, threshold), self.targets(kind)) for threshold in ious]
        known = [value for value in values if value is not None]
        return sum(known) / len(known) if known else None

    def targets(self, kind: Kind) -> int:
        """Number of targets of a kind that count."""
        return sum(page.targets for page in self._pages[kind])

    def curve(self, kind: Kind, iou: float) -> Curve:
        """Precision by recall of a kind at one IoU.

        Raises:
            ValueError: As :meth:`ap`.
        """
        return precision_recall(*self._gathered(kind, iou), self.targets(kind))

    def _gathered(self, kind: Kind, iou: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Scores of all predictions that are not ignored, and which are right."""
        if iou not in self.ious:
            raise ValueError(f"iou must be one of {self.ious}, got {iou}")
        place, pages = self.ious.index(iou), self._pages[kind]
        scores = np.concatenate([np.zeros(0), *(page.scores for page in pages)])
        right = np.concatenate([np.zeros(0, bool), *(page.right[place] for page in pages)])
        counted = ~np.concatenate([np.zeros(0, bool), *(page.ignored[place] for page in pages)])
        return scores[counted], right[counted]

    def _page(self, found: Boxes, scores: NDArray[np.float64], there: Boxes) -> _Page:
        """Match the predictions of one page and kind, best first, at every IoU."""
        outside = self._outside(there)
        iou, _ = pairwise_overlap(found, there)
        right = np.zeros((len(self.ious), len(found)), bool)
        ignored = np.zeros_like(right)
        for place, threshold in enumerate(self.ious):
            # A target that counts is taken before one that does not, however much better the other overlaps.
            wanted = np.where(iou >= min(threshold, 1 - 1e-10), iou + ~outside, -1.0)
            target = assign(wanted, 0.0)
            right[place] = target >= 0
            right[place, right[place]] = ~outside[target[target >= 0]]
            ignored[place] = np.where(target >= 0, ~right[place], self._outside(found))
        return _Page(scores, right, ignored, int((~outside).sum()))

    def _outside(self, boxes: Boxes) -> NDArray[np.bool_]:
        area = areas(boxes)
        return (area < self.area[0]) | (area > self.area[1])


def precision_recall(scores: NDArray[np.floating], right: NDArray[np.bool_], targets: int) -> Curve:
    """Precision and recall where all predictions from a score on count.

    Args:
        scores: Of the predictions of all pages, in any order, ``(N,)``.
        right: Which of them are right, ``(N,)``.
        targets: Number of targets on all pages; where it is 0 the recall is nan.
    """
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    hits = np.cumsum(np.asarray(right, bool)[order], dtype=np.float64)
    recall = hits / targets if targets else np.full(len(hits), np.nan)
    return Curve(recall, hits / np.arange(1, len(hits) + 1), np.asarray(scores, np.float64)[order])


def average_precision(scores: NDArray[np.floating], right: NDArray[np.bool_], targets: int) -> float | None:
    """COCO's 101-point average precision of predictions already matched, as :class:`AveragePrecision` defines it.

    Args:
        scores: Of the predictions of all pages, in any order, ``(N,)``.
        right: Which of them are right, ``(N,)``.
        targets: Number of targets on all pages.

    Returns:
        In [0, 1]; None where there are no targets.
    """
    if not targets:
        return None
    curve = precision_recall(scores, right, targets)
    best = np.maximum.accumulate(curve.precision[::-1])[::-1]
    places = np.searchsorted(curve.recall, RECALLS, side="left")
    return float(np.append(best, 0.0)[places].mean())


def split_and_merged(pred_boxes: Boxes, target_boxes: Boxes) -> tuple[int, int]:
    """How many targets were found in pieces, and how many predictions hold several targets.

    A target is split when at least two predictions lie inside it, and a prediction is merged when at least two
    targets lie inside it; inside means by 0.7 of the inner box's area. Where one of the inner boxes alone fills 0.9
    of the outer one, the outer one was found, and the other inner boxes are strays. Kinds do not matter.

    Args:
        pred_boxes: xyxy, ``(N, 4)``.
        target_boxes: xyxy in the same unit, ``(M, 4)``.

    Returns:
        Number of split targets, number of merged predictions.
    """
    preds, targets = np.asarray(pred_boxes, np.float64), np.asarray(target_boxes, np.float64)
    of_target, of_pred = pairwise_overlap(preds, targets)[1], pairwise_overlap(targets, preds)[1].T
    split = ((of_pred >= INSIDE).sum(0) >= 2) & ~((of_pred >= INSIDE) & (of_target >= ALONE)).any(0)
    merged = ((of_target >= INSIDE).sum(1) >= 2) & ~((of_target >= INSIDE) & (of_pred >= ALONE)).any(1)
    return int(split.sum()), int(merged.sum())
