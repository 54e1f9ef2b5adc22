"""Boxes of typeset pages against the ink of their drawings."""

from collections import Counter
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest

from mathocr.data.synthesis.marks import MARK_MACROS, PageMarks, parse_marks, split_lines
from mathocr.data.synthesis.page_rows import page_row
from mathocr.data.synthesis.tex import run_tex

pytestmark = pytest.mark.tex

DPI = 200
# Formulas stand far apart, so that the ink near a box is the formula's own. Formula 6 is broken at its `=`.
DOCUMENT = (
    r"\documentclass{article}\usepackage{amsmath}\usepackage[margin=30mm]{geometry}\parindent=0pt"
    r"\numberwithin{equation}{section}"
    + MARK_MACROS
    + r"""\begin{document}\setcounter{section}{3}\setcounter{equation}{1}
\quad\MOi{1}{f}\qquad\qquad\MOi{2}{\sqrt{x}_j - \frac{a}{b}}

\bigskip
\MOd{90}{\int_0^1 x\,dx}{\begin{equation*}\MOb{3}\int_0^1 x\,dx\MOe{3}\end{equation*}}
\MOd{90}{E=mc^2}{\begin{equation}\MOb{4}E=mc^2\MOe{4}\end{equation}}
\MOd{90}{\begin{aligned}a&=b\\c&=d\end{aligned}}{\begin{align}\MOb{5}a&=b\\c&=d\tag{$*$}\MOe{5}\end{align}}
\bigskip
\leavevmode\hbox to .75\linewidth{} \MOi{6}{aaaaaaaaa=bbbbbbbbbbbbb+c}

\MOd{90}{\hskip3\linewidth}{\begin{equation}\MOb{7}x\hskip3\linewidth y\MOe{7}\end{equation}}
\MOi{8}{\phantom{x}}
\end{document}
"""
)
TEX = {number: (kind, str(number)) for number, kind in enumerate(
    ["inline", "inline", "display", "display", "display", "inline", "display", "inline"], 1)}  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The row of the page, its drawing, and what was dropped."""
    folder = tmp_path_factory.mktemp("tex")
    run = run_tex(DOCUMENT, folder)
    assert run.errors == []
    marks = parse_marks((folder / "job.marks").read_text())
    dropped = Counter()
    leaf = pdfium.PdfDocument(run.pdf)[0]
    row = page_row(leaf, marks[1], TEX, dropped)
    return row, leaf.render(scale=DPI / 72, grayscale=True).to_numpy().squeeze(), dropped


def by_number(row, number):
    return [formula for formula in row["formulas"] if formula["tex"] == str(number)]


def ink_around(image, box, margin=6):
    """Tight box of the dark pixels within a few pixels of a box given in points."""
    x0, y0, x1, y1 = (value * DPI / 72 for value in box)
    left, top = int(x0) - margin, int(y0) - margin
    dark = image[top : int(y1) + margin, left : int(x1) + margin] < 160
    ys, xs = np.flatnonzero(dark.any(1)), np.flatnonzero(dark.any(0))
    return np.array([left + xs[0], top + ys[0], left + xs[-1] + 1, top + ys[-1] + 1])


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6])
def test_boxes_fit_the_ink_within_a_pixel(page, number):
    row, image, _ = page
    found = by_number(row, number)
    assert found
    for formula in found:
        assert np.abs(ink_around(image, formula["box"]) - np.array(formula["box"]) * DPI / 72).max() <= 1.0, formula


def test_kinds_and_numbers(page):
    row, image, _ = page
    assert [f["kind"] for f in row["formulas"]] == ["inline"] * 2 + ["display"] * 3 + ["inline"] * 2
    assert by_number(row, 3)[0]["tag"] is None
    (numbered,) = by_number(row, 4)
    assert numbered["tag"] == "(3.2)"
    (tag,) = numbered["tags"]
    assert tag["box"][0] > numbered["box"][2] + 50  # at the margin, outside of the formula
    assert np.abs(ink_around(image, tag["box"]) - np.array(tag["box"]) * DPI / 72).max() <= 1.0


def test_all_rows_of_align_are_one_display_with_its_numbers(page):
    row, _, _ = page
    (align,) = by_number(row, 5)
    assert align["tag"] == "(3.3), ($*$)"
    first, second = (tag["box"] for tag in align["tags"])
    assert first[3] < second[1]
    assert align["box"][1] < first[3] < second[1] < align["box"][3]


def test_broken_formula_is_two_regions_that_know_each_other(page):
    row, _, _ = page
    first, second = by_number(row, 6)
    assert first["continues"] is None
    assert second["continues"] == first["id"]
    assert second["box"][0] < first["box"][0]
    assert second["box"][1] > first["box"][3]


def test_too_wide_is_left_out_and_no_ink_is_reported(page):
    row, _, dropped = page
    assert by_number(row, 7) == []
    assert by_number(row, 8) == []
    assert dropped["formula without ink"] == 1


def test_parse_marks_tells_formulas_broken_over_pages():
    marks = parse_marks("b 1 1 65782 0\ne 1 1 131564 0\nb 2 1 0 0\ne 2 2 0 0\nt 1 3.2\n")
    assert set(marks[1].formulas) == {1}
    assert marks[1].formulas[1].tags == ("3.2",)
    assert marks[1].formulas[1].begin == pytest.approx((1.0, 0.0), abs=1e-4)
    assert marks[1].partial == marks[2].partial == {2}


def test_a_page_with_part_of_a_formula_is_left_out(page, tmp_path: Path):
    dropped = Counter()
    document = pdfium.PdfDocument.new()
    assert page_row(document.new_page(100, 100), PageMarks(partial={1}), {}, dropped) is None
    assert dropped["page: formula broken over pages"] == 1


def test_split_lines_keeps_fractions_and_scripts_in_their_line():
    first = [(80.0, 10.0, 90.0, 20.0), (91.0, 4.0, 95.0, 9.0), (91.0, 14.0, 95.0, 23.0)]
    second = [(10.0, 34.0, 20.0, 44.0), (21.0, 22.0, 25.0, 30.0), (26.0, 34.0, 30.0, 44.0)]
    assert split_lines(first + second, 15.0, 39.0) == [first, second]
    assert split_lines(first, 15.0, 39.0) == [first]
