"""Whether a confidence means what it says: reliability curve, expected calibration error, abstention curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 10


def bin_of(confidence: float) -> int:
    """Number of the bin that a confidence in [0, 1] lies in; 1 lies in the last."""
    return min(int(confidence * BINS), BINS - 1)


def bin_counts(bins: Sequence[Mapping[str, Any]]) -> NDArray[np.int64]:
    """Answers in each bin, ``(BINS,)``, of the ``bins`` that ``Calibration.compute`` gives."""
    counts = np.zeros(BINS, np.int64)
    for one in bins:
        counts[round(one["low"] * BINS)] = one["count"]
    return counts


class Calibration:
    """Gathers confidences and whether the answers were right, in bins of equal width; constant memory."""

    def __init__(self) -> None:
        self._count = np.zeros(BINS, np.int64)
        self._right = np.zeros(BINS, np.int64)
        self._confidence = np.zeros(BINS)
        self._brier = 0.0

    def add(self, confidence: float, right: bool) -> None:
        """Add an answer.

        Args:
            confidence: In [0, 1].
            right: Whether the answer is exactly right.
        """
        place = bin_of(confidence)
        self._count[place] += 1
        self._right[place] += right
        self._confidence[place] += confidence
        self._brier += (confidence - right) ** 2

    def compute(self) -> dict[str, Any]:
        """Reliability curve and its summary, JSON-ready.

        Returns:
            ``bins`` (those with answers: ``low``, ``high``, ``count``, mean ``confidence``, share ``right``), ``ece``
            (mean of the gaps between both, weighted by count, in [0, 1]) and ``brier`` (mean squared gap of single
            answers), None without answers; and the ``abstention`` curve: what is gained where answers below a
            confidence are held back, the ``least`` confidence, share ``kept`` and share ``right`` among the kept.

        Source:
            Guo et al., ICML 2017, arXiv:1706.04599 (ECE); Brier 1950; El-Yaniv and Wiener, JMLR 11, 2010 (risk and
            coverage).
        """
        total = int(self._count.sum())
        if not total:
            return {"bins": [], "ece": None, "brier": None, "abstention": []}
        bins, gaps = [], 0.0
        for place in np.flatnonzero(self._count):
            count = int(self._count[place])
            confidence, right = float(self._confidence[place] / count), float(self._right[place] / count)
            gaps += count * abs(confidence - right)
            bins.append({"low": float(place) / BINS, "high": float(place + 1) / BINS, "count": count,
                         "confidence": confidence, "right": right})  # fmt: skip
        return {"bins": bins, "ece": gaps / total, "brier": self._brier / total, "abstention": self._abstention(total)}

    def _abstention(self, total: int) -> list[dict[str, float]]:
        """Shares kept and right by the least confidence, highest first; without those that keep nothing."""
        kept, right = np.cumsum(self._count[::-1])[::-1], np.cumsum(self._right[::-1])[::-1]
        return [
            {"least": place / BINS, "kept": float(kept[place] / total), "right": float(right[place] / kept[place])}
            for place in range(BINS - 1, -1, -1)
            if kept[place]
        ]
