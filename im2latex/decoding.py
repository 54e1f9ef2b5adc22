"""From next-token logits to tokens: greedily or by beam search, well-formed, with loops cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mathocr.data.contracts import Stopped
from mathocr.im2latex.grammar import Grammar, State
from mathocr.im2latex.repetition import loop_start
from mathocr.im2latex.vocabulary import BOS, EOS, PAD, UNK

_KEEP_SHARE = 0.75  # of the rows; where fewer are not yet at their end the others are dropped from the batch

Logits = NDArray[np.float32]
# latest ids (R,) of R rows -> logits of the next token (R, V); what runs the network keeps the cache of each row
Step = Callable[[NDArray[np.int64]], Logits]
# go on with these rows alone, in this order, int64 (R',); a row may come several times
Keep = Callable[[NDArray[np.int64]], None]


class Decoded(NamedTuple):
    """One decoded sequence.

    Attributes:
        ids: Without begin and end.
        log_probs: Log-probability of each id, and of the end where there was one.
        stopped: Why it ended.
    """

    ids: list[int]
    log_probs: list[float]
    stopped: Stopped


class Hypothesis:
    """A sequence that grows.

    Args:
        grammar: What may follow what; None where anything may.
    """

    __slots__ = ("_grammar", "ids", "log_probs", "state", "total")

    def __init__(self, grammar: Grammar | None) -> None:
        self._grammar = grammar
        self.state = None if grammar is None else State(grammar)
        self.ids: list[int] = []
        self.log_probs: list[float] = []
        self.total = 0.0

    def choices(self, log_probs: Logits) -> Iterator[int]:
        """Ids that may come next, the likeliest first, of ``log_probs`` ``(V,)``."""
        first = int(log_probs.argmax())
        if self.allows(first):
            yield first
        for token in np.argsort(-log_probs, kind="stable"):
            if token != first and self.allows(int(token)):
                yield int(token)

    def allows(self, token: int) -> bool:
        """Whether an id may come next."""
        return self.state is None or self.state.allows(token)

    def add(self, token: int, log_prob: float) -> None:
        """Go on by an id that is allowed, or by the end."""
        self.log_probs.append(log_prob)
        self.total += log_prob
        if token != EOS:
            self.ids.append(token)
            if self.state is not None:
                self.state.advance(token)

    def branch(self) -> Hypothesis:
        """A copy that grows on its own."""
        other = Hypothesis.__new__(Hypothesis)
        other._grammar, other.total = self._grammar, self.total
        other.ids, other.log_probs = self.ids.copy(), self.log_probs.copy()
        other.state = None if self.state is None else self.state.copy()
        return other

    def cut(self, length: int | None, reason: Stopped) -> Decoded:
        """What is left of a sequence that did not end, closed by empty arguments, braces and ends of environments."""
        ids, log_probs = self.ids[:length], self.log_probs[:length]
        if self._grammar is not None:
            state = State(self._grammar)
            for token in ids:
                state.advance(token)
            closing = state.closing()
            ids.extend(closing)
            log_probs.extend([-np.inf] * len(closing))
        return Decoded(ids, log_probs, reason)


def log_softmax(logits: Logits) -> Logits:
    """Log-probabilities over the last axis, same shape."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def next_log_probs(step: Step, latest: Sequence[int]) -> Logits:
    """Log-probabilities of the next token ``(R, V)`` after the latest ids; the special tokens' are ``-inf``."""
    logits = step(np.asarray(latest, dtype=np.int64)).astype(np.float32, copy=True)
    logits[:, [PAD, BOS, UNK]] = -np.inf
    return log_softmax(logits)


def greedy(
    step: Step, batch: int, max_length: int, grammar: Grammar | None = None, keep: Keep | None = None
) -> list[Decoded]:
    """Take the likeliest token at each step until every sequence has ended.

    With a grammar every sequence is well-formed: what may not come next is passed over, and a sequence that was cut
    is closed by empty arguments, braces and ends of environments, whose log-probability is minus infinity. The others'
    is what the network gave, so that a choice that was forced lowers the confidence.

    Args:
        step: Runs the network, over as many rows as the batch at first.
        batch: B.
        max_length: Most tokens of a sequence, not counting those that close it.
        grammar: What may follow what; None where anything may.
        keep: Drops the rows that are at their end; None where they cannot be dropped.

    Returns:
        B sequences.
    """
    growing = [Hypothesis(grammar) for _ in range(batch)]
    cell = -1 if grammar is None else grammar.id("&")
    done: dict[int, Decoded] = {}
    rows = np.arange(batch)  # which sequence each row of the network is
    latest = [BOS] * batch
    for _ in range(max_length):
        if len(done) == batch:
            break
        open_rows = np.array([place for place, row in enumerate(rows) if int(row) not in done])
        if keep is not None and len(open_rows) < _KEEP_SHARE * len(rows):
            keep(open_rows)
            rows, latest = rows[open_rows], [latest[place] for place in open_rows]
        log_probs = next_log_probs(step, latest)
        for place, row in enumerate(map(int, rows)):
            if row in done:
                continue
            hypothesis = growing[row]
            latest[place] = token = next(hypothesis.choices(log_probs[place]))
            hypothesis.add(token, float(log_probs[place, token]))
            if token == EOS:
                done[row] = Decoded(hypothesis.ids, hypothesis.log_probs, "end")
            elif (length := loop_start(hypothesis.ids, cell)) is not None:
                done[row] = hypothesis.cut(length, "repetition")
    return [done[row] if row in done else growing[row].cut(None, "length") for row in range(batch)]
