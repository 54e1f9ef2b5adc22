"""Batches for training and validating the recogniser: the Lightning data module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities import rank_zero_info
from torch.utils.data import DataLoader, Dataset

from mathocr.im2latex.batches import Batch, collate, draw_example
from mathocr.im2latex.crop_stream import CropStream
from mathocr.im2latex.crops import CropSet
from mathocr.im2latex.model import GLYPH_CLASSES
from mathocr.im2latex.prepare import BEST_SIZE, MARGIN, SCALE_COVERED, padded_size
from mathocr.im2latex.vocabulary import Vocabulary


class CropList(Dataset[Batch]):
    """A fixed list of validation batches, clean and at the scale at which they are read, short ones first."""

    def __init__(self, crops: CropSet, count: int, batch_size: int, glyph_classes: int) -> None:
        self.crops, self.glyph_classes = crops, glyph_classes
        chosen = np.random.default_rng(0).permutation(len(crops))[:count]
        ordered = sorted(
            chosen, key=lambda n: (padded_size(*(crops.sizes[n][::-1] * BEST_SIZE).round().astype(int)), n)
        )
        self.batches = [ordered[start : start + batch_size] for start in range(0, len(ordered), batch_size)]

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, number: int) -> Batch:
        drawn = [draw_example(self.crops, int(n), BEST_SIZE, None, (MARGIN, MARGIN)) for n in self.batches[number]]
        return collate([example for example in drawn if example], self.glyph_classes)


class CropDataModule(pl.LightningDataModule):
    """Crops to train and validate the recogniser with.

    Args:
        train: Data set (folder or file) to share of the samples.
        val: Data set to validate with; none of its sources may be in ``train``.
        vocabulary: Text file, one canonical token a line.
        batch_size: Images in a batch of ordinary formulas.
        val_count: Crops to validate with.
        max_tokens: Longer formulas are left out.
        long_weight: Formulas longer than this many tokens are drawn less often, in proportion.
        curriculum: Samples over which the length limit grows from 16 tokens to all.
        scales: Range of the random scale, 1 being 10 pt type at 100 dpi.
        augment: Strength of the augmentation; 0 for none.
        glyph_classes: Classes of the network's glyph head.
        workers: Processes that draw crops; 0 draws in the training process.
        seed: Of everything random here.
        negatives: Share of the training samples that are images without a formula, to be read as nothing.
        low_resolution: Share of the training samples that are drawn at 42 to 85 dpi and enlarged.
        stretch: Factor by which training samples are made wider or narrower at most; 1 leaves them as they are.
    """

    linked = ("tokens", "glyph_classes")  # what the model learns from the data

    def __init__(
        self,
        train: dict[str, float],
        val: str,
        vocabulary: str = "configs/vocabulary.txt",
        batch_size: int = 16,
        val_count: int = 256,
        max_tokens: int = 256,
        long_weight: int = 48,
        curriculum: int = 60_000,
        scales: tuple[float, float] = SCALE_COVERED,
        augment: float = 1.0,
        glyph_classes: int = GLYPH_CLASSES,
        workers: int = 1,
        seed: int = 0,
        negatives: float = 0.0,
        low_resolution: float = 0.0,
        stretch: float = 1.0,
    ) -> None:
        super().__init__()
        for name, share in (("negatives", negatives), ("low_resolution", low_resolution)):
            if not 0 <= share <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {share}")
        if min(train.values(), default=0.0) < 0 or not sum(train.values()):
            raise ValueError(f"train must name sets with shares of 0 or more, not all of them 0, got {train}")
        if not 1 <= stretch <= 2:
            raise ValueError(f"stretch must be in [1, 2], got {stretch}")
        self.vocabulary = Vocabulary.from_file(Path(vocabulary))
        self.tokens = list(self.vocabulary.tokens)
        self.paths, self.val_path = {Path(path): share for path, share in train.items()}, Path(val)
        self.batch_size, self.val_count, self.max_tokens = batch_size, val_count, max_tokens
        self.long_weight, self.curriculum, self.scales = long_weight, curriculum, scales
        self.augment, self.negatives, self.glyph_classes = augment, negatives, glyph_classes
        self.low_resolution, self.stretch = low_resolution, stretch
        self.workers, self.seed = workers, seed
        self.seen = 0

    def setup(self, stage: str) -> None:
        """Read the sets once, and say of each how many crops are used and why others are not."""
        if not hasattr(self, "sets"):
            self.sets = [(self._read(path), share) for path, share in self.paths.items()]
            self.val_set = self._read(self.val_path)

    def _read(self, path: Path) -> CropSet:
        """One set."""
        crops = CropSet(path, self.vocabulary, self.max_tokens)
        left_out = ", ".join(f"{count} ({reason})" for reason, count in crops.dropped.most_common())
        rank_zero_info(f"{path}: {len(crops)} crops, left out: {left_out or 'none'}")
        return crops

    def train_dataloader(self) -> DataLoader[Batch]:
        """An endless loader; ``trainer.limit_train_batches`` makes epochs of it."""
        rank, ranks = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        stream = CropStream(
            self.sets, batch_size=self.batch_size, scales=self.scales, long_weight=self.long_weight,
            curriculum=self.curriculum, augment=self.augment, glyph_classes=self.glyph_classes, seed=self.seed,
            seen=self.seen, rank=rank, ranks=ranks, negatives=self.negatives, low_resolution=self.low_resolution,
            stretch=self.stretch,
        )  # fmt: skip
        return DataLoader(
            stream, batch_size=None, num_workers=self.workers, persistent_workers=self.workers > 0,
            pin_memory=torch.cuda.is_available(),
        )  # fmt: skip

    def val_dataloader(self) -> DataLoader[Batch]:
        """The same clean crops every time."""
        return DataLoader(
            CropList(self.val_set, self.val_count, self.batch_size, self.glyph_classes), batch_size=None, num_workers=0
        )

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Ink as the network takes it; counts the samples of training, so that a resumed run goes on where it was."""
        if self.trainer is not None and self.trainer.training:
            self.seen += len(batch.images) * self.trainer.world_size
        return batch._replace(images=batch.images.float().div_(255.0))

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps of the data: how many samples were seen."""
        return {"seen": self.seen}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after the samples already seen."""
        self.seen = int(state["seen"])
