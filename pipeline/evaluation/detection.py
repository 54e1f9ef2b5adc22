"""What the records of pages say about a detector: precision, recall, F1, average precision, recall by size."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from mathocr.data.contracts import KINDS, Kind
from mathocr.detector.average_precision import AveragePrecision, Curve, split_and_merged
from mathocr.detector.decode import Detections
from mathocr.pipeline.evaluation.matching import boxes_of, pairs
from mathocr.pipeline.evaluation.records import Record
from mathocr.pipeline.evaluation.slices import length_slice, slice_rank

POINT_IOUS = (0.5, 0.75)  # at which precision, recall and F1 are given
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
        self._split = self._merged = 0
        self._sizes: dict[str, dict[str, list[int]]] = {"tokens": {}, "height": {}, "aspect": {}}
        self._by_kind, self._whatever_kind = AveragePrecision(), AveragePrecision()

    def add(self, record: Record) -> None:
        """Add the record of a page that was read."""
        self.pages += 1
        self._ms += record["ms"]["detector"]
        regions, targets = record["regions"], record["targets"]
        kept = [region for region in regions if region["kept"]]
        seen: set[int] = set()
        for name in (_ALL, *KINDS):
            own = [region for region in kept if name in (_ALL, region["kind"])]
            numbers = [n for n, target in enumerate(targets) if name in (_ALL, target["kind"])]
            there = [targets[n] for n in numbers]
            self._targets[name] += len(there)
            self._found[name] += len(own)
            for least in POINT_IOUS:
                matched = pairs(own, there, least)
                self._right[name, least] += len(matched)
                if name != _ALL and least == POINT_IOUS[0]:
                    seen.update(numbers[target] for _, target in matched)
        self._add_precision(regions, targets)
        split, merged = split_and_merged(boxes_of(kept), boxes_of(targets))
        self._split, self._merged = self._split + split, self._merged + merged
        for number, target in enumerate(targets):
            for by, slice_name in _slices(target):
                count = self._sizes[by].setdefault(slice_name, [0, 0])
                count[0] += 1
                count[1] += number in seen

    def compute(self) -> dict[str, Any]:
        """The part of a report about the detector, JSON-ready; scores in [0, 1], None where there are no targets."""
        return {
            "pages": self.pages,
            "kinds": {name: self._kind(name) for name in (*KINDS, _ALL)},
            "split": self._split,
            "merged": self._merged,
            "recall_by_size": {
                by: {name: {"targets": n, "recall": right / n} for name, (n, right) in _in_order(slices)}
                for by, slices in self._sizes.items()
            },
            "curves": {name: self._curve(name) for name in KINDS},
            "ms_per_page": self._ms / self.pages if self.pages else None,
        }

    def _add_precision(self, regions: list[dict[str, Any]], targets: list[dict[str, Any]]) -> None:
        """Hand all regions, those of low score too, to average precision."""
        found = Detections(
            boxes_of(regions).astype(np.float32),
            np.array([KINDS.index(region["kind"]) for region in regions], np.int64),
            np.array([region["score"] for region in regions], np.float32),
        )
        kinds = np.array([KINDS.index(target["kind"]) for target in targets], np.int64)
        self._by_kind.update(found, boxes_of(targets), kinds)
        alike = found._replace(kinds=np.zeros_like(found.kinds))
        self._whatever_kind.update(alike, boxes_of(targets), np.zeros_like(kinds))

    def _kind(self, name: str) -> dict[str, Any]:
        """Scores of one kind."""
        targets, found = self._targets[name], self._found[name]
        points = {}
        for least in POINT_IOUS:
            right = self._right[name, least]
            points[f"iou_{least}"] = {
                "right": right,
                "precision": right / found if found else None,
                "recall": right / targets if targets else None,
                "f1": 2 * right / (found + targets) if found + targets else None,
            }
        gathered, kind = (self._whatever_kind, KINDS[0]) if name == _ALL else (self._by_kind, _kind_of(name))
        return {"targets": targets, "found": found, **points, "ap_50": gathered.ap(kind, 0.5),
                "ap_50_95": gathered.ap(kind)}  # fmt: skip

    def _curve(self, name: str) -> list[list[float]]:
        """Recall, precision and score at IoU 0.5, at most so many points."""
        curve: Curve = self._by_kind.curve(_kind_of(name), 0.5)
        if not self._targets[name] or not len(curve.recall):
            return []
        places = np.unique(np.linspace(0, len(curve.recall) - 1, _POINTS).round().astype(int))
        return [[round(float(part[place]), 4) for part in curve] for place in places]


_POINTS = 100  # of a curve in a report


def _kind_of(name: str) -> Kind:
    """The kind of that name."""
    return KINDS[KINDS.index(name)]  # type: ignore[arg-type]


def _in_order(slices: dict[str, list[int]]) -> list[tuple[str, list[int]]]:
    """Slices from the least on."""
    return sorted(slices.items(), key=lambda item: slice_rank(item[0]))


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
