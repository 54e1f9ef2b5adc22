"""Chooses the detector's default thresholds on pages with known answers, and how far a page speaks for its regions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mathocr.data.contracts import KINDS, Kind, Region
from mathocr.data.samples import PageSample
from mathocr.detector.decode import Detections, doubted
from mathocr.detector.metrics import RegionScores, Scores
from mathocr.pipeline.ocr import RegionFinder

IOU = 0.5
SLACK = 0.005  # F1 that may be given away for precision and recall that are more alike
PAGE_SCORES = (0.0, 0.8, 0.82, 0.84, 0.86, 0.87, 0.88, 0.89, 0.9, 0.91, 0.92, 0.93)  # among which one is chosen


@dataclass(frozen=True)
class Thresholds:
    """What was chosen.

    Attributes:
        min_score: Least score by kind.
        page_score: See ``mathocr.detector.decode.doubted``.
        scores: Precision, recall and F1 at IoU 0.5 by kind with these, on the pages with formulas.
        false_per_page: Regions a page without math with these; None where no such page was looked at.
    """

    min_score: dict[Kind, float]
    page_score: float
    scores: dict[Kind, Scores]
    false_per_page: float | None


@dataclass
class _Trial:
    """What would be found with one page score."""

    page_score: float
    everywhere: RegionScores
    with_math: RegionScores
    false: list[Detections]

    def min_score(self) -> dict[Kind, float]:
        """Of the thresholds of each kind with nearly the best F1 on all pages those that balance best."""
        return {kind: math.floor(1000 * _balanced(self.everywhere, kind).min_score) / 1000 for kind in KINDS}

    def quality(self) -> float:
        """Mean F1 of the kinds on all pages."""
        return float(np.mean([self.everywhere.compute(kind, IOU).f1 for kind in KINDS]))


def choose_thresholds(
    finder: RegionFinder,
    pages: Iterable[PageSample],
    plain: Iterable[PageSample] = (),
    page_scores: Sequence[float] = PAGE_SCORES,
) -> Thresholds:
    """Thresholds with nearly the best F1 on pages with and without formulas, and of some page scores the best.

    Args:
        finder: The detector, without a page score of its own. What is doubted here are regions that have grown to the
            ink; where they are found they are doubted before, when they are a few more.
        pages: With known formulas; neither trained on nor used for evaluation.
        plain: Pages without any formula.
        page_scores: To choose from; the first one of the best is taken.

    Raises:
        ValueError: If ``pages`` have no formula of a kind, or a page of ``plain`` has one.
    """
    trials = [_Trial(page_score, RegionScores((IOU,)), RegionScores((IOU,)), []) for page_score in page_scores]
    counts = dict.fromkeys(KINDS, 0)
    for page in pages:
        image = page.load()
        found, boxes, kinds = _found(finder, image), page.boxes_on(image), _kinds(page.kinds)
        for trial in trials:
            for measured in (trial.everywhere, trial.with_math):
                measured.update(doubted(found, trial.page_score), boxes, kinds)
        for kind in page.kinds:
            counts[kind] += 1
    if missing := [kind for kind in KINDS if not counts[kind]]:
        raise ValueError(f"thresholds need pages with formulas of both kinds, there is no {missing[0]} one")
    for page in plain:
        if page.kinds:
            raise ValueError(f"{page.where}: has {len(page.kinds)} formulas, expected a page without any")
        found = _found(finder, page.load())
        for trial in trials:
            trial.false.append(doubted(found, trial.page_score))
            trial.everywhere.update(trial.false[-1], np.zeros((0, 4)), _kinds([]))
    best = max(trials, key=_Trial.quality)
    min_score = best.min_score()
    least = np.array([min_score[kind] for kind in KINDS])
    false = [int((found.scores >= least[found.kinds]).sum()) for found in best.false]
    scores = {kind: best.with_math.compute(kind, IOU, min_score[kind]) for kind in KINDS}
    return Thresholds(min_score, best.page_score, scores, float(np.mean(false)) if false else None)


def _balanced(measured: RegionScores, kind: Kind) -> Scores:
    """Of the scores within ``SLACK`` of the best F1 those whose precision and recall are most alike."""
    best = measured.compute(kind, IOU)
    near = [best, *(measured.compute(kind, IOU, float(least)) for least in np.arange(0.3, 1.0, 0.01))]
    alike = [scores for scores in near if scores.f1 >= best.f1 - SLACK]
    return min(alike, key=lambda scores: abs(scores.precision - scores.recall))


def _found(finder: RegionFinder, image: np.ndarray) -> Detections:
    """All regions of a page, best first."""
    return _detections(sorted(finder.predict([image], min_score=0.0)[0], key=lambda region: -region.score))


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
