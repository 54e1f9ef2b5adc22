"""The report on canonical LaTeX, and the comparison of ink under it."""

import json
import shutil

import numpy as np
import pytest

from mathocr.data.latex.inkcheck import compare, ink, same_pieces, unmatched
from mathocr.data.latex.inkreport import classify
from mathocr.data.latex.report import main, measure

needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")


def _write(path, formulas):
    path.write_text("".join(json.dumps({"tex": tex}) + "\n" for tex in formulas), encoding="utf-8")
    return path


def test_measures_by_hand():
    found = measure([r"\frac12", "{x", r"\foo", "x"])
    assert (found.total, found.parsed, found.with_unknown) == (4, 3, 1)
    assert found.errors == {"'{' without '}'": 1}
    assert found.unknown == {r"\foo": 1}
    assert found.length == 7 + 1 + 1
    assert found.not_idempotent == found.not_printed_back == []


def test_report_of_a_file(tmp_path, capsys):
    path = _write(tmp_path / "formulas.jsonl", ["x^2", "{x", "a|b"])
    assert main([str(path), "--name", "three formulas"]) == 0
    text = capsys.readouterr().out
    assert "three formulas, 3 formulas" in text
    assert "| parse | 2 of 3 (66.6667%) |" in text
    assert "| tokens read again give the same tokens | 2 of 2 (100.0000%) |" in text
    assert "| '{' without '}' | 1 | `{x` |" in text


def test_bad_files_are_named_in_one_line(tmp_path, capsys):
    assert main([str(tmp_path / "none.jsonl")]) == 1
    path = tmp_path / "bad.jsonl"
    path.write_text('{"tex": "x"}\n{"text": "y"}\n', encoding="utf-8")
    assert main([str(path)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "bad.jsonl, row 2: needs a JSON object with `tex` or `latex`" in lines[1]


def test_ink_is_cut_to_its_bounds():
    picture = np.full((6, 8, 3), 255, np.uint8)
    picture[2, 3:6] = 0
    assert ink(picture).tolist() == [[1, 1, 1]]
    assert ink(np.full((4, 4), 255, np.uint8)).tolist() == [[0]]


def test_ink_without_partner():
    bar = np.ones((2, 20), np.uint8)
    far = np.zeros((12, 20), np.uint8)
    far[0:2], far[10:12] = 1, 1
    assert unmatched(bar, bar) == 0
    assert unmatched(np.zeros((1, 1), np.uint8), np.zeros((1, 1), np.uint8)) == 0
    assert unmatched(bar, far) == pytest.approx(40 / 120)


def test_pieces_may_move_a_little_but_not_far():
    def picture(dy):
        mask = np.zeros((40, 30), np.uint8)
        mask[20:30, 2:8] = 1
        mask[10 + dy : 16 + dy, 14:20] = 1
        return mask

    assert same_pieces(picture(0), picture(4))
    assert not same_pieces(picture(0), picture(12))
    assert not same_pieces(picture(0), picture(0)[:20])


def test_classes_of_difference():
    assert classify(r"{\textstyle\frac12}")[0] == "style command"
    assert classify("x^{'}")[0] == "prime in braces"
    assert classify("x+y")[0] == "other"


@needs_tex
def test_ink_of_sources_and_printed_forms():
    sources = [r"\left(\frac{1}{2}\,x\right)^{2}", "x_1", r"\frac{a}{b}", r"x \undefinedcommand", "x"]
    printed = [r"\left(\frac{1}{2}x\right)^2", "x^1", r"\frac{a}{b}", "x", r"\undefinedcommand"]
    pairs = compare(sources, printed)
    assert [pair.verdict for pair in pairs] == ["same", "different", "same", "source", "canonical"]
    assert pairs[1].pictures is not None


@needs_tex
def test_report_with_ink(tmp_path):
    path = _write(
        tmp_path / "formulas.jsonl", [r"{a\over b}", r"{\bf x}\to y", r"\left\{\begin{array}{l}a\\b\end{array}\right."]
    )
    assert main([str(path), "--render", "3", "--output", str(tmp_path / "report.md")]) == 0
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "| **both together** | **3 (100.00%)** |" in text
