"""From dense maps to boxes: scores, one NMS for both kinds, votes on edges. NumPy and OpenCV, no loop over boxes."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mathocr.data.contracts import KINDS
from mathocr.detector.boxes import pairwise_overlap
from mathocr.detector.cells import STRIDE

Floats = NDArray[np.float32]

INLINE = KINDS.index("inline")
LEAST_SCORE = 0.25  # cells below it play no part, whatever the thresholds: so boxes do not depend on these
# What a halftone picture may cost at most; a dense page of 150 formulas has 16,000 such cells and 400 regions.
MAX_CELLS, MAX_REGIONS = 40_000, 2000
NMS_IOU = 0.4  # regions do not overlap, so NMS can be strict
AGREED_IOU = 0.5  # a candidate of a look this close to a kept box says how sure that look is of it
VOTE_IOU = 0.7  # candidates this close to a kept box have a say in where its edges are
PART = 0.7  # a box that lies in a better one by this share of its own area is a part of it
NEARLY = 0.85  # share of a better region's score above which one that holds it is not junk
# The best of many false candidates is better than that of few: by so many logits for each e times as many.
NUMBER_SLOPE, USUAL_NUMBER = 0.27, 100
DOUBT = 2.0  # logits that all candidates of a page lose for each that its best one lacks
_BLOCK = 16  # kept boxes that are voted on at a time


class Detections(NamedTuple):
    """Boxes of one image, best first.

    Attributes:
        boxes: xyxy in pixels, float32 ``(N, 4)``.
        kinds: Index into ``KINDS``, int64 ``(N,)``.
        scores: Root of class probability times predicted IoU, in [0, 1], float32 ``(N,)``.
    """

    boxes: Floats
    kinds: NDArray[np.int64]
    scores: Floats


def decode(class_logits: Floats, distances: Floats, quality_logits: Floats, min_score: float) -> Detections:
    """Candidates of one image: a box for every cell whose score is high enough, not yet thinned out.

    Args:
        class_logits: ``(K, h, w)``.
        distances: ``(4, h, w)``, pixels from the cell's centre to left, top, right, bottom.
        quality_logits: ``(1, h, w)``.
        min_score: Cells below it are dropped.
    """
    columns = class_logits.shape[2]
    logits = class_logits.reshape(len(class_logits), -1)
    kinds = logits.argmax(0)
    class_odds = 1 + np.exp(-np.clip(logits.max(0), -30, 30))
    quality_odds = 1 + np.exp(-np.clip(quality_logits.ravel(), -30, 30))
    scores = 1 / np.sqrt(class_odds * quality_odds)
    cells = np.flatnonzero(scores >= min_score)
    cells = cells[np.argsort(-scores[cells], kind="stable")[:MAX_CELLS]]
    centre_x = (cells % columns + 0.5) * STRIDE
    centre_y = (cells // columns + 0.5) * STRIDE
    left, top, right, bottom = distances.reshape(4, -1)[:, cells]
    x0, y0 = centre_x - left, centre_y - top
    x1, y1 = np.maximum(centre_x + right, x0 + 1), np.maximum(centre_y + bottom, y0 + 1)
    boxes = np.stack((x0, y0, x1, y1), axis=-1).astype(np.float32)
    return Detections(boxes, kinds[cells], scores[cells].astype(np.float32))


def suppress(candidates: Detections, looks: NDArray[np.int64] | None = None) -> Detections:
    """One region per formula: non-maximum suppression over both kinds, edges by vote, parts of a better box dropped.

    Kinds are not told apart: the better of two candidates stands for the place and names its kind, and candidates of
    either kind have a say in where its edges are.

    Args:
        candidates: Of one image, in any order.
        looks: Which of several looks at the image each candidate is of, from 0, ``(N,)``. The score of an inline
            region is then the mean of those that the looks give it, ``LEAST_SCORE`` where one has none. None for a
            single look.

    Returns:
        At most ``MAX_REGIONS``, best first.

    Source:
        Box voting: Gidaris and Komodakis, arXiv:1505.01749.
    """
    boxes, kinds, scores = candidates
    if not len(boxes):
        return candidates
    corners_size = np.concatenate((boxes[:, :2], boxes[:, 2:] - boxes[:, :2]), axis=1).astype(np.float64)
    chosen = cv2.dnn.NMSBoxes(corners_size, scores, 0.0, NMS_IOU)  # type: ignore[arg-type]  # arrays are taken too
    kept = np.asarray(chosen, dtype=np.int64).ravel()
    kept = kept[np.argsort(-scores[kept], kind="stable")[:MAX_REGIONS]]
    voted, agreed = _vote(boxes, scores, kept, looks)
    agreed = np.where(kinds[kept] == INLINE, agreed, scores[kept])
    best = np.argsort(-agreed, kind="stable")
    return drop_doubles(Detections(voted[best], kinds[kept][best], agreed[best]))


def _vote(
    boxes: Floats, scores: Floats, kept: NDArray[np.int64], looks: NDArray[np.int64] | None
) -> tuple[Floats, Floats]:
    """For each of the kept boxes the mean of those near to it, by overlap and score ``(len(kept), 4)``, and its score.

    What overlaps a box so much has its centre within it, so few candidates need to be looked at.
    """
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    order = np.argsort(middles, kind="stable")
    near, near_scores, middles = boxes[order], scores[order], middles[order]
    views = [] if looks is None else [looks[order] == look for look in range(looks.max() + 1)]
    voted, agreed = np.empty((len(kept), 4), np.float32), scores[kept]
    rows = np.argsort(boxes[kept, 1], kind="stable")  # of the kept ones, from top to bottom
    for block in np.split(rows, range(_BLOCK, len(rows), _BLOCK)):
        own = boxes[kept[block]]
        part = slice(*np.searchsorted(middles, (own[:, 1].min(), own[:, 3].max())))
        iou, _ = pairwise_overlap(own, near[part])
        votes = np.where(iou >= VOTE_IOU, iou * near_scores[part], 0)
        voted[block] = (votes @ near[part]) / votes.sum(1, keepdims=True)
        if views:
            given = np.where(iou >= AGREED_IOU, near_scores[part], LEAST_SCORE)
            agreed[block] = np.mean([given[:, view[part]].max(1, initial=LEAST_SCORE) for view in views], axis=0)
    return voted, agreed


def drop_doubles(found: Detections) -> Detections:
    """Leave out what lies on a better region or is a part of it.

    Args:
        found: Regions, best first.
    """
    iou, within = pairwise_overlap(found.boxes, found.boxes)
    # The upper triangle holds pairs (better, worse).
    double = np.triu((iou >= NMS_IOU) | (within >= PART), k=1).any(0)
    return Detections(found.boxes[~double], found.kinds[~double], found.scores[~double])


def drop_nested(found: Detections) -> Detections:
    """Of a region that holds better ones, which ``drop_doubles`` leaves, and these, keep one or the other.

    Where a region holds one that is better, that is a part of it and goes; where it holds several, they were merged and
    the region goes. One whose score is far lower changes nothing.

    Args:
        found: Regions, best first, none of them on a better one.
    """
    _, within = pairwise_overlap(found.boxes, found.boxes)
    alike = found.scores[:, None] >= NEARLY * found.scores[None]
    holds = np.tril((within >= PART) & alike, k=-1)  # (worse, better)
    one = holds.sum(1) == 1
    kept = ~(holds.any(1) & ~one) & ~holds[one].any(0)
    return Detections(found.boxes[kept], found.kinds[kept], found.scores[kept])


def doubted(found: Detections, page_score: float) -> Detections:
    """Scores lowered, all in the same measure, where even the best one of a page is low.

    On a page with formulas the network is sure of some, and then of what looks like them elsewhere too; on one without
    mathematics it is sure of none. The best is expected to be the higher the more candidates there are.

    Args:
        found: Candidates of a whole page, best first.
        page_score: Score in [0, 1) that the best of 100 candidates is expected to have; 0 leaves scores as they are.
    """
    if not len(found.scores) or not page_score:
        return found
    scores = np.clip(found.scores.astype(np.float64), 1e-6, 1 - 1e-6)
    logits = np.log(scores / (1 - scores))
    expected = np.log(page_score / (1 - page_score)) + NUMBER_SLOPE * np.log(len(logits) / USUAL_NUMBER)
    lack = max(0.0, float(expected - logits.max()))
    return found._replace(scores=(1 / (1 + np.exp(DOUBT * lack - logits))).astype(np.float32)) if lack else found
