"""Training of the detector: the Lightning module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor
from torch.optim import Optimizer

from mathocr.data.contracts import KINDS
from mathocr.data.optimisation import adamw, clip_gradients
from mathocr.detector.datamodule import Batch
from mathocr.detector.decode import LEAST_SCORE, Detections, decode, suppress
from mathocr.detector.export import export_graph
from mathocr.detector.loss import RegionLoss
from mathocr.detector.metrics import MATCH_IOU, RegionScores
from mathocr.detector.model import DenseOutput, RegionNetwork

_PICTURES = 4  # pages shown in TensorBoard at each validation
_SHOWN_SCORE = 0.4  # regions drawn there
_COLOURS = ((220, 60, 40), (30, 90, 220))  # RGB of each kind
_TRUTH = (60, 170, 60)
_UNKNOWN_SCORE = 0.5  # threshold of a kind of which validation says nothing


class DetectorTraining(pl.LightningModule):
    """Trains a ``RegionNetwork``.

    Args:
        backbone: As ``RegionNetwork``.
        width: As ``RegionNetwork``.
        head_layers: As ``RegionNetwork``.
        pretrained: As ``RegionNetwork``.
        lr: Peak learning rate.
        weight_decay: Of kernels; vectors have none.
        box_weight: As ``RegionLoss``.
        quality_weight: As ``RegionLoss``.
        focal_alpha: As ``RegionLoss``.
    """

    stage = "detector"
    format = "mathocr-detector/1"

    def __init__(
        self,
        backbone: str = "mobilenetv4_conv_small",
        width: int = 96,
        head_layers: int = 1,
        pretrained: bool = False,
        lr: float = 2e-3,
        weight_decay: float = 0.02,
        box_weight: float = 2.0,
        quality_weight: float = 0.5,
        focal_alpha: float = 0.4,
    ) -> None:
        super().__init__()
        self.network_config = {"backbone": backbone, "width": width, "head_layers": head_layers}
        self.network = RegionNetwork(backbone, width, head_layers, pretrained)
        self.network = self.network.to(memory_format=torch.channels_last)  # faster on CPU
        self.criterion = RegionLoss(box_weight, quality_weight, focal_alpha)
        self.lr, self.weight_decay = lr, weight_decay
        self.scores = RegionScores()

    def configure_optimizers(self) -> Optimizer:
        """AdamW; the learning rate's course is a callback of the trainer."""
        return adamw(self.network, self.lr, self.weight_decay)

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """As ``clip_gradients``."""
        clip_gradients(self.network, gradient_clip_val)

    def forward(self, pages: Tensor) -> DenseOutput:
        """As ``RegionNetwork.forward``."""
        return self.network(pages.contiguous(memory_format=torch.channels_last))

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Loss of one batch."""
        losses = self.criterion(self(batch.pages), batch.boxes, batch.kinds, batch.present)
        for name, value in losses.items():
            self.log(f"train/{name}", value, prog_bar=name == "loss", batch_size=len(batch.pages))
        return losses["loss"]

    def on_validation_epoch_start(self) -> None:
        """Forget the pages of the last validation."""
        self.scores.reset()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Losses of a page, its regions against the truth, and a picture of the first ones."""
        output = self(batch.pages)
        losses = self.criterion(output, batch.boxes, batch.kinds, batch.present)
        named = {f"val/{name}": value for name, value in losses.items()}
        self.log_dict(named, batch_size=len(batch.pages), sync_dist=True)
        arrays = [part.float().cpu().numpy() for part in output]
        for row in range(len(batch.pages)):
            classes, distances, quality = (array[row] for array in arrays)
            found = suppress(decode(classes, distances, quality, LEAST_SCORE))
            real = batch.present[row]
            boxes, kinds = batch.boxes[row][real].cpu().numpy(), batch.kinds[row][real].cpu().numpy()
            self.scores.update(found, boxes, kinds)
            board: Any = getattr(self.logger, "experiment", None)
            if batch_idx < _PICTURES and row == 0 and hasattr(board, "add_image"):
                picture = draw(batch.pages[row, 0].float().cpu().numpy(), found, boxes)
                board.add_image(f"val/page_{batch_idx}", picture, self.global_step, dataformats="HWC")

    def on_validation_epoch_end(self) -> None:
        """Log the best F1 of each kind at each IoU, and the score at which it is reached; pages of all processes."""
        if self.trainer.world_size > 1:
            parts: list[Any] = [None] * self.trainer.world_size
            torch.distributed.all_gather_object(parts, self.scores)
            self.scores = RegionScores(self.scores.ious)
            for part in parts:
                self.scores.extend(part)
        for kind in KINDS:
            for iou in self.scores.ious:
                best = self.scores.compute(kind, iou)
                self.log(f"val/{kind}_f1_{iou:g}", best.f1, prog_bar=iou == MATCH_IOU)
                self.log(f"val/{kind}_min_score_{iou:g}", best.min_score)
        self.log("seen", float(getattr(self.trainer.datamodule, "seen", 0)))  # type: ignore[attr-defined]

    def export_weights(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Tensors of the network, and the configuration that rebuilds it, with the thresholds found in validation."""
        tensors = {
            name: tensor.detach().float().cpu().numpy()
            for name, tensor in self.network.state_dict().items()
            if tensor.is_floating_point()
        }
        return tensors, {"network": self.network_config, "min_score": self._thresholds()}

    def _thresholds(self) -> dict[str, float]:
        """The score of the best F1 of each kind in validation; ``_UNKNOWN_SCORE`` where none was found there."""
        best = {kind: self.scores.compute(kind, MATCH_IOU) for kind in KINDS}
        for kind in (kind for kind, scores in best.items() if not scores.f1):
            rank_zero_warn(
                f"no {kind} formula was found in validation: its threshold is {_UNKNOWN_SCORE} in the weights, until "
                "`mathocr calibrate` chooses one"
            )
        return {kind: round(scores.min_score, 3) if scores.f1 else _UNKNOWN_SCORE for kind, scores in best.items()}

    def export_graphs(self, weights: Path) -> None:
        """Write the ONNX graph that belongs beside a weights file."""
        export_graph(self.network, weights.with_suffix(".onnx"))

    def import_weights(self, tensors: dict[str, np.ndarray], config: dict[str, Any]) -> list[str]:
        """Take over trained tensors where name and shape agree.

        Args:
            tensors: As ``export_weights`` gave.
            config: As ``export_weights`` gave.

        Returns:
            Names of the network's tensors that were not found, or not in this shape.
        """
        own = self.network.state_dict()
        fitting = {
            name: torch.from_numpy(array.astype(np.float32))
            for name, array in tensors.items()
            if name in own and tuple(own[name].shape) == array.shape
        }
        self.network.load_state_dict(fitting, strict=False)
        return [name for name in own if name not in fitting and own[name].is_floating_point()]


def draw(ink: np.ndarray, found: Detections, boxes: np.ndarray) -> np.ndarray:
    """A page with its true boxes (green) and the regions found (red inline, blue display).

    Args:
        ink: Ink in [0, 1], float ``(H, W)``.
        found: Regions in pixels of ``ink``.
        boxes: True boxes, xyxy, ``(N, 4)``.

    Returns:
        RGB ``uint8 (H, W, 3)``.
    """
    gray = (255 * (1 - ink)).astype(np.uint8)
    picture = cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)
    for x0, y0, x1, y1 in np.rint(boxes).astype(int).tolist():
        cv2.rectangle(picture, (x0 - 1, y0 - 1), (x1 + 1, y1 + 1), _TRUTH, 1)
    for box, kind, score in zip(np.rint(found.boxes).astype(int).tolist(), found.kinds, found.scores, strict=True):
        if score >= _SHOWN_SCORE:
            cv2.rectangle(picture, (box[0], box[1]), (box[2], box[3]), _COLOURS[kind], 1)
    return picture
