import random

import numpy as np
import pytest

from mathocr.im2latex.metrics import (
    bleu,
    bleu_counts,
    bleu_from_counts,
    corpus_edit_similarity,
    edit_similarity,
    exact_match,
    plain_tokens,
)


def textbook_distance(first, second):
    """Wagner-Fischer, the whole table."""
    table = np.zeros((len(first) + 1, len(second) + 1), int)
    table[:, 0], table[0] = range(len(first) + 1), range(len(second) + 1)
    for i, a in enumerate(first, 1):
        for j, b in enumerate(second, 1):
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a != b))
    return table[-1, -1]


def random_pairs(count, seed=5):
    """Pairs of token sequences that share much, some empty."""
    rng = random.Random(seed)
    pairs = []
    for _ in range(count):
        target = rng.choices(["x", "y", "\\frac", "{", "}", "^", "2"], k=rng.randrange(25))
        pred = [token if rng.random() < 0.8 else "z" for token in target if rng.random() < 0.9]
        pairs.append((pred, target))
    return pairs


def test_exact_match_compares_tokens_and_order():
    assert exact_match(["x", "^", "{", "2", "}"], ("x", "^", "{", "2", "}"))
    assert not exact_match(["x", "y"], ["y", "x"])
    assert not exact_match(["xy"], ["x", "y"])
    assert exact_match([], [])
    assert not exact_match([], ["x"])


def test_edit_similarity_by_hand():
    assert edit_similarity(list("abcd"), list("abxd")) == 0.75
    assert edit_similarity(list("ab"), list("abcd")) == 0.5  # by the longer of the two, whichever it is
    assert edit_similarity(list("abcd"), list("ab")) == 0.5
    assert edit_similarity(["\\alpha"], ["\\beta"]) == 0.0  # tokens, not characters
    assert edit_similarity([], []) == 1.0


def test_edit_similarity_agrees_with_the_textbook():
    for pred, target in random_pairs(60):
        longest = max(len(pred), len(target), 1)
        assert edit_similarity(pred, target) == pytest.approx(1 - textbook_distance(pred, target) / longest)


def test_corpus_edit_similarity_weighs_tokens_not_formulas():
    preds, targets = [list("aaaaaaaaa"), ["x"]], [list("aaaaaaaaa"), ["y"]]
    assert corpus_edit_similarity(preds, targets) == pytest.approx(0.9)  # the mean over formulas would be 0.5
    assert corpus_edit_similarity([], []) == 1.0
    with pytest.raises(ValueError, match="got 1 and 2"):
        corpus_edit_similarity([["x"]], targets)


def test_bleu_agrees_with_sacrebleu():
    sacrebleu = pytest.importorskip("sacrebleu")
    for seed, count in ((1, 30), (2, 3), (3, 1)):
        preds, targets = zip(*random_pairs(count, seed), strict=True)
        words = [" ".join(tokens) for tokens in preds], [[" ".join(tokens) for tokens in targets]]
        assert bleu(preds, targets) == pytest.approx(sacrebleu.corpus_bleu(*words, tokenize="none").score, abs=1e-9)


def test_bleu_by_hand():
    target = list("abcdefgh")
    assert bleu([target], [target]) == pytest.approx(100)
    # one of eight wrong at the end: 7/8, 6/7, 5/6, 4/5 of the n-grams are right
    assert bleu([list("abcdefgx")], [target]) == pytest.approx(100 * (7 / 8 * 6 / 7 * 5 / 6 * 4 / 5) ** 0.25)
    # all right but two tokens short of eight: only the brevity penalty
    assert bleu([list("abcdef")], [target]) == pytest.approx(100 * np.exp(1 - 8 / 6))
    # too long: precisions 8/10, 7/9, 6/8, 5/7, and no penalty
    assert bleu([list("abcdefghxy")], [target]) == pytest.approx(100 * (8 / 10 * 7 / 9 * 6 / 8 * 5 / 7) ** 0.25)
    assert bleu([], []) == 0.0


def test_bleu_does_not_count_a_repeated_token_twice():
    counts = bleu_counts(["x", "x", "x"], ["x", "y"])
    assert counts.tolist() == [3, 2, 1, 0, 0, 0, 3, 2, 1, 0]


def test_bleu_counts_add_up():
    pairs = random_pairs(40)
    total = np.sum([bleu_counts(*pair) for pair in pairs], axis=0)
    assert bleu_from_counts(total) == bleu(*zip(*pairs, strict=True))
    with pytest.raises(ValueError, match=r"must be \(10,\)"):
        bleu_from_counts(np.zeros((2, 5)))


def test_bleu_needs_pairs():
    with pytest.raises(ValueError, match="got 2 and 1"):
        bleu([["x"], ["y"]], [["x"]])


@pytest.mark.parametrize(
    "tex",
    [
        r"\left( \frac { d x } { d \lambda } \right) ^ { 2 } = \operatorname* { l i m } \hspace { 1 c m } .",
        r"\begin{array} { l r } { a } & { \rightarrow \ b } \\ { c } & { \leftarrow \, d } \\ \end{array}",
        r"\left\{ x \right.",
    ],
)
def test_plain_tokens_of_normalised_text_are_its_words(tex):
    assert plain_tokens(tex) == tex.split()


def test_plain_tokens_of_free_text():
    tokens = plain_tokens(r"\left ( x_{12}\right] \begin {array}{l}\alpha b\\\{ c\end{array}")
    assert tokens == [
        *("\\left(", "x", "_", "{", "1", "2", "}", "\\right]", "\\begin{array}", "{", "l", "}"),
        *("\\alpha", "b", "\\\\", "\\{", "c", "\\end{array}"),
    ]
    assert plain_tokens("  ") == []
