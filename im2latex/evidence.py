"""What speaks for or against a reading: its probabilities, and how it fits the ink."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mathocr.im2latex.prepare import FULL, ink_box

_WORD = 4  # letters in a row that are rather a word than a product
# Tokens without ink. Row ends, environments and fonts have none either, but they count: so the calibration of released
# weights was fitted, and formulas with them have signs of several pieces (large brackets), which they make up for.
_UNSEEN = frozenset("{}_^&")


class Evidence(NamedTuple):
    """Of one reading.

    Attributes:
        log_prob: Sum of the tokens' log-probabilities, at most 0; ``-inf`` for a sequence that was cut.
        least: The least of them.
        length: Tokens.
        mismatch: How far the number of connected components is from the number of tokens that are drawn, as the
            absolute logarithm of their ratio: large where ink was left out or made up.
        fill: Share of the ink's box that is inked: large in pictures.
        words: Share of the tokens that are letters in runs of at least four: large in plain text.
        placed: 1 where the size of the type was told, by the page around the crop, 0 where the crop alone told it.
        disagreement: Share of what was read at several scales that is not this, weighted by probability.
    """

    log_prob: float
    least: float = 0.0
    length: int = 0
    mismatch: float = 0.0
    fill: float = 0.0
    words: float = 0.0
    placed: float = 0.0
    disagreement: float = 0.0


def evidence_of(
    log_probs: Sequence[float],
    tokens: Sequence[str],
    ink: NDArray[np.uint8],
    placed: bool = False,
    disagreement: float = 0.0,
) -> Evidence:
    """Gather it.

    Args:
        log_probs: Log-probability of each token and of the end, none of them above 0; empty for a sequence that was
            cut.
        tokens: Canonical tokens.
        ink: What the network read, ``(H, W)`` uint8, 255 is ink.
        placed: Whether the size of the type was told.
        disagreement: See ``Evidence``.
    """
    full = (ink > FULL).astype(np.uint8)
    glyphs, drawn = cv2.connectedComponents(full, connectivity=8)[0] - 1, sum(t not in _UNSEEN for t in tokens)
    x0, y0, x1, y1 = ink_box(ink, FULL)
    box = full[y0:y1, x0:x1] if x1 else full
    runs = [len(list(run)) for letter, run in groupby(len(t) == 1 and t.isalpha() for t in tokens) if letter]
    return Evidence(
        log_prob=float(sum(log_probs)) if log_probs else -np.inf,
        least=float(min(log_probs, default=-np.inf)),
        length=len(tokens),
        mismatch=abs(float(np.log((glyphs + 1) / (drawn + 1)))),
        fill=float(box.mean()),
        words=sum(run for run in runs if run >= _WORD) / max(1, len(tokens)),
        placed=float(placed),
        disagreement=disagreement,
    )
