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

_DRAFTED = 3  # tokens guessed at once; more hardly ever come true, and each costs time
_KEEP_SHARE = 0.75  # of the rows; where fewer are not yet at their end the others are dropped from the batch

Logits = NDArray[np.float32]
Ids = NDArray[np.int64]
# Ids to feed (R, L), their places in their sequences (R, L), and which of the T ids that were fed before belong to the
# sequences (R, T) -> logits of the token after each (R, L, V). What runs the network keeps the cache of each row.
Step = Callable[[Ids, Ids, NDArray[np.bool_]], Logits]
# ids so far, and how many are wanted at most -> ids that may follow
Draft = Callable[[Sequence[int], int], list[int]]
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


class Fed:
    """What was fed to the network: it has a slot in its cache for each id, also for those of a draft that was wrong.

    Args:
        step: Runs the network.
        keep: Drops rows of it; None where they cannot be dropped.
        rows: R.
        last: The last place that the network knows.
    """

    def __init__(self, step: Step, keep: Keep | None, rows: int, last: int) -> None:
        self._step, self._keep, self._last = step, keep, last
        self._lengths = np.zeros(rows, dtype=np.int64)
        self._seen = np.zeros((rows, 0), dtype=np.bool_)

    def log_probs(self, ids: Sequence[Sequence[int]]) -> Logits:
        """Feed the next ids of each row, as many of each, and give log-probabilities of what follows ``(R, L, V)``.

        Those of the special tokens are ``-inf``.
        """
        fed = np.asarray(ids, dtype=np.int64)
        places = np.minimum(self._lengths[:, None] + np.arange(fed.shape[1]), self._last)
        logits = self._step(fed, places, self._seen).astype(np.float32, copy=True)
        self._seen = np.concatenate((self._seen, np.ones(fed.shape, dtype=np.bool_)), axis=1)
        self._lengths = self._lengths + fed.shape[1]
        logits[..., [PAD, BOS, UNK]] = -np.inf
        return log_softmax(logits)

    def forget(self, counts: Ids) -> None:
        """Take back the last ids of each row, so many of those that were fed last."""
        self._seen &= np.arange(self._seen.shape[1]) < self._seen.shape[1] - counts[:, None]
        self._lengths = self._lengths - counts

    def keep(self, rows: Ids) -> None:
        """Go on with these rows alone, here and in the network, see ``Keep``."""
        if self._keep is not None:
            self._keep(rows)
        self._seen, self._lengths = self._seen[rows], self._lengths[rows]


def greedy(
    step: Step,
    batch: int,
    max_length: int,
    grammar: Grammar | None = None,
    keep: Keep | None = None,
    draft: Draft | None = None,
) -> list[Decoded]:
    """Take the likeliest token at each step until every sequence has ended.

    With a grammar every sequence is well-formed: what may not come next is passed over, and a sequence that was cut
    is closed by empty arguments, braces and ends of environments, whose log-probability is minus infinity. The others'
    is what the network gave, so that a choice that was forced lowers the confidence.

    With a draft a step is fed the latest token and a guess of the next ones, and what the network itself would have
    taken after each of them is known at once: as far as the guess was right, tokens are had without a step. The
    sequences are the same, up to rounding.

    Args:
        step: Runs the network, over as many rows as the batch at first.
        batch: B.
        max_length: Most tokens of a sequence, not counting those that close it.
        grammar: What may follow what; None where anything may.
        keep: Drops the rows that are at their end; None where they cannot be dropped.
        draft: Guesses what follows; None for a step a token.

    Returns:
        B sequences.
    """
    growing = [_Growing(grammar, max_length) for _ in range(batch)]
    fed = Fed(step, keep, batch, max_length)
    rows = np.arange(batch)  # which sequence each row of the network is
    while any(one.done is None for one in growing):
        open_rows = np.array([place for place, row in enumerate(rows) if growing[row].done is None])
        if keep is not None and len(open_rows) < _KEEP_SHARE * len(rows):
            fed.keep(open_rows)
            rows = rows[open_rows]
        inputs = [growing[row].inputs(draft) for row in rows]
        width = max(map(len, inputs))
        log_probs = fed.log_probs([ids + [PAD] * (width - len(ids)) for ids in inputs])
        used = [growing[row].take(log_probs[place], inputs[place][1:]) for place, row in enumerate(rows)]
        fed.forget(width - np.array(used))
    return [one.done for one in growing if one.done is not None]


class _Growing:
    """One sequence of greedy decoding.

    Args:
        grammar: As ``greedy``.
        max_length: As ``greedy``.
    """

    def __init__(self, grammar: Grammar | None, max_length: int) -> None:
        self._hypothesis, self._most = Hypothesis(grammar), max_length
        self._cell = -1 if grammar is None else grammar.id("&")
        self.done: Decoded | None = None if max_length else self._hypothesis.cut(None, "length")

    def inputs(self, draft: Draft | None) -> list[int]:
        """Ids to feed next: the latest, and a guess of what follows it."""
        ids = self._hypothesis.ids
        latest = ids[-1:] or [BOS]
        room = min(_DRAFTED, self._most - len(ids) - 1)
        return latest if draft is None or self.done is not None or room < 1 else latest + draft(ids, room)

    def take(self, log_probs: Logits, guess: Sequence[int]) -> int:
        """Go on by what the network says.

        Args:
            log_probs: After the latest id and after each of the guess, ``(L, V)``, L at least one more than these.
            guess: Ids that were fed behind the latest.

        Returns:
            How many of the ids that were fed belong to the sequence.
        """
        used = 0
        while self.done is None and used <= len(guess):
            token = next(self._hypothesis.choices(log_probs[used]))
            self._hypothesis.add(token, float(log_probs[used, token]))
            ids = self._hypothesis.ids
            if token == EOS:
                self.done = Decoded(ids, self._hypothesis.log_probs, "end")
            elif (length := loop_start(ids, self._cell)) is not None:
                self.done = self._hypothesis.cut(length, "repetition")
            elif len(ids) == self._most:
                self.done = self._hypothesis.cut(None, "length")
            used += 1
            if guess[used - 1 : used] != [token]:
                break
        return used
