"""Parts of pages between paragraphs: algorithms, tables of formulas, and formulas as textbooks write them."""

import random
import re
from collections import Counter
from itertools import pairwise

import pypdfium2 as pdfium
import pytest

from mathocr.data.synthesis.algorithms import algorithm
from mathocr.data.synthesis.elements import formula_lines, formula_table
from mathocr.data.synthesis.fonts import FONT_SETUPS
from mathocr.data.synthesis.formula_document import refusal
from mathocr.data.synthesis.grammar_blocks import Blocks
from mathocr.data.synthesis.languages import LANGUAGES
from mathocr.data.synthesis.layouts import LAYOUTS, preamble
from mathocr.data.synthesis.marks import parse_marks
from mathocr.data.synthesis.material import Material
from mathocr.data.synthesis.page_rows import page_row
from mathocr.data.synthesis.tex import run_tex
from mathocr.data.synthesis.writer import Writer

MATERIAL = Material(inline={"s": ["x^2", "a_1"]}, display={"s": [r"\frac{1}{x} + C.", r"a &= b \\ c &= d", "y" * 70]})


def writer(seed=0, material=MATERIAL):
    return Writer(random.Random(seed), material, "s")


def text(w):
    return "\n".join(line for line, _ in w.lines)


@pytest.mark.parametrize("seed", range(30))
def test_what_an_algorithm_opens_it_closes(seed):
    w = writer(seed)
    algorithm(w)
    words = re.findall(r"\\textbf\{(\w+)", text(w))
    opened, closed = (sum(words.count(word) for word in group) for group in (("for", "while", "if"), ("end",)))
    assert closed in (0, opened)
    assert words.count("repeat") == words.count("until")
    depths = [float(depth) for depth in re.findall(r"\\hskip([\d.]+)em", text(w))]
    assert depths[-1] == min(depths) == 0.6
    assert max(b - a for a, b in pairwise(depths)) <= 1.41
    assert {kind for kind, _ in w.formulas.values()} == {"inline"}


@pytest.mark.parametrize(("make", "form"), [
    (Blocks.led, r"(?:- )?(?:[\d.]+ (?:\\times 10\^\{-?\d+\} )?)?\\[A-Za-z]+"),
    (Blocks.value, r".*(?:[=<>]|\\approx|\\leq) -?\d*\.?\d+"),
    (Blocks.assignment, r".*(?:\\leftarrow|\\gets|:?=) "),
])  # fmt: skip
def test_formulas_of_textbooks_can_be_typeset_and_have_their_form(make, form):
    formulas = {make(Blocks(random.Random(seed), 6)) for seed in range(200)}
    assert len(formulas) > 150
    assert [tex for tex in formulas if refusal(tex)] == []
    assert [tex for tex in formulas if not re.match(form, tex)] == []


@pytest.mark.parametrize("name", ["english", "chinese"])
def test_values_in_brackets_are_formulas_of_their_own(name):
    w = Writer(random.Random(3), MATERIAL, "s", LANGUAGES[name])
    for _ in range(20):
        before = len(w.formulas)
        sentence = w.report()
        inside = re.fullmatch(r".+\((\\MOi.+)\)[.。]?", sentence)
        assert inside and len(re.findall(r"\\MOi\{\d+\}", inside[1])) == len(w.formulas) - before >= 1


def test_tall_formulas_are_short_displays_of_one_row():
    w = writer()
    tall = [w.tall() for _ in range(50)]
    assert {tex for _, tex in w.formulas.values()} == {r"\displaystyle \frac{1}{x} + C"}
    assert max(map(len, tall)) > 0
    refused = ["y" * 70, r"\left\{ x \right.", r"f \big.", "a" + 2 * chr(92) + "b", "a & b"]
    assert [writer(material=Material(display={"s": [tex]})).tall() for tex in refused] == [""] * len(refused)


def test_inline_formulas_are_letters_tall_of_textbooks_and_of_the_source():
    w = writer()
    for _ in range(2000):
        w.any_inline()
    shares = Counter(
        "tall" if tex.startswith(r"\displaystyle") else "own" if tex in ("x^2", "a_1") else "other"
        for _, tex in w.formulas.values()
    )
    assert 0.03 < shares["tall"] / 2000 < 0.07 and 0.45 < shares["own"] / 2000 < 0.55


@pytest.mark.tex
@pytest.mark.parametrize("element", [algorithm, formula_lines, formula_table])
def test_tex_sets_it_with_the_boxes_of_its_formulas(tmp_path, element):
    w = writer()
    for _ in range(6):
        element(w)
    layout = next(layout for layout in LAYOUTS if layout.name == "plain")
    language = LANGUAGES["english"]
    head = preamble(layout, FONT_SETUPS[0], random.Random(0), language, language.setups[0])
    run = run_tex("\n".join((head, text(w), r"\end{document}")), tmp_path)
    assert run.errors == []
    marks = parse_marks((tmp_path / "job.marks").read_text())
    document = pdfium.PdfDocument(run.pdf)
    dropped: Counter[str] = Counter()
    rows = [page_row(document[page - 1], marks[page], w.formulas, dropped) for page in sorted(marks)]
    found = {formula["tex"] for row in rows if row for formula in row["formulas"]}
    assert dropped == {} and found == {tex for _, tex in w.formulas.values()}
    if element is not algorithm:
        heights = [
            f["box"][3] - f["box"][1] for row in rows if row for f in row["formulas"] if "displaystyle" in f["tex"]
        ]
        assert heights and min(heights) > 18  # points: fractions as high as in displays
