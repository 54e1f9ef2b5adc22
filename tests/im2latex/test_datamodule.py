"""Batches of the recogniser: placement of ink, glyphs and tokens; curriculum; reproducibility; resuming."""

from __future__ import annotations

from itertools import islice

import cv2
import numpy as np
import pytest

pytest.importorskip("pytorch_lightning")
import torch
from torch.utils.data import DataLoader

from mathocr.data.augment import crop_augmentation
from mathocr.im2latex import batches as module
from mathocr.im2latex.batches import Example, collate, draw_example, draw_negative_example
from mathocr.im2latex.crop_stream import CropStream
from mathocr.im2latex.crops import CropSet, Pixels
from mathocr.im2latex.datamodule import CropDataModule
from mathocr.im2latex.prepare import MARGIN
from mathocr.im2latex.vocabulary import BOS, EOS, PAD


class DrawnCrops:
    """Stands in for a ``CropSet``: crop n is a bar n + 4 pixels wide, its LaTeX n + 1 tokens long."""

    def __init__(self, count: int = 40) -> None:
        self.lengths = np.arange(1, count + 1)
        self.sizes = np.stack([np.arange(count) + 4.0, np.full(count, 12.0)], axis=1).astype(np.float32)

    def __len__(self) -> int:
        return len(self.lengths)

    def ids(self, number: int) -> np.ndarray:
        return np.full(self.lengths[number], 5, np.int16)

    def draw(self, number: int, scale: float) -> Pixels:
        gray = np.full((24, number + 20), 255, np.uint8)
        gray[8:12, 10 : 14 + number] = 0  # x from 10, y from 8
        return Pixels(gray, np.array([65 + 499]), np.array([[10.0, 8.0]], np.float32))


def stream(**changes) -> CropStream:
    options = {
        "sets": [(DrawnCrops(), 1.0)], "batch_size": 4, "scales": (0.9, 1.1), "long_weight": 1000, "curriculum": 0,
        "augment": 0.0, "glyph_classes": 499, "seed": 3,
    }  # fmt: skip
    return CropStream(**{**options, **changes})


def test_ink_and_glyph_move_together():
    example = draw_example(DrawnCrops(), 6, 1.0, None, (16, 10))
    assert example.ink.shape == (4, 10)
    np.testing.assert_allclose(example.centres, [[0.0, 0.0]])
    batch = collate([example], 499)
    image = batch.images[0, 0].numpy()
    assert np.flatnonzero(image.any(0))[0] == 16 and np.flatnonzero(image.any(1))[0] == 10
    assert batch.cells.tolist() == [[0, 10 // 8, 16 // 8]]  # image, row, column
    assert batch.classes.tolist() == [65]


class Combs(DrawnCrops):
    """Crops of strokes that stand a pixel apart at scale 1, drawn at any scale."""

    def draw(self, number: int, scale: float) -> Pixels:
        fine = np.full((240, 600), 255, np.uint8)
        fine[80:160, 100:500] = 255 * (np.arange(400) // 5 % 2)
        size = (round(60 * scale), round(24 * scale))
        gray = cv2.resize(fine, size, interpolation=cv2.INTER_AREA)
        return Pixels(gray, np.array([65]), np.array([[10.0 * scale, 8.0 * scale]], np.float32))


def test_low_resolution_loses_detail_but_neither_size_nor_place():
    sharp, poor = (draw_example(Combs(), 3, 2.0, None, (MARGIN, MARGIN), resolution) for resolution in (None, 0.5))
    assert np.abs(np.subtract(sharp.ink.shape, poor.ink.shape)).max() <= 6  # the blur's rim
    np.testing.assert_allclose(sharp.centres, poor.centres, atol=4.0)
    contrast = [np.ptp(one.ink[one.ink.shape[0] // 2, 8:-8].astype(int)) for one in (sharp, poor)]
    assert contrast[1] < 0.5 * contrast[0]


def test_a_share_of_the_stream_has_low_resolution():
    asked: list[float] = []
    crops = DrawnCrops(4)
    crops.draw = lambda n, scale: asked.append(scale) or DrawnCrops.draw(crops, n, scale)
    for _ in islice(stream(sets=[(crops, 1.0)], low_resolution=0.5, scales=(1.0, 1.2)), 60):
        pass
    low = [scale for scale in asked if scale < 1.0]
    assert 0.4 < len(low) / len(asked) < 0.6 and 0.42 <= min(low) < 0.5 and 0.75 < max(low) <= 0.85
    with pytest.raises(ValueError, match=r"low_resolution must be in \[0, 1\], got 1.5"):
        CropDataModule({"a": 1.0}, "b", low_resolution=1.5)


def test_stretched_crops_are_wider_with_their_glyphs_and_as_high():
    plain, wide = (draw_example(Combs(), 3, 2.0, None, (MARGIN, MARGIN), None, by) for by in (1.0, 1.5))
    assert wide.ink.shape[0] == plain.ink.shape[0]
    assert wide.ink.shape[1] == pytest.approx(1.5 * plain.ink.shape[1], abs=3)
    np.testing.assert_allclose(wide.centres, plain.centres * (1.5, 1.0), atol=2.0)
    pool = stream(sets=[(DrawnCrops(20), 1.0)], stretch=1.2)._draw_pool(np.random.default_rng(0), 400)
    factors = [sample.stretch for sample in pool]
    assert 1 / 1.2 <= min(factors) < 0.85 and 1.18 < max(factors) <= 1.2 and 0.98 < np.median(factors) < 1.02
    with pytest.raises(ValueError, match=r"stretch must be in \[1, 2\], got 0.5"):
        CropDataModule({"a": 1.0}, "b", stretch=0.5)


def test_collate_pads_ids_with_begin_and_end():
    examples = [draw_example(DrawnCrops(), n, 1.0, None, (MARGIN, MARGIN)) for n in (2, 20)]
    batch = collate(examples, 499)
    assert batch.ids.shape == (2, 33)
    assert batch.ids[0, :6].tolist() == [BOS, 5, 5, 5, EOS, PAD]
    assert batch.images.shape == (2, 1, 32, 64) and int(batch.images.max()) == 255
    images = CropDataModule({"a": 1.0}, "b").on_after_batch_transfer(batch, 0).images
    assert images.dtype == torch.float32 and float(images.max()) == 1.0


def test_glyphs_outside_the_canvas_are_left_out():
    example = Example(
        np.full((4, 4), 255, np.uint8), (6, 6), np.array([5]), np.array([65, 66]), np.array([[0.0, 0.0], [900.0, 0.0]])
    )
    assert collate([example], 499).classes.tolist() == [65]


def test_the_same_seed_gives_the_same_stream_and_ranks_differ():
    def first(**changes):
        batches = iter(stream(**changes))
        return [next(batches) for _ in range(5)]

    for a, b in zip(first(), first(), strict=True):
        assert (a.images == b.images).all() and (a.ids == b.ids).all()
    others = (first(seed=4), first(seen=64), first(rank=1, ranks=2))
    for other in others:
        assert any(a.ids.shape != b.ids.shape or (a.ids != b.ids).any() for a, b in zip(first(), other, strict=True))


@pytest.mark.parametrize("workers", [0, 1])
def test_the_next_epoch_draws_other_samples(workers):
    loader = DataLoader(
        stream(curriculum=100_000, sets=[(DrawnCrops(200), 1.0)]), batch_size=None, num_workers=workers,
        persistent_workers=workers > 0,
    )  # fmt: skip
    epochs = [[batch.ids.tolist() for batch in islice(loader, 5)] for _ in range(2)]
    assert epochs[0] != epochs[1]


def test_curriculum_begins_with_the_shortest_where_all_are_long():
    crops = DrawnCrops(100)
    crops.lengths = crops.lengths + 50
    growing = stream(sets=[(crops, 1.0)], curriculum=1000)
    assert growing._limit(0) == 55 and growing._limit(1000) == 150
    assert len(next(iter(growing)).images)


def test_curriculum_goes_on_in_the_next_epoch():
    growing = stream(curriculum=100, sets=[(DrawnCrops(200), 1.0)])
    for _ in islice(growing, 30):
        pass
    assert growing.seen == 30 * 4


def test_curriculum_begins_short_and_ends_with_all():
    crops = DrawnCrops(200)
    growing = stream(sets=[(crops, 1.0)], curriculum=1000)
    assert growing._limit(0) == 16 and growing._limit(1000) == growing._limit(5000) == 200
    longest = max(crops.lengths[n] for _, n, *_ in growing._draw_pool(np.random.default_rng(0), 16))
    assert longest == 16
    assert stream(sets=[(crops, 1.0)])._limit(0) == 200


def test_sets_of_long_formulas_keep_their_share_and_long_ones_are_drawn_less():
    short, long = DrawnCrops(20), DrawnCrops(20)
    long.lengths = np.repeat([200, 400], 10)
    mixed = stream(sets=[(short, 1.0), (long, 3.0)], long_weight=40)
    pool = mixed._draw_pool(np.random.default_rng(0), 400)
    assert len(pool) == 2048
    drawn = [long.lengths[n] for which, n, *_ in pool if which == 1]
    assert len(drawn) == pytest.approx(0.75 * 2048, abs=80)
    assert drawn.count(200) == pytest.approx(2 * drawn.count(400), rel=0.2)


def test_batches_have_one_shape_and_their_full_size():
    batches = iter(stream(sets=[(DrawnCrops(300), 1.0)]))
    sizes = {len(next(batches).images) for _ in range(40)}
    assert sizes == {4}


def test_negatives_are_read_as_nothing_and_keep_the_shape_of_the_batch():
    wide = DrawnCrops(300)
    batches = list(islice(stream(sets=[(wide, 1.0)], negatives=0.5), 60))
    empty = sum(int((batch.ids[:, 1] == EOS).sum()) for batch in batches)
    assert 60 < empty < 180  # of 240, fewer than half: blank paper has no ink and is left out
    for batch, plain in zip(batches, islice(stream(sets=[(wide, 1.0)]), 60), strict=False):
        assert batch.images.shape[2] == plain.images.shape[2] == 32
        assert (batch.images.flatten(1).amax(1) > 48).all()
        assert not set(batch.cells[:, 0].tolist()) & set((batch.ids[:, 1] == EOS).nonzero()[:, 0].tolist())
    assert all((batch.ids[:, 1] != EOS).all() for batch in islice(stream(), 20))
    with pytest.raises(ValueError, match=r"negatives must be in \[0, 1\], got 1.5"):
        CropDataModule({"a": 1.0}, "b", negatives=1.5)


def test_negatives_are_augmented_and_lie_anywhere_within_the_canvas():
    plain = [draw_negative_example((64, 192), None, np.random.default_rng(seed)) for seed in range(40)]
    rough = crop_augmentation(1.0, seed=0)
    changed = [draw_negative_example((64, 192), rough, np.random.default_rng(seed)) for seed in range(40)]
    there = [(one, other) for one, other in zip(plain, changed, strict=True) if one is not None and other is not None]
    assert len(there) > 15
    assert (
        sum(not np.array_equal(one.ink, other.ink) for one, other in there) > len(there) / 4
    )  # many samples stay clean
    negatives = [one for one in plain if one is not None]
    assert len({one.offset for one in negatives}) > 5 and any(x != y for x, y in (one.offset for one in negatives))
    for one in negatives:
        assert min(one.offset) >= MARGIN and not len(one.ids)
        assert one.offset[1] + one.ink.shape[0] <= 64 - MARGIN and one.offset[0] + one.ink.shape[1] <= 192 - MARGIN
        assert collate([one], 499).images.shape[2] <= 64 and collate([one], 499).images.shape[3] <= 192


def test_a_crop_without_ink_takes_no_neighbour_with_it(monkeypatch):
    crops = DrawnCrops(4)
    blank = Pixels(np.full((24, 24), 255, np.uint8), None, np.zeros((0, 2), np.float32))
    crops.draw = lambda n, scale: blank if n % 2 else DrawnCrops.draw(crops, n, scale)
    some = stream(sets=[(crops, 1.0)], negatives=1.0)
    monkeypatch.setattr(module, "negative_ink", lambda *_: None)  # no negative has ink: every crop with ink stays
    lengths = [int((ids == 5).sum()) for batch in islice(some, 30) for ids in batch.ids]
    assert set(lengths) == {1, 3}
    monkeypatch.setattr(module, "negative_ink", lambda *_: np.full((4, 4), 255, np.uint8))
    assert all((batch.ids[:, 1] == EOS).all() and len(batch.ids) == 4 for batch in islice(some, 10))


def test_set_without_usable_crops_says_why(tmp_path, monkeypatch):
    from mathocr.im2latex import crops as module
    from mathocr.im2latex.vocabulary import Vocabulary

    class Rows:
        def __init__(self, path):
            pass

        def rows(self):
            return [(r"\frac{", 1.0, 1.0), ("x+y", 1.0, 1.0), ("", 1.0, 1.0)]

    monkeypatch.setattr(module, "_Photographed", Rows)
    with pytest.raises(ValueError, match=r"no usable crop among 3: .*does not parse.*outside the vocabulary.*no ink"):
        CropSet(tmp_path, Vocabulary(["x"]), 10)
    kept = CropSet(tmp_path, Vocabulary(["x", "+", "y"]), 10)
    assert len(kept) == 1 and kept.ids(0).tolist() == [4, 5, 6]
    with pytest.raises(ValueError, match=r"train must name sets with shares of 0 or more, not all of them 0"):
        CropDataModule({"a": 0.0}, "b")


def test_images_without_ink_are_left_out(tmp_path):
    from mathocr.im2latex.vocabulary import Vocabulary

    white = np.full((20, 40), 255, np.uint8)
    cv2.imwrite(str(tmp_path / "white.png"), white)
    white[8:12, 8:20] = 0
    cv2.imwrite(str(tmp_path / "bar.png"), white)
    rows = ('{"image": "white.png", "latex": "x"}', '{"image": "bar.png", "latex": "x"}')
    (tmp_path / "labels.jsonl").write_text("\n".join(rows))
    crops = CropSet(tmp_path, Vocabulary(["x"]), 10)
    assert len(crops) == 1 and dict(crops.dropped) == {"image without ink": 1}
    assert crops.draw(0, 1.0).gray.min() < 50


def test_what_a_training_leaves_out_is_said(tmp_path, monkeypatch):
    said: list[str] = []
    monkeypatch.setattr("mathocr.im2latex.datamodule.rank_zero_info", said.append)
    bar = np.full((20, 40), 255, np.uint8)
    bar[8:12, 8:20] = 0
    cv2.imwrite(str(tmp_path / "bar.png"), bar)
    rows = [f'{{"image": "bar.png", "latex": "{tex}"}}' for tex in ("x", "y", "y", "xxx")]
    (tmp_path / "labels.jsonl").write_text("\n".join(rows))
    (tmp_path / "vocabulary.txt").write_text("x\n")
    CropDataModule({str(tmp_path): 1.0}, str(tmp_path), str(tmp_path / "vocabulary.txt"), max_tokens=2).setup("fit")
    left_out = "2 (token outside the vocabulary), 1 (more than 2 tokens)"
    assert said == [f"{tmp_path}: 1 crops, left out: {left_out}"] * 2


def test_photographs_are_trained_at_the_scale_they_are_read_at(tmp_path):
    from mathocr.im2latex.crops import CropSet
    from mathocr.im2latex.vocabulary import Vocabulary

    image = np.full((120, 400), 255, np.uint8)
    for place in range(5):
        image[40:80, 20 + 70 * place : 50 + 70 * place] = 0  # letters 40 pixels high: five times the nominal
    cv2.imwrite(str(tmp_path / "a.png"), image)
    (tmp_path / "labels.jsonl").write_text('{"image": "a.png", "latex": "x"}\n')
    crops = CropSet(tmp_path, Vocabulary(["x"]), 10)
    np.testing.assert_allclose(crops.sizes, [[80, 24]], atol=1)
    np.testing.assert_allclose(crops.draw(0, 1.0).gray.shape, (24, 80), atol=1)
    np.testing.assert_allclose(crops.draw(0, 0.5).gray.shape, (12, 40), atol=1)


def test_photographs_in_colour_show_the_ink_that_they_show_in_use(tmp_path):
    from mathocr.im2latex.vocabulary import Vocabulary

    image = np.zeros((40, 80, 3), np.uint8)
    image[16:24, 20:60, 0] = 60  # BGR: deep blue on black
    cv2.imwrite(str(tmp_path / "a.png"), image)
    (tmp_path / "labels.jsonl").write_text('{"image": "a.png", "latex": "x"}\n')
    example = draw_example(CropSet(tmp_path, Vocabulary(["x"]), 10), 0, 1.0, None, (MARGIN, MARGIN))
    assert example is not None and example.ink.max() == 255
