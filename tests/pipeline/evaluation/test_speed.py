"""Speed in reports: what targets name comes from the right stage; bad samples are passed over."""

from functools import partial

import numpy as np

from mathocr.data.contracts import ModelIdentity, Reading, Region
from mathocr.data.samples import CropSample, PageSample
from mathocr.pipeline.evaluation import speed
from mathocr.pipeline.evaluation.measure import Outcome, Request
from mathocr.pipeline.evaluation.report_plots import plots_of
from mathocr.pipeline.evaluation.selection import Selection
from mathocr.pipeline.latency.timing import Plan

PLAN = Plan(warmup=0, rounds=1, seconds=1.0, batches=(1, 2), threads=(1,), cold_runs=0)


class Reader:
    """Reads an x everywhere."""

    identity = ModelIdentity("reader", "a" * 64)

    def __init__(self):
        self.shapes = []

    def predict(self, crops, scale=None, alternatives=1):
        self.shapes.append([crop.shape for crop in crops])
        return [Reading("x", ("x",), 0.5, True, "end") for _ in crops]


class Finder:
    """Finds one formula on each page."""

    identity = ModelIdentity("finder", "b" * 64)

    def __init__(self):
        self.min_score = {"inline": 0.5, "display": 0.5}

    def predict(self, images, min_score=None):
        return [[Region((10, 10, 30, 20), "inline", 0.9)] for _ in images]


def drawn(height, width):
    image = np.full((height, width), 255, np.uint8)
    image[10:20, 10:30] = 0
    return image


def broken():
    raise OSError("gone")


def outcome(tmp_path, content, samples, predictors):
    selection = Selection("s", "jsonl", content, samples, tuple(range(len(samples))), "s")
    return Outcome({}, tmp_path / "r.jsonl", selection, predictors)


def test_crops(tmp_path):
    samples = [CropSample(load, "x", None, "s", "w") for load in (broken, partial(drawn, 30, 60))]
    found = speed.measure_speed(outcome(tmp_path, "crops", samples, {"im2latex": Reader()}), Request("s"), PLAN)
    assert found["samples"] == {"pages": 0, "crops": 1}
    assert found["crop_median_ms"] == found["stages"]["crop"]["median_ms"]
    assert found["stages"]["crop_file.read"]["median_ms"] > 0  # the set's images have no files of their own
    assert found["crops_per_second"] > 0
    assert found["page_median_ms"] is found["pages_per_second"] is found["cold_start_ms"] is found["memory_mib"] is None


def test_pages(tmp_path):
    boxes = np.array([[10.0, 10, 30, 20]])
    page = PageSample(partial(drawn, 300, 200), boxes, ("inline",), ("x",), "s", "w")
    reader = Reader()
    predictors = {"im2latex": reader, "detector": Finder()}
    found = speed.measure_speed(outcome(tmp_path, "pages", [page], predictors), Request("s"), PLAN)
    assert found["samples"] == {"pages": 1, "crops": 1}
    assert found["page_median_ms"] == found["stages"]["page"]["median_ms"] and found["pages_per_second"] > 0
    assert {shape for shapes in reader.shapes for shape in shapes} == {(12, 22)}  # with a tenth of the height around


def test_the_best_rate_and_the_largest_memory_count():
    rows = [{"what": "crop", "per_s": rate} for rate in (5.0, 9.0)]
    found = speed._targeted({
        "stages": {"crop": {"median_ms": 1.0, "p95_ms": 2.0}},
        "cold_start": {"crop": {"median_ms": 7.0, "peak_memory_mib": 80.0},
                       "page": {"median_ms": 9.0, "peak_memory_mib": 90.0}},
        "throughput": {"batch": rows, "concurrency": [{"what": "crop", "per_s": 8.0}]},
    })  # fmt: skip
    assert (found["crops_per_second"], found["cold_start_ms"], found["memory_mib"]) == (9.0, 7.0, 90.0)
    assert (found["crop_median_ms"], found["crop_p95_ms"]) == (1.0, 2.0)


def test_without_a_recogniser_it_says_so(tmp_path):
    found = speed.measure_speed(outcome(tmp_path, "pages", [], {"detector": Finder()}), Request("s"), PLAN)
    assert "missing" in found and plots_of({"speed": found}) == {}
