"""Cheap guesses of the next tokens, for the network to check several in one step: n-grams of the training formulas."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mathocr.im2latex.vocabulary import BOS, EOS, PAD

_ORDER = 4  # tokens looked back at, at most
_LEAST = 8  # occurrences of a context before it counts
_SURE = 0.35  # chance that all of a guess is right, at least
PREFIX = "draft."  # of the tensors in a weights file


class NgramDraft:
    """Guesses how a sequence goes on, by what followed its last tokens most often.

    The longest known context decides; contexts that say the same as a shorter one are not kept.

    Args:
        contexts: Tokens before, the latest last, filled up with ``PAD`` in front, int16 ``(N, 4)``.
        following: The token that followed most often, int16 ``(N,)``.
        chance: How often it did, in [0, 1], float ``(N,)``.
    """

    def __init__(self, contexts: NDArray[np.int16], following: NDArray[np.int16], chance: NDArray[np.floating]) -> None:
        self._contexts, self._following, self._chance = contexts, following, chance
        self._table = {
            tuple(token for token in context if token != PAD): (token, sure)
            for context, token, sure in zip(contexts.tolist(), following.tolist(), chance.tolist(), strict=True)
        }

    def __call__(self, ids: Sequence[int], most: int) -> list[int]:
        """Up to ``most`` tokens that may come after ``ids``, without begin and end; none where nothing is likely."""
        context = [BOS, *ids][-_ORDER:]
        guess: list[int] = []
        sure = 1.0
        while len(guess) < most:
            token, chance = self._next(context)
            sure *= chance
            if sure < _SURE or token == EOS:
                break
            guess.append(token)
            context = [*context, token][-_ORDER:]
        return guess

    def _next(self, context: Sequence[int]) -> tuple[int, float]:
        for start in range(len(context)):
            if found := self._table.get(tuple(context[start:])):
                return found
        return EOS, 0.0

    @classmethod
    def fit(cls, sequences: Iterable[Sequence[int]]) -> NgramDraft:
        """Count what follows what.

        Args:
            sequences: Token ids of many formulas, without begin and end.
        """
        counts: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
        for ids in sequences:
            whole = [BOS, *map(int, ids), EOS]
            for place in range(1, len(whole)):
                for length in range(1, min(_ORDER, place) + 1):
                    counts[tuple(whole[place - length : place])][whole[place]] += 1
        table: dict[tuple[int, ...], tuple[int, float]] = {}
        for context, follows in sorted(counts.items(), key=lambda item: (len(item[0]), item[0])):
            (token, times), total = follows.most_common(1)[0], follows.total()
            chance = times / total
            shorter = next((table[context[n:]] for n in range(1, len(context)) if context[n:] in table), (EOS, 0.0))
            told = shorter[0] == token if chance >= _SURE else False
            if total >= _LEAST and not told and max(chance, shorter[1]) >= _SURE:
                table[context] = (token, chance)
        rows = [[PAD] * (_ORDER - len(context)) + list(context) for context in table]
        return cls(
            np.array(rows, np.int16).reshape(-1, _ORDER),
            np.array([token for token, _ in table.values()], np.int16),
            np.array([chance for _, chance in table.values()], np.float32),
        )

    def tensors(self) -> dict[str, NDArray]:
        """For a weights file."""
        return {
            f"{PREFIX}contexts": self._contexts, f"{PREFIX}following": self._following, f"{PREFIX}chance": self._chance,
        }  # fmt: skip

    @classmethod
    def of(cls, tensors: Mapping[str, NDArray]) -> NgramDraft | None:
        """From a weights file; None where it has none."""
        if f"{PREFIX}contexts" not in tensors:
            return None
        return cls(*(tensors[f"{PREFIX}{name}"] for name in ("contexts", "following", "chance")))
