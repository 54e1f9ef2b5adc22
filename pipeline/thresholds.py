"""Chooses the detector's default thresholds on pages with known answers: best F1, and few false ones without math."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mathocr.data.contracts import KINDS, Kind, Region
from mathocr.data.samples import PageSample
from mathocr.detector.decode import Detections
from mathocr.detector.metrics import RegionScores, Scores
from mathocr.pipeline.ocr import RegionFinder

IOU = 0.5


@dataclass(frozen=True)
class Thresholds:
    """What was chosen.

    Attributes:
        min_score: Least score by kind.
        scores: Precision, recall and F1 at IoU 0.5 by kind, at those thresholds.
        false_per_page: Regions a page without math at those thresholds; None where no such page was looked at.
    """

    min_score: dict[Kind, float]
    scores: dict[Kind, Scores]
    false_per_page: float | None


def choose_thresholds(
    finder: RegionFinder, pages: Iterable[PageSample], plain: Iterable[PageSample] = (), most_false: float = 0.05
) -> Thresholds:
    """Thresholds with the best F1 of each kind, raised as far as pages without math ask for it.

    Args:
        finder: The detector.
        pages: With known formulas; neither trained on nor used for evaluation.
        plain: Pages without any formula.
        most_false: Most regions a page that may be found on them, both kinds together.

    Raises:
        ValueError: If ``pages`` have no formula of a kind, or a page of ``plain`` has one.
    """
    measured = RegionScores((IOU,))
    counts = dict.fromkeys(KINDS, 0)
    for page in pages:
        image = page.load()
        measured.update(_detections(_found(finder, image)), page.boxes_on(image), _kinds(page.kinds))
        for kind in page.kinds:
            counts[kind] += 1
    if missing := [kind for kind in KINDS if not counts[kind]]:
        raise ValueError(f"thresholds need pages with formulas of both kinds, there is no {missing[0]} one")
    false, number = _false_regions(finder, plain)
    floor = 0.0
    if len(false) > (allowed := int(most_false * number)):  # above the best one that is too many
        floor = (math.floor(1000 * sorted((region.score for region in false), reverse=True)[allowed]) + 1) / 1000
    min_score: dict[Kind, float] = {}
    for kind in KINDS:
        best = math.floor(1000 * measured.compute(kind, IOU).min_score) / 1000
        min_score[kind] = min(max(best, floor), 1.0)
    left = sum(region.score >= min_score[region.kind] for region in false)
    scores: dict[Kind, Scores] = {kind: measured.compute(kind, IOU, min_score[kind]) for kind in KINDS}
    return Thresholds(min_score, scores, left / number if number else None)


def _false_regions(finder: RegionFinder, plain: Iterable[PageSample]) -> tuple[list[Region], int]:
    """What is found on pages without math, and the number of these."""
    false: list[Region] = []
    number = 0
    for page in plain:
        if page.kinds:
            raise ValueError(f"{page.where}: has {len(page.kinds)} formulas, expected a page without any")
        false += _found(finder, page.load())
        number += 1
    return false, number


def _found(finder: RegionFinder, image: np.ndarray) -> list[Region]:
    """All regions of a page, best first."""
    return sorted(finder.predict([image], min_score=0.0)[0], key=lambda region: -region.score)


def _detections(regions: Sequence[Region]) -> Detections:
    """Regions as arrays."""
    return Detections(
        np.array([region.box for region in regions], np.float32).reshape(-1, 4),
        _kinds([region.kind for region in regions]),
        np.array([region.score for region in regions], np.float32),
    )


def _kinds(kinds: Sequence[Kind]) -> NDArray[np.int64]:
    """Index into ``KINDS`` of each."""
    return np.array([KINDS.index(kind) for kind in kinds], np.int64)
