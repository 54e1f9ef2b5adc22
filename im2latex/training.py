"""Training of the recogniser: the Lightning module."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.optim import Optimizer

from mathocr.data.optimisation import adamw, clip_gradients
from mathocr.data.weights import read_weights
from mathocr.im2latex.batches import Batch, padded_length
from mathocr.im2latex.draft import NgramDraft, network_tensors
from mathocr.im2latex.export import export_graphs
from mathocr.im2latex.loss import distillation_loss, glyph_loss, token_loss
from mathocr.im2latex.metrics import edit_similarity
from mathocr.im2latex.model import GLYPH_CLASSES, FormulaNet
from mathocr.im2latex.torch_backend import decode_batch, network_of
from mathocr.im2latex.vocabulary import PAD, SPECIALS, Vocabulary

_DRAFT_FORMULAS = 20_000  # of each set; more hardly change the guesses
_PICTURES = 8  # examples shown in TensorBoard at each validation


class Im2LatexTraining(pl.LightningModule):
    """Trains a ``FormulaNet`` on next tokens and on the glyph map.

    Args:
        tokens: The vocabulary, which the data module knows.
        glyph_classes: Classes of the glyph head, which the data module knows.
        backbone: As ``FormulaNet``.
        width: As ``FormulaNet``.
        heads: As ``FormulaNet``.
        encoder_layers: As ``FormulaNet``.
        decoder_layers: As ``FormulaNet``.
        max_length: As ``FormulaNet``.
        dropout: As ``FormulaNet``.
        lr: Peak learning rate.
        weight_decay: Of matrices; vectors and positions have none.
        smoothing: Label smoothing.
        glyph_weight: Weight of the glyph loss.
        freeze_norm_after: Samples after which batch normalisation uses its running statistics in training too.
            Batches hold crops of one size, and the share of blank paper differs so much between sizes that a network
            that always normalised by the batch is worse at use than it was in training (measured at 54,000 samples:
            2.5 instead of 1.9 nats a token).
        frozen: First parts of the backbone (timm's modules in order, such as a stem and its stages) that stay as they
            are: what goes on from trained weights is 1.16 times as fast with 2, the stem and the first stage.
        teacher: Weights of a recogniser of the same vocabulary to learn from (knowledge distillation); none where None.
        teacher_weight: Weight of the loss against the teacher, in [0, 1]; that of the truth has the rest.
        temperature: Of both when student and teacher are compared, above 0.

    Raises:
        WeightsError: If the teacher's weights cannot be used.
        ValueError: If its vocabulary is another one, or its weight, the temperature or ``frozen`` is out of range.
    """

    stage = "im2latex"
    format = "mathocr-im2latex/1"

    def __init__(
        self,
        tokens: list[str],
        glyph_classes: int = GLYPH_CLASSES,
        backbone: str = "hgnetv2_b0",
        width: int = 256,
        heads: int = 4,
        encoder_layers: int = 0,
        decoder_layers: int = 4,
        max_length: int = 512,
        dropout: float = 0.0,
        lr: float = 1e-3,
        weight_decay: float = 0.02,
        smoothing: float = 0.0,
        glyph_weight: float = 0.5,
        freeze_norm_after: int = 100_000,
        frozen: int = 0,
        teacher: Path | None = None,
        teacher_weight: float = 0.7,
        temperature: float = 2.0,
    ) -> None:
        super().__init__()
        if not 0 <= teacher_weight <= 1:
            raise ValueError(f"teacher_weight must be in [0, 1], got {teacher_weight}")
        if not 0 < temperature < math.inf:
            raise ValueError(f"temperature must be above 0 and finite, got {temperature}")
        self.freeze_norm_after = freeze_norm_after
        self.vocabulary = Vocabulary(tokens)
        self.network_config = {
            "backbone": backbone, "width": width, "heads": heads, "encoder_layers": encoder_layers,
            "decoder_layers": decoder_layers, "max_length": max_length, "glyph_classes": glyph_classes,
        }  # fmt: skip
        self.network = FormulaNet(len(self.vocabulary), dropout=dropout, **self.network_config)  # type: ignore[arg-type]
        self.network = self.network.to(memory_format=torch.channels_last)  # a third faster on CPU
        parts = tuple(self.network.backbone.children())
        if not 0 <= frozen <= len(parts):
            raise ValueError(f"frozen must be in 0 to {len(parts)}, the parts of {backbone!r}, got {frozen}")
        self._frozen = parts[:frozen]
        for part in self._frozen:
            part.requires_grad_(False)
        self.lr, self.weight_decay, self.smoothing, self.glyph_weight = lr, weight_decay, smoothing, glyph_weight
        self.teacher_weight, self.temperature = teacher_weight, temperature
        self._draft: NgramDraft | None = None
        self._teacher: tuple[FormulaNet, ...] = ()  # in a tuple: no part of checkpoint, average and weights file
        if teacher is not None:
            self._teacher = (self._read_teacher(teacher),)

    def _read_teacher(self, path: Path) -> FormulaNet:
        """The teacher's network, in evaluation mode."""
        weights = read_weights(path, self.format)
        if weights.config["tokens"] != list(self.vocabulary.tokens):
            raise ValueError(f"{path}: teacher and student must have the same vocabulary, the teacher's is another one")
        return network_of(weights).requires_grad_(False)

    def on_fit_start(self) -> None:
        """Refuse too long formulas, learn the draft of decoding from the training formulas; the teacher goes where the
        student is.
        """
        self._check_lengths()
        if self.trainer.is_global_zero:  # which alone writes weights
            sets = self.trainer.datamodule.sets  # type: ignore[attr-defined]
            self._draft = NgramDraft.fit(crops.ids(n) for crops, _ in sets for n in _some(len(crops), _DRAFT_FORMULAS))
        for network in self._teacher:
            network.to(self.device, memory_format=torch.channels_last)

    def _check_lengths(self) -> None:
        """Raise a ValueError where a formula is longer than the network's table of positions."""
        data: Any = self.trainer.datamodule  # type: ignore[attr-defined]
        longest = max(int(crops.lengths.max()) for crops in (*(crops for crops, _ in data.sets), data.val_set))
        room = len(self.network.positions)
        if padded_length(longest) > room:
            raise ValueError(
                f"model.max_length is {room}, too little for a formula of {longest} tokens: it takes "
                f"{padded_length(longest)}; make it larger or data.max_tokens smaller"
            )

    def configure_optimizers(self) -> Optimizer:
        """AdamW; the learning rate's course is a callback of the trainer."""
        return adamw(self.network, self.lr, self.weight_decay, betas=(0.9, 0.98))

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """As ``clip_gradients``."""
        clip_gradients(self.network, gradient_clip_val)

    def _losses(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Token loss, glyph loss and logits ``(B, L, V)`` of a batch."""
        images = batch.images.contiguous(memory_format=torch.channels_last)
        output = self.network(images, batch.ids[:, :-1], batch.cells)
        tokens = token_loss(output.logits, batch.ids[:, 1:], self.smoothing if self.training else 0.0)
        return tokens, glyph_loss(output.glyph_logits, batch.classes), output.logits

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Hold the statistics of batch normalisation in frozen parts, and everywhere once enough samples were seen."""
        held = self.trainer.datamodule.seen >= self.freeze_norm_after  # type: ignore[attr-defined]
        for part in (self.network,) if held else self._frozen:
            for module in part.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.eval()

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Loss of one batch."""
        tokens, glyphs, logits = self._losses(batch)
        size = len(batch.images)
        self.log("train/token_loss", tokens, prog_bar=True, batch_size=size)
        self.log("train/glyph_loss", glyphs, prog_bar=True, batch_size=size)
        if self._teacher:
            with torch.no_grad():
                taught = self._teacher[0](batch.images, batch.ids[:, :-1], batch.cells[:0]).logits
            apart = distillation_loss(logits, taught, batch.ids[:, 1:], self.temperature)
            self.log("train/teacher_loss", apart, prog_bar=True, batch_size=size)
            tokens = (1 - self.teacher_weight) * tokens + self.teacher_weight * apart
        return tokens + self.glyph_weight * glyphs

    def on_validation_epoch_start(self) -> None:
        """Begin a new list of examples for the log: the first of some batches, which go from small to large crops."""
        self._shown: list[tuple[np.ndarray, str, str]] = []
        self._show = frozenset(_some(int(self.trainer.num_val_batches[0]), _PICTURES))

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Loss, token accuracy, and what greedy decoding reads."""
        tokens, glyphs, logits = self._losses(batch)
        targets = batch.ids[:, 1:]
        size = len(batch.images)
        hits = (logits.argmax(-1) == targets)[targets != PAD].float().mean()
        read = decode_batch(self.network, batch.images, min(targets.shape[1] + 16, len(self.network.positions) - 1))
        similarity, exact = [], []
        for image, decoded, ids in zip(batch.images, read, targets, strict=True):
            pred, target = self.vocabulary.decode(decoded.ids), self.vocabulary.decode(ids.tolist())
            similarity.append(edit_similarity(pred, target))
            exact.append(float(pred == target))
            if len(similarity) == 1 and batch_idx in self._show:
                self._shown.append((image[0].float().cpu().numpy(), " ".join(pred), " ".join(target)))
        metrics = {"token_loss": tokens, "glyph_loss": glyphs, "token_accuracy": hits,
                   "edit_similarity": float(np.mean(similarity)), "exact_match": float(np.mean(exact))}  # fmt: skip
        self.log_dict({f"val/{name}": value for name, value in metrics.items()}, batch_size=size, sync_dist=True)

    def on_validation_epoch_end(self) -> None:
        """Show some crops with prediction beside truth in TensorBoard, and count samples seen."""
        self.log("seen", float(getattr(self.trainer.datamodule, "seen", 0)))  # type: ignore[attr-defined]
        board: Any = getattr(self.logger, "experiment", None)
        if not hasattr(board, "add_image"):
            return
        for number, (image, pred, target) in enumerate(self._shown):
            board.add_image(f"val/{number}", 1.0 - image[None], self.global_step)
            board.add_text(f"val/{number}", f"read `{pred}`\n\ntrue `{target}`", self.global_step)

    def export_weights(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Tensors of the network and of its draft, and the configuration that rebuilds it and its vocabulary."""
        tensors = {name: tensor.detach().float().cpu().numpy() if tensor.is_floating_point() else tensor.cpu().numpy()
                   for name, tensor in self.network.state_dict().items()}  # fmt: skip
        if self._draft is not None:
            tensors |= self._draft.tensors()
        return tensors, {"network": self.network_config, "tokens": list(self.vocabulary.tokens)}

    def export_graphs(self, weights: Path) -> None:
        """Write the ONNX graphs that belong beside a weights file."""
        export_graphs(self.network, weights)

    def import_weights(self, tensors: dict[str, np.ndarray], config: dict[str, Any]) -> list[str]:
        """Take over trained tensors; token rows are matched by token, so the vocabulary may have grown.

        Args:
            tensors: As ``export_weights`` gave.
            config: As ``export_weights`` gave.

        Returns:
            Names of parameters that could not be taken over: of another shape, or on one side only.
        """
        old, state = Vocabulary(config["tokens"]), self.network.state_dict()
        skipped = [name for name in state if name not in tensors]
        special = len(SPECIALS)
        rows = [(new, old.encode([token])[0]) for new, token in enumerate(self.vocabulary.tokens, start=special)]
        rows = [(n, n) for n in range(special)] + [(new, was) for new, was in rows if was >= special]
        for name, tensor in network_tensors(tensors).items():  # the draft is made anew of the training formulas
            source = torch.from_numpy(np.asarray(tensor))
            if name in ("tokens.weight", "bias") and state[name].shape[1:] == source.shape[1:]:
                new, was = (list(column) for column in zip(*rows, strict=True))
                state[name][new] = source[was].to(state[name].dtype)
            elif name in state and state[name].shape == source.shape:
                state[name].copy_(source)
            else:
                skipped.append(name)
        self.network.load_state_dict(state)
        return skipped


def _some(count: int, most: int) -> range:
    """Numbers below ``count``, evenly spread, about ``most`` at most."""
    return range(0, count, -(-count // most) or 1)
