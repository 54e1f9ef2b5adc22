from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

import mathocr.detector.page_sets as page_sets
from mathocr.detector.datamodule import Example, PageDataModule, TileStream, WholePages, collate, cut_boxes
from mathocr.detector.training import DetectorTraining


class DrawnShards:
    """Pages of 4 x 3 inches with one dark inline box and one dark display box, in place of typeset ones."""

    inches = np.array([[0.5, 1.0, 0.8, 1.1], [1.0, 2.0, 3.0, 2.15]])

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __len__(self) -> int:
        return 3

    def render(self, index: int, dpi: float) -> np.ndarray:
        page = np.full((round(3 * dpi), round(4 * dpi)), 255, np.uint8)
        for x0, y0, x1, y1 in (self.inches * dpi).round().astype(int):
            page[y0:y1, x0:x1] = 0
        return page

    def regions(self, index: int, dpi: float) -> SimpleNamespace:
        boxes = (self.inches * dpi).round().astype(np.float32)
        return SimpleNamespace(boxes=boxes, kinds=("inline", "display"))


@pytest.fixture(autouse=True)
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_sets, "_opened", lambda path: page_sets._Typeset(DrawnShards(str(path))))


def stream(seed: int, augment: float = 0.0, tilt: float = 0.0) -> TileStream:
    return TileStream(
        ["a"], tile_height=64, tile_width=128, tiles_per_page=2, dpi=(80.0, 120.0), augment=augment, seed=seed,
        tilt=tilt, mix=4,
    )  # fmt: skip


def test_boxes_of_a_tile_lie_on_its_ink() -> None:
    shown = 0
    for example in islice(stream(0), 40):
        assert example.ink.shape == (64, 128)
        for x0, y0, x1, y1 in example.boxes.round().astype(int):
            assert example.ink[y0:y1, x0:x1].min() == 1
            shown += 1
        outside = example.ink.copy()
        for x0, y0, x1, y1 in example.boxes.round().astype(int):
            outside[y0:y1, x0:x1] = 0
        assert (outside > 0).sum() < 64 * 3  # at most the sliver of a formula that the edge has cut
    assert shown > 20


def test_boxes_of_crooked_tiles_lie_on_their_ink() -> None:
    straight = crooked = 0
    for example in islice(stream(0, tilt=3.0), 60):
        for x0, y0, x1, y1 in example.boxes:
            inside = example.ink[int(y0 + 0.5) : int(y1 + 0.5), int(x0 + 0.5) : int(x1 + 0.5)]
            for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]):
                assert edge.max() > 0.4  # the ink reaches every side of its box
            crooked += inside.min() < 0.5  # the corners of a turned bar are empty
            straight += inside.min() == 1
    assert crooked > 5 and straight > 5


def test_same_seed_same_tiles_and_augmentation_changes_pixels_not_boxes() -> None:
    first, second, other = (list(islice(stream(seed), 6)) for seed in (1, 1, 2))
    for left, right in zip(first, second, strict=True):
        np.testing.assert_array_equal(left.ink, right.ink)
        np.testing.assert_array_equal(left.boxes, right.boxes)
    assert any(not np.array_equal(a.ink, b.ink) for a, b in zip(first, other, strict=True))


def test_each_epoch_has_new_tiles() -> None:
    tiles = stream(1)
    first, second = (list(islice(tiles, 6)) for _ in range(2))  # Lightning asks for an iterator at each epoch
    assert any(not np.array_equal(a.ink, b.ink) for a, b in zip(first, second, strict=True))


def test_cut_boxes_by_hand() -> None:
    boxes = np.array([[10, 10, 30, 20], [90, 10, 130, 20], [0, 0, 21, 5], [48, 10, 52, 11]], np.float32)
    shown, kinds = cut_boxes(boxes, np.array([0, 1, 0, 1]), x0=20, y0=0, height=50, width=80)
    # The third leaves one pixel, too little; the fourth is thin by nature, and whole.
    assert shown.tolist() == [[0, 10, 10, 20], [70, 10, 80, 20], [28, 10, 32, 11]]
    assert kinds.tolist() == [0, 1, 1]


def test_collate_pads_boxes_to_few_counts() -> None:
    one = Example(np.zeros((32, 64), np.float32), np.ones((1, 4), np.float32), np.array([1]))
    none = Example(np.ones((32, 64), np.float32), np.zeros((0, 4), np.float32), np.zeros(0, np.int64))
    batch = collate([one, none])
    assert batch.pages.shape == (2, 1, 32, 64) and batch.pages.dtype == torch.uint8
    pages = PageDataModule(["a"], ["b"]).on_after_batch_transfer(batch, 0).pages
    assert pages.dtype == torch.float32 and pages.amax((1, 2, 3)).tolist() == [0.0, 1.0]
    assert batch.boxes.shape == (2, 16, 4)
    assert batch.present.sum(1).tolist() == [1, 0]
    assert batch.kinds[0, 0] == 1
    assert collate([none]).boxes.shape == (1, 0, 4)


def test_whole_pages_are_padded_and_spread() -> None:
    pages = WholePages(["a", "b"], dpi=100.0, limit=2)
    assert pages.numbers.tolist() == [0, 5]
    assert pages[0].ink.shape == (320, 416)
    assert pages[0].boxes[1].tolist() == [100, 200, 300, 215]


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="multiples of 32, got 100x128"):
        PageDataModule(["a"], ["a"], tile_height=100, tile_width=128)
    with pytest.raises(ValueError, match="at least one set"):
        TileStream([], tile_height=64, tile_width=128, tiles_per_page=2, dpi=(80.0, 120.0), augment=0.0, seed=0)


def test_a_short_training_counts_its_tiles_and_leaves_weights_with_thresholds(tmp_path: Path) -> None:
    torch.manual_seed(0)
    data = PageDataModule(["a"], ["a"], batch_size=2, tile_height=64, tile_width=128, val_pages=1, workers=0)
    training = DetectorTraining(backbone="mobilenetv4_conv_small_035", width=8)
    trainer = pl.Trainer(
        max_steps=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0, val_check_interval=2, limit_train_batches=2,
    )  # fmt: skip
    trainer.fit(training, data)
    assert data.seen == 4
    assert {"val/loss", "val/inline_f1_0.5", "val/display_f1_0.75"} <= set(trainer.callback_metrics)
    tensors, config = training.export_weights()
    assert set(config["min_score"]) == {"inline", "display"}
    again = DetectorTraining(backbone="mobilenetv4_conv_small_035", width=8)
    assert again.import_weights(tensors, config) == []
    torch.testing.assert_close(again.network.class_head.bias, training.network.class_head.bias)
