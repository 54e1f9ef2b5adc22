from mathocr.pipeline.feedback.truth import truths

from .conftest import entry, png, sha256

BLOB = png()
INLINE, DISPLAY = [5, 10, 25, 20], [30, 10, 50, 30]


def heard(*said):
    for one in said:
        one.image_kept = one.image is not None
    return truths(said).get(sha256(BLOB))


def page(client_id, *regions):
    rows = [{"box": box, "kind": kind, "latex": latex} for box, kind, latex in regions]
    return entry(client_id, BLOB, action="page", box=None, corrected_latex=None, regions=rows)


def told(truth):
    return [(place.kind, place.latex) for place in truth.places]


def test_a_later_word_on_the_same_place_counts():
    truth = heard(
        entry("1", BLOB), entry("2", BLOB, box=[6, 10, 25, 20], corrected_latex="z", corrected_kind="display")
    )
    assert told(truth) == [("display", "z")] and not truth.whole
    moved = heard(entry("1", BLOB, corrected_box=DISPLAY), entry("2", BLOB, box=INLINE, corrected_latex="far"))
    assert told(moved) == [("inline", "y"), ("inline", "far")]


def test_a_confirmation_is_what_was_read():
    assert told(heard(entry("1", BLOB, action="confirmation", corrected_latex=None))) == [("inline", "x")]


def test_a_whole_page_and_what_was_said_after_it():
    whole = page("1", (INLINE, "inline", "a"), (DISPLAY, "display", None))
    assert told(heard(entry("0", BLOB), whole)) == [("inline", "a"), ("display", None)]
    truth = heard(whole, entry("2", BLOB))
    assert told(truth) == [("inline", "y"), ("display", None)] and truth.whole


def test_flags_take_away_what_they_speak_against():
    whole = page("1", (INLINE, "inline", "a"))

    def flag(reason):
        return entry("2", BLOB, action="flag", corrected_latex=None, reason=reason)

    assert told(heard(whole, flag("not_a_formula"))) == []
    assert told(heard(whole, flag("wrong"))) == told(heard(whole, flag("unreadable"))) == [("inline", None)]
    missed, other = heard(whole, flag("missed")), heard(whole, flag("other"))
    assert not missed.whole and told(missed) == [("inline", "a")]
    assert other.whole and told(other) == [("inline", "a")]


def test_images_that_were_not_kept_tell_nothing():
    one = entry("1", BLOB)
    assert truths([one]) == {}
