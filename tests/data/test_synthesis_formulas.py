"""Typesetting formulas, a page each: what is dropped, what is kept, and what the shards say."""

import argparse
import json
import re

import pytest

from mathocr.data.shards import FormulaShards
from mathocr.data.synthesis.corpus import SourceFormula
from mathocr.data.synthesis.fonts import FontSetup, available_fonts
from mathocr.data.synthesis.formula_document import Job, document, refusal
from mathocr.data.synthesis.formulas import add_arguments, build_formulas, run
from mathocr.data.synthesis.typeset import typeset

PLAIN = FontSetup("computer-modern", "", ("cmmi10.pfb",))


@pytest.mark.parametrize(
    ("tex", "reason"),
    [
        ("x^2 \\text{ if $y$}", None),
        ("\\{ \\% \\# \\$ \\}", None),
        ("a \\\\", None),
        ("  ", "empty"),
        ("a\nb", "more than one line"),
        ("é", "not ASCII"),
        ("{a", "unbalanced braces"),
        ("a}{", "unbalanced braces"),
        ("a $ b", "dollar outside a group"),
        ("a % b", "unescaped % or #"),
        ("\\def\\a{b}", "command not allowed: \\def"),
        ("\\input{x}", "command not allowed: \\input"),
        ("\\deficit \\letter", None),
        ("\\end{document}", "command not allowed: \\end{document}"),
    ],
)
def test_refused_before_tex(tex, reason):
    assert refusal(tex) == reason


def test_lengths_that_a_tokeniser_spaced_out_are_closed_up():
    source = document([Job(r"a \hspace { 2 c m } b", 10, False)], PLAIN)
    assert r"\F{0}{10}{}{a \hspace{2cm} b }" in source


@pytest.mark.tex
def test_bad_formulas_are_dropped_with_the_reason_and_the_rest_is_kept(tmp_path):
    texs = [
        "x", r"\nosuchcommand", r"\frac{1}{2}", r"\phantom{x}", "a" * 200, r"\sqrt[ 3", "x{", "y \\",
        r"\begin{aligned} a", r"\ifx\iffalse", "z_{1}_{2}", r"x \rlap{$yyyyyyyyyyyyyyyy$}", r"\sum_{i}",
    ]  # fmt: skip
    result = typeset([Job(tex, 10, True) for tex in texs], PLAIN, tmp_path)
    assert [texs[i] for i in result.kept] == ["x", r"\frac{1}{2}", "y \\", r"\sum_{i}"]
    assert set(result.kept) | set(result.dropped) == set(range(len(texs)))
    assert result.dropped[1] == "TeX: Undefined control sequence"
    assert result.dropped[3] == "no ink"
    assert result.dropped[4] == "wider than 700 pt"
    assert result.dropped[6] == "unbalanced braces"
    assert result.dropped[10] == "TeX: Double subscript"
    assert result.dropped[11] == "ink far outside its TeX box"
    assert result.pdf == tmp_path / "job.pdf"


@pytest.mark.tex
def test_a_symbol_that_the_font_lacks_is_not_silently_left_out(tmp_path):
    result = typeset([Job("x", 10, True), Job(r"\text{\char200}", 10, True)], PLAIN, tmp_path)
    assert result.dropped == {1: "symbol missing in the font"}


@pytest.mark.tex
@pytest.mark.parametrize("font", ["computer-modern", "charter"])
def test_glyphs_of_large_symbols_have_codes(tmp_path, font):
    setups, skipped = available_fonts(["computer-modern", font])
    if skipped:
        pytest.skip(f"{font}: {skipped[font]}")
    made = [SourceFormula(r"\sum_a \int \Bigl( \sqrt{\frac{b}{c}} \Bigr) \bigcup", "display", "a")]
    build_formulas(made, tmp_path / "set", fonts=[font], seed=1)
    codes, boxes = FormulaShards(tmp_path / "set").glyphs(0)
    assert sorted(map(chr, codes)) == sorted("∑a∫(√bc)⋃")
    assert len(setups) >= 1 and (boxes[:, 2:] > boxes[:, :2]).all()


@pytest.mark.tex
def test_letters_of_a_text_font_are_those_of_its_formulas(tmp_path):
    plain, font = typeset_letters(tmp_path, "computer-modern"), typeset_letters(tmp_path, "carlito")
    assert plain.shape != font.shape or (plain != font).any()


def typeset_letters(folder, font):
    """Formulas of letters, figures and brackets in a font, drawn."""
    _, skipped = available_fonts(["computer-modern", font])
    if skipped:
        pytest.skip(f"{font}: {skipped[font]}")
    build_formulas([SourceFormula("(a+2)", "inline", "a")], folder / font, fonts=[font])
    return FormulaShards(folder / font).render(0, 144)


@pytest.mark.tex
def test_a_set_up_that_fails_is_an_error(tmp_path):
    with pytest.raises(RuntimeError, match="font set-up failed at line"):
        typeset([Job("x", 10, True)], FontSetup("broken", r"\nosuchpackage", ()), tmp_path)


def formulas():
    made = [SourceFormula(f"x_{{{i}}}", "inline", "a") for i in range(110)]
    return [*made, SourceFormula(r"\bad", "display", "b"), SourceFormula(r"\frac{a}{b}", "display", "b")]


@pytest.mark.tex
def test_shards_do_not_depend_on_the_number_of_workers(tmp_path):
    fonts = ["computer-modern", "latin-modern"]
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        manifest = build_formulas(formulas(), folder, fonts=fonts, seed=1, workers=workers)
        assert manifest["count"] == 111 and manifest["dropped"] == {"TeX: Undefined control sequence": 1}
        assert sorted(shard["font"] for shard in manifest["shards"]) == fonts
        assert json.loads((folder / "manifest.json").read_text()) == manifest
    for file in (tmp_path / "1").iterdir():
        assert file.read_bytes() == (tmp_path / "2" / file.name).read_bytes(), file.name
    shards = FormulaShards(tmp_path / "1")
    rows = list(shards.rows())
    assert [row["tex"] for row in rows] == [f.tex for f in formulas() if f.tex != r"\bad"]
    assert {row["pt"] for row in rows} == {9.0, 10.0, 10.95, 12.0} and {row["style"] for row in rows} == {
        "text",
        "display",
    }
    for i in (0, 110):
        height, width = shards.render(i, 72).shape
        assert abs(width - rows[i]["size"][0]) < 1.01 and abs(height - rows[i]["size"][1]) < 1.01
    with pytest.raises(ValueError, match="already holds a set"):
        build_formulas(formulas(), tmp_path / "1", fonts=fonts)


def options(*words):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args([*map(str, words)])


@pytest.mark.tex
def test_the_command_makes_formulas_without_a_corpus_and_reports(tmp_path, capsys):
    names = [available_fonts(["computer-modern"])[0][0].name]
    arguments = ("--output", tmp_path / "set", "--count", 30, "--seed", 5, "--workers", 1, "--fonts", *names)
    assert run(options(*arguments)) == 0
    printed = capsys.readouterr().out
    count = int(re.match(r"(\d+) formulas in 1 shards", printed)[1])
    assert count >= 28 and len(FormulaShards(tmp_path / "set")) == count
    assert f"dropped: {30 - count}" in printed and f"{count}  computer-modern" in printed


@pytest.mark.tex
def test_wrong_options(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"tex": "x", "source": "a"}\n')
    with pytest.raises(ValueError, match="--count must be at least 1, got 0"):
        run(options("--output", tmp_path / "set", "--count", 0))
    with pytest.raises(ValueError, match="no formulas to typeset"):
        run(options("--output", tmp_path / "set", "--corpus", tmp_path / "a.jsonl", "--not-source", "a"))
    for wrong, message in (
        (("--by-use", "nan", "--corpus", tmp_path / "a.jsonl"), "--by-use must be in"),
        (("--by-use", "0.5", "--max-per-source", "3", "--corpus", tmp_path / "a.jsonl"), "takes the place of"),
        (("--longest", "2"), "choose from --corpus and --tex"),
    ):
        with pytest.raises(ValueError, match=message):
            run(options("--output", tmp_path / "set", *wrong))
    assert not (tmp_path / "set").exists()
