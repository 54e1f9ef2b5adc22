"""Confidence from log-probabilities."""

import numpy as np
import pytest

from mathocr.im2latex.calibration import Calibration, fit, logit


def test_without_calibration_confidence_is_the_probability():
    assert Calibration().confidence(np.log(0.25)) == pytest.approx(0.25)
    assert Calibration().confidence(-np.inf) == 0.0
    assert 0.999 < Calibration().confidence(0.0) <= 1.0
    assert logit(np.log(0.75)) == pytest.approx(np.log(3))


def test_line_in_log_odds_by_hand():
    assert Calibration(2.0, np.log(3)).confidence(np.log(0.5)) == pytest.approx(0.75)
    assert Calibration(2.0, 0.0).confidence(np.log(0.75)) == pytest.approx(9 / 10)


def test_fit_finds_the_line_that_made_the_data():
    rng = np.random.default_rng(0)
    log_probs = np.log(rng.uniform(0.02, 0.98, 20_000))
    truth = Calibration(0.6, -0.8)
    right = rng.random(len(log_probs)) < [truth.confidence(p) for p in log_probs]
    found = fit(log_probs, right)
    assert found.slope == pytest.approx(0.6, abs=0.05) and found.offset == pytest.approx(-0.8, abs=0.05)


def test_fit_survives_few_and_one_sided_data():
    found = fit(np.log(np.array([0.5, 0.6, 0.9])), np.array([True, True, True]))
    assert np.isfinite(found).all()
    with_cut = fit(np.array([-np.inf, -0.1, -0.2]), np.array([False, True, False]))
    assert with_cut == fit(np.array([-0.1, -0.2]), np.array([True, False]))


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match=r"one shape, got \(2,\) and \(3,\)"):
        fit(np.zeros(2), np.zeros(3, bool))
    with pytest.raises(ValueError, match="none of 2"):
        fit(np.full(2, -np.inf), np.zeros(2, bool))
