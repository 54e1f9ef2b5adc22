"""Training by command: schedule, export, and going on after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("pytorch_lightning")

from mathocr.data.weights import read_weights
from mathocr.im2latex.predictor import LatexPredictor
from mathocr.pipeline.training import AveragedWeights, ProgressSchedule, main

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def crops(tmp_path_factory) -> Path:
    """Twelve drawn crops with their LaTeX."""
    folder = tmp_path_factory.mktemp("crops")
    rows = []
    for number, text in enumerate(["x+1", "y", "a-b", "2"] * 3):
        image = np.full((28, 70), 255, np.uint8)
        cv2.putText(image, text, (6, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 0, 1)
        cv2.imwrite(str(folder / f"{number}.png"), image)
        rows.append(json.dumps({"image": f"{number}.png", "latex": text}))
    (folder / "labels.jsonl").write_text("\n".join(rows) + "\n")
    return folder


def arguments(crops: Path, output: Path, **extra: object) -> list[str]:
    options = {
        "output": output, "data.train": f"{{{crops}: 1.0}}", "data.val": crops, "data.val_count": 4,
        "data.vocabulary": ROOT / "configs" / "vocabulary.txt", "model.width": 16, "model.decoder_layers": 1,
        "trainer.max_steps": 4, "trainer.limit_train_batches": 2, "trainer.enable_progress_bar": "false",
        "trainer.enable_model_summary": "false", **extra,
    }  # fmt: skip
    config = ["--config", str(ROOT / "configs" / "im2latex_smoke.yaml")]
    return config + [word for key, value in options.items() for word in (f"--{key}", str(value))]


def test_training_writes_weights_that_can_be_fine_tuned(crops, tmp_path, capsys):
    assert main("im2latex", arguments(crops, tmp_path / "first")) == 0
    weights = read_weights(tmp_path / "first" / "im2latex.safetensors", "mathocr-im2latex/1")
    assert weights.config["network"]["width"] == 16
    assert weights.config["training"]["steps"] == 4
    assert weights.tensors["draft.contexts"].shape[1:] == (4,)
    assert len(LatexPredictor.load(weights.path).predict([np.full((30, 40), 255, np.uint8)])) == 1
    tuned = arguments(crops, tmp_path / "second", init=weights.path)
    tuned += ["--trainer.max_steps", "1", "--model.lr", "0.0", "--ema", "0.0"]
    assert main("im2latex", tuned) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("starting from")]
    assert line.endswith("not taken over: nothing")
    after = read_weights(tmp_path / "second" / "im2latex.safetensors", "mathocr-im2latex/1")
    name = "decoder.0.cross_q.weight"
    np.testing.assert_allclose(after.tensors[name], weights.tensors[name], atol=1e-3)


def test_training_goes_on_after_sigkill(crops, tmp_path):
    output = tmp_path / "run"
    argv = arguments(crops, output, **{"trainer.max_steps": 100_000, "checkpoint_minutes": 0.02})
    code = f"import sys; from mathocr.pipeline.training import main; main('im2latex', {argv!r})"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    checkpoint = output / "last.ckpt"
    deadline = time.monotonic() + 240
    while not checkpoint.is_file() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert checkpoint.is_file(), "no checkpoint was written before the deadline"

    import torch

    with pytest.raises(ValueError, match=r"last.ckpt is of another network .* or give a new --output"):
        main("im2latex", arguments(crops, output, **{"model.width": 32}))
    before = torch.load(checkpoint, map_location="cpu", weights_only=False)
    assert before["global_step"] > 0 and before["CropDataModule"]["seen"] > 0
    steps = before["global_step"] + 2
    assert main("im2latex", arguments(crops, output, **{"trainer.max_steps": steps})) == 0
    after = read_weights(output / "im2latex.safetensors", "mathocr-im2latex/1")
    assert after.config["training"]["steps"] == steps
    assert after.config["training"]["samples"] > before["CropDataModule"]["seen"]


def test_a_damaged_checkpoint_is_named(crops, tmp_path):
    (tmp_path / "last.ckpt").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(ValueError, match=r"last.ckpt: not a checkpoint that can be read .* remove it to start anew"):
        main("im2latex", arguments(crops, tmp_path))


def test_two_processes_train_one_network(crops, tmp_path):
    """As on several GPUs: each process draws its own samples, one of them writes the weights."""
    options = {"trainer.devices": 2, "trainer.strategy": "ddp"}
    done = subprocess.run(
        [sys.executable, "-m", "mathocr.pipeline.cli", "train", "im2latex", *arguments(crops, tmp_path, **options)],
        env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Starting with 2 processes" in done.stderr and done.stdout.count("weights: ") == 1
    trained = read_weights(tmp_path / "im2latex.safetensors", "mathocr-im2latex/1").config["training"]
    assert trained == {"steps": 4, "samples": 64}  # four steps, two processes, batches of eight


def test_formulas_that_the_network_has_no_room_for_are_named_at_the_start(crops, tmp_path):
    with pytest.raises(ValueError, match=r"model.max_length is 8, too little for a formula of 3 tokens: it takes 16"):
        main("im2latex", arguments(crops, tmp_path, **{"model.max_length": 8}))


def test_a_kind_that_validation_does_not_show_keeps_a_threshold_that_finds_some():
    from mathocr.detector.decode import Detections
    from mathocr.detector.training import DetectorTraining

    training = DetectorTraining(width=16)
    box = np.array([[0.0, 0.0, 10.0, 10.0]], np.float32)
    training.scores.update(Detections(box, np.zeros(1, np.int64), np.array([0.8], np.float32)), box, np.zeros(1, int))
    with pytest.warns(UserWarning, match="no display formula was found in validation: its threshold is 0.5"):
        _, config = training.export_weights()
    assert config["min_score"] == {"inline": 0.8, "display": 0.5}


def test_schedule_warms_up_holds_and_cools_down():
    schedule = ProgressSchedule(warmup=10, final=0.1, hold=0.5)
    assert schedule.factor(0, 0.0) == pytest.approx(0.1)
    assert schedule.factor(4, 0.0) == pytest.approx(0.5)
    assert schedule.factor(100, 0.5) == pytest.approx(1.0)
    assert schedule.factor(100, 0.75) == pytest.approx(0.55)
    assert schedule.factor(100, 1.0) == schedule.factor(100, 1.7) == pytest.approx(0.1)


def test_average_forgets_the_first_values_soon_and_keeps_to_the_decay_later():
    import torch

    average = AveragedWeights(0.9)
    value = torch.zeros(1)
    for step in range(1, 11):
        average._average([value], [torch.ones(1)], torch.tensor(step))
    assert 0.9 < value.item() < 1.0  # a fixed decay of 0.9 would be at 0.65
    late = torch.zeros(1)
    average._average([late], [torch.ones(1)], torch.tensor(1000))
    assert late.item() == pytest.approx(0.1)
    with pytest.raises(ValueError, match="ema must be"):
        AveragedWeights(1.0)


def test_schedule_follows_the_config_not_the_checkpoint_and_the_clock():
    from types import SimpleNamespace

    from pytorch_lightning.callbacks import Timer

    timer = Timer("00:00:01:40")
    group = {"lr": 0.7}  # what a checkpoint left
    trainer = SimpleNamespace(
        callbacks=[timer], optimizers=[SimpleNamespace(param_groups=[group])], global_step=500, max_steps=1000
    )
    schedule = ProgressSchedule(warmup=10, final=0.0, hold=0.0)
    schedule.on_train_start(trainer, SimpleNamespace(lr=0.2))
    schedule.on_train_batch_start(trainer, None, None, 0)
    assert group["lr"] == pytest.approx(0.1)  # half of the steps are done, no time has passed
    schedule.load_state_dict({"spent": 100.0})
    schedule.on_train_batch_start(trainer, None, None, 0)
    assert group["lr"] == pytest.approx(0.0, abs=1e-6)


def test_schedule_counts_the_time_of_earlier_parts():
    schedule = ProgressSchedule()
    schedule.load_state_dict({"spent": 100.0})
    assert schedule.state_dict()["spent"] >= 100.0


def test_wrong_stage_and_key_are_named(crops, tmp_path, capsys):
    with pytest.raises(ValueError, match=r"stage must be one of .*, got 'layout'"):
        main("layout", [])
    with pytest.raises(SystemExit):
        main("im2latex", [*arguments(crops, tmp_path), "--data.batchsize", "3"])
    assert "batchsize" in capsys.readouterr().err


@pytest.mark.parametrize("config", sorted((ROOT / "configs").glob("im2latex_*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_config_is_built(config, monkeypatch):
    from mathocr.im2latex.datamodule import CropDataModule
    from mathocr.im2latex.training import Im2LatexTraining
    from mathocr.pipeline.training import StageCLI

    monkeypatch.chdir(ROOT)
    on_cpu = ["--trainer.accelerator", "cpu", "--trainer.devices", "1"]
    cli = StageCLI(Im2LatexTraining, CropDataModule, run=False, args=["--config", str(config), *on_cpu])
    assert cli.model.network.tokens.num_embeddings == len(cli.datamodule.vocabulary)


def test_logger_and_callbacks_of_a_config_are_kept(monkeypatch):
    from mathocr.im2latex.datamodule import CropDataModule
    from mathocr.im2latex.training import Im2LatexTraining
    from mathocr.pipeline.training import StageCLI

    monkeypatch.chdir(ROOT)
    added = "[{class_path: pytorch_lightning.callbacks.LearningRateMonitor}]"
    argv = ["--config", "configs/im2latex_smoke.yaml", "--trainer.logger", "false", "--trainer.callbacks", added]
    cli = StageCLI(Im2LatexTraining, CropDataModule, run=False, args=argv)
    assert cli.trainer.loggers == []
    names = {type(callback).__name__ for callback in cli.trainer.callbacks}
    assert {"LearningRateMonitor", "ProgressSchedule", "ExportWeights"} <= names


def test_frozen_parts_of_the_backbone_stay_as_they_were(crops, tmp_path):
    assert main("im2latex", arguments(crops, tmp_path / "first")) == 0
    before = read_weights(tmp_path / "first" / "im2latex.safetensors", "mathocr-im2latex/1")
    changes = {"model.frozen": 2, "model.lr": 0.01, "ema": 0.0}
    assert main("im2latex", arguments(crops, tmp_path / "second", init=before.path, **changes)) == 0
    after = read_weights(tmp_path / "second" / "im2latex.safetensors", "mathocr-im2latex/1")
    same = {name for name, tensor in before.tensors.items() if np.array_equal(tensor, after.tensors[name])}
    backbone = {name for name in before.tensors if name.startswith("backbone.")}
    assert {name for name in backbone if name.split(".")[1] in ("stem", "stages_0")} <= same
    assert "backbone.stages_1.blocks.0.layers.0.conv.weight" in backbone - same


def test_weights_of_another_width_are_named_and_left_out():
    from mathocr.im2latex.training import Im2LatexTraining

    small = {"backbone": "hgnetv2_b0", "heads": 2, "max_length": 8, "decoder_layers": 1}
    tensors, config = Im2LatexTraining(["x"], width=16, **small).export_weights()
    skipped = Im2LatexTraining(["x", "y"], width=32, encoder_layers=1, **small).import_weights(tensors, config)
    assert {"tokens.weight", "norm.weight", "encoder.0.norm.weight"} <= set(skipped)
    assert not any(name.startswith("backbone") for name in skipped)


def test_student_learns_from_a_teacher_that_stays_as_it_is(crops, tmp_path, capsys):
    assert main("im2latex", arguments(crops, tmp_path / "teacher")) == 0
    teacher = tmp_path / "teacher" / "im2latex.safetensors"
    before = teacher.read_bytes()
    taught = {"model.teacher": teacher, "model.width": 24, "model.teacher_weight": 1.0, "trainer.log_every_n_steps": 1}
    assert main("im2latex", arguments(crops, tmp_path / "student", **taught)) == 0
    student = read_weights(tmp_path / "student" / "im2latex.safetensors", "mathocr-im2latex/1")
    assert student.config["network"]["width"] == 24
    assert not any("teacher" in name for name in student.tensors) and teacher.read_bytes() == before
    assert LatexPredictor.load(student.path).predict([np.full((30, 40), 255, np.uint8)])


def test_teacher_of_another_vocabulary_is_refused(tmp_path):
    from mathocr.data.weights import write_weights
    from mathocr.im2latex.training import Im2LatexTraining

    small = {"backbone": "hgnetv2_b0", "width": 16, "heads": 2, "max_length": 8, "decoder_layers": 1}
    tensors, config = Im2LatexTraining(["x"], **small).export_weights()
    write_weights(tmp_path / "teacher.safetensors", tensors, config, "mathocr-im2latex/1")
    with pytest.raises(ValueError, match=r"teacher\.safetensors: teacher and student must have the same vocabulary"):
        Im2LatexTraining(["x", "y"], **small, teacher=tmp_path / "teacher.safetensors")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"teacher_weight": 1.5}, r"teacher_weight must be in \[0, 1\], got 1.5"),
        ({"teacher_weight": -0.1}, r"teacher_weight must be in \[0, 1\], got -0.1"),
        ({"temperature": 0.0}, "temperature must be above 0 and finite, got 0.0"),
        ({"frozen": -1}, "frozen must be in 0 to .*, got -1"),
        ({"frozen": 99}, "frozen must be in 0 to .*, got 99"),
        ({"temperature": float("nan")}, "temperature must be above 0 and finite, got nan"),
    ],
)
def test_options_out_of_range_are_refused(changed, message):
    from mathocr.im2latex.training import Im2LatexTraining

    with pytest.raises(ValueError, match=message):
        Im2LatexTraining(["x"], **changed)


@pytest.mark.parametrize("stage", ["im2latex", "detector"])
def test_the_small_config_takes_the_released_weights_over_whole(stage):
    import yaml

    from mathocr.detector.training import DetectorTraining
    from mathocr.im2latex.training import Im2LatexTraining

    module = {"im2latex": Im2LatexTraining, "detector": DetectorTraining}[stage]
    settings = yaml.safe_load((ROOT / "configs" / f"{stage}_small.yaml").read_text(encoding="utf-8"))["model"]
    weights = read_weights(ROOT / stage / "weights" / f"{stage}.safetensors", module.format)
    tokens = {"tokens": weights.config["tokens"]} if stage == "im2latex" else {}
    assert module(**tokens, **settings).import_weights(weights.tensors, weights.config) == []
