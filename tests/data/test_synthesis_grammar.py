"""The built-in grammar: repeats with its seed, parses, and shows many symbols."""

import random
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from mathocr.data.latex import tokenize
from mathocr.data.synthesis import grammar
from mathocr.data.synthesis.formula_document import refusal
from mathocr.data.synthesis.grammar import grammar_formulas
from mathocr.data.synthesis.grammar_school import School
from mathocr.data.synthesis.grammar_textbook import Textbook


def test_seed_and_kind():
    first = grammar_formulas(50, seed=3)
    assert first == grammar_formulas(50, seed=3) and first != grammar_formulas(50, seed=4)
    assert len({(f.tex, f.kind) for f in first}) == 50
    assert {f.kind for f in first} == {"inline", "display"}
    assert {f.kind for f in grammar_formulas(20, kind="inline")} == {"inline"}


def test_formulas_parse_and_are_varied():
    formulas = grammar_formulas(600, seed=0)
    tokens: Counter[str] = Counter()
    lengths = []
    for formula in formulas:
        assert refusal(formula.tex) is None, formula.tex
        found = tokenize(formula.tex)  # raises where the formula is malformed
        tokens.update(set(found))
        lengths.append(len(found))
    assert len(tokens) > 250
    assert {r"\frac", r"\sqrt", r"\sum", r"\int", r"\begin{aligned}", r"\begin{cases}", r"\begin{pmatrix}"} <= set(
        tokens
    )
    lengths.sort()
    assert lengths[100] < 15 and lengths[-30] > 60 and lengths[-1] < 1000


@pytest.mark.parametrize(("make", "form"), [
    (Textbook.labelled_brace, r"(under|over)brace\{.+\}[_^]\{.+\}"),
    (Textbook.labelled_arrow, r"arrow\[.+\]\{.+\}"),
    (Textbook.continued, r"frac\{.+\}\{.+frac"),
    (Textbook.nested, r"\\frac\{.*\\frac\{.+\\frac"),
    (Textbook.roots, r"\\sqrt\["),
    (Textbook.two_bounds, r"_\{\\substack\{.+ \\\\ .+\}\}"),
    (Textbook.augmented, r"\\begin\{array\}\{c+\|c\}"),
    (Textbook.chemistry, r"\\mathrm\{[A-Z][a-z]?\}"),
    (Textbook.geometry, r"\\(measured)?angle|\\triangle|over|\\vec|\\widehat|parallel|perp|[A-Q]{2} = "),
    (Textbook.floors, r"\\[lr](floor|ceil)"),
    (Textbook.counting, r"\\binom|[CP]_\{|C\("),
    (Textbook.in_words, r"= .*\\text\{"),
    (Textbook.boxed, r"\\boxed\{.+ = "),
])  # fmt: skip
def test_textbook_formulas_can_be_typeset_and_have_their_form(make, form):
    formulas = {make(Textbook(random.Random(seed), 4 + seed % 9)) for seed in range(60)}
    assert len(formulas) > 20
    assert [tex for tex in formulas if refusal(tex) or not re.search(form, tex)] == []
    assert all(tokenize(tex) for tex in formulas)


def test_half_of_the_formulas_are_of_textbooks(monkeypatch):
    monkeypatch.setattr(grammar, "Textbook", lambda *_: SimpleNamespace(inline=lambda: "book", display=lambda: "book"))
    made = [grammar.random_formula(random.Random(seed), kind) for seed in range(300) for kind in ("inline", "display")]
    assert 0.43 < made.count("book") / len(made) < 0.57


OTHERS = ("inline", "display", "points", "rare")
KINDS = [name for c in (School, Textbook) for name in vars(c) if name[0] != "_" and name not in OTHERS]


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_textbook_formula_can_be_typeset(name):
    known = set((Path(__file__).parents[2] / "configs" / "vocabulary.txt").read_text().split("\n")) | {r"\breve"}
    for seed in range(60):
        tex = getattr(Textbook(random.Random(seed), 3 + seed % 9), name)()
        assert refusal(tex) is None and set(tokenize(tex)) <= known, tex
