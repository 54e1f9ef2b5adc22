"""What is measured, with stand-ins for the networks whose times are known."""

import argparse
import contextlib
import json
import time
from types import MappingProxyType

import cv2
import numpy as np
import pytest

from mathocr.data.contracts import ModelIdentity, Reading, Region
from mathocr.pipeline import benchmark, ocr
from mathocr.pipeline.latency import load, server, stages
from mathocr.pipeline.latency import samples as samples_module
from mathocr.pipeline.latency.report import to_markdown
from mathocr.pipeline.latency.samples import Sample, Samples, read_samples
from mathocr.pipeline.latency.stages import measure_stages
from mathocr.pipeline.latency.throughput import measure_throughput
from mathocr.pipeline.latency.timing import Plan
from mathocr.pipeline.options import UsageError

FIND_MS, READ_MS, TOKENS = 30, 12, 4
PLAN = Plan(warmup=1, rounds=2, seconds=60, batches=(1, 3), threads=(1, 4), cold_runs=0)


class Clock:
    """A clock that moves only when a stand-in takes its time."""

    def __init__(self):
        self.seconds = 100.0

    def tick(self, ms):
        self.seconds += ms / 1000


class SlowFinder:
    """Takes 30 ms a page and finds two regions."""

    identity = ModelIdentity("finder", "f" * 64)
    min_score = MappingProxyType({"inline": 0.5, "display": 0.5})

    def __init__(self, clock):
        self._clock = clock

    def predict(self, images, min_score=0.1):
        self._clock.tick(FIND_MS * len(images))
        return [[Region((10, 10, 60, 30), "inline", 0.9), Region((10, 50, 60, 90), "display", 0.8)] for _ in images]


class SlowReader:
    """Takes 12 ms a call, whatever the number of crops, and notes how many calls run at once."""

    identity = ModelIdentity("reader", "e" * 64)

    def __init__(self, clock, rest=0.0):
        self._clock, self._rest = clock, rest
        self.sizes, self.at_once, self._running = [], 0, 0

    def predict(self, crops, scale=None, alternatives=1):
        self._running += 1
        self.at_once = max(self.at_once, self._running)
        self._clock.tick(READ_MS)
        self.sizes.append(len(crops))
        time.sleep(self._rest)
        self._running -= 1
        return [Reading("x_{1}", ("x",) * TOKENS, 0.5, True, "end")] * len(crops)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, "perf_counter", lambda: clock.seconds)
    return clock


@pytest.fixture
def pictures(tmp_path):
    image = np.full((120, 200), 255, np.uint8)
    cv2.putText(image, "x+y", (20, 70), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 0, 2)
    path = tmp_path / "page.png"
    cv2.imwrite(str(path), image)
    return Samples((Sample(image, path), Sample(image)), (Sample(image, path), Sample(image), Sample(image)))


def test_stages_have_their_own_times(pictures, clock):
    found = measure_stages(SlowFinder(clock), SlowReader(clock), pictures, PLAN, "cpu")
    assert {name: row["median_ms"] for name, row in found.items()} == {
        "im2latex": READ_MS,
        "crop": READ_MS,
        "crop_file": READ_MS, "crop_file.read": 0, "crop_file.layout": 0, "crop_file.im2latex": READ_MS,
        "detector": FIND_MS,
        "page": FIND_MS + READ_MS,
        "page_file": FIND_MS + READ_MS, "page_file.read": 0, "page_file.layout": 0,
        "page_file.detector": FIND_MS, "page_file.im2latex": READ_MS,
    }  # fmt: skip
    calls = {name: row["calls"] for name, row in found.items()}
    assert calls["im2latex"] == calls["crop"] == 3 * PLAN.rounds
    assert calls["detector"] == calls["page"] == 2 * PLAN.rounds
    assert calls["page_file"] == calls["crop_file"] == PLAN.rounds  # one of each has a file
    assert found["im2latex"]["tokens_per_crop"] == TOKENS
    assert found["im2latex"]["ms_per_token"] == READ_MS / TOKENS
    assert found["page"]["formulas_per_image"] == 2
    assert found["crop"]["formulas_per_image"] == 1


def test_decoding_of_the_file_counts_where_it_is_said(pictures, clock, monkeypatch):
    read = ocr.open_pages
    monkeypatch.setattr(ocr, "open_pages", lambda path: clock.tick(5) or read(path))
    found = measure_stages(SlowFinder(clock), SlowReader(clock), pictures, PLAN, "cpu")
    assert found["page_file.read"]["median_ms"] == found["crop_file.read"]["median_ms"] == 5
    assert found["page_file"]["median_ms"] - found["page"]["median_ms"] == pytest.approx(5)
    assert found["crop_file"]["median_ms"] - found["crop"]["median_ms"] == pytest.approx(5)


def test_crops_alone_need_no_detector(pictures, clock):
    found = measure_stages(None, SlowReader(clock), pictures, PLAN, "cpu")
    assert not any(name.startswith(("page", "detector")) for name in found)


def test_growth_of_memory_is_reported(pictures, clock, monkeypatch):
    held = iter(range(100, 1000, 5))
    monkeypatch.setattr(stages, "current_mib", lambda: next(held))
    found = measure_stages(None, SlowReader(clock), pictures, Plan(warmup=0, rounds=4, cold_runs=0), "cpu")
    assert found["crop"]["memory_growth_mib"] == 5 * 2  # twelve calls: from the tenth to the last


def test_throughput_by_batch_size(pictures, clock):
    found = measure_throughput(SlowFinder(clock), SlowReader(clock), pictures, PLAN, "cpu")
    rows = {(row["what"], row["batch"]): (row["per_s"], row["median_ms"]) for row in found["batch"]}
    assert rows == {
        ("crop", 1): (pytest.approx(1000 / 12, abs=0.01), 12), ("crop", 3): (250, 12),
        ("page", 1): (pytest.approx(1000 / 42, abs=0.01), 42), ("page", 3): (pytest.approx(3000 / 102, abs=0.01), 102),
    }  # fmt: skip


def test_requests_at_once(pictures, clock):
    reader = SlowReader(clock, rest=0.02)
    plan = Plan(warmup=0, rounds=2, seconds=60, batches=(), threads=(3,))
    (row,) = measure_throughput(None, reader, pictures, plan, "cpu")["concurrency"]
    assert (row["what"], row["threads"], row["calls"]) == ("crop", 3, 3 * 3 * plan.rounds)
    assert 2 <= reader.at_once <= 3 and set(reader.sizes) == {1}
    assert row["per_s"] == pytest.approx(row["calls"] / (READ_MS / 1000 * row["calls"]), rel=0.01)  # by the clock


def test_examples_give_pages_and_crops():
    found = read_samples([], None)
    assert len(found.pages) == 4  # page, page_two_columns, scan, slide
    truth = [json.loads(page.path.with_suffix(".json").read_text()) for page in found.pages]
    formulas = sum(len(record["pages"][0]["formulas"]) for record in truth)
    assert len(found.crops) == formulas + 2
    page = next(page for page in found.pages if page.path.name == "page.png")
    assert page.image.shape[:2] == (1063, 1004)
    widths = [crop.image.shape[1] for crop in found.crops if crop.path is None]
    heights = [crop.image.shape[0] for crop in found.crops if crop.path is None]
    assert np.mean(widths) > 1.5 * np.mean(heights)  # formulas are wide: x and y are not mixed up


def test_images_without_truth_go_through_the_detector(tmp_path, pictures):
    class Told:
        def predict(self, image):
            return type("Result", (), {"mode": "page", "formulas": SlowFinder(Clock()).predict([image])[0]})

    found = read_samples([pictures.pages[0].path], Told())
    assert len(found.pages) == 1 and len(found.crops) == 2
    assert found.crops[0].image.shape == (24, 54)  # 20 high and 50 wide, with a tenth of the height on every side
    assert found.crops[1].image.shape == (46, 56)  # 40 high, with a tenth of the page's median of 30
    assert len(read_samples([pictures.pages[0].path], None).crops) == 1


def test_nothing_to_measure_on_is_said(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"none\.png"):
        read_samples([tmp_path / "none.png"], None)
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    with pytest.raises(ValueError, match=r"no images to measure on in .*a\.pdf"):
        read_samples([tmp_path / "a.pdf"], None)
    (tmp_path / "a.json").write_text("{}")
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((9, 9), np.uint8))
    with pytest.raises(ValueError, match=r"a\.json: not a file of true boxes"):
        read_samples([tmp_path / "a.png"], None)
    monkeypatch.setattr(samples_module, "EXAMPLES", tmp_path / "none")
    with pytest.raises(ValueError, match="not installed"):
        read_samples([], None)


def options(*words):
    parser = argparse.ArgumentParser()
    benchmark.add_arguments(parser)
    return parser.parse_args(words)


def test_options_make_a_plan():
    assert benchmark.make_plan(options()) == Plan()
    plan = benchmark.make_plan(options("--rounds", "7", "--batches", "2,5", "--cold-runs", "0", "--quick"))
    assert (plan.rounds, plan.batches, plan.cold_runs, plan.seconds) == (7, (2, 5), 0, 3.0)
    with pytest.raises(SystemExit):
        options("--batches", "2,x")
    with pytest.raises(ValueError, match="rounds"):
        benchmark.make_plan(options("--rounds", "0"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--targets", "t.yaml"], "--targets only with --serve"),
        (["--clients", "4"], "--clients only with --serve"),
        (["--serve", "page", "--rounds", "2", "--quick"], "--rounds, --quick not with --serve"),
        (["--serve", "crop", "--cold-runs", "0"], "--cold-runs not with --serve"),
    ],
)
def test_options_without_effect_are_refused(words, message):
    with pytest.raises(UsageError, match=message):
        benchmark.run(options(*words))


def test_a_load_report_names_models_and_samples(tmp_path, monkeypatch, capsys, pictures, clock):
    row = {
        "what": "crop", "clients": 2, "seconds": 1.0, "per_s": 5.0, "median_ms": 1.0, "p95_ms": 1.0, "p99_ms": 1.0,
        "codes": {"200": 5}, "mixed_up": 0, "lost": 0, "batch_optimum_ms": 1.0, "median_over_optimum": 1.0,
        "memory_mib": None,
    }  # fmt: skip
    monkeypatch.setattr(benchmark, "_load", lambda args: (SlowFinder(clock), SlowReader(clock)))
    monkeypatch.setattr(server, "started", lambda options: contextlib.nullcontext("server"))
    monkeypatch.setattr(load, "measure_load", lambda server, images, mode, load: row)
    assert benchmark.run(options(str(pictures.pages[0].path), "--serve", "--output", str(tmp_path / "out"))) == 0
    report = json.loads((tmp_path / "out" / "benchmark.json").read_text())
    assert report["models"] == {
        "im2latex": {"name": "reader", "sha256": "e" * 64}, "detector": {"name": "finder", "sha256": "f" * 64},
    }  # fmt: skip
    assert report["samples"] == {"crops": 1}
    text = capsys.readouterr().out
    assert "im2latex reader (eeeeeeeeeeee), detector finder" in text and "Asked for 1 different crops." in text


def test_command_writes_both_reports(tmp_path, monkeypatch, capsys, pictures, clock):
    monkeypatch.setattr(benchmark, "_load", lambda args: (SlowFinder(clock), SlowReader(clock)))
    path = str(pictures.pages[0].path)
    words = (path, "--quick", "--cold-runs", "0", "--rounds", "1", "--output", str(tmp_path / "out"))
    assert benchmark.run(options(*words)) == 0
    report = json.loads((tmp_path / "out" / "benchmark.json").read_text())
    assert report["samples"]["pages"] + report["samples"]["crops"] >= 1
    assert report["models"]["detector"] == {"name": "finder", "sha256": "f" * 64}
    assert report["models"]["im2latex"]["name"] == "reader"
    assert report["load"] is None or report["load"] >= 0
    text = (tmp_path / "out" / "benchmark.md").read_text()
    assert text == to_markdown(report)
    assert text.strip() in capsys.readouterr().out
    row = next(line for line in text.splitlines() if "recogniser, a crop" in line)
    assert f"{READ_MS}" in row.split("|")[2]
