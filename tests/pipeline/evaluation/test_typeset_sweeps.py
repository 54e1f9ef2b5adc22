"""Truths typeset anew: the same formulas in every font, the same rows in every stack."""

import dataclasses
import re

import numpy as np
import pytest

from mathocr.data.latex import tokenize
from mathocr.data.synthesis import fonts
from mathocr.pipeline.evaluation import typeset_sweeps
from mathocr.pipeline.evaluation.selection import select
from mathocr.pipeline.evaluation.typeset_sweeps import ROWS, font_sweep, row_sweep

FEW = {"computer-modern", "times"}


@pytest.mark.tex
def test_fonts_draw_the_same_formulas_differently(crop_set, tmp_path, monkeypatch):
    few = [dataclasses.replace(f, held_out=f.name == "times") for f in fonts.FONT_SETUPS if f.name in FEW]
    asked = []
    monkeypatch.setattr(typeset_sweeps, "available_fonts", lambda names: (asked.extend(names), (few, {}))[1])
    selection = select(crop_set(["x+y", "{", r"\nosuch", r"\frac{a}{b}"], kinds=["inline"] * 4))
    found = font_sweep(selection, tmp_path)
    assert set(found) == {"computer-modern", "times (unseen)"}
    assert {"computer-modern", "kurier", "antykwa"} <= set(asked) and "lato" not in asked  # too rare
    for crops in found.values():
        assert [sample.tex for sample in crops.samples] == ["x + y", r"\frac{a}{b}"] and crops.rows == (0, 1)
    first, second = (crops.samples[1].load() for crops in found.values())
    assert first.dtype == np.uint8 and first.min() < 60 and first.max() == 255
    assert first.shape != second.shape or not np.array_equal(first, second)


@pytest.mark.tex
def test_stacks_are_of_the_same_rows(crop_set, tmp_path):
    texts = [f"x_{{{number}}}=1" for number in range(25)] + ["x" * 40, r"\begin{matrix}a\\b\end{matrix}"]
    found = row_sweep(select(crop_set(texts)), tmp_path)
    assert list(found) == list(ROWS)
    written = []
    for rows, crops in found.items():
        tokens = [tokenize(sample.tex) for sample in crops.samples]
        assert len(tokens) == 24 // rows and all(one.count("\\\\") == rows - 1 for one in tokens)
        written.append(re.findall(r"x_(?:\{(\d+)\}|(\d))", " ".join(sample.tex for sample in crops.samples)))
    assert all(one == written[0] for one in written) and len(written[0]) == 24
    heights = [crops.samples[0].load().shape[0] for crops in found.values()]
    assert heights == sorted(heights) and heights[-1] > 6 * heights[0]


def test_too_few_short_formulas_make_no_stacks(crop_set, tmp_path):
    assert row_sweep(select(crop_set(["x"] * 23 + ["x" * 40] * 9)), tmp_path) == {}
