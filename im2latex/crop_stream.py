"""An endless stream of training batches: few shapes, short formulas first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import IterableDataset, get_worker_info

from mathocr.data.augment import Augmentation, crop_augmentation
from mathocr.im2latex.batches import SHIFT, Batch, Example, collate, draw_example, draw_negative_example
from mathocr.im2latex.crops import CropSet
from mathocr.im2latex.prepare import MARGIN, padded_size

_POOL = 2048  # samples drawn at a time, so that batches of one shape can be filled
_SHORT = 16  # tokens: the curriculum's first limit
_BEGIN_SHARE = 0.05  # of each set that is within the curriculum's first limit, at least
_LOW_RESOLUTION = (0.42, 0.85)  # scales, 1 being 100 dpi: below, indices are a smudge; above, nothing is lost
_FULL_AREA = 64 * 384  # pixels up to which a batch has its full size; larger images come in smaller batches


class Sample(NamedTuple):
    """Which crop of which set is drawn, at which scale, and by which factor it is made wider."""

    which: int
    number: int
    scale: float
    stretch: float


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
        low_resolution: Share of the samples that are drawn with too few pixels and enlarged, as what is read from a
            small screenshot is; these are not augmented besides, that is hard enough.
        stretch: Factor by which crops are made wider or narrower at most, as condensed and extended fonts are.
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
        low_resolution: float = 0.0,
        stretch: float = 1.0,
    ) -> None:
        self.sets = [crops for crops, _ in sets]
        shares = np.asarray([share for _, share in sets], dtype=np.float64)
        self.shares = shares / shares.sum()
        self.batch_size, self.scales, self.long_weight = batch_size, scales, long_weight
        self.curriculum, self.augment = curriculum, augment
        self.glyph_classes, self.negatives, self.low_resolution = glyph_classes, negatives, low_resolution
        self.stretch = stretch
        self.seed, self.seen, self.rank, self.ranks = seed, seen, rank, ranks
        self.longest = max(int(crops.lengths.max()) for crops in self.sets)
        # Sets without short formulas give some from the beginning too, else none would ever come.
        self.first = max(_SHORT, *(int(np.quantile(crops.lengths, _BEGIN_SHARE)) for crops in self.sets))

    def _limit(self, seen: int) -> int:
        """Longest formula allowed after this many samples: 16 tokens (or a set's shortest) at first, all at the end."""
        done = min(1.0, seen / self.curriculum) if self.curriculum else 1.0
        return round(self.first * (self.longest / self.first) ** done)

    def _draw_pool(self, rng: np.random.Generator, limit: int) -> list[Sample]:
        """Random samples within the length limit."""
        pool: list[Sample] = []
        for which, count in enumerate(rng.multinomial(_POOL, self.shares)):
            crops = self.sets[which]
            weights = np.where(crops.lengths <= limit, np.minimum(1.0, self.long_weight / crops.lengths), 0.0)
            ends = np.cumsum(weights)
            numbers = np.searchsorted(ends, rng.uniform(0.0, ends[-1], count), side="right")
            scales = _log_uniform(rng, self.scales, count)
            stretches = _log_uniform(rng, (1 / self.stretch, self.stretch), count)
            pool += [
                Sample(which, int(number), float(scale), float(stretch))
                for number, scale, stretch in zip(numbers, scales, stretches, strict=True)
            ]
        return pool

    def _batches(self, rng: np.random.Generator, streams: int) -> Iterator[list[Sample]]:
        """Batches of samples whose images will have the same padded size; counts the samples of all streams."""
        waiting: dict[tuple[int, int], list[Sample]] = defaultdict(list)
        while True:
            for sample in self._draw_pool(rng, self._limit(self.seen)):
                waiting[self._canvas(sample)].append(sample)
            ready = []
            for (height, width), samples in waiting.items():
                fit = max(1, min(self.batch_size, self.batch_size * _FULL_AREA // (height * width)))
                size = 1 << (fit.bit_length() - 1)  # few distinct batch sizes too
                samples.sort(key=lambda sample: int(self.sets[sample.which].lengths[sample.number]))
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

    def _canvas(self, sample: Sample) -> tuple[int, int]:
        """Padded size ``(height, width)`` that a sample is expected to have."""
        width, height = self.sets[sample.which].sizes[sample.number] * sample.scale
        return padded_size(round(height), round(width * sample.stretch))

    def _draw(self, sample: Sample, augment: Augmentation | None, rng: np.random.Generator) -> Example | None:
        """The crop of a sample, or in its place, by chance, an image without a formula."""
        if self.negatives and rng.random() < self.negatives:
            negative = draw_negative_example(self._canvas(sample), augment, rng)
            if negative is not None:
                return negative
        which, number, scale, stretch = sample
        offset = (MARGIN + int(rng.integers(0, SHIFT + 1)), MARGIN + int(rng.integers(0, SHIFT + 1)))
        resolution = None
        if self.low_resolution and rng.random() < self.low_resolution:
            augment, resolution = None, min(scale, float(_log_uniform(rng, _LOW_RESOLUTION, 1)[0]))
        return draw_example(self.sets[which], number, scale, augment, offset, resolution, stretch)


def _log_uniform(rng: np.random.Generator, bounds: tuple[float, float], count: int) -> NDArray[np.float64]:
    """Numbers between two bounds, as many within each factor."""
    low, high = np.log(bounds)
    return np.exp(rng.uniform(low, high, count))
