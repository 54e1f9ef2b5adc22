"""Training either stage from a config file: resumes after a kill, ends on time, leaves fp16 weights."""

from __future__ import annotations

import math
import os
import pickle
import time
import warnings
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
# Few shapes times many layers are still more than the default 1,024 compiled CPU kernels.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16384")


import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, ModelCheckpoint, Timer, WeightAveraging
from pytorch_lightning.cli import LightningArgumentParser, LightningCLI
from pytorch_lightning.loggers import TensorBoardLogger
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from mathocr.data.weights import read_weights, write_weights

STAGES = ("detector", "im2latex")
_LAST = "last"


class ProgressSchedule(Callback):
    """Learning rate by progress: linear warm-up over the first steps, then half a cosine down to a fraction.

    Progress is the larger of steps done of ``max_steps`` and time spent of ``max_time``, so that a run that is
    ended by the clock has cooled down by then. The time of earlier parts of a resumed run counts.

    Args:
        warmup: Steps of the linear warm-up.
        final: Learning rate at the end, as a fraction of the peak.
        hold: Share of the progress spent at the peak before the cosine begins.
    """

    def __init__(self, warmup: int = 200, final: float = 0.02, hold: float = 0.0) -> None:
        self.warmup, self.final, self.hold = warmup, final, hold
        self.spent, self._peak = 0.0, 0.0
        self._since = time.monotonic()

    def factor(self, step: int, progress: float) -> float:
        """Fraction of the peak learning rate at a step and a progress in [0, 1]."""
        warm = min(1.0, (step + 1) / max(1, self.warmup))
        falling = min(1.0, max(0.0, progress - self.hold) / max(1e-9, 1.0 - self.hold))
        return warm * (self.final + (1.0 - self.final) * 0.5 * (1.0 + math.cos(math.pi * falling)))

    def _progress(self, trainer: pl.Trainer) -> float:
        """Share of the run that is done."""
        limit = _seconds(trainer)
        by_time = (self.spent + time.monotonic() - self._since) / limit if limit else 0.0
        by_steps = trainer.global_step / trainer.max_steps if trainer.max_steps > 0 else 0.0
        return max(by_time, by_steps)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the config's learning rate as the peak (a checkpoint's may be another) and start the clock."""
        self._since = time.monotonic()
        self._peak = float(pl_module.lr)  # type: ignore[arg-type]

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Set the learning rate of this step."""
        factor = self.factor(trainer.global_step, self._progress(trainer))
        for optimizer in trainer.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self._peak * factor

    def state_dict(self) -> dict[str, Any]:
        """Seconds spent so far."""
        return {"spent": self.spent + time.monotonic() - self._since}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on counting."""
        self.spent = float(state["spent"])


def _seconds(trainer: pl.Trainer) -> float | None:
    """The trainer's ``max_time`` in seconds, None where it has none."""
    timer = next((c for c in trainer.callbacks if isinstance(c, Timer)), None)  # type: ignore[attr-defined]
    left = timer.time_remaining() if timer is not None else None
    return None if timer is None or left is None else timer.time_elapsed() + left


class AveragedWeights(WeightAveraging):
    """Exponential average of weights and batch statistics, over few steps at first.

    A fixed decay of 0.999 would leave a third of the first, untrained values in the average after a thousand steps.

    Args:
        decay: Share of the old average kept at a step, after a warm-up of ``(1 + n) / (10 + n)`` at step n.
    """

    def __init__(self, decay: float) -> None:
        if not 0.0 <= decay < 1.0:
            raise ValueError(f"ema must be at least 0 and below 1, got {decay}")
        self.decay = decay
        super().__init__(multi_avg_fn=self._average)

    def _average(self, averaged: Sequence[Tensor], current: Sequence[Tensor], steps: Tensor | int) -> None:
        """Move the averages towards the current values, in place."""
        decay = min(self.decay, (1 + int(steps)) / (10 + int(steps)))
        get_ema_multi_avg_fn(decay)(list(averaged), list(current), steps)


class ExportWeights(Callback):
    """Writes the averaged weights as fp16 safetensors at the end of every validation.

    Args:
        format: As ``mathocr.data.weights.write_weights``.
        path: The weights file.
    """

    def __init__(self, format: str, path: Path) -> None:
        self.format, self.path = format, path

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """During validation the module holds the averaged weights (this callback stands before the averaging)."""
        if not trainer.is_global_zero or trainer.sanity_checking or not trainer.global_step:
            return
        tensors, config = pl_module.export_weights()  # type: ignore[operator]
        config["training"] = {
            "steps": trainer.global_step,
            "samples": int(getattr(trainer.datamodule, "seen", 0)),  # type: ignore[attr-defined]
        }
        write_weights(self.path, tensors, config, self.format)


class StageCLI(LightningCLI):
    """LightningCLI of one stage: what the data knows reaches the model, and what every run needs is switched on."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Arguments beside model, data and trainer."""
        parser.add_argument("--output", type=Path, default=Path("runs/run"), help="Folder of checkpoints and weights.")
        parser.add_argument("--init", type=Path, default=None, help="Weights (.safetensors) to fine-tune from.")
        parser.add_argument("--ema", type=float, default=0.999, help="Decay of the averaged weights.")
        parser.add_argument("--checkpoint_minutes", type=float, default=3.0, help="Minutes between checkpoints.")
        parser.add_class_arguments(ProgressSchedule, "schedule")
        if hasattr(self.datamodule_class, "linked"):
            for name in self.datamodule_class.linked:
                parser.link_arguments(f"data.{name}", f"model.{name}", apply_on="instantiate")

    def instantiate_trainer(self, **kwargs: Any) -> pl.Trainer:
        """The trainer with checkpoints, averaging, schedule and export, beside what ``trainer`` in the config adds."""
        config = self.config
        output = Path(config.output)
        module: Any = self.model
        callbacks = [
            self.config_init.schedule,
            ExportWeights(module.format, output / f"{module.stage}.safetensors"),
            AveragedWeights(config.ema),
            ModelCheckpoint(
                dirpath=output, filename=_LAST, enable_version_counter=False,
                train_time_interval=timedelta(minutes=config.checkpoint_minutes),
            ),
        ]  # fmt: skip
        stated = self.config_init.trainer
        board = TensorBoardLogger(str(output), name="", version="log") if stated.logger is None else stated.logger
        own = {"callbacks": [*callbacks, *(stated.callbacks or [])], "logger": board}
        return super().instantiate_trainer(**{**own, **kwargs})


def _check_same_network(checkpoint: Path, model: pl.LightningModule) -> None:
    """Raise a ValueError, which names what differs, where a checkpoint is of a network of another shape."""
    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=False, mmap=True)["state_dict"]
    except (OSError, KeyError, EOFError, RuntimeError, pickle.UnpicklingError) as error:
        raise ValueError(
            f"{checkpoint}: not a checkpoint that can be read ({error}); remove it to start anew"
        ) from error
    own = model.state_dict()
    other = sorted(own.keys() ^ state.keys()) + [
        name for name in own.keys() & state.keys() if own[name].shape != state[name].shape
    ]
    if other:
        raise ValueError(
            f"{checkpoint} is of another network ({len(other)} tensors, {min(other)} among them): go on with the "
            "vocabulary and the settings under `model` that it was begun with, or give a new --output"
        )


def main(stage: str, argv: Sequence[str]) -> int:
    """Train a stage; goes on from the output folder's checkpoint where there is one.

    Args:
        stage: ``detector`` or ``im2latex``.
        argv: ``--config FILE`` and any ``--section.key value`` that overrides it.

    Returns:
        Exit status.

    Raises:
        ValueError: If the stage is unknown, or the checkpoint is damaged or of another network.
    """
    if stage == "im2latex":
        from mathocr.im2latex.datamodule import CropDataModule as Data
        from mathocr.im2latex.training import Im2LatexTraining as Module
    elif stage == "detector":
        from mathocr.detector.datamodule import PageDataModule as Data  # type: ignore[assignment]
        from mathocr.detector.training import DetectorTraining as Module  # type: ignore[assignment]
    else:
        raise ValueError(f"stage must be one of {STAGES}, got {stage!r}")
    warnings.filterwarnings("ignore", message="LightningCLI's args parameter")  # the command line is ours
    cli = StageCLI(Module, Data, run=False, args=list(argv), save_config_callback=None,
                   seed_everything_default=0, parser_kwargs={"prog": f"mathocr train {stage}"})  # fmt: skip
    output = Path(cli.config.output)
    checkpoint = output / f"{_LAST}.ckpt"
    if not checkpoint.is_file() and cli.config.init is not None:
        weights = read_weights(Path(cli.config.init), Module.format)
        skipped = cli.model.import_weights(weights.tensors, weights.config)
        print(f"starting from {weights.path}; not taken over: {', '.join(skipped) or 'nothing'}")
    if checkpoint.is_file():
        _check_same_network(checkpoint, cli.model)
        print(f"going on from {checkpoint}")
    cli.trainer.fit(cli.model, cli.datamodule, ckpt_path=str(checkpoint) if checkpoint.is_file() else None)
    cli.trainer.validate(cli.model, cli.datamodule)
    trained = output / f"{cli.model.stage}.safetensors"
    if cli.trainer.is_global_zero:
        cli.model.export_graphs(trained)
        print(f"weights: {trained}, with the graphs that predict needs beside them")
    return 0
