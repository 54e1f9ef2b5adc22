import json
import subprocess
import sys
import time
import types

import cv2
import numpy as np
import pytest

from mathocr.pipeline.latency import cold_start, timing
from mathocr.pipeline.latency.cold_start import _one_run, measure_cold, measure_cold_start, predict_arguments
from mathocr.pipeline.latency.memory import current_mib, device_peak_mib, peak_mib
from mathocr.pipeline.latency.samples import Sample, Samples
from mathocr.pipeline.latency.timing import Plan, repeat, summary, timed


def test_summary_by_hand():
    found = summary([float(ms) for ms in range(100, -1, -1)])  # 0 to 100, slowest first
    assert found == {"calls": 101, "least_ms": 0.0, "mean_ms": 50.0, "median_ms": 50.0, "p95_ms": 95.0, "p99_ms": 99.0}
    assert summary([3.0])["p99_ms"] == 3.0
    with pytest.raises(ValueError, match="no calls"):
        summary([])


def test_a_call_is_timed_in_milliseconds():
    answer, ms = timed(lambda: time.sleep(0.05) or "answer", "cpu")
    assert answer == "answer"
    assert 49 <= ms < 5000


def test_a_device_is_waited_for_before_and_after(monkeypatch):
    order = []
    cuda = types.SimpleNamespace(synchronize=lambda: order.append("wait"), max_memory_allocated=lambda: 3 * 2**20)
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(cuda=cuda))
    timed(lambda: order.append("call"), "cuda")
    assert order == ["wait", "call", "wait"]
    assert device_peak_mib("cuda") == 3.0
    timing.synchronise("cpu")
    assert len(order) == 3 and device_peak_mib("cpu") is None


def test_repeat_warms_up_and_goes_round():
    seen = []
    repeat(lambda sample, counts: seen.append((sample, counts)), "ab", Plan(warmup=3, rounds=2, seconds=60))
    assert seen == [("a", False), ("b", False), ("a", False), *[("a", True), ("b", True)] * 2]


def test_repeat_ends_with_the_round_in_which_time_is_up():
    seen = []
    plan = Plan(warmup=0, rounds=1000, seconds=0.01)
    repeat(lambda sample, counts: (seen.append(sample), time.sleep(0.02)), "abc", plan)
    assert seen == list("abc")


@pytest.mark.parametrize("wrong", [{"rounds": 0}, {"seconds": 0}, {"batches": (1, 0)}, {"threads": (-1,)}])
def test_a_plan_that_makes_no_sense_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Plan(**wrong)


def test_memory_is_in_mib():
    before = current_mib()
    held = bytearray(b"x") * (64 * 2**20)
    assert 60 <= current_mib() - before <= 90
    assert peak_mib() >= current_mib() - 1
    del held


def test_a_process_is_timed_from_its_start_to_its_end():
    ms, _, said = _one_run([sys.executable, "-c", "import time; time.sleep(0.2); print('done')"])
    assert ms >= 200 and said == "done\n"


def test_a_process_is_weighed_without_the_one_that_started_it(tmp_path):
    cv2.imwrite(str(tmp_path / "blank.png"), np.full((40, 60), 255, np.uint8))
    code = """
import sys
from mathocr.pipeline.latency.cold_start import measure_cold_start
ballast = b"x" * (900 * 2**20)
print(measure_cold_start([sys.argv[1], "--crop", "--format", "json"], 1)["peak_memory_mib"])
"""
    command = [sys.executable, "-c", code, str(tmp_path / "blank.png")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert 50 < float(said) < 700


def test_cold_start_counts_processes(monkeypatch):
    commands = []
    run = subprocess.run

    def quick(command, **options):
        commands.append(command)
        said = json.dumps({"timing_ms": {"read": 4 * len(commands), "detector": 0.0, "im2latex": 10.0, "total": 20.0}})
        peak = f"print('peak memory, MiB: {200 - len(commands)}.5', file=sys.stderr)"
        return run([sys.executable, "-c", f"import sys; print({said!r}); {peak}"], **options)

    monkeypatch.setattr(subprocess, "run", quick)
    found = measure_cold_start(["a.png", "--crop"], 2)
    assert found["calls"] == 2 and found["peak_memory_mib"] == 199.5
    assert {name: row["mean_ms"] for name, row in found["parts"].items() if name != "start"} == {
        "read": 6, "im2latex": 10,
    }  # fmt: skip
    assert found["parts"]["start"]["mean_ms"] == pytest.approx(found["mean_ms"] - 20, abs=0.01)
    assert [command[3:] for command in commands] == [["predict", "a.png", "--crop"]] * 2


def test_cold_start_takes_the_middle_image_by_size(tmp_path, monkeypatch):
    images = [Sample(np.zeros((10, width), np.uint8)) for width in (50, 10, 30, 20, 40)]
    read = []
    monkeypatch.setattr(
        cold_start, "measure_cold_start", lambda arguments, runs: read.append(cv2.imread(arguments[0]).shape) or runs
    )
    ask = {"detector": None, "im2latex": None, "device": "cpu", "backend": "onnx"}
    found = measure_cold(Samples(tuple(images[1:4]), tuple(images)), 3, lambda *one: predict_arguments(*one, **ask))
    assert found == {"crop": 3, "page": 3} and [shape[:2] for shape in read] == [(10, 30), (10, 20)]
    assert measure_cold(Samples((), tuple(images)), 0, predict_arguments) == {}


def test_cold_start_says_why_predict_failed(tmp_path):
    with pytest.raises(RuntimeError, match=r"status [12]: .*none\.png"):
        measure_cold_start([str(tmp_path / "none.png")], 1)


def test_arguments_of_predict():
    def words(mode):
        return predict_arguments("a.png", mode, "d.safetensors", "r.safetensors", "cpu", "onnx")

    common = ["--format", "json", "--device", "cpu", "--backend", "onnx"]
    assert words("page") == [
        *("a.png", "--page", *common, "--detector-weights", "d.safetensors", "--im2latex-weights", "r.safetensors")
    ]
    assert words("crop") == ["a.png", "--crop", *common, "--im2latex-weights", "r.safetensors"]
    assert predict_arguments("a.png", "page", None, None, "cpu", "onnx") == ["a.png", "--page", *common]
