"""Drawn scores: only what differs is typeset, once; without TeX the rest goes on."""

import json

import pytest

from mathocr.data.synthesis.tex import TexMissing
from mathocr.im2latex.rendered import RenderScore
from mathocr.pipeline.evaluation import rendering
from mathocr.pipeline.evaluation.markdown_stages import rendered_part
from mathocr.pipeline.evaluation.rendering import render


def records(path, *pairs):
    rows = [
        {"row": n, "latex": pred, "tex": target, "canonical": {"exact": pred == target}}
        for n, (pred, target) in enumerate(pairs)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"row": 99, "fault": "sample"}]))
    return path


def test_what_differs_is_typeset_once(tmp_path, monkeypatch):
    asked = []

    def scores(pairs, batch):
        for pred, target in pairs:
            asked.append((pred, target))
            yield {"y": RenderScore(0.5, False), "{": RenderScore(0.0, False, "no brace")}.get(
                pred, RenderScore(None, None, None, "refused")
            )

    monkeypatch.setattr(rendering, "render_scores", scores)
    source = records(tmp_path / "r.jsonl", ("x", "x"), ("y", "x"), ("{", "x"), ("z", r"\bad"))
    found = render(source, tmp_path / "s.jsonl")
    assert asked == [("y", "x"), ("{", "x"), ("z", r"\bad")]
    assert found == {"count": 3, "cdm": 0.5, "render_match": pytest.approx(1 / 3), "refused": 1, "refused_truths": 1}
    assert render(source, tmp_path / "s.jsonl") == found and len(asked) == 3


def test_without_tex_the_report_says_so(tmp_path, monkeypatch):
    def scores(pairs, batch):
        raise TexMissing("no pdflatex")
        yield

    monkeypatch.setattr(rendering, "render_scores", scores)
    found = render(records(tmp_path / "r.jsonl", ("y", "x")), tmp_path / "s.jsonl")
    assert found == {"missing": "no pdflatex"} and "not measured: no pdflatex" in rendered_part(found)


def test_crops_of_pages_are_told_apart(tmp_path):
    path = tmp_path / "r.jsonl"
    crops = [{"row": n, "latex": "x", "tex": "x", "canonical": {"exact": True}} for n in range(2)]
    path.write_text("".join(json.dumps({"row": n, "crops": crops}) + "\n" for n in (4, 7)))
    assert [row for row, _ in rendering.crops_of(path)] == ["4:0", "4:1", "7:0", "7:1"]
    assert render(path, tmp_path / "s.jsonl")["count"] == 4


@pytest.mark.tex
def test_with_tex(tmp_path):
    found = render(
        records(tmp_path / "r.jsonl", ("x", "x"), (r"\frac12", r"\frac{1}{2}"), ("x+y", "x-y")), tmp_path / "s"
    )
    assert found["count"] == 3 and found["render_match"] == pytest.approx(2 / 3) and found["cdm"] < 1
