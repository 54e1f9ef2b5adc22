"""Crops: scores worked out by hand, failures named, batches resumed."""

import pytest

from mathocr.pipeline.evaluation.crop_run import run_crops
from mathocr.pipeline.evaluation.recognition import Recognition
from mathocr.pipeline.evaluation.selection import select
from mathocr.pipeline.evaluation.slices import length_slice, rows_slice

TEXTS = ["x", "a+b", r"\frac{1}{2}", "{", "y", "a-b"]


def measure(selection, reader, **more):
    return [record for batch in run_crops(selection, reader, **more) for record in batch]


def test_scores_by_hand(crop_set, answers):
    selection = select(crop_set(TEXTS, missing={4}, kinds=["inline"] * 3 + ["display"] * 3))
    reader = answers(["x", "a-b", r"{1 \over 2}", "never asked", "never asked", "a-b"])
    report = Recognition().extend(measure(selection, reader)).compute()
    canonical = report["canonical"]
    assert (canonical["count"], report["samples"]) == (4, 6)
    assert canonical["exact_match"] == 3 / 4
    assert canonical["edit_similarity"] == pytest.approx((1 + 2 / 3 + 1 + 1) / 4)
    assert report["plain"]["exact_match"] == 2 / 4  # only canonical LaTeX knows that \over is \frac
    assert report["slices"]["kind"]["inline"]["exact_match"] == pytest.approx(2 / 3)
    assert report["slices"]["kind"]["display"] == report["slices"]["kind"]["display"] | {"count": 1, "exact_match": 1.0}
    assert {name: part["count"] for name, part in report["slices"]["length"].items()} == {"1": 1, "2-4": 2, "5-8": 1}
    assert report["stopped"] == {"end": 4, "length": 0, "repetition": 0}


def test_slices_and_symbols_are_those_of_the_truth(crop_set, answers):
    truth, read = r"\begin{aligned}x&=x\\y&=1\end{aligned}", "x=z"
    report = Recognition().extend(measure(select(crop_set([truth])), answers([read]))).compute()
    assert list(report["slices"]["rows"]) == ["2"] and list(report["slices"]["length"]) == ["9-16"]
    assert report["symbols"]["x"] == {"count": 2, "read": 0.5} and report["symbols"]["y"] == {"count": 1, "read": 0}
    assert "z" not in report["symbols"]
    (place,) = report["calibration"]["bins"]
    assert (place["confidence"], place["right"], place["count"]) == (0.9, 0.0, 1)


def test_bad_samples_are_counted_and_named_without_paths(crop_set, answers, tmp_path):
    folder = crop_set(TEXTS, missing={4})
    report = Recognition().extend(measure(select(folder), answers(TEXTS))).compute()
    faults = report["failures"]
    assert {name: part["count"] for name, part in faults.items()} == {"sample": 1, "truth": 1, "prediction": 0}
    assert faults["truth"]["named"][0]["where"] == "letters/labels.jsonl:4"
    assert "4.png" in faults["sample"]["named"][0]["message"]
    assert str(tmp_path) not in str(report)


def test_one_failing_crop_does_not_take_its_batch(crop_set, answers):
    records = measure(select(crop_set(["x", "y", "z"])), answers(["x", "y", "z"], broken={1}))
    assert [record.get("fault") for record in records] == [None, "prediction", None]
    assert records[1]["message"] == "the network fell over"
    assert records[2]["canonical"]["exact"]


def test_an_invalid_prediction_is_wrong_and_counted(crop_set, answers):
    report = Recognition().extend(measure(select(crop_set(["x"])), answers(["{ x"]))).compute()
    assert (report["invalid_predictions"], report["canonical"]["exact_match"]) == (1, 0.0)
    assert report["stopped"]["length"] == 1


def test_rows_that_are_done_are_left_out(crop_set, answers):
    reader = answers(["x", "y", "z", "a", "b"])
    selection = select(crop_set(["x", "y", "z", "a", "b"]))
    assert [record["row"] for record in measure(selection, reader, done=frozenset({0, 3}), batch=2)] == [1, 2, 4]
    assert reader.calls == [[1, 2], [4]]


def test_a_count_takes_the_same_rows_each_time(crop_set):
    folder = crop_set(["x"] * 40)
    rows = select(folder, 10).rows
    assert rows == select(folder, 10).rows and len(set(rows)) == 10 and list(rows) == sorted(rows)
    assert rows != tuple(range(10))
    assert select(folder, 99).rows == tuple(range(40))
    with pytest.raises(ValueError, match="count must be at least 1, got 0"):
        select(folder, 0)


@pytest.mark.parametrize("length, name", [(1, "1"), (2, "2-4"), (4, "2-4"), (5, "5-8"), (128, "65-128"), (129, "129+")])
def test_length_slices(length, name):
    assert length_slice(length) == name


@pytest.mark.parametrize("breaks, name", [(0, "1"), (1, "2"), (2, "3-4"), (3, "3-4"), (4, "5+")])
def test_rows_slices(breaks, name):
    assert rows_slice(["x", *["\\\\", "y"] * breaks]) == name
