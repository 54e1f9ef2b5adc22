"""One parser and one check for what Python, the command line and services ask."""

import pytest

from mathocr.pipeline.options import Options, parse_min_score, parse_region


def test_texts_of_the_command_line_and_numbers_of_a_request_are_the_same():
    asked = Options(regions=(parse_region("1,2,3,4.5"), [5, 6, 7, 8]), min_score=parse_min_score("inline=0.3"))
    assert asked == Options("auto", "all", {"inline": 0.3}, ((1, 2, 3, 4.5), (5.0, 6.0, 7.0, 8.0)))
    assert parse_min_score("0.5") == 0.5 and hash(asked.regions)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"mode": "book"}, "mode must be auto, page or crop"),
        ({"min_score": "high"}, r"min_score must be in \[0, 1\] .* got high"),
        ({"min_score": {"block": 0.5}}, "for inline or display, got 0.5 for block"),
        ({"min_score": {"inline": "0.5"}}, r"min_score must be in \[0, 1\]"),
        ({"min_score": {"inline": None}}, "got None for inline"),
        ({"min_score": True}, r"min_score must be in \[0, 1\]"),
        ({"regions": [[1, 2, 3]]}, "four numbers"),
        ({"regions": [[1, 2, 3, "4"]]}, "four numbers"),
        ({"regions": [[0, 0, float("nan"), 1]]}, "four numbers"),
        ({"regions": [[3, 0, 3, 1]]}, "x0 < x1 and y0 < y1"),
        ({"regions": [[0, 0, 1, 1]], "mode": "crop"}, "mode must not be 'crop' with regions"),
        ({"formulas": "inline", "min_score": 0.0, "mode": "crop"}, "mode must not be 'crop' with formulas, min_score"),
    ],
)
def test_what_is_wrong_is_named(fields, message):
    with pytest.raises(ValueError, match=message):
        Options(**fields)


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "5,0,1,9", "0,0,inf,1"])
def test_texts_that_are_no_region(text):
    with pytest.raises(ValueError, match="x0,y0,x1,y1"):
        parse_region(text)
