"""Turns the probability that decoding gave a sequence into the probability that it is exactly right."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_STEPS = 50
_PRIOR = 0.01  # weight that keeps slope near 1 and offset near 0 where the data say little


class Calibration(NamedTuple):
    """A straight line in log-odds: ``logit(confidence) = slope * logit(probability) + offset``.

    Source:
        Platt, "Probabilistic outputs for support vector machines", 1999, on the log-odds of the sequence.
    """

    slope: float = 1.0
    offset: float = 0.0

    def confidence(self, log_prob: float) -> float:
        """Probability in [0, 1] that a sequence of this log-probability is exactly right.

        Args:
            log_prob: Sum of the tokens' log-probabilities, at most 0; ``-inf`` for a sequence that was cut.
        """
        if not np.isfinite(log_prob):
            return 0.0
        return float(1.0 / (1.0 + np.exp(-np.clip(self.slope * logit(log_prob) + self.offset, -500, 500))))


def logit(log_prob: float) -> float:
    """Log-odds of a probability given as its logarithm."""
    log_prob = min(log_prob, -1e-9)
    return float(log_prob - np.log(max(-np.expm1(log_prob), 1e-12)))


def fit(log_probs: NDArray[np.floating], right: NDArray[np.bool_]) -> Calibration:
    """Fit the line by logistic regression on held-out sequences.

    Args:
        log_probs: Log-probability of each sequence, ``(N,)``; those that were cut (``-inf``) are left out.
        right: Whether each was exactly right, bool ``(N,)``.

    Raises:
        ValueError: If shapes differ, or no sequence is finite (the message gives the sizes).
    """
    if log_probs.shape != right.shape:
        raise ValueError(f"log_probs and right must have one shape, got {log_probs.shape} and {right.shape}")
    finite = np.isfinite(log_probs)
    if not finite.any():
        raise ValueError(f"calibration needs sequences that ended, got none of {len(log_probs)}")
    x = np.array([logit(float(p)) for p in log_probs[finite]])
    y = right[finite].astype(np.float64)
    design = np.stack([x, np.ones_like(x)], axis=1)
    start = np.array([1.0, 0.0])
    line = start.copy()
    for _ in range(_STEPS):  # Newton's method; the problem is convex
        p = 1.0 / (1.0 + np.exp(-np.clip(design @ line, -500, 500)))
        gradient = design.T @ (p - y) + _PRIOR * (line - start)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + _PRIOR * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        line = line - step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    return Calibration(float(line[0]), float(line[1]))
