import numpy as np
import pytest

from mathocr.detector.decode import Detections
from mathocr.detector.metrics import RegionScores, match


def found(boxes: list[list[float]], scores: list[float], kind: int = 0) -> Detections:
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), kind), np.array(scores, np.float32)
    )


def test_a_target_is_matched_once_by_the_best_prediction() -> None:
    assert match(np.array([[0.9], [0.95]]), 0.5).tolist() == [True, False]


def test_a_taken_target_leaves_the_next_best() -> None:
    assert match(np.array([[0.9, 0.0], [0.8, 0.6]]), 0.5).tolist() == [True, True]
    assert match(np.array([[0.9, 0.0], [0.8, 0.4]]), 0.5).tolist() == [True, False]


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (0, 0)])
def test_nothing_matches_nothing(shape: tuple[int, int]) -> None:
    assert match(np.zeros(shape), 0.5).tolist() == [False] * shape[0]


def test_scores_by_hand() -> None:
    # Two targets. Predictions: right at .9, wrong at .6, right at .3 -> F1 .67 at .9, .5 at .6, .8 at .3.
    targets = np.array([[0, 0, 10, 10], [20, 0, 30, 10]])
    scores = RegionScores((0.5, 0.75))
    preds = found([[0, 0, 10, 10], [50, 50, 60, 60], [20, 0, 30, 14]], [0.9, 0.6, 0.3])
    scores.update(preds, targets, np.array([0, 0]))
    assert scores.compute("inline", 0.5) == pytest.approx((2 / 3, 1.0, 0.8, 0.3))
    assert scores.compute("inline", 0.5, min_score=0.5) == pytest.approx((0.5, 0.5, 0.5, 0.5))
    assert scores.compute("inline", 0.75).f1 == pytest.approx(2 / 3)  # the last box has an IoU of 100 / 140
    assert scores.compute("display", 0.5).f1 == 0.0


def test_a_region_of_the_wrong_kind_is_wrong() -> None:
    scores = RegionScores((0.5,))
    scores.update(found([[0, 0, 10, 10]], [0.9], kind=1), np.array([[0, 0, 10, 10]]), np.array([0]))
    assert scores.compute("inline", 0.5).f1 == 0.0
    assert scores.compute("display", 0.5).f1 == 0.0


def test_pages_are_gathered_and_forgotten() -> None:
    scores = RegionScores((0.5,))
    for _ in range(2):
        scores.update(found([[0, 0, 10, 10]], [0.9]), np.array([[0, 0, 10, 10]]), np.array([0]))
    assert scores.compute("inline", 0.5).f1 == 1.0
    other = RegionScores((0.5,))
    other.update(found([[0, 0, 10, 10]], [0.9]), np.array([[20, 0, 30, 10]]), np.array([0]))
    scores.extend(other)
    assert scores.compute("inline", 0.5).f1 == pytest.approx(0.8)  # two of three found
    scores.reset()
    assert scores.compute("inline", 0.5).f1 == 0.0
