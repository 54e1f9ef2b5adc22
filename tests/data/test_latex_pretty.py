"""LaTeX for people, by hand: spaces, growing delimiters, words."""

import pytest

from mathocr.data.latex import pretty, tokenize


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        ("x_{1}^{2}", "x_1^2"),
        (r"x_{ij}^{\prime\prime 2}", "x_{ij}''^2"),
        ("x^{''2}", "x''^2"),
        (r"x^{'^{\prime}}", r"x^{\prime^{\prime}}"),
        (r"|n\rangle+\frac12|k\rangle", r"|n\rangle + \frac{1}{2}|k\rangle"),
        ("a+b=-c", "a + b = -c"),
        (r"\alpha x\,\beta", r"\alpha x\beta"),
        (r"\sin x\cos(y)", r"\sin x \cos(y)"),
        (r"f(x,y)", "f(x, y)"),
        (r"(\frac12)", r"\left(\frac{1}{2}\right)"),
        (r"(a+b)", "(a + b)"),
        (r"[\frac12,1)^2", r"\left[\frac{1}{2}, 1\right)^2"),
        (r"\left|\frac12\right|", r"\left|\frac{1}{2}\right|"),
        (r"\left.\frac{df}{dx}\right|_{x=0}", r"\left.\frac{df}{dx}\right|_{x = 0}"),
        (r"\left\{\begin{matrix}a&b&c\end{matrix}\right.", r"\left\{\begin{matrix} a & b & c \end{matrix}\right."),
        (r"\left.\begin{matrix}a\\b\end{matrix}\right\}", r"\left.\begin{matrix} a \\ b \end{matrix}\right\}"),
        (r"x\text{ if }y", r"x\text{ if }y"),
        (r"\operatorname{Tr}A_{\mathrm{eff}}", r"\operatorname{Tr} A_{\mathrm{eff}}"),
        (r"\text{for all }x", r"\text{ for all }x"),
        (r"a\equiv b\pmod{n}", r"a \equiv b \pmod{n}"),
        (r"\begin{aligned}a&=b\\{}[c]&=d\end{aligned}", r"\begin{aligned} a & = b \\ {}[c] & = d \end{aligned}"),
        (r"\sqrt[n]{x}", r"\sqrt[n]{x}"),
        (r"\begin{array}{c|c}a&b\\\hline c&d\end{array}", r"\begin{array}{c|c} a & b \\ \hline c & d \end{array}"),
    ],
)
def test_printed_form(tex, expected):
    tokens = tokenize(tex)
    assert pretty(tokens) == expected
    assert tokenize(pretty(tokens)) == tokens


@pytest.mark.parametrize(
    "tokens", [["x", "_"], ["{", "x"], ["}"], [r"\frac", "{", "a"], [r"\begin{matrix}", "a"], ["^"], []]
)
def test_unfinished_tokens_are_printed_as_they_are(tokens):
    assert pretty(tokens).replace(" ", "") == "".join(tokens)
