"""Pages: detector and chain scores worked out by hand; swapped axes would change them."""

from functools import partial

import numpy as np
import pytest

from mathocr.data.contracts import ModelIdentity, Reading
from mathocr.data.latex import canonicalize
from mathocr.data.samples import PageSample
from mathocr.pipeline.evaluation.chain import Chain
from mathocr.pipeline.evaluation.detection import Detection
from mathocr.pipeline.evaluation.matching import pairs
from mathocr.pipeline.evaluation.page_run import Stages, run_pages
from mathocr.pipeline.evaluation.report import summarise
from mathocr.pipeline.evaluation.selection import Selection

TARGETS = [((10, 10, 30, 20), "inline", "x"), ((50, 10, 90, 22), "inline", "a+b"),
           ((10, 40, 110, 80), "display", r"\frac{1}{2}"), ((10, 100, 60, 110), "inline", None)]  # fmt: skip
FOUND = [
    ((10, 10, 30, 20), "inline", 0.9),  # right place; read right
    ((50, 10, 90, 23), "display", 0.8),  # right place, wrong kind; read wrong
    ((10, 40, 110, 60), "display", 0.7),  # IoU .5; read right
    ((10, 100, 60, 110), "inline", 0.6),  # a formula without LaTeX
    ((120, 10, 140, 40), "inline", 0.55),  # nothing there
    ((120, 90, 140, 100), "inline", 0.2),  # the detector does not stand by it
]


def page(height=120, width=150):
    image = np.full((height, width), 255, np.uint8)
    for number, (box, _, _) in enumerate(FOUND):
        x0, y0, x1, y1 = box
        image[y0:y1, x0:x1] = 200
        image[y0 - 2 : y0, x0 : x0 + number] = 0
    return image


def sample(height=120, load=page):
    boxes = np.array([box for box, _, _ in TARGETS], np.float64)
    kinds, texts = tuple(kind for _, kind, _ in TARGETS), tuple(text for _, _, text in TARGETS)
    return PageSample(partial(load, height), boxes, kinds, texts, "book", f"/secret/pages: page {height}")


def broken(height):
    raise OSError("/secret/pages: damaged")


def selection(*samples):
    return Selection("pages", "shards", "pages", samples, tuple(range(len(samples))), "/secret/pages")


class ByWidth:
    """Reads a crop by the width that a region has without its margin."""

    identity = ModelIdentity("width", "c" * 64)

    def predict(self, crops, scale=None, alternatives=0):
        known = {20: "x", 40: "a-b", 100: "1 \\over 2"}
        texts = [known.get(min(known, key=lambda w: abs(w - crop.shape[1])), "?") for crop in crops]
        return [Reading(tex, canonicalize(tex).tokens, 0.5, True, "end") for tex in texts]


def run(boxes, *samples, reader=None, **more):
    stages = Stages(boxes({120: FOUND, 130: FOUND}), reader, **more)
    return [record for batch in run_pages(selection(*samples), stages) for record in batch]


def test_detector_scores_by_hand(boxes):
    detection = Detection()
    for record in run(boxes, sample()):
        detection.add(record)
    kinds = detection.compute()["kinds"]
    assert (kinds["all"]["targets"], kinds["all"]["found"]) == (4, 5)  # 0.2 is below the detector's own threshold
    assert kinds["all"]["iou_0.5"] == pytest.approx({"right": 4, "precision": 4 / 5, "recall": 1.0, "f1": 8 / 9})
    assert kinds["all"]["iou_0.75"] == pytest.approx({"right": 3, "precision": 3 / 5, "recall": 3 / 4, "f1": 6 / 9})
    assert kinds["inline"]["iou_0.5"] == pytest.approx({"right": 2, "precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3})
    assert kinds["display"]["iou_0.5"] == pytest.approx({"right": 1, "precision": 1 / 2, "recall": 1.0, "f1": 2 / 3})
    assert kinds["display"]["iou_0.75"]["f1"] == 0.0
    assert kinds["display"]["ap_50"] == pytest.approx(0.5)  # the one right region comes second
    assert kinds["all"]["ap_50"] == pytest.approx(1.0)  # and where kinds do not count, all come before wrong ones


def test_what_is_kept_is_what_the_detector_gives_with_its_own_thresholds(boxes):
    place = (10, 40, 110, 80)
    finder = boxes({120: [(place, "inline", 0.45), (place, "display", 0.42), ((10, 10, 30, 20), "inline", 0.3)]})
    stages = Stages(finder, ByWidth())
    ((record,),) = run_pages(selection(sample()), stages)
    assert [(region["kind"], region["score"], region["kept"]) for region in record["regions"]] == [
        ("inline", 0.45, False), ("display", 0.42, True), ("inline", 0.3, False),
    ]  # fmt: skip
    assert [formula["kind"] for formula in record["formulas"]] == ["display"]
    assert finder.asked == [None, 0.0] and finder.looks == 1  # the first is timed


def test_recall_by_size(boxes):
    detection = Detection()
    for record in run(boxes, sample()):
        detection.add(record)
    sizes = detection.compute()["recall_by_size"]
    assert sizes["tokens"]["1"] == {"targets": 1, "recall": 1.0}
    assert sizes["tokens"]["2-4"] == {"targets": 1, "recall": 0.0}  # a + b was found as the wrong kind
    assert list(sizes["tokens"]) == ["1", "2-4", "5-8", "unknown"]
    assert sizes["tokens"]["unknown"] == {"targets": 1, "recall": 1.0}
    assert sizes["height"]["below 16"]["targets"] == 3
    assert sizes["height"]["32 to 64"] == {"targets": 1, "recall": 1.0}  # at IoU 0.5
    assert sizes["aspect"]["1 to 4"]["targets"] == 3 and sizes["aspect"]["4 to 16"]["targets"] == 1


def test_chain_scores_by_hand(boxes):
    chain = Chain()
    for record in run(boxes, sample(), reader=ByWidth()):
        chain.add(record)
    report = chain.compute()
    assert {key: report[key] for key in ("targets", "found", "matched", "right")} == {
        "targets": 3, "found": 4, "matched": 3, "right": 2,
    }  # fmt: skip
    assert (report["precision"], report["recall"], report["f1"]) == pytest.approx((2 / 4, 2 / 3, 4 / 7))
    assert report["edit_similarity_of_matched"] == pytest.approx((1 + 2 / 3 + 1) / 3)


def record_of(found, targets, ms=1.0):
    """A page's record of ``(box, kind, score, kept, latex)`` and ``(box, kind, latex)``."""
    regions = [dict(zip(("box", "kind", "score", "kept", "latex"), row, strict=True)) for row in found]
    return {
        "ms": {"detector": ms}, "regions": regions, "formulas": [region for region in regions if region["kept"]],
        "targets": [{"box": box, "kind": kind, "tokens": list(canonicalize(tex).tokens)} for box, kind, tex in targets],
    }  # fmt: skip


def test_split_and_merged_are_of_what_is_kept():
    halves = [([0, 0, 48, 10], "inline", 0.9, True, "a"), ([52, 0, 100, 10], "inline", 0.8, True, "b"),
              ([200, 0, 300, 10], "inline", 0.1, False, "c")]  # fmt: skip
    targets = [
        ([0, 0, 100, 10], "inline", "ab"),
        ([200, 0, 248, 10], "inline", "c"),
        ([252, 0, 300, 10], "inline", "d"),
    ]
    detection = Detection()
    detection.add(record_of(halves, targets, ms=2.0))
    detection.add(record_of([], [], ms=4.0))
    found = detection.compute()
    assert (found["split"], found["merged"], found["ms_per_page"]) == (1, 0, 3.0)


def test_the_surest_of_two_on_one_formula_is_compared():
    box = [0, 0, 40, 10]
    chain = Chain()
    chain.add(record_of([(box, "inline", 0.6, True, "x"), (box, "inline", 0.9, True, "y")], [(box, "inline", "x")]))
    assert {key: chain.compute()[key] for key in ("found", "matched", "right")} == {
        "found": 2, "matched": 1, "right": 0,
    }  # fmt: skip


def test_recogniser_reads_true_boxes_only_where_asked(boxes):
    (record,) = run(boxes, sample(), reader=ByWidth())
    assert [crop["canonical"]["exact"] for crop in record["crops"]] == [True, False, True]
    assert [crop["where"] for crop in record["crops"]][2] == "pages: page 120: region 2"
    assert "crops" not in run(boxes, sample(), reader=ByWidth(), true_boxes=False)[0]
    assert "formulas" not in run(boxes, sample())[0]


def test_a_damaged_page_is_named_and_the_rest_measured(boxes):
    records = run(boxes, sample(130, broken), sample(), sample(999), reader=ByWidth())
    parts = summarise(records, "pages")
    assert [record.get("fault") for record in records] == ["sample", None, "prediction"]
    assert parts["bad_samples"]["count"] == 2
    assert parts["bad_samples"]["named"][0]["message"] == "pages: damaged"
    assert parts["detector"]["pages"] == parts["pipeline"]["pages"] == 1
    assert "/secret" not in str(records)


def test_pairs_are_one_to_one_and_best_first():
    wide, high = {"box": [0, 0, 10, 2]}, {"box": [0, 0, 2, 10]}
    assert pairs([wide, high], [high, wide], 0.5) == [(0, 1), (1, 0)]
    assert pairs([wide, wide], [wide], 0.5) == [(0, 0)]
    assert pairs([wide], [{"box": [5, 0, 15, 2]}], 1 / 3 - 1e-6) == [(0, 0)]
    assert pairs([wide], [{"box": [5, 0, 15, 2]}], 0.34) == [] == pairs([], [wide], 0.5) == pairs([wide], [], 0.5)


def test_the_curve_goes_down_the_scores(boxes):
    detection = Detection()
    for record in run(boxes, sample()):
        detection.add(record)
    assert detection.compute()["curves"]["display"] == [[0.0, 0.0, 0.8], [1.0, 0.5, 0.7]]
