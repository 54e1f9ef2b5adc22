"""Batches for the detector: random tiles of pages drawn at random resolution, and whole pages for validation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

from mathocr.data.augment import Augmentation, page_augmentation
from mathocr.data.page_view import random_view, view_boxes, view_image
from mathocr.detector.cells import SIZE_MULTIPLE
from mathocr.detector.page_sets import PageSource
from mathocr.detector.prepare import ink_of, pad

BOX_STEP = 16  # boxes of a batch are padded to a multiple of this, so that few shapes occur
CROOKED_SHARE = 0.4  # of the tiles, if any may be
LEAST_VISIBLE = 3.0  # px; what the edge of a tile leaves of a formula is a target if it is at least this wide and high


class Batch(NamedTuple):
    """Tiles or pages of one size and their truth.

    Attributes:
        pages: Ink ``(B, 1, H, W)``: 0 to 255, uint8, as it is collated, which is a quarter of float32 to bring from
            process to process; in [0, 1], float32, when the data module has it where the network is.
        boxes: xyxy in pixels, float32 ``(B, N, 4)``, padded with zeros.
        kinds: Index into ``KINDS``, int64 ``(B, N)``.
        present: Which boxes are real, bool ``(B, N)``.
    """

    pages: Tensor
    boxes: Tensor
    kinds: Tensor
    present: Tensor


class Example(NamedTuple):
    """One tile or page: ink ``(H, W)`` float32, boxes ``(N, 4)`` float32, kinds ``(N,)`` int64."""

    ink: NDArray[np.float32]
    boxes: NDArray[np.float32]
    kinds: NDArray[np.int64]


def collate(examples: Sequence[Example]) -> Batch:
    """Stack examples of one size."""
    count = max(len(example.boxes) for example in examples)
    count = -(-count // BOX_STEP) * BOX_STEP
    boxes = np.zeros((len(examples), count, 4), np.float32)
    kinds = np.zeros((len(examples), count), np.int64)
    present = np.zeros((len(examples), count), bool)
    for row, example in enumerate(examples):
        n = len(example.boxes)
        boxes[row, :n], kinds[row, :n], present[row, :n] = example.boxes, example.kinds, True
    pages = np.stack([np.rint(example.ink * 255).astype(np.uint8) for example in examples])[:, None]
    return Batch(*map(torch.from_numpy, (pages, boxes, kinds, present)))


def cut_boxes(
    boxes: NDArray[np.float32], kinds: NDArray[np.int64], x0: int, y0: int, height: int, width: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """What a tile at ``(x0, y0)`` shows of the boxes of a page, in pixels of the tile."""
    shown = (boxes - np.array([x0, y0, x0, y0], np.float32)).clip(0, np.array([width, height] * 2, np.float32))
    cut = np.asarray((boxes[:, :2] < (x0, y0)).any(1) | (boxes[:, 2:] > (x0 + width, y0 + height)).any(1))
    visible = _visible(shown, cut)
    return shown[visible], kinds[visible]


def _visible(shown: NDArray[np.float32], cut: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which boxes of a tile are targets, ``(N,)``; of those that are cut, the ones of which enough is left."""
    size = shown[:, 2:] - shown[:, :2]
    return (size > 0).all(1) & (~cut | (size >= LEAST_VISIBLE).all(1))


class TileStream(IterableDataset[Example]):
    """An endless stream of tiles: each drawn page gives several, mixed with those of other pages.

    Args:
        paths: See ``PageSource``.
        tile_height: Pixels.
        tile_width: Pixels; text runs across, so wide tiles cut fewer formulas.
        tiles_per_page: Tiles from one drawing.
        dpi: Range of the resolution, log-uniform.
        augment: Strength of the augmentation; 0 for none.
        seed: Of everything random here.
        tilt: Largest angle in degrees by which tiles are turned; perspective grows with it.
        mix: Tiles held back to be mixed.
    """

    def __init__(
        self,
        paths: Sequence[str],
        *,
        tile_height: int,
        tile_width: int,
        tiles_per_page: int,
        dpi: tuple[float, float],
        augment: float,
        seed: int,
        tilt: float = 0.0,
        mix: int = 64,
    ) -> None:
        self.source = PageSource(paths)
        self.size = (tile_height, tile_width)
        self.tiles_per_page, self.dpi, self.augment, self.seed, self.mix = tiles_per_page, dpi, augment, seed, mix
        self.tilt = tilt
        self._epochs = 0

    def __iter__(self) -> Iterator[Example]:
        """Endless; each worker process has a sequence of its own, and a new one in each epoch."""
        worker = get_worker_info()
        rng = np.random.default_rng((self.seed, worker.id if worker else 0, self._epochs))
        self._epochs += 1
        augment = page_augmentation(self.augment, seed=int(rng.integers(2**31)))
        held: list[Example] = []
        while True:
            for number in rng.permutation(len(self.source)):
                held += self._tiles(int(number), rng, augment)
                while len(held) >= self.mix:
                    held[-1], held[pick] = held[(pick := int(rng.integers(len(held))))], held[-1]
                    yield held.pop()

    def _tiles(self, number: int, rng: np.random.Generator, augment: Augmentation) -> Iterator[Example]:
        """Random tiles of one page; two of three are placed upon a formula, where the page has one."""
        dpi = float(np.exp(rng.uniform(*np.log(self.dpi))))
        page, boxes, kinds = self.source.draw(number, dpi)
        height, width = self.size
        paper = int(np.median(page))
        short = ((0, max(0, height - page.shape[0])), (0, max(0, width - page.shape[1])))
        if max(short[0][1], short[1][1]):
            page = np.pad(page, short, constant_values=paper)
        for _ in range(self.tiles_per_page):
            if len(boxes) and rng.random() < 2 / 3:
                x, y = rng.uniform(*boxes[rng.integers(len(boxes))].reshape(2, 2)) - rng.uniform(0, (width, height))
            else:
                x, y = rng.uniform(0, (page.shape[1] - width + 1, page.shape[0] - height + 1))
            x0, y0 = int(np.clip(x, 0, page.shape[1] - width)), int(np.clip(y, 0, page.shape[0] - height))
            if self.tilt and rng.random() < CROOKED_SHARE:
                yield self._crooked(page, paper, boxes, kinds, (x0, y0), rng, augment)
                continue
            tile = augment(np.ascontiguousarray(page[y0 : y0 + height, x0 : x0 + width]))
            yield Example(ink_of(tile), *cut_boxes(boxes, kinds, x0, y0, height, width))

    def _crooked(
        self,
        page: NDArray[np.uint8],
        paper: int,
        boxes: NDArray[np.float32],
        kinds: NDArray[np.int64],
        corner: tuple[int, int],
        rng: np.random.Generator,
        augment: Augmentation,
    ) -> Example:
        """A tile at ``corner``, its paper gray ``paper``, as a camera or a crooked scan has it."""
        height, width = self.size
        near = (boxes[:, :2] < np.add(corner, (1.5 * width, 1.5 * height))).all(1)
        near &= (boxes[:, 2:] > np.subtract(corner, (width / 2, height / 2))).all(1)
        matrix = random_view(rng, corner, self.size, self.tilt)
        tile = view_image(page, matrix, self.size, paper if rng.random() < 0.5 else int(rng.integers(0, paper + 1)))
        shown, cut = view_boxes(page, boxes[near], matrix, self.size, paper)
        visible = _visible(shown, cut)
        return Example(ink_of(augment(tile)), shown[visible], kinds[near][visible])


class WholePages(Dataset[Example]):
    """Whole pages at one resolution, clean.

    Args:
        paths: See ``PageSource``.
        dpi: Resolution.
        limit: Pages taken, evenly spread over the sets.
    """

    def __init__(self, paths: Sequence[str], dpi: float, limit: int) -> None:
        self.source, self.dpi = PageSource(paths), dpi
        self.numbers = np.linspace(0, len(self.source) - 1, min(limit, len(self.source))).round().astype(int)

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> Example:
        """One page, padded."""
        page, boxes, kinds = self.source.draw(int(self.numbers[index]), self.dpi)
        return Example(pad(ink_of(page)), boxes, kinds)


class PageDataModule(pl.LightningDataModule):
    """Tiles for training and pages for validation.

    Args:
        train: Sets of pages to train on, page shards or images in any format.
        val: Sets of pages to validate on.
        batch_size: Tiles in a batch.
        tile_height: Pixels, a multiple of 32.
        tile_width: Pixels, a multiple of 32.
        tiles_per_page: Tiles cut from one drawing of a page, which costs more than they do.
        dpi: Lowest and highest resolution of training pages; images are scaled as if their text were 10 pt.
        val_dpi: Resolution of validation pages.
        val_pages: Validation pages, at most.
        augment: Strength of the augmentation; 0 for none.
        tilt: Largest angle in degrees by which tiles are turned, with perspective to match; 0 for none.
        workers: Processes that draw pages; 0 draws them in the training process.
        seed: Of the random sequence.

    Raises:
        ValueError: If a tile side is no multiple of 32.
    """

    def __init__(
        self,
        train: list[str],
        val: list[str],
        batch_size: int = 8,
        tile_height: int = 256,
        tile_width: int = 448,
        tiles_per_page: int = 4,
        dpi: tuple[float, float] = (75.0, 140.0),
        val_dpi: float = 100.0,
        val_pages: int = 60,
        augment: float = 1.0,
        tilt: float = 3.0,
        workers: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if tile_height % SIZE_MULTIPLE or tile_width % SIZE_MULTIPLE:
            given = f"{tile_height}x{tile_width}"
            raise ValueError(f"tile_height and tile_width must be multiples of {SIZE_MULTIPLE}, got {given}")
        self.train, self.val, self.batch_size = train, val, batch_size
        self.tile = (tile_height, tile_width, tiles_per_page)
        self.dpi, self.val_dpi, self.val_pages = dpi, val_dpi, val_pages
        self.augment, self.tilt, self.workers, self.seed = augment, tilt, workers, seed
        self.seen = 0

    def train_dataloader(self) -> DataLoader[Example]:
        """Batches of tiles, for ever; a resumed training goes on with other tiles."""
        seed = self.seed + 1_000_003 * self.seen + (self.trainer.global_rank if self.trainer else 0)
        height, width, per_page = self.tile
        stream = TileStream(
            self.train, tile_height=height, tile_width=width, tiles_per_page=per_page, dpi=self.dpi,
            augment=self.augment, seed=seed, tilt=self.tilt,
        )  # fmt: skip
        return DataLoader(
            stream, self.batch_size, num_workers=self.workers, collate_fn=collate,
            persistent_workers=self.workers > 0, pin_memory=torch.cuda.is_available(),
        )  # fmt: skip

    def val_dataloader(self) -> DataLoader[Example]:
        """One page at a time."""
        return DataLoader(WholePages(self.val, self.val_dpi, self.val_pages), 1, collate_fn=collate)

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Ink as the network takes it; counts the tiles of training."""
        if self.trainer is not None and self.trainer.training:
            self.seen += len(batch.pages) * self.trainer.world_size
        return batch._replace(pages=batch.pages.float().div_(255.0))

    def state_dict(self) -> dict[str, Any]:
        """Tiles seen so far."""
        return {"seen": self.seen}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting."""
        self.seen = int(state_dict["seen"])
