"""What the labelling guide says of LaTeX is what the canonical form does, and its pictures are there."""

import re
from pathlib import Path

import cv2
import pytest

from mathocr.data.latex import canonicalize, problems

GUIDE = Path(__file__).parents[2] / "docs" / "LABELLING.md"
TEXT = GUIDE.read_text(encoding="utf-8")
ENTRY = re.compile(r"```latex\n(.+)\n```\n((?:\n- .+(?:\n  .+)*)*)")
CODE = re.compile(r"`([^`]+)`")
ENTRIES = ENTRY.findall(TEXT)


def sources(remarks, word):
    """The LaTeX of a remark, without what is said of it in brackets at its end."""
    found = re.search(rf"^- {word}: ((?:`[^`]+`(?:, )?)+)", remarks, re.MULTILINE)
    return CODE.findall(found[1]) if found else []


@pytest.mark.parametrize(("latex", "remarks"), ENTRIES, ids=[latex[:20] for latex, _ in ENTRIES])
def test_what_is_called_the_same_is(latex, remarks):
    tokens = canonicalize(latex).tokens
    assert problems(tokens) == []
    for other in sources(remarks, "same"):
        assert canonicalize(other).tokens == tokens, other
    for other in sources(remarks, "different"):
        assert canonicalize(other).tokens != tokens, other


def test_every_remark_is_checked():
    assert len(ENTRIES) == TEXT.count("```latex")
    for latex, remarks in ENTRIES:
        for word in re.findall(r"^- (same|different):", remarks, re.MULTILINE):
            assert sources(remarks, word), (latex, word)


def test_the_pictures_are_there_and_small():
    named = set(re.findall(r"\(images/labelling/(\w+\.png)\)", TEXT))
    there = {path.name: path for path in (GUIDE.parent / "images" / "labelling").glob("*.png")}
    assert named == set(there)
    for path in there.values():
        assert path.stat().st_size < 15_000 and (cv2.imread(str(path)) < 128).any(), path
