"""Confidence from what is known of a reading."""

import numpy as np
import pytest

from mathocr.im2latex.calibration import Calibration, fit, logit
from mathocr.im2latex.evidence import Evidence, evidence_of


def test_without_calibration_confidence_is_the_probability():
    assert Calibration().confidence(Evidence(np.log(0.25), words=1.0, fill=0.5)) == pytest.approx(0.25)
    assert Calibration().confidence(Evidence(-np.inf)) == 0.0
    assert 0.999 < Calibration().confidence(Evidence(0.0)) <= 1.0
    assert logit(np.log(0.75)) == pytest.approx(np.log(3))


def test_line_in_log_odds_by_hand():
    assert Calibration(2.0, np.log(3)).confidence(Evidence(np.log(0.5))) == pytest.approx(0.75)
    assert Calibration(2.0, 0.0).confidence(Evidence(np.log(0.75))) == pytest.approx(9 / 10)


def test_each_weight_stands_before_its_own_evidence():
    even = Evidence(np.log(0.5), least=-2.0, length=9, mismatch=0.3, fill=0.2, words=0.25, placed=1.0, disagreement=0.4)
    odds = {
        "least": -2.0,
        "length": np.log(10),
        "mismatch": 0.3,
        "fill": 2.0,
        "words": 0.25,
        "placed": 1.0,
        "disagreement": 0.4,
    }
    for name, value in odds.items():
        assert logit(np.log(Calibration(**{name: 0.7}).confidence(even))) == pytest.approx(0.7 * value)


def test_fit_finds_the_weights_that_made_the_data():
    rng = np.random.default_rng(0)
    seen = [
        Evidence(log_prob, words=words)
        for log_prob, words in zip(np.log(rng.uniform(0.02, 0.98, 20_000)), rng.integers(0, 2, 20_000), strict=True)
    ]
    truth = Calibration(0.6, -0.8, words=-1.5)
    right = rng.random(len(seen)) < [truth.confidence(one) for one in seen]
    found = fit(seen, right)
    assert found.slope == pytest.approx(0.6, abs=0.05) and found.offset == pytest.approx(-0.8, abs=0.1)
    assert found.words == pytest.approx(-1.5, abs=0.15) and found.fill == 0.0


def test_fit_survives_few_and_one_sided_data():
    found = fit([Evidence(log_prob) for log_prob in np.log([0.5, 0.6, 0.9])], np.array([True, True, True]))
    assert np.isfinite(found).all()
    with_cut = fit([Evidence(p) for p in (-np.inf, -0.1, -0.2)], np.array([False, True, False]))
    assert with_cut == fit([Evidence(p) for p in (-0.1, -0.2)], np.array([True, False]))


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="as many answers as readings expected, got 3 and 2"):
        fit([Evidence(0.0)] * 2, np.zeros(3, bool))
    with pytest.raises(ValueError, match="none of 2"):
        fit([Evidence(-np.inf)] * 2, np.zeros(2, bool))


def test_evidence_by_hand():
    ink = np.zeros((32, 64), np.uint8)
    ink[10:20, 10:14] = 255  # 40 pixels
    ink[10:20, 26:30] = 255  # a second component of 40, in a box of 10 x 20
    found = evidence_of([-0.5, -0.25, -0.125], ["x", "_", "{", "1", "}"], ink)
    assert found == Evidence(-0.875, -0.5, 5, pytest.approx(0.0), pytest.approx(80 / 200), 0.0)
    word = evidence_of([-1.0], [*"blank", "+", *"ab", "1"], ink)
    assert word.words == pytest.approx(5 / 9) and word.mismatch == pytest.approx(np.log(10 / 3))
    assert evidence_of([], [], np.zeros((32, 64), np.uint8)) == Evidence(-np.inf, -np.inf)
