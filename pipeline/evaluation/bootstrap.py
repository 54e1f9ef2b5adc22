"""Intervals of scores and of differences between models on the same samples, by the paired bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 2000
LEVEL = 0.95
_SEED = 0
_CELLS = 4_000_000  # of the matrix of weights held at once

Sums = NDArray[np.float64]
Statistic = Callable[[Sums], float]


@dataclass(frozen=True)
class Interval:
    """A score and where it lies when samples are drawn anew.

    Attributes:
        value: On all samples.
        low: 2.5 % of the draws lie below.
        high: 2.5 % of the draws lie above.
    """

    value: float
    low: float
    high: float


def draws(samples: NDArray[np.floating], count: int = DRAWS) -> NDArray[np.float64]:
    """Sums over samples drawn with replacement; the same draws for the same number of samples, hence paired.

    Args:
        samples: What each sample adds, ``(N, F)``, ``N`` at least 1.
        count: Number of draws ``B``.

    Returns:
        ``(B, F)``.

    Raises:
        ValueError: If there are no samples.

    Source:
        Efron 1979; for BLEU Koehn, EMNLP 2004.
    """
    samples = np.asarray(samples, np.float64)
    if not len(samples):
        raise ValueError("samples must have at least one row, got none")
    rng = np.random.default_rng(_SEED)
    even = np.full(len(samples), 1.0 / len(samples))
    parts, step = [], max(1, _CELLS // len(samples))
    for start in range(0, count, step):
        weights = rng.multinomial(len(samples), even, size=min(step, count - start))
        parts.append(weights @ samples)
    return np.concatenate(parts)


def interval(value: float, drawn: NDArray[np.floating]) -> Interval:
    """The middle 95 % of draws around a value.

    Args:
        value: On all samples.
        drawn: Of the draws, ``(B,)``; those that are not numbers (nothing to score in a draw) are left out.
    """
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))


def score(samples: NDArray[np.floating], statistic: Statistic) -> tuple[Interval, NDArray[np.float64]]:
    """A model's score with its interval, and the score in each draw.

    Args:
        samples: What each sample adds, ``(N, F)``.
        statistic: Score of summed samples, ``(F,)`` to a number.
    """
    drawn = np.array([statistic(sums) for sums in draws(samples)])
    return interval(statistic(np.asarray(samples, np.float64).sum(0)), drawn), drawn
