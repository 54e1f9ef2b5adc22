from rapidfuzz.distance import Levenshtein

from mathocr.pipeline.feedback.report import latest, summarise, to_text

from .conftest import entry, png


def at(one, created):
    one.created = created
    return one


def test_the_last_word_counts():
    blob = png()
    said = [entry("1", blob), entry("2", blob, corrected_latex="z"), entry("3", blob, box=[0, 0, 3, 3])]
    assert [one.client_id for one in latest(said)] == ["2", "3"]
    pages = [entry(name, blob, action="page", box=None, regions=[]) for name in "ab"]
    assert [one.client_id for one in latest([*said[:1], *pages])] == ["1", "b"]


def test_places_are_told_apart_as_in_an_export():
    blob = png()
    near = [entry("1", blob), entry("2", blob, box=[5.4, 10, 25.6, 20], action="confirmation", corrected_latex=None)]
    moved = [entry("3", blob, corrected_box=[30, 10, 50, 20]), entry("4", blob, box=[30, 10, 50, 20.6])]
    assert [one.client_id for one in latest([*near, *moved])] == ["4"]
    apart = [entry("5", blob, box=[5, 10, 13, 20]), entry("6", blob, box=[13, 10, 25, 20])]
    assert [one.client_id for one in latest(apart)] == ["5", "6"]


def test_the_fewest_tokens_are_blamed():
    symbols = summarise([entry("1", latex="a+b+c+d", corrected_latex="b+c+d+e+f+a-d")])["symbols"]
    edits = sum(one["count"] for kind in ("missed", "invented", "confused") for one in symbols[kind])
    assert edits == Levenshtein.distance("a+b+c+d", "b+c+d+e+f+a-d")


SAID = [
    at(entry("1", latex="a+b", corrected_latex="a-b", confidence=0.95), 1_700_000_000),
    at(entry("2", action="confirmation", corrected_latex=None, latex="x", kind="display"), 1_700_000_000),
    at(entry("3", action="flag", corrected_latex=None, reason="unreadable"), 1_700_700_000),
    at(entry("4", latex="x", corrected_latex="x^2", corrected_box=[1, 1, 9, 9], corrected_kind="display"), 1),
    at(entry("5", box=None, corrected_box=[1, 1, 9, 9], corrected_latex=r"\frac{", source="review", models={}), 1),
    at(entry("6", action="page", box=None, corrected_latex=None, regions=[]), 1),
]  # fmt: skip
for number, one in enumerate(SAID):
    one.id = str(number)


def test_counts_by_slice():
    found = summarise(SAID)
    assert (found["records"], found["formulas"], found["pages"]) == (6, 5, 1)
    assert found["all"] == {"confirmed": 1, "corrected": 3, "flagged": 1, "wrong": 0.75}
    slices = found["slices"]
    assert slices["kind"]["display"] == {"confirmed": 1, "corrected": 1, "flagged": 0, "wrong": 0.5}
    assert list(slices["length"]) == ["1", "2-4", "5-8", "not parsed"]
    assert slices["confidence"][".9 to 1"]["corrected"] == 1 and slices["confidence"][".2 to .3"]["flagged"] == 1
    assert slices["source"]["review"]["corrected"] == 1 and slices["model"]["im2latex m eeeeeeee"]["corrected"] == 2
    assert slices["week"]["2023-W46"] == {"confirmed": 1, "corrected": 1, "flagged": 0, "wrong": 0.5}
    assert list(slices["week"]) == ["1970-W01", "2023-W46", "2023-W47"]
    assert slices["week"]["2023-W47"]["wrong"] is None
    assert found["reasons"] == {"unreadable": 1} and found["places"] == {"moved": 1, "missed": 1, "other_kind": 1}


def test_symbols_that_were_misread():
    symbols = summarise(SAID)["symbols"]
    assert symbols["confused"] == [{"read": "+", "right": "-", "count": 1}]
    assert {one["symbol"]: one["count"] for one in symbols["missed"]} == {"^": 1, "{": 1, "2": 1, "}": 1}
    assert symbols["invented"] == [] and symbols["not_parsed"] == 0  # what was missed was not misread


def test_the_text_holds_the_numbers():
    text = to_text(summarise(SAID))
    assert "6 records on 5 formulas and 1 whole pages" in text
    assert "all                            1       3        1        0.750" in text and "+ for -" in text
    assert to_text(summarise([])).startswith("0 records")
