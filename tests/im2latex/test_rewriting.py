"""Readings become canonical, and each token keeps a confidence."""

import pytest

from mathocr.im2latex.rewriting import rewritten


@pytest.mark.parametrize(("read", "said", "tokens", "kept"), [
    ("x + 1", [0.9, 0.8, 0.7], "x + 1", [0.9, 0.8, 0.7]),
    (r"\operatorname { s i n } x", [0.9, 0.5, 0.8, 0.3, 0.7, 0.6, 0.4], r"\sin x", [0.3, 0.4]),
    (r"y = \operatorname { w }", [0.9, 0.8, 0.7, 0.6, 0.5, 0.4], r"y = \mathrm { w }", [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]),
    ("x ^ 2", [0.9, 0.2, 0.8], "x ^ { 2 }", [0.9, 0.2, 0.2, 0.8, 0.8]),
    (r"\frac { x", [0.9, 0.8, 0.7], r"\frac { x", [0.9, 0.8, 0.7]),  # does not parse
    (r"\operatorname { s i n }", [], r"\sin", []),
    ("", [], "", []),
])  # fmt: skip
def test_tokens_are_canonical_and_have_the_least_confidence_of_what_they_replace(read, said, tokens, kept):
    assert rewritten(read.split(), said) == (tuple(tokens.split()), tuple(kept))
