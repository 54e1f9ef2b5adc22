"""Tokens and ids."""

from pathlib import Path

import pytest

from mathocr.im2latex.vocabulary import BOS, EOS, PAD, UNK, Vocabulary


def test_the_last_line_of_a_file_needs_no_end(tmp_path):
    for text in ("x\n+", "x\n+\n"):
        (tmp_path / "tokens.txt").write_text(text)
        assert Vocabulary.from_file(tmp_path / "tokens.txt").tokens == ("x", "+")


def test_round_trip_stops_at_end():
    vocabulary = Vocabulary(["x", r"\frac", "{"])
    assert len(vocabulary) == 7
    ids = vocabulary.encode([r"\frac", "{", "x"])
    assert ids == [5, 6, 4]
    assert vocabulary.decode([BOS, *ids, PAD, EOS, 4]) == [r"\frac", "{", "x"]


def test_unknown_is_kept_visible():
    vocabulary = Vocabulary(["x"])
    assert vocabulary.encode(["x", "y"]) == [4, UNK]
    assert vocabulary.decode([4, UNK]) == ["x", "<unk>"]


def test_doubles_are_named():
    with pytest.raises(ValueError, match="'x' stands twice"):
        Vocabulary(["x", "y", "x"])


def test_file_keeps_spaces_and_order(tmp_path: Path):
    file = tmp_path / "v.txt"
    file.write_text("x\n\\ \n{\n", encoding="utf-8")
    assert Vocabulary.from_file(file).tokens == ("x", "\\ ", "{")
    with pytest.raises(ValueError, match=r"missing\.txt: no such vocabulary file"):
        Vocabulary.from_file(tmp_path / "missing.txt")


def test_shipped_vocabulary_is_readable():
    vocabulary = Vocabulary.from_file(Path(__file__).parents[2] / "configs" / "vocabulary.txt")
    assert {"{", "}", "_", "^", "x", r"\frac", "&"} <= set(vocabulary.tokens)
