"""Greedy decoding: from next-token logits to tokens, with loops cut and a confidence for every token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mathocr.data.contracts import Stopped
from mathocr.im2latex.grammar import Grammar, State
from mathocr.im2latex.vocabulary import BOS, EOS, PAD, UNK

_LOOP_SPAN = 24  # tokens: the longest pattern looked for
_LOOP_TIMES = 5  # a pattern this often in a row is a loop, if it also covers _LOOP_TOKENS
_LOOP_TOKENS = 20

Logits = NDArray[np.float32]
# latest ids (B,) -> logits of the next token (B, V)
Step = Callable[[NDArray[np.int64]], Logits]


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


def loop_start(ids: Sequence[int]) -> int | None:
    """Where a sequence began to repeat itself without end.

    A loop is a pattern of up to 24 ids that ends the sequence, stands there at least 5 times in a row, and covers
    at least 20 ids. (A row of twenty zeros in a matrix is not one: its cells are ``0 &``, ended by a row's end.)

    Args:
        ids: Token ids so far.

    Returns:
        Index after the first occurrence of the pattern, or None where there is no loop.
    """
    for span in range(1, min(_LOOP_SPAN, len(ids) // _LOOP_TIMES) + 1):
        times = max(_LOOP_TIMES, -(-_LOOP_TOKENS // span))
        tail = ids[-span * times :]
        if len(tail) == span * times and all(tail[i] == tail[i - span] for i in range(span, len(tail))):
            start = len(ids) - span * times
            while start > 0 and ids[start - 1] == ids[start - 1 + span]:
                start -= 1
            return start + span
    return None


def log_softmax(logits: Logits) -> Logits:
    """Log-probabilities over the last axis, same shape."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def greedy(step: Step, batch: int, max_length: int, grammar: Grammar | None = None) -> list[Decoded]:
    """Take the likeliest token at each step until every sequence has ended.

    With a grammar every sequence is well-formed: what may not come next is passed over, and a sequence that was cut
    is closed by empty arguments, braces and ends of environments, whose log-probability is minus infinity. The others'
    is what the network gave, so that a choice that was forced lowers the confidence.

    Args:
        step: Gives the next-token logits ``(B, V)`` for the latest ids ``(B,)``, keeping its own cache.
        batch: B.
        max_length: Most tokens of a sequence, not counting those that close it.
        grammar: What may follow what; None where anything may.

    Returns:
        B sequences.
    """
    states = [State(grammar) for _ in range(batch)] if grammar is not None else None
    ids: list[list[int]] = [[] for _ in range(batch)]
    log_probs: list[list[float]] = [[] for _ in range(batch)]
    stopped: list[Stopped | None] = [None] * batch
    latest = np.full(batch, BOS, dtype=np.int64)
    for _ in range(max_length):
        logits = step(latest).astype(np.float32, copy=True)
        logits[:, [PAD, BOS, UNK]] = -np.inf
        scores = log_softmax(logits)
        latest = scores.argmax(axis=-1).astype(np.int64)
        for row in range(batch):
            if stopped[row] is not None:
                latest[row] = EOS
                continue
            if states is not None and not states[row].allows(int(latest[row])):
                latest[row] = np.where(states[row].mask(), scores[row], -np.inf).argmax()
            log_probs[row].append(float(scores[row, latest[row]]))
            if latest[row] == EOS:
                stopped[row] = "end"
                continue
            ids[row].append(int(latest[row]))
            if states is not None:
                states[row].advance(int(latest[row]))
            cut = loop_start(ids[row])
            if cut is not None:
                del ids[row][cut:], log_probs[row][cut:]
                stopped[row] = "repetition"
        if all(reason is not None for reason in stopped):
            break
    if grammar is not None:
        for row in range(batch):
            if stopped[row] != "end":
                _complete(grammar, ids[row], log_probs[row])
    return [Decoded(i, p, reason or "length") for i, p, reason in zip(ids, log_probs, stopped, strict=True)]


def _complete(grammar: Grammar, ids: list[int], log_probs: list[float]) -> None:
    """Close a sequence that was cut, in place."""
    state = State(grammar)
    for token in ids:
        state.advance(token)
    closing = state.closing()
    ids.extend(closing)
    log_probs.extend([-np.inf] * len(closing))
