"""Sums exact match, edit similarity and BLEU-4 over samples, in constant memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mathocr.im2latex.metrics import bleu_counts, bleu_from_counts, edit_similarity, exact_match

_DIGITS = 6  # of scores in records


def score_tokens(preds: Sequence[str], targets: Sequence[str]) -> dict[str, Any]:
    """Scores of one sample, JSON-ready.

    Args:
        preds: Tokens.
        targets: Tokens.

    Returns:
        ``exact`` (bool), ``edit`` (edit similarity in [0, 1]), ``bleu`` (``bleu_counts``, ten integers).
    """
    return {
        "exact": exact_match(preds, targets),
        "edit": round(edit_similarity(preds, targets), _DIGITS),
        "bleu": bleu_counts(preds, targets).tolist(),
    }


class TextScores:
    """Sums the scores of samples."""

    def __init__(self) -> None:
        self.count = 0
        self._exact = 0
        self._edit = 0.0
        self._bleu = np.zeros(0, np.int64)

    def add(self, scores: dict[str, Any]) -> None:
        """Add a sample's ``score_tokens``."""
        counts = np.asarray(scores["bleu"], np.int64)
        self._bleu = self._bleu + counts if self.count else counts
        self._exact += scores["exact"]
        self._edit += scores["edit"]
        self.count += 1

    def compute(self) -> dict[str, Any]:
        """``count``, ``exact_match`` and ``edit_similarity`` in [0, 1], ``bleu`` in [0, 100]; None for no samples."""
        if not self.count:
            return {"count": 0, "exact_match": None, "edit_similarity": None, "bleu": None}
        return {
            "count": self.count,
            "exact_match": self._exact / self.count,
            "edit_similarity": self._edit / self.count,
            "bleu": bleu_from_counts(self._bleu),
        }
