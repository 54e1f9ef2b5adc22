"""Candidates: intervals against known ones, the better model named, no lead claimed that may be chance."""

import re
from pathlib import Path

import numpy as np
import pytest

from mathocr.data.weights import WeightsError, write_weights
from mathocr.im2latex.metrics import bleu
from mathocr.pipeline.cli import main
from mathocr.pipeline.evaluation import compare_run
from mathocr.pipeline.evaluation.bootstrap import draws, score
from mathocr.pipeline.evaluation.candidates import MEASURES, Candidate, compare, crop_numbers, gather, page_numbers
from mathocr.pipeline.evaluation.compare_run import distinct_names, megabytes_of, stage_of
from mathocr.pipeline.evaluation.text_scores import score_tokens


def crops(right, count=400):
    """A model that reads the first ``right`` of ``count`` crops."""
    records = [{"row": row, "canonical": score_tokens(["x"] if row < right else ["y"], ["x"])} for row in range(count)]
    return gather(records, crop_numbers)


def candidate(name, right, missed=None, count=400, not_measured=0):
    return Candidate(name, "0" * 64, crops(right, count), missed, 10.0, not_measured=not_measured)


def test_interval_of_a_share_is_the_binomial_one():
    samples = np.zeros((400, 2))
    samples[:, 0] = 1
    samples[:100, 1] = 1
    found, drawn = score(samples, lambda sums: sums[1] / sums[0])
    deviation = (0.25 * 0.75 / 400) ** 0.5
    assert found.value == 0.25 and drawn.std() == pytest.approx(deviation, rel=0.1)
    assert (found.low, found.high) == pytest.approx((0.25 - 1.96 * deviation, 0.25 + 1.96 * deviation), abs=0.006)


def test_draws_are_the_same_for_every_model():
    first, second = draws(np.arange(10.0)[:, None]), draws(2 * np.arange(10.0)[:, None])
    assert np.array_equal(2 * first, second) and len(np.unique(first)) > 10
    with pytest.raises(ValueError, match="at least one row"):
        draws(np.zeros((0, 2)))


def test_scores_are_those_of_the_metrics():
    preds, targets = [["a", "b", "c", "d", "e"], ["x"]], [["a", "b", "c", "d", "f"], ["x"]]
    records = [{"row": n, "canonical": score_tokens(*pair)} for n, pair in enumerate(zip(preds, targets, strict=True))]
    rows = gather(records, crop_numbers)
    found = compare([Candidate("a", "", rows, None, 1.0)] * 2, MEASURES["crops"])["candidates"][0]["scores"]
    assert found["exact_match"]["value"] == 0.5
    assert found["edit_similarity"]["value"] == pytest.approx((4 / 5 + 1) / 2)
    assert found["bleu"]["value"] == pytest.approx(bleu(preds, targets))


def test_a_clear_lead_is_released():
    found = compare([candidate("old", 300), candidate("new", 340)], MEASURES["crops"])
    assert (found["leader"], found["release"]) == ("new", "new")
    assert found["candidates"][0]["behind"]["exact_match"]["low"] > 0
    assert found["candidates"][0]["behind"]["exact_match"]["value"] == pytest.approx(0.1)
    assert found["why"] == "new has the best exact match"


def test_a_lead_that_may_be_chance_is_not():
    found = compare([candidate("old", 300), candidate("new", 301)], MEASURES["crops"])
    assert (found["leader"], found["release"]) == ("new", "old")
    assert "its lead of 0.0025 over old, named first, may be chance" in found["why"]


def test_targets_decide_first():
    found = compare([candidate("good", 390, missed=2), candidate("able", 200, missed=0)], MEASURES["crops"])
    assert found["release"] == "able" and found["why"].startswith("able is the only one that meets all targets")
    found = compare([candidate("good", 390, missed=2), candidate("bad", 200, missed=1)], MEASURES["crops"])
    assert found["release"] is None
    assert found["why"] == "none: every candidate misses targets; good has the best exact match"


def test_targets_that_were_not_measured_are_told():
    some = [candidate("old", 300, missed=0, not_measured=3), candidate("new", 390, missed=0)]
    found = compare(some, MEASURES["crops"])
    assert found["why"] == "new has the best exact match of those that meet all targets measured"
    assert [one["not_measured"] for one in found["candidates"]] == [3, 0]
    found = compare([candidate("a", 9, missed=1), candidate("b", 8, missed=0, not_measured=1)], MEASURES["crops"])
    assert found["why"] == "b is the only one that meets all targets measured"


def test_a_failed_crop_counts_as_wrong_and_a_bad_sample_not_at_all():
    assert crop_numbers({"row": 1, "fault": "prediction"})[:3] == [1.0, 0.0, 0.0]
    assert crop_numbers({"row": 1, "fault": "truth"}) is None
    assert page_numbers({"row": 1, "fault": "sample"}) is None


def test_only_common_samples_are_compared():
    found = compare([candidate("a", 5, count=10), candidate("b", 5, count=8)], MEASURES["crops"])
    assert found["samples"] == 8
    with pytest.raises(ValueError, match="no sample in common"):
        compare([candidate("a", 1), Candidate("b", "", {}, None, None)], MEASURES["crops"])
    with pytest.raises(ValueError, match="at least 2 candidates"):
        compare([candidate("a", 1)], MEASURES["crops"])


def test_numbers_of_a_page():
    box = [0, 0, 10, 10]
    record = {
        "row": 0, "ms": {"detector": 1.0},
        "targets": [{"box": place, "kind": "inline", "tokens": ["x"]} for place in (box, [20, 0, 30, 9])],
        "regions": [{"box": box, "kind": "inline", "score": 0.9, "kept": True}],
        "formulas": [{"box": box, "kind": "inline", "score": 0.9, "latex": "y"}],
    }  # fmt: skip
    assert page_numbers(record) == [2, 1, 0, 2, 1, 1]


def test_names_of_candidates():
    assert distinct_names([Path("a/x.safetensors"), Path("b/y.safetensors")]) == ["x", "y"]
    assert distinct_names([Path("a/x.safetensors"), Path("b/x.safetensors")]) == ["a/x", "b/x"]
    assert distinct_names([Path("a/x.safetensors")] * 2) == ["a/x-1", "a/x-2"]


def test_the_command_names_the_better_model(crop_set, answers, monkeypatch, tmp_path, capsys):
    from mathocr.im2latex.predictor import LatexPredictor

    texts = ["x", "y", "z", "a", "b", "c", "d", "e"]
    readers = {"old": answers(texts[:2] + ["?"] * 6), "new": answers(texts)}
    monkeypatch.setattr(LatexPredictor, "load", classmethod(lambda cls, path, *args: readers[path.stem]))
    files = [tmp_path / "old.safetensors", tmp_path / "new.safetensors"]
    for path in files:
        write_weights(path, {"w": np.zeros(1)}, {}, "mathocr-im2latex/1")
    command = ["evaluate", "--data", str(crop_set(texts)), "--output", str(tmp_path / "out"), "--candidates"]
    assert main([*command, *map(str, files)]) == 0
    assert "**Release: new.** Why: new has the best exact match." in capsys.readouterr().out
    assert (tmp_path / "out" / "old" / "report.md").is_file() and (tmp_path / "out" / "candidates.json").is_file()
    assert "<title>new: " in (tmp_path / "out" / "frontier.svg").read_text()
    assert main([*command, str(files[0])]) == 2
    service = tmp_path / "service.yaml"
    service.write_text(
        "{name: s, purpose: p, labelling_guide: g, inputs: [{name: any, samples: 1}], "
        "accuracy: {im2latex: {exact_match: 0.5}}, speed: {definition: d, crop_median_ms: 9}, "
        "deployment: {where: local_cpu, device: cpu, hardware: h, threads: 1, memory_mib: 9}}"
    )
    monkeypatch.setattr(compare_run, "measure_speed", lambda outcome, request: {"missing": "-", "crop_median_ms": 5.0})
    asked = [*command[:-1], "--targets", str(service), "--candidates", *map(str, files)]
    assert main(asked) == 0 and "| met, 1 not measured |" in capsys.readouterr().out
    assert main([*asked, "--no-speed"]) == 0 and "| met, 2 not measured |" in capsys.readouterr().out


@pytest.mark.parametrize(
    "more", [["--robustness"], ["--report", "r.md"], ["--no-render"], ["--no-speed"], ["--im2latex-weights", "w"]]
)
def test_options_that_candidates_leave_without_effect_are_refused(tmp_path, capsys, more):
    files = [tmp_path / f"{name}.safetensors" for name in ("a", "b")]
    for path in files:
        write_weights(path, {"w": np.zeros(1)}, {}, "mathocr-im2latex/1")
    assert main(["evaluate", "--data", "none", *more, "--candidates", *map(str, files)]) == 2
    assert f"{more[0]} not with --candidates" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("stage", "more", "message"),
    [
        ("detector", [], "letters.*, a set of crops, does not measure the candidates, which are of the detector"),
        ("detector", ["--module", "im2latex"], "--module im2latex does not measure"),
        ("im2latex", ["--module", "detector"], "--module detector does not measure .* of the recogniser"),
    ],
)
def test_candidates_of_a_stage_that_is_not_measured_are_refused(crop_set, tmp_path, capsys, stage, more, message):
    files = [tmp_path / f"{name}.safetensors" for name in ("a", "b")]
    for path in files:
        write_weights(path, {"w": np.zeros(1)}, {}, f"mathocr-{stage}/1")
    data = str(crop_set(["x", "y"]))
    command = ["evaluate", "--data", data, "--output", str(tmp_path / "out"), *more, "--candidates"]
    assert main([*command, *map(str, files)]) == 2
    assert re.search(message, capsys.readouterr().err) and not (tmp_path / "out").exists()


def test_size_is_that_of_a_model_with_its_graphs(tmp_path):
    sizes = {"a.safetensors": 500_000, "a.encoder.onnx": 250_000, "a.onnx": 250_000, "ab.onnx": 9, "a.md": 9}
    for name, size in sizes.items():
        (tmp_path / name).write_bytes(bytes(size))
    assert megabytes_of(tmp_path / "a.safetensors") == 1.0


def test_weights_of_no_stage_are_named(tmp_path):
    path = tmp_path / "odd.safetensors"
    write_weights(path, {"w": np.zeros(1)}, {}, "other/1")
    with pytest.raises(WeightsError, match=r"odd\.safetensors: format must be one of mathocr-im2latex/1"):
        stage_of(path)
    with pytest.raises(WeightsError, match=r"none\.safetensors: no such weights file"):
        stage_of(tmp_path / "none.safetensors")
