"""Turns what is known of a reading into the probability that it is exactly right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mathocr.im2latex.evidence import Evidence

_STEPS = 100
_PRIOR = 0.1  # weight that keeps slope near 1 and the others near 0 where the data say little
_START = (1.0, *(0.0,) * 8)


class Calibration(NamedTuple):
    """A linear model of log-odds over the evidence.

        logit(confidence) = slope * logit(probability) + offset + least * ... + disagreement * ...

    ``slope`` and ``offset`` alone are Platt's scaling. The others weigh what ``Evidence`` holds under the same names,
    each within the bounds of ``_features``, so that nothing far from what was fitted decides alone.

    Source:
        Platt, "Probabilistic outputs for support vector machines", 1999, on the log-odds of the sequence.
    """

    slope: float = 1.0
    offset: float = 0.0
    least: float = 0.0
    length: float = 0.0
    mismatch: float = 0.0
    fill: float = 0.0
    words: float = 0.0
    placed: float = 0.0
    disagreement: float = 0.0

    def confidence(self, evidence: Evidence) -> float:
        """Probability in [0, 1] that a reading is exactly right; 0 for a sequence that was cut."""
        if not np.isfinite(evidence.log_prob):
            return 0.0
        return float(_logistic(np.dot(_features(evidence), self)))


def logit(log_prob: float) -> float:
    """Log-odds of a probability given as its logarithm."""
    log_prob = min(log_prob, -1e-9)
    return float(log_prob - np.log(max(-np.expm1(log_prob), 1e-12)))


def fit(evidence: Sequence[Evidence], right: NDArray[np.bool_]) -> Calibration:
    """Fit by logistic regression on readings that no training saw.

    Args:
        evidence: Of each reading; those that were cut are left out.
        right: Whether each was exactly right, bool ``(N,)``.

    Raises:
        ValueError: If the numbers differ, or no reading ended (the message gives the sizes).
    """
    if len(evidence) != len(right):
        raise ValueError(f"as many answers as readings expected, got {len(right)} and {len(evidence)}")
    ended = np.array([np.isfinite(one.log_prob) for one in evidence], dtype=bool)
    if not ended.any():
        raise ValueError(f"calibration needs sequences that ended, got none of {len(evidence)}")
    design = np.array([_features(one) for one, kept in zip(evidence, ended, strict=True) if kept])
    wanted = right[ended].astype(np.float64)
    start = np.array(_START)
    weights = start.copy()
    for _ in range(_STEPS):  # Newton's method; the problem is convex
        p = _logistic(design @ weights)
        gradient = design.T @ (p - wanted) + _PRIOR * (weights - start)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + _PRIOR * np.eye(len(start))
        step = np.linalg.solve(hessian, gradient)
        weights = weights - step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    return Calibration(*map(float, weights))


def _logistic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.0 / (1.0 + np.exp(-np.clip(x, -500, 500)))


def _features(evidence: Evidence) -> NDArray[np.float64]:
    """What the weights of ``Calibration`` stand before, in their order, ``(9,)``."""
    return np.array(
        [
            np.clip(logit(evidence.log_prob), -20, 20),
            1.0,
            max(evidence.least, -5.0),
            np.log1p(min(evidence.length, 256)),
            min(evidence.mismatch, 3.0),
            10 * min(evidence.fill, 0.6),  # of formulas 0.05 to 0.3
            evidence.words,
            evidence.placed,
            evidence.disagreement,
        ]
    )
