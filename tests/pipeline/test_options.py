"""One parser and one check for what Python, the command line and services ask."""

import pytest

from mathocr.pipeline.options import Options, parse_region


def test_a_request_is_read_like_the_command_line():
    parsed = Options.parse({"formulas": "display", "min_score": "inline=0.3", "regions": ["1,2,3,4.5", [5, 6, 7, 8]]})
    assert parsed == Options("auto", "display", {"inline": 0.3}, ((1, 2, 3, 4.5), (5, 6, 7, 8)))
    assert Options.parse({}) == Options() and Options.parse({"min_score": 0.5}).min_score == 0.5
    assert hash(parsed.regions) and parsed.regions[1] == (5.0, 6.0, 7.0, 8.0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kinds": "all"}, "options must be among mode, formulas, min_score, regions, .*got 'kinds'"),
        ({"mode": "book"}, "mode must be auto, page or crop"),
        ({"min_score": "high"}, "scores must be like 0.4"),
        ({"min_score": {"inline": "0.5"}}, r"min_score must be in \[0, 1\]"),
        ({"min_score": True}, r"min_score must be in \[0, 1\]"),
        ({"regions": "1,2,3,4"}, "regions must be a list of boxes"),
        ({"regions": ["1,2,3"]}, "a region must be x0,y0,x1,y1 .* got '1,2,3'"),
        ({"regions": [[1, 2, 3]]}, "four numbers"),
        ({"regions": [[1, 2, 3, "4"]]}, "four numbers"),
        ({"regions": [[0, 0, float("nan"), 1]]}, "four numbers"),
        ({"regions": [[3, 0, 3, 1]]}, "x0 < x1 and y0 < y1"),
        ({"regions": [[0, 0, 1, 1]], "mode": "crop"}, "mode must not be 'crop'"),
    ],
)
def test_what_is_wrong_is_named(fields, message):
    with pytest.raises(ValueError, match=message):
        Options.parse(fields)


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "5,0,1,9", "0,0,inf,1"])
def test_texts_that_are_no_region(text):
    with pytest.raises(ValueError, match="x0,y0,x1,y1"):
        parse_region(text)
