"""Reading formulas, choosing sources, and drawing a balanced sample."""

import json
import lzma

import pytest

from mathocr.data.synthesis.corpus import (
    SourceFormula,
    expand_patterns,
    quotas,
    read_formulas,
    sample,
    sample_by_use,
    select,
    signs,
    source_filter,
)  # fmt: skip
from mathocr.data.synthesis.tex_sources import read_tex_formulas


def test_files_of_all_kinds(tmp_path):
    row = {"tex": "a", "kind": "inline", "source": "s"}
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n\n" + '{"latex": "b", "n": 7}\n')
    with lzma.open(tmp_path / "b.jsonl.xz", "wt") as file:
        file.write(json.dumps(row))
    (tmp_path / "c.txt").write_text("x^2\n\ny\n")
    found = list(read_formulas([tmp_path / name for name in ("a.jsonl", "b.jsonl.xz", "c.txt")]))
    assert found[:3] == [("a", "inline", "s", 1), ("b", "display", "a.jsonl", 7), ("a", "inline", "s", 1)]
    assert found[3:] == [("x^2", "display", "c.txt", 1), ("y", "display", "c.txt", 1)]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", '{"tex": "a"}\n{"text": "b"}\n', r"a\.jsonl, row 2: needs a JSON object with `tex`"),
        ("a.jsonl", "nonsense\n", r"a\.jsonl, row 1"),
        ("a.jsonl", '{"tex": "a", "kind": "big"}\n', "`kind` must be inline or display, was 'big'"),
        ("a.jsonl", '{"tex": "a", "n": 0}\n', "row 1: `n` must be a whole number, at least 1, was 0"),
        ("a.jsonl", '{"tex": "a", "n": 2.5}\n', "`n` must be a whole number, at least 1, was 2.5"),
        ("a.csv", "a\n", r"a\.csv: formulas are read from"),
        ("a.jsonl.xz", "not packed", "cannot be read"),
    ],
)
def test_wrong_files(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        list(read_formulas([tmp_path / name]))


def test_sources_are_chosen_by_pattern_or_by_file(tmp_path):
    listed = tmp_path / "held.txt"
    listed.write_text("# held out\nb/x  # whole\n\n")
    assert expand_patterns(["a/*", f"@{listed}"]) == ["a/*", "b/x"]
    formulas = [SourceFormula("1", "inline", s) for s in ("a/x", "a/y", "b/x", "b/y")]
    formulas += [SourceFormula("1", "inline", "a/x"), SourceFormula("2", "display", "b/y")]
    assert [f.source for f in select(formulas, source_filter(["a/*", "b/*"], [f"@{listed}"]))] == ["a/x", "b/y"]
    assert [f.tex for f in select(formulas, source_filter([], []), "display")] == ["2"]
    with pytest.raises(ValueError, match="list of sources cannot be read"):
        expand_patterns(["@" + str(tmp_path / "none.txt")])


def test_short_formulas_alone():
    assert [signs(tex) for tex in ("x", r"\hat{x}", "x_1", r"\{ a \}", r"\alpha\beta")] == [1, 2, 3, 3, 2]
    formulas = [SourceFormula(tex, "inline", "a") for tex in ("x", r"\hat{x}", "x_1")]
    assert [f.tex for f in select(formulas, source_filter([], []), longest=2)] == ["x", r"\hat{x}"]


def test_formulas_that_are_used_often_come_often():
    formulas = [SourceFormula("x", "inline", "a", 900), SourceFormula("y", "inline", "a", 100)]
    drawn = [f.tex for f in sample_by_use(formulas, 4000, 0.5, seed=1)]
    assert drawn.count("x") == pytest.approx(3000, abs=120)  # as 30 to 10
    assert drawn == [f.tex for f in sample_by_use(formulas, 4000, 0.5, seed=1)]
    assert [len(sample_by_use(formulas, count, 1.0, seed=1)) for count in (None, 5)] == [2, 5]
    assert sample_by_use([], 5, 1.0, seed=1) == []
    sources = [SourceFormula("x", "inline", source, 2) for source in "abc"] + [SourceFormula("y", "inline", "a", 1)]
    assert [f.uses for f in select(sources, source_filter([], ["c"]))] == [4, 1]


def test_quotas_by_hand():
    assert quotas({"a": 900, "b": 100}, 40, 0.5) == {"a": 30, "b": 10}
    assert quotas({"a": 900, "b": 100}, 40, 1.0) == {"a": 36, "b": 4}
    assert quotas({"a": 900, "b": 100}, 40, 0.0) == {"a": 20, "b": 20}
    assert quotas({"a": 900, "b": 5}, 40, 0.0) == {"a": 35, "b": 5}  # what b cannot give comes from a
    assert quotas({"a": 900, "b": 100}, 40, 1.0, max_per_source=25) == {"a": 25, "b": 15}
    assert quotas({"a": 3}, 10, 0.5) == {"a": 3}
    assert sum(quotas({str(i): 7 + i for i in range(9)}, 50, 0.5).values()) == 50


def test_samples_repeat_with_the_seed_and_take_each_formula_once():
    formulas = [SourceFormula(str(i), "inline", "ab"[i % 5 == 0]) for i in range(100)]
    first = sample(formulas, 30, 0.5, seed=1)
    assert first == sample(formulas, 30, 0.5, seed=1) != sample(formulas, 30, 0.5, seed=2)
    assert len(set(first)) == 30
    assert sorted(sample(formulas, None, 0.5, seed=1)) == sorted(formulas)


def test_formulas_of_latex_sources(tmp_path):
    (tmp_path / "me+book").mkdir()
    text = (
        r"\newcommand{\R}{\mathbb{R}}\begin{document}Let $x \in \R$ be a number. \begin{eqnarray*} a &\le& b \\ c &=& d"
        "\n\\end{eqnarray*} Then \\[ y =\n z. \\] \\end{document}"
    )
    (tmp_path / "me+book" / "a.tex").write_text(text)
    found = list(read_tex_formulas([tmp_path], lambda source: True))
    assert [(f.kind, f.source) for f in found] == [
        ("inline", "me/book"),
        ("display", "me/book"),
        ("display", "me/book"),
    ]
    assert found[0].tex == r"x \in \mathbb{R}"
    assert found[1].tex.replace("  ", " ") == r"\begin{aligned} a &\le b \\ c &= d \end{aligned}"
    assert found[2].tex == "y = z."
    assert list(read_tex_formulas([tmp_path], lambda source: False)) == []
    with pytest.raises(ValueError, match="no such folder"):
        list(read_tex_formulas([tmp_path / "none"], lambda source: True))
