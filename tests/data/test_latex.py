"""Canonical tokens of sources, by hand."""

import json
import re
import shutil
import subprocess

import pytest

from mathocr.data.latex import LatexError, canonicalize, is_valid, pretty, problems, renders, tokenize
from mathocr.data.latex.symbols import SYMBOLS
from mathocr.data.latex.validity import NOT_IN_KATEX


def tokens(tex: str) -> str:
    return " ".join(tokenize(tex))


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        ("x^2_1", "x _ { 1 } ^ { 2 }"),
        ("x_1''", r"x _ { 1 } ^ { \prime \prime }"),
        ("x'^2", r"x ^ { \prime 2 }"),
        (r"x^{\prime}", r"x ^ { \prime }"),
        ("x^{'}", r"x ^ { \prime }"),
        (r"f\,'(x)", r"f ^ { \prime } ( x )"),
        ("x^{}_{2}", "x _ { 2 }"),
        (r"x\sp2\sb1", "x _ { 1 } ^ { 2 }"),
        ("{x}^2", "x ^ { 2 }"),
        ("{ab}^2", "a b ^ { 2 }"),
        ("{x^2}^3", "{ x ^ { 2 } } ^ { 3 }"),
        (r"{a\frac12}^3", r"{ a \frac { 1 } { 2 } } ^ { 3 }"),
        (r"{(\frac12)}^3", r"( \frac { 1 } { 2 } ) ^ { 3 }"),
        ("x^2{}_1", "x ^ { 2 } { } _ { 1 }"),
        ("x{}_1", "x _ { 1 }"),
        ("{}^4He", "{ } ^ { 4 } H e"),
    ],
)
def test_scripts(tex, expected):
    assert tokens(tex) == expected


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\frac12", r"\frac { 1 } { 2 }"),
        (r"{a+b\over c}", r"\frac { a + b } { c }"),
        (r"\dfrac{a}{b}", r"\frac { a } { b }"),
        (r"{n \choose k}", r"\binom { n } { k }"),
        (r"\sum_{i\atop j}", r"\sum _ { \substack { i \\ j } }"),
        (r"\sqrt[3]x", r"\sqrt [ 3 ] { x }"),
        (r"\root 3 \of x", r"\sqrt [ 3 ] { x }"),
        (r"\hat x", r"\hat { x }"),
        (r"\stackrel{!}{=}", r"\overset { ! } { = }"),
        (r"\buildrel ! \over =", r"\overset { ! } { = }"),
        (r"\xrightarrow[a]{b}", r"\xrightarrow [ a ] { b }"),
    ],
)
def test_commands_with_arguments(tex, expected):
    assert tokens(tex) == expected


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"{\bf x}y", r"\mathbf { x } y"),
        (r"\mathbf{x_1+\alpha}", r"\mathbf { x } _ { \mathbf { 1 } } + \alpha"),
        (r"\mathbf a\mathbf b", r"\mathbf { a b }"),
        (r"{\cal L}", r"\mathcal { L }"),
        (r"\mathrm{d}x", r"\mathrm { d } x"),
        (r"\mathrm{sin}x", r"\sin x"),
        (r"\operatorname{sin}x", r"\sin x"),
        (r"{\rm Tr}A", r"\operatorname { T r } A"),
        (r"\mathop{\rm Tr}A", r"\operatorname { T r } A"),
        (r"\text{Tr}", r"\operatorname { T r }"),
        (r"\mathrm{H_2O}", r"\mathrm { H } _ { 2 } \mathrm { O }"),
        (r"\mathrm{\Delta}", r"\Delta"),
        (r"\mathrm{~for~all~}", r"\text { f o r ~ a l l }"),
        (r"\bm{x}", r"\boldsymbol { x }"),
        (r"\boldsymbol{2\Gamma}", r"\mathbf { 2 \Gamma }"),
        (r"\boldsymbol{\mathcal{A}}", r"\boldsymbol { \mathcal { A } }"),
        (r"\mbox{\boldmath $x$}", r"\boldsymbol { x }"),
    ],
)
def test_alphabets(tex, expected):
    assert tokens(tex) == expected


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\text{ if  $x>0$ and so}", r"\operatorname { i f } x > 0 \text { a n d ~ s o }"),
        (r"\mbox{a b}", r"\text { a ~ b }"),
        (r"\text { f o r ~ a l l }", r"\text { f o r ~ a l l }"),
        (r"\textup { p e r m }", r"\operatorname { p e r m }"),
        (r"\text{non-zero}", r"\text { n o n - z e r o }"),
        (r"\textbf{a}", r"\mathbf { a }"),
        (r"\textbf{a b}", r"\textbf { a ~ b }"),
        (r"\text{caf\'e x}", r"\text { c a f \' { e } ~ x }"),
    ],
)
def test_text(tex, expected):
    assert tokens(tex) == expected


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\sum\limits_i x", r"\sum _ { i } x"),
        (r"\sum\nolimits_i x", r"\sum \nolimits _ { i } x"),
        (r"\frac{\sum_i}{2}", r"\frac { \sum _ { i } } { 2 }"),
        (r"\frac{\sum\limits_i}{2}", r"\frac { \sum \limits _ { i } } { 2 }"),
        (r"\frac{\displaystyle\sum_i}{2}", r"\frac { \sum \limits _ { i } } { 2 }"),
        (r"\int\limits_0^1", r"\int \limits _ { 0 } ^ { 1 }"),
        (r"\int\nolimits_0^1", r"\int _ { 0 } ^ { 1 }"),
        (r"\operatorname*{argmax}_x", r"\operatorname* { a r g m a x } _ { x }"),
        (r"\operatorname*{argmax}x", r"\operatorname { a r g m a x } x"),
        (r"\mathop{\rm Hom}\nolimits_A", r"\operatorname { H o m } _ { A }"),
        (r"\operatorname{max}_x", r"\max \nolimits _ { x }"),
        (r"\mathop{A}_x^y", r"A _ { x } ^ { y }"),
    ],
)
def test_limits_stay_where_they_are_drawn(tex, expected):
    assert tokens(tex) == expected


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\left( x \right.", "( x"),
        (r"\bigl\{ x \Bigr\}", r"\{ x \}"),
        (r"\left< x \middle| y \right>", r"\langle x | y \rangle"),
        (r"a\le b\to c", r"a \leq b \rightarrow c"),
        (r"\not= \not\in \not\equiv", r"\neq \notin \not \equiv"),
        (r"a,\dots,b+\dots+c", r"a , \ldots , b + \cdots + c"),
        ("1,...,n", r"1 , \ldots , n"),
        (r"a \pmod n", r"a ( \bmod n )"),
        (r"a\,\quad\hspace{2em}~b\label{x}\nonumber", "a b"),
        (r"\phantom{x}\vphantom{\frac12}y", "y"),
        (r"\displaystyle x\color{red}y", "x y"),
        (r"α≤β", r"\alpha \leq \beta"),
        ("x % comment\n y", "x y"),
    ],
)
def test_symbols_and_what_has_no_ink(tex, expected):
    assert tokens(tex) == expected


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\left(\begin{array}{cc}a&b\\c&d\\\end{array}\right)", r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}"),
        (r"\Bigl[\begin{matrix}a\\b\end{matrix}\Bigr]", r"\begin{bmatrix} a \\ b \end{bmatrix}"),
        (r"\left|\begin{array}{c}a\\b\end{array}\right|", r"\begin{vmatrix} a \\ b \end{vmatrix}"),
        (r"\left\{\begin{array}{ll}a&b\\c&d\end{array}\right.", r"\begin{cases} a & b \\ c & d \end{cases}"),
        (r"{\left\{\begin{matrix}a&b\end{matrix}\right.}_c", r"\begin{cases} a & b \end{cases} _ { c }"),
        (r"\left\{\begin{array}{l}a\\b\end{array}\right\}", r"\begin{Bmatrix} a \\ b \end{Bmatrix}"),
        (
            r"\begin{array}{c|c}a&b\\\hline c&d\end{array}",
            r"\begin{array} { c | c } a & b \\ \hline c & d \end{array}",
        ),
        (r"\begin{split}a&=b\\&=c\end{split}", r"\begin{aligned} a & = b \\ & = c \end{aligned}"),
        (r"\begin{eqnarray*}a&=&b\\&=&c\end{eqnarray*}", r"\begin{aligned} a & = b \\ & = c \end{aligned}"),
        (r"\begin{gather}a\\b\end{gather}", r"\begin{gathered} a \\ b \end{gathered}"),
        (r"\begin{aligned}a&=b\end{aligned}", "a = b"),
        (r"a&=b\\c&=d", r"\begin{aligned} a & = b \\ c & = d \end{aligned}"),
        (r"\begin{aligned}a&=b\\[2pt] [c]&=d\\\end{aligned}", r"\begin{aligned} a & = b \\ [ c ] & = d \end{aligned}"),
    ],
)
def test_environments(tex, expected):
    assert tokens(tex) == expected


def test_tag_is_moved_out():
    assert canonicalize(r"x = y \tag{3.2}").tag == "3.2"
    found = canonicalize(r"x = y \eqno(7)")
    assert (found.tokens, found.tag) == (("x", "=", "y"), "7")


@pytest.mark.parametrize("tex", [r"\begin{equation} x=1 \eqno(2) \end{equation}", r"{x=1 \leqno{(2)}}", r"x=1 \eqno 2"])
def test_plain_tex_numbers_end_with_what_they_stand_in(tex):
    found = canonicalize(tex)
    assert (found.tokens, found.tag) == (("x", "=", "1"), "2")


def test_unknown_commands_are_reported_and_kept():
    found = canonicalize(r"\foo{x} + \begin{zoo}y\end{zoo}")
    assert found.unknown == (r"\foo", r"\begin{zoo}")
    assert found.tokens == (r"\foo", "x", "+", r"\begin{zoo}", "y", r"\end{zoo}")


@pytest.mark.parametrize(
    ("tex", "message"),
    [
        ("{x", "'{' without '}' at character 0"),
        ("x}", "'}' that nothing opened at character 1"),
        ("x_1_2", "double subscript at character 3"),
        ("{x}^1^2", "double superscript"),
        (r"\begin{matrix}x", r"'\begin{matrix}' without its '\end' at character 0"),
        (r"\left( x", r"'\left' without '\right' at character 0"),
        (r"\frac x", "an argument is missing at character 7"),
        (r"\text{x", "text without '}'"),
        ("{" * 5000, "nested too deeply"),
    ],
)
def test_errors_say_what_and_where(tex, message):
    with pytest.raises(LatexError, match="(?s)" + re.escape(message)):
        canonicalize(tex)


def test_validity():
    assert is_valid(tokenize(r"\frac{a}{b}"))
    assert problems(["x", "{"]) == ["'{' without '}' at character 2"]
    assert is_valid(["x"]) and not is_valid(["x", "{"]) and not is_valid([r"\foo"])
    small_caps = [r"\textsc", "{", "a", "}"]
    assert problems(small_caps) == [] and not renders(small_caps) and not is_valid(small_caps)  # TeX has it, KaTeX not
    assert problems([r"\foo"]) == [r"unknown command '\\foo'"]


_KATEX = """
for (const [name, tex] of JSON.parse(require('fs').readFileSync(0)))
  try { require('katex').renderToString(tex, {throwOnError: true, strict: false}) } catch { console.log(name) }
"""


def test_katex_renders_all_symbols_but_those_named():
    node = shutil.which("node")
    if node is None or subprocess.run([node, "-e", "require('katex')"], capture_output=True, check=False).returncode:
        pytest.skip("no node with katex here (npm install katex, NODE_PATH)")
    samples = [(name, pretty(tokenize(name + " x"))) for name in sorted(SYMBOLS - NOT_IN_KATEX)]
    done = subprocess.run([node, "-e", _KATEX], input=json.dumps(samples), capture_output=True, text=True, check=True)
    assert done.stdout == ""
