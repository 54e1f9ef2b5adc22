"""The grammar of canonical LaTeX: what it accepts, what it forbids, how it closes, and that decoding obeys it."""

from pathlib import Path

import numpy as np
import pytest

from mathocr.data.latex import problems, tokenize
from mathocr.data.synthesis.grammar import grammar_formulas
from mathocr.im2latex.decoding import greedy
from mathocr.im2latex.grammar import Grammar, State
from mathocr.im2latex.vocabulary import EOS, UNK, Vocabulary

VOCABULARY = Vocabulary.from_file(Path(__file__).parents[2] / "configs" / "vocabulary.txt")
GRAMMAR = Grammar(VOCABULARY)


def walk(text: str) -> State:
    """The state behind tokens, all of them allowed."""
    state = State(GRAMMAR)
    for token in text.split():
        assert state.allows(GRAMMAR.id(token)), f"{token} of {text}"
        state.advance(GRAMMAR.id(token))
    return state


@pytest.mark.parametrize(
    "tex",
    [
        r"\frac{a_1^2}{\sqrt[3]{b}}", r"x'^2", r"{}^2_1H", r"\sum_{\substack{i\\j}}a_{ij}", r"\text{if } x > 0",
        r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{array}{c|c}\hline a&b\\\hline c&d\end{array}",
        r"A\xrightarrow[f]{g}B", r"\int\limits_a^b f", r"\begin{cases}x&y\\z\end{cases}", r"\overset{a}{b}^2",
        r"\begin{array}{cc}\cline{1-1}\cline{2-2}a&b\end{array}",
    ],
)  # fmt: skip
def test_what_people_write_is_accepted(tex):
    assert walk(" ".join(tokenize(tex))).complete


@pytest.mark.parametrize(
    ("begun", "forbidden"),
    [
        ("a", "}"), ("a", "&"), ("a", r"\\"), ("a", r"\end{aligned}"), ("a _", "b"), (r"\frac { a }", "b"),
        (r"\frac { a }", "<eos>"), ("{ a", "<eos>"), ("a _ { b }", "_"), (r"\begin{aligned} a", r"\end{cases}"),
        (r"\begin{aligned} a", "}"), (r"\begin{aligned} { a", "&"), (r"\begin{gathered} a", "&"),
        (r"\begin{array} { c c } a & b", "&"), (r"\begin{array} { c } a", r"\hline"), (r"\text { a", r"\frac"),
        (r"\text { a", "_"), (r"\substack { a", "&"), (r"\begin{array} {", "x"), (r"\sum \limits", r"\limits"),
    ],
)  # fmt: skip
def test_what_tex_refuses_is_forbidden(begun, forbidden):
    state = walk(begun)
    token = GRAMMAR.id(forbidden)
    assert not state.allows(token) and not state.mask()[token]
    assert state.mask().any()


def test_a_cut_sequence_is_closed():
    for begun in (r"\frac { a } { b _", r"\begin{aligned} a & \sqrt [ 3", r"\begin{array}", "a"):
        tokens = [*begun.split(), *VOCABULARY.decode(walk(begun).closing())]
        assert tokens[: len(begun.split())] == begun.split() and problems(tokens) == []


def test_an_array_without_columns_is_closed_by_any_vocabulary():
    bars_first = Grammar(Vocabulary(["|", "{", "}", r"\begin{array}", r"\end{array}", "r", "l"]))
    state = State(bars_first)
    state.advance(bars_first.id(r"\begin{array}"))
    assert [bars_first.texts[number] for number in state.closing()] == ["{", "l", "}", r"\end{array}"]


def test_whatever_the_network_wants_the_answer_can_be_typeset():
    random = np.random.default_rng(0)
    names = r"{ } _ ^ & \\ \frac \sqrt [ ] \begin{array} \end{array} \begin{cases} \end{cases} \text \hline c \substack"
    favourites = [GRAMMAR.id(name) for name in names.split()]

    def step(ids, places, seen):
        logits = random.normal(size=(200, 1, len(VOCABULARY))).astype(np.float32)
        logits[..., favourites] += 2.0
        return logits

    read = greedy(step, 200, 60, GRAMMAR)
    assert {one.stopped for one in read} >= {"length"}
    for one in read:
        tokens = VOCABULARY.decode(one.ids)
        assert len(one.log_probs) == len(one.ids) + (one.stopped == "end")
        assert problems(tokens) == [], " ".join(tokens)
    free = greedy(step, 200, 60)
    assert sum(bool(problems(VOCABULARY.decode(one.ids))) for one in free) > 150


def test_a_vocabulary_without_braces_is_never_led_into_a_dead_end():
    vocabulary = Vocabulary(["a", r"\frac", "_", r"\begin{cases}"])
    state = State(Grammar(vocabulary))
    assert [vocabulary.tokens[n - 4] for n in np.flatnonzero(state.mask()) if n > UNK] == ["a"]
    assert state.allows(EOS)


def test_formulas_made_for_training_are_accepted():
    sequences = [tokenize(formula.tex) for formula in grammar_formulas(2000, seed=3)]
    known = [tokens for tokens in sequences if UNK not in VOCABULARY.encode(tokens)]
    assert len(known) > 1000
    for tokens in known:
        walk(" ".join(tokens))
