"""Large formulas in pieces: cut between rows and cells and nowhere else, and put together as LaTeX has them."""

import numpy as np
import pytest

from mathocr.data.latex import canonicalize
from mathocr.data.pdf_handles import PdfHandles
from mathocr.data.synthesis.fonts import FONT_SETUPS
from mathocr.data.synthesis.typeset import Job, typeset
from mathocr.im2latex.pieces import Box, Line, Matrix, Piece, Rows, Script, Sign, lay_out
from mathocr.im2latex.predictor import LatexPredictor
from mathocr.im2latex.prepare import trimmed_ink

ROWS = {
    r"\begin{aligned} x &= 1 \\ y &= 2 \end{aligned}": 2,
    r"\begin{aligned} f &= \frac{a}{b} + \sum_{i=1}^{n} x_i \\ &= \frac{1}{2} \\ &\le \int_0^1 g \end{aligned}": 3,
    r"\begin{aligned} & \sum_{k \ge 0} = \lim_{x \to 0} f \\ & \vdots \\ & \max_n \frac{\sqrt{b}}{c} \end{aligned}": 3,
    r"\begin{gathered} a + b + c \\ \frac{z}{\frac{x}{y} + 1} \end{gathered}": 2,
    r"\begin{aligned}" + r"\\".join(rf"x_{{{n}}} &= {n}^2 - y" for n in range(12)) + r"\end{aligned}": 12,
}
ONE_ROW = (
    r"x = \frac{a}{b}", r"\frac{1}{2}", r"\sum_{i=1}^{n} i \prod_{j} \frac{a_j}{b}", r"\lim_{x \to 0} \frac{\sin x}{x}",
    r"\begin{cases} a & x > 0 \\ b & x \le 0 \end{cases}", r"\underbrace{a + b + c}_{n}", r"\overline{x + y} = \hat{z}",
    r"\frac{\frac{a}{b}}{\frac{c}{d}}", r"i \ge j \equiv k", r"\binom{n}{k}", r"\sqrt{\frac{a}{b}}", "x", ":",
    r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}",
)  # fmt: skip
MATRICES = {
    r"\begin{pmatrix} 1 & 0 & 0 \\ 0 & x & 0 \\ 0 & 0 & 1 \end{pmatrix}": ("pmatrix", 3, 3),
    r"A = \begin{bmatrix} a_1 & \cdots & a_n \\ \vdots & \ddots & \vdots \\ a_k & \cdots & a_m \end{bmatrix}": (
        "bmatrix", 3, 3,
    ),
    r"\begin{vmatrix} a & b & c \\ d & e & f \end{vmatrix}": ("vmatrix", 2, 3),
    r"\begin{Bmatrix} x_1 \\ y + 2 \\ z_3 \\ u_4 \end{Bmatrix}": ("Bmatrix", 4, 1),
}  # fmt: skip


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Ink of a formula at a resolution."""
    texs = [*ROWS, *ONE_ROW, *MATRICES, *READ]
    font = next(font for font in FONT_SETUPS if font.name == "computer-modern")
    done = typeset([Job(tex, 10.0, True) for tex in texs], font, tmp_path_factory.mktemp("typeset"))
    assert not done.dropped
    handles = PdfHandles(1)
    return lambda tex, dpi: trimmed_ink(handles.render(done.pdf, done.kept.index(texs.index(tex)), dpi))


@pytest.mark.tex
@pytest.mark.parametrize("dpi", [80, 100, 150, 300])
def test_formulas_are_cut_between_their_rows(drawn, dpi):
    for tex, count in ROWS.items():
        layout, _ = lay_out(drawn(tex, dpi))
        assert isinstance(layout, Rows) and len(layout.rows) == count, tex


@pytest.mark.tex
@pytest.mark.parametrize("dpi", [80, 100, 150, 300])
def test_fractions_limits_and_braces_are_not_cut(drawn, dpi):
    for tex in ONE_ROW:
        assert lay_out(drawn(tex, dpi)) is None, tex


@pytest.mark.tex
@pytest.mark.parametrize("dpi", [80, 100, 150, 300])
def test_matrices_are_cut_into_cells(drawn, dpi):
    for tex, expected in MATRICES.items():
        layout, _ = lay_out(drawn(tex, dpi))
        matrices = [part for part in layout.parts if isinstance(part, Matrix)]
        assert [(one.name, len(one.cells), len(one.cells[0])) for one in matrices] == [expected], tex


READ = (
    r"\begin{pmatrix} 1 & 0 & 0 & x \\ 0 & 1 & -1 & y \\ 0 & 0 & 1 & z \\ a & b & c & 0 \end{pmatrix}^2 = 0.",
    r"A = \begin{bmatrix} 1 & \cdots & n \\ \vdots & \ddots & \vdots \\ k & \cdots & m \end{bmatrix}, \quad b = 1",
    r"\begin{aligned} a &= b + c \\ &= d + e \\ f &= g \\ &\le 2 \\ h &= \frac{1}{2} \\ k &= 0 \\ m &= n \end{aligned}",
)


@pytest.mark.tex
@pytest.mark.parametrize("tex", READ)
def test_large_formulas_are_read_whole(drawn, tex):
    crop = 255 - np.pad(drawn(tex, 150), 8)
    (reading,) = LatexPredictor.load(backend="onnx").predict([crop])
    assert reading.tokens == canonicalize(tex).tokens
    assert reading.valid and reading.stopped == "end" and reading.confidence > 0.5
    assert len(reading.token_confidences) == len(reading.tokens)


@pytest.mark.tex
def test_alternatives_differ_in_one_piece(drawn):
    crop = 255 - np.pad(drawn(READ[2], 150), 8)
    (reading,) = LatexPredictor.load(backend="onnx").predict([crop], alternatives=2)
    assert len(reading.alternatives) == 2
    for other in reading.alternatives:
        assert other.count(r"\\") == reading.latex.count(r"\\") == 6
        assert sum(a != b for a, b in zip(other.split(r"\\"), reading.latex.split(r"\\"), strict=True)) == 1


def rows(lefts, rights, equals, count=None):
    """Rows at these places, of type of 10 pt at 72 dpi."""
    pieces = [Piece(Box(x0, 20 * n, x1, 20 * n + 10)) for n, (x0, x1) in enumerate(zip(lefts, rights, strict=True))]
    return Rows(pieces, list(zip(lefts, rights, strict=True)), equals, 1.0)


def joined(layout, *texts):
    return " ".join(token for token, _ in layout.joined([text.split() for text in texts]))


@pytest.mark.parametrize(
    ("layout", "texts", "expected"),
    [
        (rows([10, 40], [80, 90], [[40], [40]]), ["x = 1", "= 2"], r"x & = 1 \\ & = 2"),
        (rows([10, 40], [80, 90], [[40], []]), ["x = 1", r"\leq 2"], r"x & = 1 \\ & \leq 2"),
        (rows([0, 30], [80, 90], [[30], []]), ["x : = 1", "+ y"], r"x & : = 1 \\ & + y"),
        (rows([0, 0], [80, 60], [[30], [50]]), ["x = 1", "a b = 2"], r"& x = 1 \\ & a b = 2"),
        (rows([0, 0], [80, 60], [[30], []]), ["x = 1", "a b"], r"& x = 1 \\ & a b"),
        (rows([0, 20], [80, 80], [[30], [70]]), ["x = 1", "y = 2"], r"x = 1 \\ y = 2"),
        (rows([20, 0], [80, 60], [[], [0]]), ["x y", "= 2"], r"& x y \\ = & 2"),
        (rows([0, 25], [80, 70], [[40, 60], [60]]), ["x = y = 1", "z = 2"], r"x = y & = 1 \\ z & = 2"),
    ],
)  # fmt: skip
def test_rows_are_aligned_at_what_stands_in_line(layout, texts, expected):
    assert joined(layout, *texts) == rf"\begin{{aligned}} {expected} \end{{aligned}}"


def test_centred_rows_are_gathered():
    layout = rows([0, 20], [80, 60], [[30], [50]])
    assert joined(layout, "x = 1", "y = 2") == r"\begin{gathered} x = 1 \\ y = 2 \end{gathered}"


def test_a_row_in_which_nothing_was_read_is_left_out():
    layout = rows([0, 20, 0], [80, 60, 90], [[], [], []])
    assert joined(layout, "a", "", "b") == r"\begin{aligned} & a \\ & b \end{aligned}"
    assert joined(layout, "a", "", "") == "a"


def test_tokens_keep_their_numbers():
    a, b, c = (Piece(Box(n, 0, n + 1, 1)) for n in range(3))
    layout = Line([a, Matrix("pmatrix", [[b, None], [None, Sign(r"\vdots")], [None, None]]), Script("^", c)])
    numbered = layout.joined([["x", "="], ["1"], ["2"]])
    assert " ".join(token for token, _ in numbered) == r"x = \begin{pmatrix} 1 \\ & \vdots \\ \end{pmatrix} ^ { 2 }"
    assert [number for _, number in numbered if number >= 0] == [0, 1, 2, 3]
