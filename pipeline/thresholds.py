"""Chooses the detector's default thresholds on pages with known answers, and how far a page speaks for its regions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mathocr.data.contracts import KINDS, Kind, Region
from mathocr.data.samples import PageSample
from mathocr.detector.decode import Detections, doubted
from mathocr.detector.metrics import MATCH_IOU, RegionScores, Scores
from mathocr.pipeline.ocr import RegionFinder

SLACK = 0.0025  # F1 that may be given away, by the page score and by each threshold: less than a display of a hundred
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


class _Page(NamedTuple):
    """What was found on a page, and its true boxes and kinds."""

    found: Detections
    boxes: NDArray[np.float64]
    kinds: NDArray[np.int64]


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
        page_scores: To choose from: of those within ``SLACK`` of the best F1 the one with the fewest false formulas on
            ``plain``, or the best where there are none; the first of several.

    Raises:
        ValueError: If ``pages`` have no formula of a kind, or a page of ``plain`` has one.
    """
    with_math = [_look(finder, page) for page in pages]
    if missing := [kind for kind in KINDS if not any((page.kinds == KINDS.index(kind)).any() for page in with_math)]:
        raise ValueError(f"thresholds need pages with formulas of both kinds, there is no {missing[0]} one")
    without = [_look(finder, _checked_plain(page)) for page in plain]
    everywhere = {page_score: _measure((*with_math, *without), page_score) for page_score in page_scores}
    f1 = {one: np.mean([scores.compute(kind, MATCH_IOU).f1 for kind in KINDS]) for one, scores in everywhere.items()}
    good = {one: _least(everywhere[one]) for one in page_scores if f1[one] >= max(f1.values()) - SLACK}
    false = {one: _false_per_page(without, one, min_score) for one, min_score in good.items()} if without else None
    page_score = min(false, key=false.__getitem__) if false else max(good, key=f1.__getitem__)
    min_score = good[page_score]
    on_math = _measure(with_math, page_score)
    scores: dict[Kind, Scores] = {kind: on_math.compute(kind, MATCH_IOU, min_score[kind]) for kind in KINDS}
    return Thresholds(min_score, page_score, scores, false[page_score] if false else None)


def _checked_plain(page: PageSample) -> PageSample:
    """A page without formulas; another is refused."""
    if page.kinds:
        raise ValueError(f"{page.where}: has {len(page.kinds)} formulas, expected a page without any")
    return page


def _measure(pages: Iterable[_Page], page_score: float) -> RegionScores:
    """What was found against the truth, as it would be with a page score."""
    measured = RegionScores((MATCH_IOU,))
    for page in pages:
        measured.update(doubted(page.found, page_score), page.boxes, page.kinds)
    return measured


def _least(measured: RegionScores) -> dict[Kind, float]:
    """The least score within ``SLACK`` of the best F1, by kind.

    What is missed cannot be got back, what is false can be crossed out, and documents of other kinds have lower scores.
    """
    least: dict[Kind, float] = {}
    for kind in KINDS:
        best = measured.compute(kind, MATCH_IOU)
        near = (
            measured.compute(kind, MATCH_IOU, float(score)) for score in np.arange(0.3, best.min_score, 0.01).round(2)
        )
        found = next((scores for scores in near if scores.f1 >= best.f1 - SLACK), best)
        least[kind] = math.floor(1000 * found.min_score) / 1000
    return least


def _false_per_page(plain: Sequence[_Page], page_score: float, min_score: Mapping[Kind, float]) -> float:
    """Regions found on a page without formulas."""
    least = np.array([min_score[kind] for kind in KINDS])
    found = (doubted(page.found, page_score) for page in plain)
    return float(np.mean([(one.scores >= least[one.kinds]).sum() for one in found]))


def _look(finder: RegionFinder, page: PageSample) -> _Page:
    """All regions of a page, best first, and its truth."""
    image = page.load()
    regions = sorted(finder.predict([image], min_score=0.0)[0], key=lambda region: -region.score)
    return _Page(_detections(regions), page.boxes_on(image), _kinds(page.kinds))


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
