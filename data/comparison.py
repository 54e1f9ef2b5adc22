"""Finds what is in a data set twice, or in two sets that must share nothing, by hashes of pixels and of LaTeX."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathocr.data.inspection import Fault


@dataclass(eq=False)
class Fingerprints:
    """What is kept of each row of a set: 20 bytes, whatever the size of its image.

    Attributes:
        samples: The set, asked for the file and row of what is found.
        images: Hash of each row's pixels, uint64 ``(N,)``, 0 for none.
        texts: Hash of each crop's canonical LaTeX, uint64 ``(N,)``, 0 for none.
        lengths: Canonical tokens of each row, int32 ``(N,)``.
    """

    samples: Sequence[Any]
    images: NDArray[np.uint64]
    texts: NDArray[np.uint64]
    lengths: NDArray[np.int32]

    @classmethod
    def empty(cls, samples: Sequence[Any]) -> Fingerprints:
        """Room for all rows of a set."""
        count = len(samples)
        return cls(samples, np.zeros(count, np.uint64), np.zeros(count, np.uint64), np.zeros(count, np.int32))

    def where(self, row: int) -> str:
        """File and row."""
        return self.samples[row].where


def duplicates(own: Fingerprints) -> Iterator[Fault]:
    """Rows whose pixels an earlier row has."""
    for row, first in repeated(own.images):
        other = "" if own.texts[row] == own.texts[first] else ", with other LaTeX"
        yield Fault("duplicate", own.where(row), f"the same image as {own.where(first)}{other}")


def leaks(own: Fingerprints, other: Fingerprints, shortest: int) -> Iterator[Fault]:
    """Rows whose pixels, or whose LaTeX of at least ``shortest`` tokens, the other set has too."""
    same_text = shared(own.texts, other.texts)
    same_text[own.lengths < shortest] = -1
    for what, matches in (("image", shared(own.images, other.images)), ("LaTeX", same_text)):
        for row in np.flatnonzero(matches >= 0):
            yield Fault("leak", own.where(int(row)), f"the same {what} as {other.where(int(matches[row]))}")


def repeated(hashes: NDArray[np.uint64]) -> Iterator[tuple[int, int]]:
    """Rows whose hash (other than 0) an earlier row has, each with the first such row."""
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    for row in np.flatnonzero((first[inverse] != np.arange(len(hashes))) & (hashes != 0)):
        yield int(row), int(first[inverse[row]])


def shared(mine: NDArray[np.uint64], theirs: NDArray[np.uint64]) -> NDArray[np.int64]:
    """For each of my hashes the first row of theirs that has it; -1 for none and for hash 0."""
    if not len(theirs):
        return np.full(len(mine), -1, np.int64)
    values, first = np.unique(theirs, return_index=True)
    place = np.minimum(np.searchsorted(values, mine), len(values) - 1)
    return np.where((mine != 0) & (values[place] == mine), first[place], -1)
