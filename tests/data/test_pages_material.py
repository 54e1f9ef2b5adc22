"""Prose and formulas harvested from LaTeX, and documents written from them."""

import json
import random

import pytest

from mathocr.data.synthesis.corpus import source_filter
from mathocr.data.synthesis.macros import Macros, braced
from mathocr.data.synthesis.material import Material, sample_corpus
from mathocr.data.synthesis.prose import clean_sentence, harvest
from mathocr.data.synthesis.writer import Writer

RNG = random.Random(0)
SOURCE = r"""
\newcommand{\R}{\ensuremath{\mathbb{R}}} \newcommand{\abs}[1]{\left|#1\right|} \def\eps{\varepsilon}
\DeclareMathOperator{\rank}{rank}
\begin{document}
\section{Sets} % a comment with $x$
Let $f$ be a map \cite{a} to $\R$, see \eqref{e}. This one has \unknown{macros} and goes.
We have \(\abs{x} < \eps\) there.
\begin{equation}\label{e}
  \rank A = 2 \nonumber
\end{equation}
\begin{theorem}[Name] There are 2 of them, $3$ of those. \end{theorem}
\begin{figure} gone $y$ \end{figure}
\begin{itemize} \item First comes $a$ alone. \end{itemize}
"""


def macros():
    known = Macros()
    known.collect(SOURCE)
    return known


def test_macros_expand_with_arguments_and_stop_at_endless_ones():
    known = macros()
    assert known.expand(r"\abs{\eps}") == r"\left|\varepsilon\right|"
    assert known.expand(r"\abs x+\eps y") == r"\left|x\right|+\varepsilon y"
    known.collect(r"\newcommand{\a}{x\a}")
    assert known.expand(r"\a") is None


def test_braced_ignores_escaped_braces():
    assert braced(r" {a\}{b}}c", 0) == (r"a\}{b}", 9)
    assert braced("x", 0) is None


def test_harvest_keeps_what_is_understood_in_order():
    blocks = harvest(SOURCE, macros(), RNG)
    assert [block.kind for block in blocks] == ["head", "para", "display", "open", "para", "close", "item"]
    para = blocks[1].parts
    assert para[1::2] == ("f", r"{\mathbb{R}}", r"\left|x\right| < \varepsilon")
    assert "unknown" not in "".join(para) and "[" in para[2] and "(" in para[4]
    assert blocks[2].parts == (r"\operatorname{rank}A = 2", "equation")
    assert blocks[4].parts == ("There are 2 of them, 3 of those.",)  # a plain number is no formula
    assert blocks[6].parts[1] == "a"


@pytest.mark.parametrize("text", [r"A \strange word.", "An open { brace.", "A lone $ sign.", r"Bad $x}$ here."])
def test_sentences_that_are_not_understood_are_dropped(text):
    assert clean_sentence(text, Macros(), RNG) is None


def test_source_filter_reads_lists_and_unwanted_wins(tmp_path):
    listed = tmp_path / "held.txt"
    listed.write_text("a/one  # held out\n\nb/*\n")
    keep = source_filter([], [f"@{listed}"])
    assert [keep(name) for name in ("a/one", "a/two", "b/x")] == [False, True, False]
    assert [source_filter([f"@{listed}"], ["b/x"])(name) for name in ("a/one", "a/two", "b/x", "b/y")] == [
        True, False, False, True]  # fmt: skip
    with pytest.raises(ValueError, match=r"none\.txt"):
        source_filter(["@none.txt"], [])


def test_corpus_formulas_that_look_like_text_are_left_out(tmp_path):
    path = tmp_path / "f.jsonl"
    rows = [("x^2", "inline"), ("12.5", "inline"), (r"\text{word}", "inline"), ("= b", "display"), ("a = b", "display")]
    path.write_text("".join(json.dumps({"tex": t, "kind": k, "source": "s"}) + "\n" for t, k in rows))
    material = sample_corpus([path], lambda source: True, RNG, 10)
    assert material.inline == {"s": ["x^2"]}
    assert material.display == {"s": ["a = b"]}


def writer(numbered=1.0):
    return Writer(random.Random(1), Material(), "", numbered=numbered)


def test_display_with_rows_becomes_an_alignment_with_all_of_it_marked():
    w = writer()
    for _ in range(20):
        w.display(r"\begin{aligned} a &= b \\ c &= d \end{aligned}")
    assert {tex for _, tex in w.formulas.values()} == {r"\begin{aligned}a &= b \\ c &= d\end{aligned}"}
    lines = [line for line, _ in w.lines]
    assert any(r"\begin{align}\MOb" in line for line in lines)
    assert any(r"\begin{equation}\MOb" in line for line in lines)


def test_own_tag_stays_out_of_the_latex():
    w = writer(numbered=0.0)
    w.display(r"a=b\tag{7}")
    assert w.formulas[1] == ("display", "a=b")
    assert r"a=b\tag{7}\MOe{1}\end{equation}" in w.lines[0][0]


def test_look_alikes_are_filled_and_hold_no_formula():
    w = writer()
    sentences = [w.look_alike() for _ in range(300)]
    assert not any("YYYY" in s or "#" in s.replace(r"\#", "") for s in sentences)
    assert w.formulas == {}
