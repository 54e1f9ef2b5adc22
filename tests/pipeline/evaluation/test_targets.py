"""Targets: every one has a place in real reports; verdicts and exit status by hand."""

import dataclasses
from pathlib import Path

import pytest

from mathocr.data.service import Accuracy, ChainTargets, RecogniserTargets, load_service
from mathocr.pipeline.cli import main
from mathocr.pipeline.evaluation import targets
from mathocr.pipeline.evaluation.calibration import Calibration
from mathocr.pipeline.evaluation.report import find
from mathocr.pipeline.evaluation.targets import judge

SERVICES = Path(__file__).parents[3] / "configs" / "service"
MADE = {"device": "cpu", "threads": "2"}


def service(**accuracy):
    return dataclasses.replace(load_service(SERVICES / "local_cpu.yaml"), accuracy=Accuracy(**accuracy))


def report(exact=0.9, ece=0.02, **more):
    return {"environment": MADE, "im2latex": {"canonical": {"exact_match": exact}, "calibration": {"ece": ece}}, **more}


def test_verdicts():
    wanted = service(im2latex=RecogniserTargets(exact_match=0.9, bleu=90, calibration_error=0.01))
    judged = judge(report(), wanted)
    verdicts = {row["target"]: row["verdict"] for row in judged["rows"] if row["target"].startswith("accuracy")}
    assert verdicts == {
        "accuracy.im2latex.exact_match": "pass",  # as asked is enough
        "accuracy.im2latex.bleu": "not measured",
        "accuracy.im2latex.calibration_error": "fail",
    }
    assert (judged["passed"], judged["missed"]) == (1, 1)
    assert judge(report(exact=0.8999), wanted)["missed"] == 2
    assert judge(report(ece=0.0), wanted)["missed"] == 0


def test_end_to_end_is_not_taken_from_the_recogniser():
    judged = judge(report(pipeline={"f1": 0.2}), service(pipeline=ChainTargets(f1=0.5)))
    (row,) = [row for row in judged["rows"] if row["target"] == "accuracy.pipeline.f1"]
    assert (row["measured"], row["verdict"]) == (0.2, "fail")


def test_every_target_of_the_schema_has_a_place():
    flat = targets._flat(dataclasses.asdict(load_service(SERVICES / "mobile.yaml")))
    asked = {name for name in flat if name.startswith(("accuracy.", "speed.")) and name != "speed.definition"}
    assert asked | {"deployment.memory_mib"} == set(targets._HIGHER) | set(targets._LOWER)


def test_speed_is_asked_for_where_a_target_names_it_or_memory():
    asked = load_service(SERVICES / "local_cpu.yaml")
    speed = dataclasses.replace(asked.speed, **dict.fromkeys(targets_of(asked.speed)))
    quiet = dataclasses.replace(asked, speed=speed, deployment=dataclasses.replace(asked.deployment, memory_mib=None))
    assert targets.asks_speed(asked) and not targets.asks_speed(quiet)
    assert targets.asks_speed(dataclasses.replace(quiet, deployment=asked.deployment))


def targets_of(speed):
    """Names of the numbers that a service asks for."""
    return [field.name for field in dataclasses.fields(speed) if field.name != "definition"]


def test_each_target_is_held_against_its_own_measurement():
    kind = {"iou_0.5": {"f1": 0.1}, "iou_0.75": {"f1": 0.2}, "ap_50": 0.3, "ap_50_95": 0.4}
    other = {"iou_0.5": {"f1": 0.5}, "iou_0.75": {"f1": 0.6}, "ap_50": 0.7, "ap_50_95": 0.8}
    speed = dict.fromkeys(targets._flat(dataclasses.asdict(load_service(SERVICES / "mobile.yaml"))["speed"]))
    measured = {
        "environment": MADE,
        "detector": {"kinds": {"inline": kind, "display": other, "all": {"ap_50": 0.85, "ap_50_95": 0.9}},
                     "recall_by_size": {"tokens": {"1": {"recall": 0.95}, "2-4": {"recall": 0.96}}}},
        "im2latex": {"canonical": {"exact_match": 0.11, "edit_similarity": 0.12, "bleu": 13.0},
                     "plain": {"exact_match": 0.14, "edit_similarity": 0.15, "bleu": 16.0},
                     "calibration": {"ece": 0.17, "brier": 0.18}},
        "pipeline": {"precision": 0.21, "recall": 0.22, "f1": 0.23},
        "speed": {name: 30.0 + number for number, name in enumerate(speed)} | {"memory_mib": 99.0},
    }  # fmt: skip
    flat = targets._flat(measured)
    wanted = {
        "f1_50_inline": 0.1, "f1_75_inline": 0.2, "f1_50_display": 0.5, "f1_75_display": 0.6, "ap_50_95": 0.9,
        "recall_50_single_letter": 0.95, "exact_match": 0.11, "edit_similarity": 0.12, "bleu": 13.0,
        "calibration_error": 0.17, "precision": 0.21, "recall": 0.22, "f1": 0.23, "memory_mib": 99.0,
    } | {name: flat[f"speed.{name}"] for name in speed if name != "definition"}  # fmt: skip
    places = targets._HIGHER | targets._LOWER
    assert {name.rpartition(".")[2]: find(measured, place) for name, place in places.items()} == wanted
    higher_is_better = {name.rpartition(".")[2] for name in targets._HIGHER}
    assert higher_is_better.isdisjoint(["calibration_error", "memory_mib", *(n for n in speed if n.endswith("_ms"))])
    assert {"crops_per_second", "pages_per_second", "bleu", "f1"} <= higher_is_better


def test_another_machine_is_noted():
    judged = judge(report(), dataclasses.replace(load_service(SERVICES / "cloud_gpu.yaml")))
    assert judged["notes"][0] == "measured on cpu, the service runs on cuda: times do not compare"


@pytest.mark.parametrize("read, status", [(["x", "y", "z"], 0), (["x", "y", "w"], 1)])
def test_a_worse_model_misses_the_targets(crop_set, answers, monkeypatch, tmp_path, capsys, read, status):
    from mathocr.im2latex.predictor import LatexPredictor

    monkeypatch.setattr(LatexPredictor, "load", classmethod(lambda cls, *args, **kwargs: answers(read)))
    wanted = tmp_path / "exact.yaml"
    text = (SERVICES / "mobile.yaml").read_text()
    wanted.write_text(text.replace("calibration_error: 0.05", "calibration_error: 0.9"))
    command = ["evaluate", "--data", str(crop_set(["x", "y", "z"])), "--targets", str(wanted)]
    assert main([*command, "--output", str(tmp_path / "out"), "--no-render", "--no-speed"]) == status
    out = capsys.readouterr().out
    assert ("| accuracy.im2latex.exact_match | at least 0.75 | 0.6667 | fail |" in out) == bool(status)


def test_calibration_by_hand():
    calibration = Calibration()
    for confidence, right in [(0.95, True), (0.97, False), (1.0, True), (0.2, False)]:
        calibration.add(confidence, right)
    found = calibration.compute()
    assert [(b["low"], b["count"]) for b in found["bins"]] == [(0.2, 1), (0.9, 3)]
    assert found["bins"][1]["right"] == pytest.approx(2 / 3)
    assert found["ece"] == pytest.approx(3 / 4 * abs((0.95 + 0.97 + 1.0) / 3 - 2 / 3) + 1 / 4 * 0.2)
    assert found["brier"] == pytest.approx((0.05**2 + 0.97**2 + 0.2**2) / 4)
    assert [(a["least"], a["kept"]) for a in found["abstention"]] == [
        *((least / 10, 0.75) for least in range(9, 2, -1)), (0.2, 1.0), (0.1, 1.0), (0.0, 1.0)
    ]  # fmt: skip
    assert [a["right"] for a in found["abstention"]] == pytest.approx([2 / 3] * 7 + [1 / 2] * 3)
    assert Calibration().compute() == {"bins": [], "ece": None, "brier": None, "abstention": []}
