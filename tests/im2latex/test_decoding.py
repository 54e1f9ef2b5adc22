"""Greedy decoding and beam search: order, ends, loops, confidences."""

import math

import numpy as np
import pytest

from mathocr.im2latex.beam import beam_search
from mathocr.im2latex.decoding import greedy, log_softmax
from mathocr.im2latex.grammar import Grammar
from mathocr.im2latex.repetition import loop_start
from mathocr.im2latex.vocabulary import BOS, EOS, PAD, UNK, Vocabulary


def scripted(sequences, vocabulary=12, probability=0.9):
    """A step function that wants each row's next token of its script."""
    state = {"place": -1}

    def step(ids, places, seen):
        assert ids.shape == places.shape == (len(sequences), 1) and seen.shape == (len(sequences), state["place"] + 1)
        state["place"] += 1
        logits = np.full((len(sequences), 1, vocabulary), math.log((1 - probability) / (vocabulary - 1)), np.float32)
        for row, script in enumerate(sequences):
            logits[row, 0, script[min(state["place"], len(script) - 1)]] = math.log(probability)
        return logits

    return step


def test_rows_end_on_their_own():
    first, second = greedy(scripted([[5, EOS], [6, 7, 8, EOS]]), batch=2, max_length=10)
    assert (first.ids, first.stopped) == ([5], "end")
    assert (second.ids, second.stopped) == ([6, 7, 8], "end")
    assert len(first.log_probs) == 2 and len(second.log_probs) == 4


def test_special_tokens_are_never_written():
    def step(ids, places, seen):
        logits = np.zeros((1, 1, 12), np.float32)
        logits[..., [PAD, BOS, UNK]] = 9.0
        logits[..., EOS] = 1.0
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
        ([8, 9] * 10, 2),  # cells of a matrix row
        (list(range(60)), None),
    ],
)
def test_loop_start(ids, start):
    assert loop_start(ids) == start


def test_a_loop_with_small_changes_is_one():
    begun = list(range(20, 60))
    turns = [token for turn in range(60) for token in (1, 2, 3 + turn.bit_count() % 2)]  # no turn thrice in a row
    whole = begun + turns
    seen = next(n for n in range(len(whole)) if loop_start(whole[:n]) is not None)
    assert 128 <= seen <= 40 + 128 + 16
    start = loop_start(whole[:seen])
    assert len(begun) < start < len(begun) + 12 and whole[:start] == begun + turns[: start - 40]
    assert loop_start([*whole, 9]) is None  # looked for at every 16th token only


def test_rows_of_a_matrix_are_no_loop():
    cell, end = 5, 6
    identity = [t for row in range(14) for column in range(10) for t in (1 + (row % 10 == column), cell)]
    identity = [end if place % 20 == 19 else token for place, token in enumerate(identity)]
    assert len(identity) > 256
    assert all(loop_start(identity[:n], cell) is None for n in range(len(identity)))
    assert any(loop_start(identity[:n]) is not None for n in range(len(identity)))


class Tree:
    """A network that knows the next token's probabilities after each prefix; rows can be kept and doubled."""

    def __init__(self, images):
        self.images, self.fed = list(images), np.zeros((len(images), 0), np.int64)
        self.rows = []

    def step(self, ids, places, seen):
        self.rows.append(len(ids))
        logits = np.full((*ids.shape, 12), -20.0, np.float32)
        for row, image in enumerate(self.images):
            before = self.fed[row][seen[row]].tolist()
            for number in range(ids.shape[1]):
                prefix = [*before, *ids[row, : number + 1].tolist()]
                assert places[row, number] == len(prefix) - 1 or PAD in prefix  # what fills up has no place of its own
                for token, probability in image.get(tuple(prefix[1:]), {EOS: 1.0}).items():
                    logits[row, number, token] = math.log(probability)
        self.fed = np.concatenate((self.fed, ids), axis=1)
        return logits

    def keep(self, rows):
        self.images, self.fed = [self.images[row] for row in rows], self.fed[rows]


GARDEN = {(): {4: 0.6, 5: 0.4}, (4,): {6: 0.4, 7: 0.35, 8: 0.25}, (5,): {9: 0.9, 10: 0.1}}  # greedy errs: .24 < .36
PLAIN = {(): {6: 0.8, 7: 0.2}, (6,): {7: 0.9, EOS: 0.1}, (6, 7): {8: 0.7, EOS: 0.3}}


def search(images, width, grammar=None):
    tree = Tree(images)
    return beam_search(tree.step, tree.keep, len(images), 8, width, grammar)


def test_beam_finds_what_greedy_misses_and_ranks_by_probability():
    tree = Tree([GARDEN])
    assert greedy(tree.step, 1, 8)[0].ids == [4, 6]
    (found,) = search([GARDEN], 3)
    assert [(one.ids, one.stopped) for one in found] == [([5, 9], "end"), ([4, 6], "end"), ([4, 7], "end")]
    assert [math.exp(sum(one.log_probs)) for one in found] == pytest.approx([0.36, 0.24, 0.21], rel=1e-3)


def test_beam_of_one_is_greedy_and_images_do_not_mix():
    trees = [GARDEN, PLAIN, {}, GARDEN]
    alone = [search([image], 3)[0] for image in trees]
    together = search(trees, 3)
    assert [[one.ids for one in found] for found in together] == [[one.ids for one in found] for found in alone]
    tree = Tree(trees)
    assert [found[0].ids for found in search(trees, 1)] == [one.ids for one in greedy(tree.step, 4, 8)]
    with pytest.raises(ValueError, match="width must be at least 1, got 0"):
        search(trees, 0)


def test_rows_at_their_end_are_dropped():
    tree = Tree([GARDEN, PLAIN, {}, {}])
    free = greedy(tree.step, 4, 8)
    assert tree.rows == [4, 4, 4, 4]
    tree = Tree([GARDEN, PLAIN, {}, {}])
    dropping = greedy(tree.step, 4, 8, keep=tree.keep)
    assert tree.rows == [4, 2, 2, 1]
    assert [one.ids for one in dropping] == [one.ids for one in free] == [[4, 6], [6, 7, 8], [], []]


@pytest.mark.parametrize("keeps", [False, True])
@pytest.mark.parametrize("guess", [[6, 7, 8], [7, 7, 7], [4, 6], [5]])
def test_a_draft_saves_steps_and_changes_nothing(guess, keeps):
    images = [GARDEN, PLAIN, {}, {(): {7: 1.0}, (7,): {7: 1.0}, (7, 7): {7: 1.0}}]
    plain, drafted = Tree(images), Tree(images)
    wanted = greedy(plain.step, 4, 8, keep=plain.keep if keeps else None)

    def draft(ids, most):
        return guess[len(ids) :][:most]

    found = greedy(drafted.step, 4, 8, keep=drafted.keep if keeps else None, draft=draft)
    assert [(one.ids, one.stopped) for one in found] == [(one.ids, one.stopped) for one in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert one.log_probs == pytest.approx(other.log_probs)
    right = max(guess == [6, 7, 8], guess == [7, 7, 7])
    assert len(drafted.rows) == len(plain.rows) if not right else len(drafted.rows) <= len(plain.rows)


def test_a_right_draft_of_three_takes_a_quarter_of_the_steps():
    script = [4, 5, 6, 7, 8, 9, 10, 11, 4, 6, 8]
    image = {tuple(script[:n]): {token: 1.0} for n, token in enumerate(script)}
    tree = Tree([image])
    (read,) = greedy(tree.step, 1, 30, draft=lambda ids, most: script[len(ids) :][:most])
    assert (read.ids, read.stopped, len(tree.rows)) == (script, "end", 3)
    tree = Tree([image])
    (cut,) = greedy(tree.step, 1, 6, draft=lambda ids, most: script[len(ids) :][:most])
    assert (cut.ids, cut.stopped, len(tree.rows)) == (script[:6], "length", 2)


def test_beam_keeps_to_the_grammar():
    vocabulary = Vocabulary(["x", "_", "{", "}", "y", "2", "3", "4"])
    x, sub, opening, closing, y = range(4, 9)
    likes = {(): {x: 0.7, closing: 0.3}, (x,): {sub: 0.6, EOS: 0.4}, (x, sub): {y: 0.9, opening: 0.1}}
    (found,) = search([{**likes, (x, sub, opening): {y: 1.0}, (x, sub, opening, y): {EOS: 0.9, closing: 0.1}}], 3,
                      Grammar(vocabulary))  # fmt: skip
    assert found[0].ids == [x] and [x, sub, opening, y, closing] in [one.ids for one in found]


def test_beam_without_an_end_gives_what_was_cut():
    endless = {tuple([4] * n): {4: 1.0} for n in range(200)}
    tree = Tree([endless])
    (found,) = beam_search(tree.step, tree.keep, 1, 60, 2)
    assert (found[0].ids, found[0].stopped) == ([4], "repetition") or found[0].stopped == "end"
    (short,) = search([{tuple([4] * n): {4: 0.5, 5: 0.5} for n in range(9)}], 1)
    assert len(short) == 1 and short[0].stopped in ("length", "end")


def test_log_softmax_by_hand():
    expected = [math.log(1 / 4), math.log(3 / 4)]
    assert log_softmax(np.array([[0.0, math.log(3)]], np.float32))[0] == pytest.approx(expected)
