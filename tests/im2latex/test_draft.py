"""Guesses of the next tokens: counted right, stored, and read back."""

import numpy as np
import pytest

from mathocr.im2latex.draft import NgramDraft
from mathocr.im2latex.vocabulary import EOS

A, B, C, D, E = range(4, 9)


@pytest.fixture(scope="module")
def draft():
    return NgramDraft.fit([[A, B, C, D]] * 10 + [[E, B, D]] * 10 + [[C, A, B, C]] * 3)


def test_the_longest_known_context_decides(draft):
    assert draft([E], 3) == [B, D]  # behind E and B always D, though C is commoner behind B
    assert draft([A], 1) == [B]
    assert draft([A], 2) == [B, C]
    assert draft([D, A], 3) == [B, C, D]  # of D and A nothing is known


def test_an_end_and_what_is_not_likely_are_no_guess(draft):
    assert draft([E, B, D], 3) == []
    assert draft([9], 3) == []
    assert draft([A], 0) == []
    halves = NgramDraft.fit([[A, token] for token in (B, C, D)] * 10)
    assert halves([A], 3) == [] and halves([], 3) == [A]


def test_a_chain_stops_where_it_is_no_longer_sure():
    unsure = NgramDraft.fit([[A, B]] * 12 + [[A, C]] * 8 + [[B, C]] * 11 + [[B, D]] * 9)
    assert unsure([A], 3) == [B]  # .6 for B, but only a third for B and C together


def test_rare_contexts_do_not_count():
    assert NgramDraft.fit([[A, B]] * 7)([A], 1) == []
    assert NgramDraft.fit([[A, B]] * 8)([A], 1) == [B]


def test_contexts_that_tell_nothing_new_are_not_kept(draft):
    contexts = draft.tensors()["draft.contexts"]
    kept = {tuple(token for token in context if token) for context in contexts.tolist()}
    assert (E, B) in kept and (B,) in kept and (A, B) not in kept and (D,) not in kept  # behind D: nothing
    assert EOS not in {token for context in kept for token in context}


def test_it_is_the_same_from_the_file(draft):
    tensors = {
        name: array.astype(np.float16) if array.dtype.kind == "f" else array for name, array in draft.tensors().items()
    }
    again = NgramDraft.of(tensors)
    for ids in ([], [A], [E], [E, B], [C, A]):
        assert again(ids, 3) == draft(ids, 3)
    assert NgramDraft.of({"norm.weight": np.ones(3)}) is None
