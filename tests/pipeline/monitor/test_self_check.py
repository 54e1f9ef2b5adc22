import shutil

import numpy as np
import pytest

from mathocr.data.contracts import Reading
from mathocr.data.samples import CropSample
from mathocr.im2latex.prepare import trimmed_ink
from mathocr.pipeline.monitor.power import measure_power
from mathocr.pipeline.monitor.self_check import PASSES, draw, ink_match, self_check

from .conftest import formula, written

TEX = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX")


def test_ink_matches_itself_at_any_size_and_nothing_else():
    a, large, other = (trimmed_ink(one) for one in (written("x + y"), written("x + y", 2.0), written("m (n)")))
    assert ink_match(a, a) == 1
    assert ink_match(a, large) > 0.9 > PASSES > ink_match(a, other)
    assert ink_match(a, np.zeros_like(a)) == 0


@TEX
@pytest.mark.tex
def test_a_right_answer_matches_and_a_wrong_one_does_not():
    crop = draw([(r"\frac{a + b}{c}", True)])[0]
    answers = [formula(text) for text in (r"\frac{a + b}{c}", "a + b + c + d", r"\nosuchcommand{x}", "")]
    rows, skipped = self_check([crop] * 4, answers)
    assert skipped is None and rows[0]["match"] > 0.95 > PASSES > rows[1]["match"]
    assert rows[2]["match"] == 0 and rows[3]["match"] is None and rows[0]["confidence"] == 0.9
    assert self_check([np.full((9, 9), 255, np.uint8)], [formula("x")])[0][0]["match"] is None


@TEX
@pytest.mark.tex
def test_power_tells_how_well_it_tells():
    texts = ["x^2 + 1", r"\sum_{i} a_i", "f(x)", r"\alpha - \beta"]
    crops = draw([(tex, True) for tex in texts])

    class Reader:
        def predict(self, images):
            assert len(images) == 4
            said = ["x^2 + 1", "y", "f(x)", "u"]
            tokens = [("x", "^", "{", "2", "}", "+", "1"), ("y",), ("f", "(", "x", ")"), ("u",)]
            return [Reading(a, b, 0.5, True, "end") for a, b in zip(said, tokens, strict=True)]

    samples = [
        CropSample(image=lambda crop=crop: crop, tex=tex, kind="display", source="s", where="w")
        for crop, tex in zip(crops, texts, strict=True)
    ]
    found = measure_power(samples, Reader())
    assert found == {"count": 4, "right": 2, "least": PASSES, "right_pass": 1.0, "wrong_fail": 1.0, "auc": 1.0,
                     "auc_confidence": 0.5}  # fmt: skip


def test_without_tex_it_says_what_is_missing(monkeypatch):
    monkeypatch.setenv("PATH", "")
    rows, skipped = self_check([written()], [formula("x + y")])
    assert rows == [] and "TeX is not installed" in skipped
