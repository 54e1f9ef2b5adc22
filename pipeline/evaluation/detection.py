"""What the records of pages say about a detector: precision, recall, F1, average precision, recall by size."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathocr.data.contracts import KINDS
from mathocr.pipeline.evaluation.matching import match, pairwise_iou
from mathocr.pipeline.evaluation.recognition import length_slice
from mathocr.pipeline.evaluation.records import Record

AP_IOUS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))  # COCO's
POINT_IOUS = (0.5, 0.75)  # at which precision, recall and F1 are given
_LEVELS = np.linspace(0.0, 1.0, 101)  # COCO's recall levels
_HEIGHTS = (16, 32, 64)  # px, borders of the slices by height
_ASPECTS = (1, 4, 16)  # width / height
_ALL = "all"  # both kinds, where a wrong kind does no harm


class Detection:
    """Gathers records of pages; of each found region it keeps a score and ten bits."""

    def __init__(self) -> None:
        self.pages = 0
        self._ms = 0.0
        self._targets: Counter[str] = Counter()
        self._found: Counter[str] = Counter()
        self._right: Counter[tuple[str, float]] = Counter()
        self._sizes: dict[str, dict[str, list[int]]] = {"tokens": {}, "height": {}, "aspect": {}}
        self._scores: dict[str, list[float]] = {name: [] for name in (_ALL, *KINDS)}
        self._hits: dict[str, list[NDArray[np.bool_]]] = {name: [] for name in (_ALL, *KINDS)}

    def add(self, record: Record) -> None:
        """Add the record of a page that was read."""
        self.pages += 1
        self._ms += record["ms"]["detector"]
        seen: set[int] = set()
        for name in (_ALL, *KINDS):
            regions = [region for region in record["regions"] if name in (_ALL, region["kind"])]
            numbers = [n for n, target in enumerate(record["targets"]) if name in (_ALL, target["kind"])]
            iou = pairwise_iou(_boxes(regions), _boxes([record["targets"][n] for n in numbers]))
            pairs = self._point(name, iou, [region["kept"] for region in regions])
            if name != _ALL:
                seen.update(numbers[target] for _, target in pairs)
            self._targets[name] += len(numbers)
            hits = np.zeros((len(regions), len(AP_IOUS)), bool)
            for place, least in enumerate(AP_IOUS):
                hits[[prediction for prediction, _ in match(iou, least)], place] = True
            self._scores[name] += [region["score"] for region in regions]
            self._hits[name].append(hits)
        for number, target in enumerate(record["targets"]):
            for by, slice_name in _slices(target):
                count = self._sizes[by].setdefault(slice_name, [0, 0])
                count[0] += 1
                count[1] += number in seen

    def compute(self) -> dict[str, Any]:
        """The part of a report about the detector, JSON-ready; scores in [0, 1], None where there are no targets."""
        return {
            "pages": self.pages,
            "kinds": {name: self._kind(name) for name in (*KINDS, _ALL)},
            "recall_by_size": {
                by: {
                    name: {"targets": n, "recall": right / n} for name, (n, right) in sorted(slices.items(), key=_rank)
                }
                for by, slices in self._sizes.items()
            },
            "ms_per_page": self._ms / self.pages if self.pages else None,
        }

    def curve(self, name: str, least: float = 0.5) -> list[tuple[float, float, float]]:
        """Score, precision and recall where regions from that score on count, falling scores."""
        scores, hits = self._gathered(name)
        right = np.cumsum(hits[:, AP_IOUS.index(least)])
        count = np.arange(1, len(scores) + 1)
        targets = max(1, self._targets[name])
        return list(zip(scores.tolist(), (right / count).tolist(), (right / targets).tolist(), strict=True))

    def _point(self, name: str, iou: NDArray[np.float64], stands: Sequence[bool]) -> list[tuple[int, int]]:
        """Count what is right among the regions kept; their pairs at the first IoU."""
        iou = iou[np.asarray(stands, bool)] if len(stands) else iou
        self._found[name] += len(iou)
        pairs = {least: match(iou, least) for least in POINT_IOUS}
        for least in POINT_IOUS:
            self._right[name, least] += len(pairs[least])
        return pairs[POINT_IOUS[0]]

    def _kind(self, name: str) -> dict[str, Any]:
        """Scores of one kind."""
        targets, found = self._targets[name], self._found[name]
        scores, hits = self._gathered(name)
        ap = [average_precision(scores, hits[:, place], targets) for place in range(len(AP_IOUS))]
        points = {}
        for least in POINT_IOUS:
            right = self._right[name, least]
            points[f"iou_{least}"] = {
                "right": right,
                "precision": right / found if found else None,
                "recall": right / targets if targets else None,
                "f1": 2 * right / (found + targets) if found + targets else None,
            }
        known = [value for value in ap if value is not None]
        return {"targets": targets, "found": found, **points, "ap_50": ap[0],
                "ap_50_95": sum(known) / len(known) if known else None}  # fmt: skip

    def _gathered(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Scores, falling, and hits of all pages."""
        scores = np.array(self._scores[name], np.float64)
        hits = np.concatenate([np.zeros((0, len(AP_IOUS)), bool), *self._hits[name]])
        order = np.argsort(-scores, kind="stable")
        return scores[order], hits[order]


def average_precision(scores: NDArray[np.floating], hits: NDArray[np.bool_], targets: int) -> float | None:
    """Mean of the best precision at each of 101 levels of recall or beyond it.

    Args:
        scores: Of the regions of all pages, ``(N,)``.
        hits: Whether each is right, ``(N,)``.
        targets: Number of true formulas.

    Returns:
        In [0, 1]; None without targets.

    Source:
        COCO evaluation (pycocotools), without its limit of 100 regions an image.
    """
    if not targets:
        return None
    right = np.cumsum(hits[np.argsort(-scores, kind="stable")])
    precision = np.maximum.accumulate((right / np.arange(1, len(right) + 1))[::-1])[::-1]
    places = np.searchsorted(right / targets, _LEVELS, side="left")
    return float(np.append(precision, 0.0)[np.minimum(places, len(right))].mean())


def _slices(target: dict[str, Any]) -> list[tuple[str, str]]:
    """The slices that a true formula belongs to."""
    x0, y0, x1, y1 = target["box"]
    height, width = y1 - y0, x1 - x0
    tokens = target["tokens"]
    length = "unknown" if tokens is None else length_slice(len(tokens))
    return [
        ("tokens", length),
        ("height", _bin(height, _HEIGHTS)),
        ("aspect", _bin(width / max(height, 1e-9), _ASPECTS)),
    ]


def _bin(value: float, borders: Sequence[int]) -> str:
    """Name of the interval that a value lies in."""
    place = bisect_right(borders, value)
    if place == 0:
        return f"below {borders[0]}"
    return f"{borders[place - 1]} to {borders[place]}" if place < len(borders) else f"{borders[-1]} and more"


def _rank(item: tuple[str, Any]) -> tuple[int, int]:
    """Sorts names of slices by their last number; those without one go last."""
    numbers = [int(number) for number in re.findall(r"\d+", item[0])]
    return (0, numbers[-1] + item[0].endswith(("+", "more"))) if numbers else (1, 0)


def _boxes(rows: list[dict[str, Any]]) -> NDArray[np.float64]:
    """Corners ``(N, 4)``."""
    return np.array([row["box"] for row in rows], np.float64).reshape(-1, 4)
