"""The built-in grammar: repeats with its seed, parses, and shows many symbols."""

from collections import Counter

from mathocr.data.latex import tokenize
from mathocr.data.synthesis.formula_document import refusal
from mathocr.data.synthesis.grammar import grammar_formulas


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
