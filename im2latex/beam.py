"""Beam search: several readings of each image, the likeliest first."""

from __future__ import annotations

import heapq
from itertools import islice

import numpy as np

from mathocr.im2latex.decoding import Decoded, Fed, Hypothesis, Keep, Step
from mathocr.im2latex.grammar import Grammar
from mathocr.im2latex.repetition import loop_start
from mathocr.im2latex.vocabulary import BOS, EOS


class _Image:
    """The search on one image.

    Args:
        width: Sequences that are followed.
        grammar: What may follow what; None where anything may.
    """

    def __init__(self, width: int, grammar: Grammar | None) -> None:
        self.width = width
        self._cell = -1 if grammar is None else grammar.id("&")
        self.alive = [Hypothesis(grammar)]
        self.ended: list[Hypothesis] = []
        self.looped: Decoded | None = None

    @property
    def searching(self) -> bool:
        """Whether a sequence could still come among the best: a total only sinks as a sequence grows."""
        if not self.alive:
            return False
        if len(self.ended) < self.width:
            return True
        return self.alive[0].total > heapq.nlargest(self.width, (ended.total for ended in self.ended))[-1]

    def grow(self, log_probs: np.ndarray) -> list[int]:
        """Follow the best continuations, given next-token log-probabilities ``(len(alive), V)``.

        Returns:
            Which of the sequences before each of those alive now goes on from.
        """
        found = [
            (hypothesis.total + float(log_probs[place, token]), place, token)
            for place, hypothesis in enumerate(self.alive)
            for token in islice(hypothesis.choices(log_probs[place]), self.width)
        ]
        found.sort(key=lambda one: (-one[0], one[1], one[2]))
        alive, parents = [], []
        for _, place, token in found[: self.width]:
            hypothesis = self.alive[place].branch()
            hypothesis.add(token, float(log_probs[place, token]))
            if token == EOS:
                self.ended.append(hypothesis)
            elif (length := loop_start(hypothesis.ids, self._cell)) is not None:
                self.looped = self.looped or hypothesis.cut(length, "repetition")
            else:
                alive.append(hypothesis)
                parents.append(place)
        self.alive = alive
        return parents

    def best(self) -> list[Decoded]:
        """Up to ``width`` sequences that ended, the likeliest first; one that was cut where none did."""
        ended = heapq.nlargest(self.width, self.ended, key=lambda hypothesis: hypothesis.total)
        if ended:
            return [Decoded(hypothesis.ids, hypothesis.log_probs, "end") for hypothesis in ended]
        return [self.alive[0].cut(None, "length")] if self.alive else [self.looped or Decoded([], [], "length")]


def beam_search(
    step: Step, keep: Keep, batch: int, max_length: int, width: int, grammar: Grammar | None = None
) -> list[list[Decoded]]:
    """Follow the ``width`` likeliest sequences of each image at once.

    Sequences are ranked by the sum of their log-probabilities, which is what the confidence is made of; the search on
    an image ends when none that is not at its end could still come among the best.

    Args:
        step: Runs the network, over as many rows as the batch at first.
        keep: Makes its rows those that are followed.
        batch: B.
        max_length: Most tokens of a sequence, not counting those that close it.
        width: Sequences followed, and the most that are given; at least 1.
        grammar: What may follow what; None where anything may.

    Returns:
        For each of B images the sequences that ended, the likeliest first, at least one; where none ended, one that
        was cut, as ``greedy`` gives it.

    Raises:
        ValueError: If the width is below 1.
    """
    if width < 1:
        raise ValueError(f"width must be at least 1, got {width}")
    images = [_Image(width, grammar) for _ in range(batch)]
    searching = images
    fed = Fed(step, keep, batch, max_length)
    latest = [BOS] * batch
    for _ in range(max_length):
        log_probs = fed.log_probs([[token] for token in latest])[:, 0]
        rows, latest, start = [], [], 0
        for image in searching:
            count = len(image.alive)
            parents = image.grow(log_probs[start : start + count])
            if image.searching:
                rows += [start + parent for parent in parents]
                latest += [hypothesis.ids[-1] for hypothesis in image.alive]
            start += count
        searching = [image for image in searching if image.searching]
        if not searching:
            break
        if rows != list(range(start)):
            fed.keep(np.array(rows))
    return [image.best() for image in images]
