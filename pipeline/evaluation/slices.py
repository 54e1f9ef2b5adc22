"""The slices that reports share: by length and by rows."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

_LENGTHS = (1, 4, 8, 16, 32, 64, 128)  # last lengths of the slices, in canonical tokens


def length_slice(length: int) -> str:
    """The slice of a number of canonical tokens, such as ``1``, ``9-16`` or ``129+``."""
    place = bisect_left(_LENGTHS, length)
    first = _LENGTHS[place - 1] + 1 if place else 1
    if place == len(_LENGTHS):
        return f"{first}+"
    return f"{first}-{_LENGTHS[place]}" if first < _LENGTHS[place] else str(first)


def slice_rank(name: str) -> tuple[int, int]:
    """Sorts names of slices such as ``9-16``, ``129+`` or ``below 16`` by their last number; words go last."""
    numbers = [int(number) for number in re.findall(r"\d+", name)]
    return (0, numbers[-1] + name.endswith(("+", "more"))) if numbers else (1, 0)


def rows_slice(tokens: Sequence[str]) -> str:
    """The slice of a formula by its rows, those of matrices in it counted too: ``1``, ``2``, ``3-4`` or ``5+``."""
    rows = 1 + sum(token == "\\\\" for token in tokens)
    return str(rows) if rows < 3 else "3-4" if rows < 5 else "5+"
