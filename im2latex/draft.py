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
_BITS = 15  # of a token in a key: ids are int16
_PREFIX = "draft."  # of the tensors in a weights file


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
        keys = contexts.astype(np.int64) @ (1 << _BITS * np.arange(_ORDER - 1, -1, -1))  # as ``_key``, and quickly
        self._table = dict(zip(keys.tolist(), zip(following.tolist(), chance.tolist(), strict=True), strict=True))

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
        whole = _key(context)
        for length in range(len(context), 0, -1):
            if found := self._table.get(whole & (1 << _BITS * length) - 1):
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
        frequent = [(context, follows) for context, follows in counts.items() if follows.total() >= _LEAST]
        for context, follows in sorted(frequent, key=lambda item: (len(item[0]), item[0])):
            token, times = follows.most_common(1)[0]
            chance = times / follows.total()
            shorter = next((table[context[n:]] for n in range(1, len(context)) if context[n:] in table), (EOS, 0.0))
            told = chance >= _SURE and shorter[0] == token
            if not told and max(chance, shorter[1]) >= _SURE:
                table[context] = (token, chance)
        rows = [[PAD] * (_ORDER - len(context)) + list(context) for context in table]
        return cls(
            np.array(rows, np.int16).reshape(-1, _ORDER),
            np.array([token for token, _ in table.values()], np.int16),
            np.array([chance for _, chance in table.values()], np.float32),
        )

    def tensors(self) -> dict[str, NDArray]:
        """For a weights file."""
        arrays = {"contexts": self._contexts, "following": self._following, "chance": self._chance}
        return {f"{_PREFIX}{name}": array for name, array in arrays.items()}

    @classmethod
    def of(cls, tensors: Mapping[str, NDArray]) -> NgramDraft | None:
        """From a weights file; None where it has none."""
        if f"{_PREFIX}contexts" not in tensors:
            return None
        return cls(*(tensors[f"{_PREFIX}{name}"] for name in ("contexts", "following", "chance")))


def network_tensors(tensors: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """The tensors of a weights file without those of a draft."""
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(_PREFIX)}


def _key(context: Sequence[int]) -> int:
    """A context as one number, the latest token in the lowest bits; ``PAD``, which is 0, in front changes nothing."""
    key = 0
    for token in context:
        key = key << _BITS | token
    return key
