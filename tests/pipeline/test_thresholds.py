"""Thresholds of the detector, worked out by hand on pages of a few boxes."""

from functools import partial

import numpy as np
import pytest

from mathocr.data.contracts import Region
from mathocr.data.samples import PageSample
from mathocr.pipeline.thresholds import choose_thresholds

PLACES = [(10.0 * n, 0.0, 10.0 * n + 8.0, 8.0) for n in range(8)]


class ByHeight:
    """Finds what it was told, by the height of the page."""

    def __init__(self, pages):
        self.pages = pages

    def predict(self, images, min_score=None):
        return [[r for r in self.pages[image.shape[0]] if r.score >= min_score] for image in images]


def sample(height, places=(), kinds=()):
    boxes = np.array([PLACES[place] for place in places], np.float64).reshape(-1, 4)
    return PageSample(partial(np.full, (height, 90), 255, np.uint8), boxes, tuple(kinds), None, "s", f"page {height}")


def region(place, score, kind="inline"):
    return Region(PLACES[place], kind, score)


FOUND = {
    # inline: right, right, wrong, right, wrong, wrong; display: right, wrong
    20: [
        *(region(*one) for one in ((0, 0.9), (1, 0.8), (6, 0.7), (2, 0.6), (7, 0.5), (5, 0.4))),
        *(region(*one, "display") for one in ((3, 0.85), (4, 0.3))),
    ],
    30: [region(0, 0.75), region(1, 0.3, "display")],
    31: [region(0, 0.2)],
}
PAGE = sample(20, (0, 1, 2, 3), ("inline", "inline", "inline", "display"))


def test_least_score_with_nearly_the_best_f1_of_each_kind():
    chosen = choose_thresholds(ByHeight(FOUND), [PAGE])
    assert chosen.min_score == {"inline": 0.51, "display": 0.31} and chosen.false_per_page is None
    assert chosen.scores["inline"][:3] == pytest.approx((3 / 4, 1.0, 6 / 7))
    assert chosen.scores["display"].f1 == 1.0


def test_pages_without_math_choose_how_far_a_page_speaks_for_its_regions():
    plain = [sample(30), sample(31)]
    chosen = choose_thresholds(ByHeight(FOUND), [PAGE], plain, (0.0, 0.95, 0.99))
    # 0.75 alone on its page is as doubtful as 0.6 on a page whose best is 0.9, and that one is right.
    assert chosen.page_score == 0.95 and chosen.false_per_page == 0.0
    assert chosen.scores["inline"][:3] == pytest.approx((3 / 4, 1.0, 6 / 7))
    assert chosen.min_score["inline"] < 0.6
    sure = {**FOUND, 31: [region(0, 0.95)]}
    assert choose_thresholds(ByHeight(sure), [PAGE], plain, (0.95,)).false_per_page == 0.5
    alike = choose_thresholds(ByHeight(FOUND), [PAGE], plain, (0.0,))
    assert alike.page_score == 0.0 and alike.scores["inline"][:2] == pytest.approx((1.0, 2 / 3))


def test_sets_that_do_not_do_are_refused():
    with pytest.raises(ValueError, match="no display one"):
        choose_thresholds(ByHeight(FOUND), [sample(20, (0,), ("inline",))])
    with pytest.raises(ValueError, match="page 20: has 4 formulas, expected a page without any"):
        choose_thresholds(ByHeight(FOUND), [PAGE], [PAGE])
