import os
import pickle

import cv2
import numpy as np
import pytest

from mathocr.data import augment_capture as capture
from mathocr.data import augment_print as printing
from mathocr.data.augment import crop_augmentation, page_augmentation


@pytest.fixture(scope="module")
def crop():
    image = np.full((64, 288), 255, np.uint8)
    for x in range(16, 272, 24):
        cv2.putText(image, "x2"[x // 24 % 2], (x, 42), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 0, 2, cv2.LINE_AA)
    return image


def test_albumentations_does_not_ask_the_network():
    assert os.environ["NO_ALBUMENTATIONS_UPDATE"]


@pytest.mark.parametrize("make", [crop_augmentation, page_augmentation])
def test_same_seed_same_images_another_seed_others(make, crop):
    augment = make(seed=3)
    first = [augment(crop) for _ in range(30)]
    augment = make(seed=3)
    again = [pickle.loads(pickle.dumps(augment))(crop) for _ in range(1)] + [make(seed=3)(crop)]
    assert all(np.array_equal(image, first[0]) for image in again)
    assert all(np.array_equal(augment(crop), image) for image in first)
    other = make(seed=4)
    assert any(not np.array_equal(other(crop), image) for image in first)


@pytest.mark.parametrize("make", [crop_augmentation, page_augmentation])
@pytest.mark.parametrize("shape", [(64, 288), (1, 1), (3, 500), (40, 7)])
def test_keeps_shape_and_type(make, shape):
    augment = make(strength=2.0, seed=0)
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    before = image.copy()
    for _ in range(60):
        out = augment(image)
        assert out.shape == shape and out.dtype == np.uint8
    np.testing.assert_array_equal(image, before)


def test_half_stay_nearly_clean_and_ink_stays_visible(crop):
    augment = page_augmentation(seed=0)
    outs = [augment(crop) for _ in range(400)]
    difference = np.array([np.abs(out.astype(int) - crop).mean() for out in outs])
    assert 0.4 < (difference < 8).mean() < 0.8
    assert (difference > 25).mean() > 0.1
    ink = crop < 64
    contrast = [abs(out[ink].mean() - out[crop > 250].mean()) for out in outs]
    assert np.quantile(contrast, 0.05) > 30
    dark_mode = np.mean([out[ink].mean() > out[crop > 250].mean() for out in outs])
    assert 0 < dark_mode < 0.08


def test_pages_keep_their_geometry_and_crops_move_little(crop):
    image = np.full((64, 288), 255, np.uint8)
    image[:, 100:104] = 0  # an upright line; its place is where the columns are darkest

    def moved(augment):
        shifts = []
        for _ in range(150):
            out = augment(image).astype(float)
            out = 255 - out if np.median(out) < np.median(out[:, 101:103]) else out
            if np.ptp(out) > 60:
                shifts.append(abs(np.argmin(cv2.blur(out, (4, 1)).mean(axis=0)) - 101.5))
        return np.quantile(shifts, 0.9)

    assert moved(page_augmentation(seed=1)) <= 1.5
    assert moved(crop_augmentation(seed=1)) <= 3.5


def test_strength_zero_changes_nothing(crop):
    augment = crop_augmentation(strength=0)
    assert all(np.array_equal(augment(crop), crop) for _ in range(5))


@pytest.mark.parametrize(
    "effect",
    [
        capture.Tilt(p=1), printing.InkWeight(p=1), printing.BleedThrough(p=1), printing.PaperTexture(p=1),
        printing.ColourBand(p=1), capture.UnevenLight(p=1), capture.Levels(p=1), capture.Rescale(p=1),
        capture.Screen(p=1), capture.GrainNoise(p=1), capture.Specks(p=1), capture.Binarise(p=1),
    ],
    ids=lambda effect: type(effect).__name__,
)  # fmt: skip
def test_each_effect_changes_the_image_and_no_more_than_it_says(effect, crop):
    effect.set_random_seed(0)
    outs = [effect(image=crop)["image"] for _ in range(10)]
    assert all(out.shape == crop.shape and out.dtype == np.uint8 for out in outs)
    assert any(not np.array_equal(out, crop) for out in outs)
    assert all(np.abs(out.astype(int) - crop).mean() < 130 for out in outs)


def test_binarised_images_have_two_levels(crop):
    effect = capture.Binarise(p=1)
    blurred = cv2.GaussianBlur(crop, (5, 5), 0)
    assert all(set(np.unique(effect(image=blurred)["image"])) <= {0, 255} for _ in range(9))


def test_a_screen_blurs_across_only_and_keeps_the_mean():
    effect = capture.Screen(grid=0, p=1)
    effect.set_random_seed(0)
    image = np.full((9, 9), 255, np.uint8)
    image[4, 4] = 0
    out = effect(image=image)["image"].astype(int)
    assert (out[[3, 5]] == 255).all() and (out[4, 3:6] < 255).all()
    assert out[4, 3] != out[4, 5]  # red and blue do not weigh alike
    assert abs((255 - out).sum() - 255) <= 2


def test_ink_weight_goes_both_ways(crop):
    effect = printing.InkWeight(p=1)
    effect.set_random_seed(0)
    darker = [effect(image=crop)["image"].mean() - crop.mean() for _ in range(30)]
    assert min(darker) < -1 < 1 < max(darker)


def test_wrong_input():
    with pytest.raises(ValueError, match=r"^augmentation takes uint8 \(H, W\), got uint8 \(4, 4, 3\)$"):
        crop_augmentation()(np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(ValueError, match=r"^augmentation takes uint8 \(H, W\), got float64 \(4, 4\)$"):
        crop_augmentation()(np.zeros((4, 4)))
    with pytest.raises(ValueError, match=r"^strength must be 0 or more, got -1$"):
        page_augmentation(-1)
