r"""A random formula generator with the structures of real mathematics, for users without any corpus.

A formula keeps to one field of notation and to a budget of atoms. With some probability one of its symbols comes from
the whole table of symbols, so that those which corpora hardly show are seen too. Half of the formulas are of the kinds
that school books and lectures have.
"""

from __future__ import annotations

import random
import re

from mathocr.data.synthesis.corpus import SourceFormula
from mathocr.data.synthesis.grammar_blocks import Blocks
from mathocr.data.synthesis.grammar_textbook import Textbook

SOURCE = "grammar"
DISPLAY_SHARE = 0.5
TEXTBOOK_SHARE = 0.5


def grammar_formulas(count: int, seed: int = 0, kind: str | None = None) -> list[SourceFormula]:
    """Random formulas, each different.

    Args:
        count: How many.
        seed: Same seed, same formulas.
        kind: ``inline`` or ``display``; both in turn by chance where None.
    """
    formulas: dict[tuple[str, str], None] = {}
    number = 0
    while len(formulas) < count:
        rng = random.Random(f"{seed}/{number}")
        chosen = kind or ("display" if rng.random() < DISPLAY_SHARE else "inline")
        formulas[random_formula(rng, chosen), chosen] = None
        number += 1
    return [SourceFormula(tex, chosen, SOURCE) for tex, chosen in formulas]


def random_formula(rng: random.Random, kind: str) -> str:
    """One formula of a kind; short ones are the most frequent, as in real text."""
    textbook = rng.random() < TEXTBOOK_SHARE
    grammar = Textbook if textbook else Blocks
    if kind == "inline":
        tex = grammar(rng, min(30, 1 + int(rng.expovariate(1 / 4)))).inline()
    else:
        tex = grammar(rng, min(90, 4 + int(rng.expovariate(1 / (7 if textbook else 14))))).display()
    return re.sub(r" +(?=[ }_^'])|\s+$", "", tex)
