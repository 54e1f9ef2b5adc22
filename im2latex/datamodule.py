"""Batches for training and validating the recogniser: few shapes, short formulas first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from mathocr.data.augment import Augmentation, crop_augmentation
from mathocr.im2latex.crops import CropSet, negative_ink
from mathocr.im2latex.prepare import MARGIN, ink_box, pad, padded_size, rescale, to_ink
from mathocr.im2latex.vocabulary import BOS, EOS, PAD, Vocabulary

_POOL = 2048  # samples drawn at a time, so that batches of one shape can be filled
_SHORT = 16  # tokens: the curriculum's first limit
_BEGIN_SHARE = 0.05  # of each set that is within the curriculum's first limit, at least
_NOTHING = np.zeros(0, np.int16), np.zeros(0, np.int64), np.zeros((0, 2))  # ids, glyphs and centres of a negative
_SHIFT = 8  # pixels: ink lies up to so much further from the canvas's corner than its margin
_FULL_AREA = 64 * 384  # pixels up to which a batch has its full size; larger images come in smaller batches


class Batch(NamedTuple):
    """Crops of one padded shape and their truth.

    Attributes:
        images: Ink in [0, 1], float32 ``(B, 1, H, W)``.
        ids: ``BOS`` tokens ``EOS`` padding, int64 ``(B, L + 1)``.
        cells: Where glyphs are: ``(image, row, column)`` at stride 8, int64 ``(N, 3)``.
        classes: Class of each of these glyphs, int64 ``(N,)``.
    """

    images: Tensor
    ids: Tensor
    cells: Tensor
    classes: Tensor


class Example(NamedTuple):
    """One drawn crop: trimmed ink, where it goes on its canvas, ids, glyph codes and their centres on the ink."""

    ink: np.ndarray
    offset: tuple[int, int]
    ids: np.ndarray
    glyphs: np.ndarray
    centres: np.ndarray


def draw_example(
    crops: CropSet, number: int, scale: float, augment: Augmentation | None, offset: tuple[int, int]
) -> Example | None:
    """Draw one crop as the network will see it, None where the augmentation left no ink."""
    pixels = crops.draw(number, scale)
    ink = to_ink(augment(pixels.gray) if augment else pixels.gray)
    x0, y0, x1, y1 = ink_box(ink)
    if x0 == x1:
        return None
    trimmed = ink[y0:y1, x0:x1]
    fitted = rescale(trimmed, 1.0)
    centres = (pixels.centres - (x0, y0)) * (fitted.shape[1] / trimmed.shape[1])
    glyphs = pixels.glyphs if pixels.glyphs is not None else np.zeros(0, dtype=np.int64)
    return Example(fitted, offset, crops.ids(number), glyphs, centres)


def draw_negative_example(
    canvas: tuple[int, int], augment: Augmentation | None, rng: np.random.Generator
) -> Example | None:
    """An image without a formula as the network will see it, placed by chance on a canvas ``(height, width)``.

    None where it has no ink: such an image is answered without the network.
    """
    ink = negative_ink(int(rng.integers(2**31)), *canvas, augment)
    if ink is None:
        return None
    room = ((canvas[axis] - ink.shape[axis]) // 2 - MARGIN for axis in (1, 0))  # so that it stays within the canvas
    x, y = (MARGIN + int(rng.integers(0, min(_SHIFT, free) + 1)) for free in room)
    return Example(ink, (x, y), *_NOTHING)


def collate(examples: Sequence[Example], glyph_classes: int) -> Batch:
    """Pad images to one of few sizes and tokens to a multiple of 16, and place the glyphs on the map."""
    height, width = (max(e.ink.shape[axis] + 2 * (e.offset[1 - axis] - MARGIN) for e in examples) for axis in (0, 1))
    size = padded_size(height, width)
    length = -(-(max(len(e.ids) for e in examples) + 1) // 16) * 16
    ids = np.full((len(examples), length + 1), PAD, dtype=np.int64)
    images = np.zeros((len(examples), *size), dtype=np.uint8)
    cells, classes = [np.zeros((0, 3), dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for number, example in enumerate(examples):
        x = min(example.offset[0], size[1] - example.ink.shape[1])
        y = min(example.offset[1], size[0] - example.ink.shape[0])
        images[number] = pad(example.ink, size, (x, y))
        ids[number, : len(example.ids) + 2] = [BOS, *example.ids, EOS]
        place = np.floor(np.add(example.centres, (x, y)) / 8.0).astype(np.int64)[:, ::-1]  # (row, column)
        inside = (place >= 0).all(1) & (place < (size[0] // 8, size[1] // 8)).all(1)
        cells.append(np.column_stack((np.full(inside.sum(), number), place[inside])))
        classes.append(example.glyphs[inside] % glyph_classes)
    return Batch(
        torch.from_numpy(images).float().div_(255.0).unsqueeze(1),
        torch.from_numpy(ids),
        torch.from_numpy(np.concatenate(cells)),
        torch.from_numpy(np.concatenate(classes)),
    )


class CropStream(IterableDataset[Batch]):
    """An endless stream of training batches, each of one padded shape.

    Lightning asks for a new iterator at each epoch: it goes on after what the one before it drew.

    Args:
        sets: Where crops come from, and the share of samples of each.
        batch_size: Images in a batch of ordinary formulas; large images come in smaller batches.
        scales: Range of the random scale, log-uniform, 1 being 10 pt type at 100 dpi.
        long_weight: Formulas longer than this many tokens are drawn less often, in proportion.
        curriculum: Samples over which the length limit grows from 16 tokens to all.
        augment: Strength of the augmentation; 0 for none.
        glyph_classes: G of the network's glyph head.
        seed: Of everything random here.
        seen: Samples drawn before, when a training goes on.
        rank: Of this process among those that train together; each draws its own samples.
        ranks: Number of these processes.
        negatives: Share of the samples that are images without a formula, to be read as nothing.
    """

    def __init__(
        self,
        sets: Sequence[tuple[CropSet, float]],
        batch_size: int,
        scales: tuple[float, float],
        long_weight: int,
        curriculum: int,
        augment: float,
        glyph_classes: int,
        seed: int,
        seen: int = 0,
        rank: int = 0,
        ranks: int = 1,
        negatives: float = 0.0,
    ) -> None:
        self.sets = [crops for crops, _ in sets]
        shares = np.asarray([share for _, share in sets], dtype=np.float64)
        self.shares = shares / shares.sum()
        self.batch_size, self.scales, self.long_weight = batch_size, scales, long_weight
        self.curriculum, self.augment = curriculum, augment
        self.glyph_classes, self.negatives = glyph_classes, negatives
        self.seed, self.seen, self.rank, self.ranks = seed, seen, rank, ranks
        self.longest = max(int(crops.lengths.max()) for crops in self.sets)
        # Sets without short formulas give some from the beginning too, else none would ever come.
        self.first = max(_SHORT, *(int(np.quantile(crops.lengths, _BEGIN_SHARE)) for crops in self.sets))

    def _limit(self, seen: int) -> int:
        """Longest formula allowed after this many samples: 16 tokens (or a set's shortest) at first, all at the end."""
        done = min(1.0, seen / self.curriculum) if self.curriculum else 1.0
        return round(self.first * (self.longest / self.first) ** done)

    def _draw_pool(self, rng: np.random.Generator, limit: int) -> list[tuple[int, int, float]]:
        """Random (set, crop, scale) within the length limit."""
        pool = []
        for which, count in enumerate(rng.multinomial(_POOL, self.shares)):
            crops = self.sets[which]
            weights = np.where(crops.lengths <= limit, np.minimum(1.0, self.long_weight / crops.lengths), 0.0)
            ends = np.cumsum(weights)
            numbers = np.searchsorted(ends, rng.uniform(0.0, ends[-1], count), side="right")
            low, high = np.log(self.scales)
            scales = np.exp(rng.uniform(low, high, count))
            pool += [(which, int(n), float(s)) for n, s in zip(numbers, scales, strict=True)]
        return pool

    def _batches(self, rng: np.random.Generator, streams: int) -> Iterator[list[tuple[int, int, float]]]:
        """Batches of samples whose images will have the same padded size; counts the samples of all streams."""
        waiting: dict[tuple[int, int], list[tuple[int, int, float]]] = defaultdict(list)
        while True:
            for sample in self._draw_pool(rng, self._limit(self.seen)):
                waiting[self._canvas(sample)].append(sample)
            ready = []
            for (height, width), samples in waiting.items():
                fit = max(1, min(self.batch_size, self.batch_size * _FULL_AREA // (height * width)))
                size = 1 << (fit.bit_length() - 1)  # few distinct batch sizes too
                samples.sort(key=lambda s: int(self.sets[s[0]].lengths[s[1]]))
                while len(samples) >= size:
                    start = int(rng.integers(0, len(samples) - size + 1))
                    ready.append(samples[start : start + size])
                    del samples[start : start + size]
            for number in rng.permutation(len(ready)):
                self.seen += len(ready[number]) * streams
                yield ready[number]

    def __iter__(self) -> Iterator[Batch]:
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        rng = np.random.default_rng((self.seed, self.seen, self.rank * workers + worker))
        augment = crop_augmentation(self.augment) if self.augment else None
        if augment:
            augment.reseed(int(rng.integers(2**31)))
        for samples in self._batches(rng, workers * self.ranks):
            drawn = [self._draw(sample, augment, rng) for sample in samples]
            examples = [example for example in drawn if example is not None]
            if examples:
                yield collate(examples, self.glyph_classes)

    def _canvas(self, sample: tuple[int, int, float]) -> tuple[int, int]:
        """Padded size ``(height, width)`` that a sample is expected to have."""
        which, number, scale = sample
        width, height = self.sets[which].sizes[number] * scale
        return padded_size(round(height), round(width))

    def _draw(
        self, sample: tuple[int, int, float], augment: Augmentation | None, rng: np.random.Generator
    ) -> Example | None:
        """The crop of a sample, or in its place, by chance, an image without a formula."""
        if self.negatives and rng.random() < self.negatives:
            negative = draw_negative_example(self._canvas(sample), augment, rng)
            if negative is not None:
                return negative
        which, number, scale = sample
        offset = (MARGIN + int(rng.integers(0, _SHIFT + 1)), MARGIN + int(rng.integers(0, _SHIFT + 1)))
        return draw_example(self.sets[which], number, scale, augment, offset)


class CropList(Dataset[Batch]):
    """A fixed list of validation batches, clean and at the nominal scale, short ones first."""

    def __init__(self, crops: CropSet, count: int, batch_size: int, glyph_classes: int) -> None:
        self.crops, self.glyph_classes = crops, glyph_classes
        chosen = np.random.default_rng(0).permutation(len(crops))[:count]
        ordered = sorted(chosen, key=lambda n: (padded_size(*crops.sizes[n][::-1].round().astype(int)), n))
        self.batches = [ordered[start : start + batch_size] for start in range(0, len(ordered), batch_size)]

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, number: int) -> Batch:
        drawn = [draw_example(self.crops, int(n), 1.0, None, (MARGIN, MARGIN)) for n in self.batches[number]]
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
        scales: tuple[float, float] = (0.8, 1.25),
        augment: float = 1.0,
        glyph_classes: int = 499,
        workers: int = 1,
        seed: int = 0,
        negatives: float = 0.0,
    ) -> None:
        super().__init__()
        if not 0 <= negatives <= 1:
            raise ValueError(f"negatives must be in [0, 1], got {negatives}")
        self.vocabulary = Vocabulary.from_file(Path(vocabulary))
        self.tokens = list(self.vocabulary.tokens)
        self.paths, self.val_path = {Path(path): share for path, share in train.items()}, Path(val)
        self.batch_size, self.val_count, self.max_tokens = batch_size, val_count, max_tokens
        self.long_weight, self.curriculum, self.scales = long_weight, curriculum, scales
        self.augment, self.negatives, self.glyph_classes = augment, negatives, glyph_classes
        self.workers, self.seed = workers, seed
        self.seen = 0

    def setup(self, stage: str) -> None:
        """Read the sets once."""
        if not hasattr(self, "sets"):
            self.sets = [(CropSet(path, self.vocabulary, self.max_tokens), share) for path, share in self.paths.items()]
            self.val_set = CropSet(self.val_path, self.vocabulary, self.max_tokens)

    def train_dataloader(self) -> DataLoader[Batch]:
        """An endless loader; ``trainer.limit_train_batches`` makes epochs of it."""
        rank, ranks = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        stream = CropStream(
            self.sets, self.batch_size, self.scales, self.long_weight, self.curriculum, self.augment,
            self.glyph_classes, self.seed, self.seen, rank, ranks, self.negatives,
        )  # fmt: skip
        return DataLoader(stream, batch_size=None, num_workers=self.workers, persistent_workers=self.workers > 0)

    def val_dataloader(self) -> DataLoader[Batch]:
        """The same clean crops every time."""
        return DataLoader(
            CropList(self.val_set, self.val_count, self.batch_size, self.glyph_classes), batch_size=None, num_workers=0
        )

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Count the samples seen in training, so that a resumed run goes on where it was."""
        if self.trainer is not None and self.trainer.training:
            self.seen += len(batch.images) * self.trainer.world_size
        return batch

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps of the data: how many samples were seen."""
        return {"seen": self.seen}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after the samples already seen."""
        self.seen = int(state["seen"])
