"""Invented text of every language, and that TeX can set it."""

import random
import re
from collections import Counter

import pypdfium2 as pdfium
import pytest

from mathocr.data.synthesis import languages
from mathocr.data.synthesis.documents import Plan, _language
from mathocr.data.synthesis.fonts import FONT_SETUPS
from mathocr.data.synthesis.languages import LANGUAGES, available_languages
from mathocr.data.synthesis.layouts import LAYOUTS, preamble
from mathocr.data.synthesis.marks import parse_marks
from mathocr.data.synthesis.material import Material
from mathocr.data.synthesis.page_rows import page_row
from mathocr.data.synthesis.phrases_east_asian import FREQUENT_CHARACTERS
from mathocr.data.synthesis.tex import run_tex
from mathocr.data.synthesis.writer import Writer

HAN = re.compile("[\u4e00-\u9fff]")


def texts(language):
    return (*language.math, *language.plain, *language.leads, *language.look_alikes, *language.contrasts)


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_place_can_be_filled(name):
    language, rng = LANGUAGES[name], random.Random(0)
    for template in texts(language):
        filled = language.fill(template, rng)
        assert not re.search(r"<\w+>|(?<!\\)#|YYYY", filled), filled
        assert filled.count("@") >= template.count("@")
    assert all("@" in template for template in (*language.math, *language.contrasts))
    assert not any("@" in template for template in (*language.plain, *language.leads))


def test_digits_of_a_template():
    filled = LANGUAGES["english"].fill(r"\#1: ## of YYYY, #.#", random.Random(1))
    assert re.fullmatch(r"\\#1: [1-9]\d of (19|20)\d\d, [1-9]\.[1-9]", filled)


def test_the_standards_give_their_characters_and_text_shows_most():
    sizes = {name: len(set(characters)) for name, characters in FREQUENT_CHARACTERS.items()}
    assert (sizes["chinese"], sizes["traditional"], sizes["korean"]) == (3755, 5401, 2350)
    assert len(HAN.findall(FREQUENT_CHARACTERS["japanese"])) == 2965
    rng = random.Random(0)
    shown = "".join(LANGUAGES["chinese"].fill("<filler>", rng) for _ in range(4000))
    assert len(set(HAN.findall(shown))) > 2000


def test_text_without_spaces_has_gaps_at_formulas_but_not_at_punctuation():
    chinese = LANGUAGES["chinese"]
    writer = Writer(random.Random(0), Material(inline={"s": ["x"]}), "s", chinese, gap=r"\hskip1pt ")
    text = writer._with_formulas("设@在@，（@）。")
    formula = r"\\MOi\{\d\}\{[^}]*\}"
    assert re.fullmatch(rf"设\\hskip1pt {formula}\\hskip1pt 在\\hskip1pt {formula}，（{formula}）。", text)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_so_many_documents_are_in_other_scripts(share):
    languages = (LANGUAGES["english"], LANGUAGES["french"], LANGUAGES["russian"], LANGUAGES["korean"])
    plan = Plan(Material(), (), (), {}, 0, languages, other_scripts=share)
    drawn = [_language(plan, random.Random(f"0/{index}"), index)[0] for index in range(400)]
    assert sum(not language.latin for language in drawn) / 400 == pytest.approx(share, abs=0.06)


def test_unknown_and_missing_languages(monkeypatch):
    with pytest.raises(ValueError, match=r"^unknown language klingon; there are english, french"):
        available_languages(["klingon"])
    monkeypatch.setattr(languages, "has_tex_file", lambda name: not name.startswith("c70"))
    usable, skipped = available_languages()
    assert {"english", "german"} <= {language.name for language in usable}
    assert skipped["chinese"] == "c70gbsn.fd is not installed"
    with pytest.raises(ValueError, match=r"^none of the languages can be set: japanese: c70min\.fd is not installed"):
        available_languages(["japanese"])


@pytest.mark.tex
@pytest.mark.parametrize("name", [name for name in LANGUAGES if not LANGUAGES[name].latin] + ["english"])
def test_tex_sets_every_sentence_with_the_boxes_of_its_formulas(tmp_path, name):
    try:
        (language,), _ = available_languages([name])
    except ValueError as missing:
        pytest.skip(str(missing))
    rng = random.Random(0)
    layout = next(layout for layout in LAYOUTS if layout.name == "plain")
    setup = language.setups[-1]
    material, gap = Material(inline={"s": ["x", "a_1"]}), "" if language.spaces else r"\hskip1pt "
    writer = Writer(rng, material, "s", language, gap=gap)
    for template in texts(language):
        writer.add(writer._with_formulas(template) + r"\par")
    head = preamble(layout, FONT_SETUPS[0], rng, language, setup)
    lines = [line for line, _ in writer.lines]
    run = run_tex("\n".join((head, *lines, setup.end + r"\end{document}")), tmp_path)
    assert run.errors == []
    assert "Missing character" not in run.log
    marks = parse_marks((tmp_path / "job.marks").read_text())
    document = pdfium.PdfDocument(run.pdf)
    rows = [page_row(document[page - 1], marks[page], writer.formulas, Counter()) for page in sorted(marks)]
    assert sum(len({formula["tex"] for formula in row["formulas"]}) > 1 for row in rows if row) >= 1
    found = sum(formula["continues"] is None for row in rows if row for formula in row["formulas"])
    assert found >= 0.9 * len(writer.formulas)
