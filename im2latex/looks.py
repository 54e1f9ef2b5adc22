"""Looks at one crop at several scales: whether another is needed, and what they agree on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mathocr.im2latex.decoding import Decoded
from mathocr.im2latex.vocabulary import BOS, EOS

_RETRY_ABOVE = 1e-4  # what is less likely hardly ever became right, and takes long
_SHARPNESS = 16.0  # how much more a likely reading counts than an unlikely one; flat from 8 to 32


class Look(NamedTuple):
    """Sequences read on one canvas, the likeliest first, at least one."""

    ink: NDArray[np.uint8]
    found: list[Decoded]

    @property
    def log_prob(self) -> float:
        """Of the likeliest sequence; ``-inf`` where it was cut."""
        return sum(self.found[0].log_probs) if self.found[0].stopped == "end" else -np.inf

    @property
    def ids(self) -> tuple[int, ...]:
        """Of the likeliest sequence."""
        return tuple(self.found[0].ids)


def seen_before(ink: NDArray[np.uint8], looks: Sequence[Look]) -> bool:
    """Whether this very canvas was looked at: a crop that is as large as the network takes comes no larger."""
    return any(np.array_equal(ink, look.ink) for look in looks)


def doubtful(looks: Sequence[Look], below: float) -> bool:
    """Whether a crop is to be read again: at first by its probability, then until all looks agree."""
    if len(looks) == 1:
        return _RETRY_ABOVE <= np.exp(looks[0].log_prob) < below
    return len({look.ids for look in looks}) > 1


def consensus(looks: Sequence[Look]) -> tuple[Look, float]:
    """The look whose reading is nearest to all of them, and the share that reads otherwise, by weight.

    A likely reading weighs more, by the mean log-probability of its tokens; one that was cut weighs nothing and is not
    taken where another ended. How near two readings are: Dice's coefficient of their pairs of neighbouring tokens.

    Source:
        Minimum Bayes risk: Kumar and Byrne, N04-1022.
    """
    weights = np.exp([_SHARPNESS * look.log_prob / (len(look.ids) + 1) for look in looks])
    if not weights.any():
        return looks[0], 0.0
    weights /= weights.sum()
    pairs = [Counter(pairwise((BOS, *look.ids, EOS))) for look in looks]
    near = np.array([[2 * (a & b).total() / (a.total() + b.total()) for b in pairs] for a in pairs])
    best = looks[int(np.where(weights > 0, near @ weights, -1.0).argmax())]
    other = np.array([look.ids != best.ids for look in looks])
    same = [look for look in looks if look.ids == best.ids]
    return max(same, key=lambda look: look.log_prob), float(other @ weights)
