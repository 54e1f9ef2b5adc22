"""Augmentation for training: what scanners, cameras and screens do to a page or a crop.

Ordered as in life: ink, then paper and light, then optics, sensor, file and display. Six samples of ten stay clean or
nearly so, because most of what users send is clean. All strengths are fractions of a pixel or of the gray range.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # else the import asks the network for a newer version

import albumentations as A
import numpy as np

from mathocr.data.augment_capture import Binarise, GrainNoise, Levels, Rescale, Screen, Specks, Tilt, UnevenLight
from mathocr.data.augment_print import BleedThrough, ColourBand, InkWeight, PaperTexture
from mathocr.data.augment_transform import Gray

LIGHT_SHARE = 0.4  # of the samples: at most one or two faint effects
CLEAN_SHARE = 0.2  # of the samples: untouched


class Augmentation:
    """A random change of gray images, with a random state of its own.

    Args:
        transform: The albumentations transform to apply.
        seed: Start of the random sequence; None takes a fresh one. Each worker process needs its own.
    """

    def __init__(self, transform: A.Compose, seed: int | None = None) -> None:
        self.transform = transform
        transform.set_random_seed(seed)

    def __call__(self, image: Gray) -> Gray:
        """Change one image.

        Args:
            image: Gray ``uint8 (H, W)``, dark ink on light paper. Unpadded: padding belongs after the augmentation.

        Returns:
            A new or the same array, ``uint8 (H, W)``.

        Raises:
            ValueError: If the image is not gray ``uint8``.
        """
        if image.ndim != 2 or image.dtype != np.uint8:
            raise ValueError(f"augmentation takes uint8 (H, W), got {image.dtype} {image.shape}")
        return self.transform(image=image)["image"]


def crop_augmentation(strength: float = 1.0, seed: int | None = None) -> Augmentation:
    """Augmentation of formula crops: photometric, with a tilt of at most 2 degrees and shifts of at most 2 pixels.

    Args:
        strength: 0 changes nothing, 1 is the usual, more is rougher.
        seed: See ``Augmentation``.

    Raises:
        ValueError: If ``strength`` is negative.
    """
    return Augmentation(_mixture(strength, warp=[Tilt(degrees=2.0 * min(strength, 1.0), p=0.4)]), seed)


def page_augmentation(strength: float = 1.0, seed: int | None = None) -> Augmentation:
    """Augmentation of pages and page tiles: photometric only, so that boxes stay where they are; views are turned by
    ``page_view``, before.

    Args:
        strength: 0 changes nothing, 1 is the usual, more is rougher.
        seed: See ``Augmentation``.

    Raises:
        ValueError: If ``strength`` is negative.
    """
    return Augmentation(_mixture(strength, warp=[]), seed)


def _mixture(strength: float, warp: Sequence[A.BasicTransform]) -> A.Compose:
    """Clean, light and heavy samples in fixed shares."""
    if strength < 0:
        raise ValueError(f"strength must be 0 or more, got {strength}")
    if strength == 0:
        return A.Compose([])
    light = [*warp, *_effects(0.4 * strength, rate=0.35)]
    heavy = [*warp, *_effects(strength, rate=1.0), A.InvertImg(p=0.06)]
    shares = [A.NoOp(p=CLEAN_SHARE), A.Sequential(light, p=LIGHT_SHARE)]
    shares.append(A.Sequential(heavy, p=1 - CLEAN_SHARE - LIGHT_SHARE))
    return A.Compose([A.OneOf(shares, p=1.0)])


def _effects(strength: float, rate: float) -> list[Any]:
    """The photometric effects; ``rate`` scales how often each one comes."""
    quality = max(5, round(90 - 50 * min(strength, 1.5)))
    return [
        InkWeight(amount=0.8 * strength, p=0.35 * rate),
        A.OneOf([BleedThrough(0.25 * strength, p=0.4), PaperTexture(0.10 * strength, p=0.6)], p=0.25 * rate),
        ColourBand(amount=0.5 * min(strength, 1.5), p=0.10 * rate),
        UnevenLight(depth=0.45 * strength, p=0.30 * rate),
        Levels(amount=0.6 * min(strength, 1.3), p=0.45 * rate),
        Screen(grid=0.15 * strength, p=0.15 * rate),
        A.OneOf(
            [
                A.GaussianBlur(blur_limit=0, sigma_limit=(0.3, 0.3 + 1.2 * strength), p=0.4),
                A.MotionBlur(blur_limit=(3, 3), p=0.1),
                Rescale(smallest=1 / (1 + 2 * strength), p=0.5),
            ],
            p=0.60 * rate,
        ),
        A.OneOf([GrainNoise(sigma=0.08 * strength, p=0.8), Specks(share=0.01 * strength, p=0.2)], p=0.30 * rate),
        A.ImageCompression(quality_range=(quality, 95), p=0.20 * rate),
        Binarise(p=0.10 * rate * min(strength, 1.0)),
    ]  # fmt: skip
