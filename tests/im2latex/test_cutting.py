"""Formulas are cut between rows and cells and nowhere else, nothing of them is lost, and what is cut is read whole."""

import cv2
import numpy as np
import pytest

from mathocr.data.latex import canonicalize
from mathocr.data.pdf_handles import PdfHandles
from mathocr.data.synthesis.fonts import FONT_SETUPS
from mathocr.data.synthesis.typeset import Job, typeset
from mathocr.im2latex.bands import parts_of
from mathocr.im2latex.cutting import lay_out
from mathocr.im2latex.decoding import Decoded
from mathocr.im2latex.pieces import Columns, Matrix, Rows, Script, Sign
from mathocr.im2latex.predictor import LatexPredictor
from mathocr.im2latex.prepare import FULL, trimmed_ink

ROWS = {
    r"\begin{aligned} x &= 1 \\ y &= 2 \end{aligned}": 2,
    r"\begin{aligned} f &= \frac{a}{b} + \sum_{i=1}^{n} x_i \\ &= \frac{1}{2} \\ &\le \int_0^1 g \end{aligned}": 3,
    r"\begin{aligned} & \sum_{k \ge 0} = \lim_{x \to 0} f \\ & \vdots \\ & \max_n \frac{\sqrt{b}}{c} \end{aligned}": 3,
    r"\begin{gathered} a + b + c \\ \frac{z}{\frac{x}{y} + 1} \end{gathered}": 2,
    r"\begin{aligned}" + r"\\".join(rf"x_{{{n}}} &= {n}^2 - y" for n in range(12)) + r"\end{aligned}": 12,
}
COLUMNS = {
    r"\begin{aligned} x &= 1 \hspace{30pt} & y &= z \\ x + 1 &= 22 & y + z &= 3 \end{aligned}": [[0, 1], [0, 1]],
    r"\begin{aligned} x &= 1 \\ y &= 2 & \hspace{40pt} u &= 3 \\ z &= 4 & v &= 5 \end{aligned}": [[0, 1, 2], [1, 2]],
}
UNDIVIDED = (
    r"\begin{aligned} x &= 1, \qquad y = 2 \\ z &= 3, \qquad u = 4 \end{aligned}",
    r"\begin{aligned} x &= 1 \hspace{60pt} y \\ z &= 3 \end{aligned}",  # in one row only
    r"\begin{aligned} & x + y \\ & a + b \\ & \hspace{99pt} u + v \\ & \hspace{99pt} e + f \end{aligned}",
)
ONE_ROW = (
    r"x = \frac{a}{b}", r"\frac{1}{2}", r"\sum_{i=1}^{n} i \prod_{j} \frac{a_j}{b}", r"\lim_{x \to 0} \frac{\sin x}{x}",
    r"\begin{cases} a & x > 0 \\ b & x \le 0 \end{cases}", r"\underbrace{a + b + c}_{n}", r"\overline{x + y} = \hat{z}",
    r"\frac{\frac{a}{b}}{\frac{c}{d}}", r"i \ge j \equiv k", r"\binom{n}{k}", r"\sqrt{\frac{a}{b}}", "x", ":",
    r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", r"\sum_{\substack{0 \le i \le n \\ i \ne j}} a_{ij}",
    r"a_0 + \cfrac{1}{a_1 + \cfrac{1}{a_2 + \cfrac{1}{a_3}}}", r"x = 1 + \cfrac{2}{3 + \cfrac{4}{5 + x}}",
    r"\prod_{\substack{p \mid n \\ p > 2}} \frac{p - 1}{p}",
    r"\begin{cases} a & x > 0 \\ b & x = 0 \\ c & x < 0 \end{cases} \qquad (n > 1)",
)  # fmt: skip
MATRICES = {
    r"\begin{pmatrix} 1 & 0 & 0 \\ 0 & x & 0 \\ 0 & 0 & 1 \end{pmatrix}": ("pmatrix", 3, 3),
    r"A = \begin{bmatrix} a_1 & \cdots & a_n \\ \vdots & \ddots & \vdots \\ a_k & \cdots & a_m \end{bmatrix}": (
        "bmatrix", 3, 3,
    ),
    r"\begin{vmatrix} a & b & c \\ d & e & f \end{vmatrix}": ("vmatrix", 2, 3),
    r"\begin{pmatrix} 1 & -2 & 3 \\ 2 & 1 & 0 \\ -1 & 0 & 1 \end{pmatrix}": ("pmatrix", 3, 3),  # no bar over 1
    r"\begin{pmatrix} b_1 & c_1 & \dots \\ \dots & \dots & \dots \\ & a_{n-1} & b_n \end{pmatrix}": ("pmatrix", 3, 3),
    r"f = \begin{cases} x^2 & x > 1 \\ -x & 0 < x \le 1 \\ 0 & \text{else} \end{cases}": ("cases", 3, 2),
    r"\begin{cases} x + y = 1 \\ x - y = 2 \\ 2 x + z = 3 \\ z = 0 \end{cases}": ("cases", 4, 1),
    r"\begin{Bmatrix} x_1 \\ y + 2 \\ z_3 \\ u_4 \end{Bmatrix}": ("Bmatrix", 4, 1),
}  # fmt: skip


M = r"\begin{pmatrix} 1 & 0 & 0 \\ 0 & x & 0 \\ 0 & 0 & 1 \end{pmatrix}"
BESIDE = {
    M + r"^{-1} = 0": ["^"], M + "^{n+1} x": ["^"], M + r"^T \vec{x}": ["^"], M + "_{12}^2": ["_", "^"],
    M + r"\sum_{i=1}^n x_i": [], M + r"\lim_{x \to 0} y": [], M + r"\frac{a}{b} = 0": [], M + r"\int_0^1 f": [],
    M + r" \cdot " + M: [], M + ".": ["."], M + ",": [","],
}  # fmt: skip
SMALL = r"\left(\begin{smallmatrix} a & 0 & 0 \\ 0 & b & 0 \\ 0 & 0 & c \end{smallmatrix}\right)"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Ink of a formula at a resolution."""
    texs = [*ROWS, *COLUMNS, *UNDIVIDED, *ONE_ROW, *MATRICES, SMALL, *BESIDE, *READ]
    font = next(font for font in FONT_SETUPS if font.name == "computer-modern")
    done = typeset([Job(tex, 10.0, True) for tex in texs], font, tmp_path_factory.mktemp("typeset"))
    assert not done.dropped
    handles = PdfHandles(1)
    return lambda tex, dpi: trimmed_ink(handles.render(done.pdf, done.kept.index(texs.index(tex)), dpi))


@pytest.mark.tex
@pytest.mark.parametrize("dpi", [80, 100, 150, 300])
def test_formulas_are_cut_between_their_rows(drawn, dpi):
    for tex, count in ROWS.items():
        layout = lay_out(drawn(tex, dpi))
        assert isinstance(layout, Rows) and len(layout.rows) == count, tex


@pytest.mark.tex
@pytest.mark.parametrize("dpi", [80, 100, 150, 300])
def test_rows_far_apart_are_columns_of_equations(drawn, dpi):
    for tex, places in COLUMNS.items():
        layout = lay_out(drawn(tex, dpi), dpi / 100)
        assert isinstance(layout, Columns) and layout.places == places, tex
        assert len(layout.boxes) == sum(map(len, places))
    assert all(isinstance(lay_out(drawn(tex, dpi), dpi / 100), Rows) for tex in UNDIVIDED)


@pytest.mark.tex
@pytest.mark.parametrize("dpi", [80, 100, 150, 300])
def test_fractions_limits_and_braces_are_not_cut(drawn, dpi):
    for tex in ONE_ROW:
        assert lay_out(drawn(tex, dpi)) is None, tex


@pytest.mark.tex
@pytest.mark.parametrize("dpi", [80, 100, 150, 300])
def test_matrices_are_cut_into_cells(drawn, dpi):
    for tex, expected in MATRICES.items():
        layout = lay_out(drawn(tex, dpi))
        matrices = [part for part in layout.parts if isinstance(part, Matrix)]
        assert [(one.name, len(one.cells), len(one.cells[0])) for one in matrices] == [expected], tex


@pytest.mark.tex
@pytest.mark.parametrize("dpi", [100, 150, 300])
def test_the_columns_of_a_small_matrix_are_not_taken_for_one(drawn, dpi):
    assert lay_out(drawn(SMALL, dpi)) is None


@pytest.mark.tex
@pytest.mark.parametrize("dpi", [80, 100, 120, 150, 200, 300])
def test_only_scripts_and_stops_behind_a_matrix_are_taken_for_such(drawn, dpi):
    for tex, expected in BESIDE.items():
        layout = lay_out(drawn(tex, dpi))
        signs = [part.sign for part in layout.parts if isinstance(part, Script)]
        signs += [part.token for part in layout.parts if isinstance(part, Sign)]
        assert signs == expected, tex


@pytest.mark.tex
@pytest.mark.parametrize("dpi", [80, 100, 120, 150, 200, 300])
def test_no_ink_beside_a_matrix_is_lost(drawn, dpi):
    for tex in BESIDE:
        ink = drawn(tex, dpi)
        layout = lay_out(ink)
        left = (ink > FULL).copy()
        for box in layout.boxes:
            left[box.y0 : box.y1, box.x0 : box.x1] = False
        signs = sum(isinstance(part, Sign) for part in layout.parts)
        matrices = sum(isinstance(part, Matrix) for part in layout.parts)
        parts = parts_of(left)
        low = parts.y1 - parts.y0 < 0.5 * ink.shape[0]
        assert low.sum() <= 2 * signs and (~low).sum() == 2 * matrices, tex  # a small comma may be broken


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


@pytest.mark.tex
def test_a_told_size_is_used(drawn):
    ink = drawn(M + ".", 150)
    assert lay_out(ink, 1.5) is not None
    assert lay_out(ink, 4.0) is None  # of type so large this is one sign


def test_a_formula_is_read_alike_alone_and_among_others():
    crop = np.full((90, 120), 255, np.uint8)
    for row in (10, 35, 60):
        cv2.putText(crop, "x+y", (10, row + 15), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 0, 1)
    small = crop[:40]
    predictor = LatexPredictor.load(backend="onnx")
    (alone,) = predictor.predict([crop])
    among, *_ = predictor.predict([crop, small, small])
    assert alone.tokens == among.tokens and alone.tokens.count(r"\\") == 2
    assert alone.confidence == pytest.approx(among.confidence, abs=1e-3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (30, 2)])
def test_ink_without_form_is_no_trouble(shape):
    assert lay_out(np.full(shape, 255, np.uint8)) is None


def test_empty_columns_are_no_trouble():
    ink = np.zeros((60, 40), np.uint8)
    for x in (0, 1, 6, 7):  # two brackets with nothing but a pixel between them
        ink[:, x] = 255
    ink[[0, 59], 0:3] = ink[[0, 59], 5:8] = 255
    ink[[10, 30, 50], 4] = 255
    ink[28:32, 12:30:6] = 255
    lay_out(ink)
    assert not len(parts_of(np.zeros((10, 0), bool)).x0)


def test_noise_is_not_cut():
    noise = np.random.default_rng(0).random((500, 700))
    for share in (0.2, 0.05, 0.001):
        found = lay_out(np.where(noise < share, 255, 0).astype(np.uint8))
        assert found is None or len(found.boxes) <= 150


def test_what_is_doubted_in_pieces_is_read_as_a_whole(monkeypatch):
    crop = np.full((90, 120), 255, np.uint8)
    for row in (10, 60):
        cv2.putText(crop, "x+y", (10, row + 15), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 0, 1)
    predictor = LatexPredictor.load(backend="onnx")
    ids = predictor._vocabulary.encode(["x"])

    def decode(images, doubt):
        whole = images.shape[2] > 64
        return [
            Decoded(ids * (3 if whole else 1), [0.0] * (3 if whole else 1) + [-1.0 if whole else doubt], "end")
        ] * len(images)

    for doubt, expected in ((-0.1, 7), (-9.0, 3)):
        monkeypatch.setattr(predictor._backend, "decode", lambda images, doubt=doubt: decode(images, doubt))
        (reading,) = predictor.predict([crop], retry_below=0.0)
        assert len(reading.tokens) == expected


def test_three_bars_are_no_equals_sign():
    ink = np.zeros((60, 90), np.uint8)
    for top, bars in ((0, (4, 9)), (40, (2, 7, 12))):
        for x in (0, 10, 50, 60):
            ink[top : top + 14, x : x + 8] = 255
        for y in bars:
            ink[top + y : top + y + 1, 26:40] = 255
    layout = lay_out(ink)
    assert isinstance(layout, Rows) and layout.equals == [[26], []]
