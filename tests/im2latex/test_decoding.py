"""Greedy decoding: order, ends, loops, confidences."""

import math

import numpy as np
import pytest

from mathocr.im2latex.decoding import greedy, log_softmax, loop_start
from mathocr.im2latex.vocabulary import BOS, EOS, PAD, UNK


def scripted(sequences, vocabulary=12, probability=0.9):
    """A step function that wants each row's next token of its script."""
    state = {"place": -1}

    def step(latest):
        assert latest.shape == (len(sequences),)
        state["place"] += 1
        logits = np.full((len(sequences), vocabulary), math.log((1 - probability) / (vocabulary - 1)), np.float32)
        for row, script in enumerate(sequences):
            logits[row, script[min(state["place"], len(script) - 1)]] = math.log(probability)
        return logits

    return step


def test_rows_end_on_their_own():
    first, second = greedy(scripted([[5, EOS], [6, 7, 8, EOS]]), batch=2, max_length=10)
    assert (first.ids, first.stopped) == ([5], "end")
    assert (second.ids, second.stopped) == ([6, 7, 8], "end")
    assert len(first.log_probs) == 2 and len(second.log_probs) == 4


def test_special_tokens_are_never_written():
    def step(latest):
        logits = np.zeros((1, 12), np.float32)
        logits[0, [PAD, BOS, UNK]] = 9.0
        logits[0, EOS] = 1.0
        return logits

    (read,) = greedy(step, 1, 5)
    assert read.ids == [] and read.stopped == "end"
    assert read.log_probs[0] == pytest.approx(1.0 - math.log(math.e + 8))


def test_length_limit_is_said():
    (read,) = greedy(scripted([[4, 5, 6, 7, 8, 9, 10, 11]]), batch=1, max_length=3)
    assert (read.ids, read.stopped) == ([4, 5, 6], "length")


def test_loop_is_cut_and_its_first_turn_kept():
    (read,) = greedy(scripted([[9, 8, *[5, 6] * 40]]), batch=1, max_length=80)
    assert (read.ids, read.stopped) == ([9, 8, 5, 6], "repetition")
    assert len(read.log_probs) == 4


@pytest.mark.parametrize(
    ("ids", "start"),
    [
        ([], None),
        ([7] * 19, None),
        ([3] + [7] * 20, 2),
        ([1, 2, 3] * 6, None),  # 18 ids are not yet a loop
        ([1, 2, 3] * 7, 3),
        ([9, 1, 2, 3] + [4, 5, 6, 7] * 5, 8),
        (list(range(60)), None),
    ],
)
def test_loop_start(ids, start):
    assert loop_start(ids) == start


def test_log_softmax_by_hand():
    expected = [math.log(1 / 4), math.log(3 / 4)]
    assert log_softmax(np.array([[0.0, math.log(3)]], np.float32))[0] == pytest.approx(expected)
