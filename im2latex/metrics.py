"""How close a predicted token sequence is to the truth."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein


def edit_similarity(preds: Sequence[str], targets: Sequence[str]) -> float:
    """How little must be edited to turn one token sequence into the other.

        1 - edit distance / length of the longer sequence

    Args:
        preds: Tokens.
        targets: Tokens.

    Returns:
        In [0, 1]; 1 for two empty sequences.

    Source:
        Levenshtein 1966, by rapidfuzz.
    """
    return Levenshtein.normalized_similarity(preds, targets)
