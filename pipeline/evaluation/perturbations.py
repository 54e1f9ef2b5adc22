"""What befalls images: scale, padding, inversion, JPEG, blur, noise, rotation; the same on every run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from mathocr.data.pixels import resized
from mathocr.data.samples import Image

Change = Callable[[Image, int], Image]


def scale(factor: float, image: Image, seed: int) -> Image:
    """Another resolution; ``factor`` 1 is the image itself."""
    height, width = _scaled(factor, image.shape[0], image.shape[1])
    if (height, width) == image.shape[:2]:
        return image
    return resized(image, width, height)


def pad(share: float, image: Image, seed: int) -> Image:
    """Background on all sides, as wide as this share of the height."""
    edge = _edge(share, image.shape[0])
    return np.asarray(cv2.copyMakeBorder(image, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=_paper(image)))


def invert(on: float, image: Image, seed: int) -> Image:
    """Light on dark where ``on`` is 1."""
    return 255 - image if on else image


def jpeg(quality: float, image: Image, seed: int) -> Image:
    """Compression by JPEG of this quality in percent."""
    done, blob = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    if not done:
        raise ValueError(f"JPEG cannot hold an image of {image.shape[1]} x {image.shape[0]} pixels")
    return np.asarray(cv2.imdecode(blob, cv2.IMREAD_UNCHANGED), np.uint8)


def blur(sigma: float, image: Image, seed: int) -> Image:
    """Gaussian blur of this deviation in pixels."""
    return image if sigma == 0 else np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def noise(deviation: float, image: Image, seed: int) -> Image:
    """Gaussian noise of this deviation, of 255; the same for the same seed."""
    drawn = np.random.default_rng(seed).normal(0.0, deviation, image.shape)
    return np.clip(image + drawn, 0, 255).astype(np.uint8)


def rotate(degrees: float, image: Image, seed: int) -> Image:
    """Rotation about the centre, counter-clockwise, onto a canvas that holds all of it."""
    if degrees == 0:
        return image
    turn, size = _turn(degrees, image.shape[0], image.shape[1])
    return np.asarray(cv2.warpAffine(image, turn, size, flags=cv2.INTER_CUBIC, borderValue=_paper(image)), np.uint8)


def carried(change: Change, boxes: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """Where boxes are after a change: the upright boxes around their changed corners.

    Args:
        change: One of those that :func:`sweeps` gives.
        boxes: Corners ``(x0, y0, x1, y1)`` in pixels, ``(N, 4)``.
        height: Of the image before the change.
        width: Of the image before the change.

    Returns:
        As ``boxes``, in pixels of the changed image.
    """
    move = np.eye(2, 3)
    if isinstance(change, partial):
        level = float(change.args[0])
        if change.func is scale:
            now_high, now_wide = _scaled(level, height, width)
            move[:, :2] = np.diag([now_wide / width, now_high / height])
        elif change.func is pad:
            move[:, 2] = _edge(level, height)
        elif change.func is rotate:
            move = _turn(level, height, width)[0]
    corners = np.asarray(boxes, np.float64)[:, [0, 1, 2, 1, 0, 3, 2, 3]].reshape(-1, 4, 2) @ move[:, :2].T + move[:, 2]
    return np.concatenate([corners.min(1), corners.max(1)], axis=1)


def _scaled(factor: float, height: int, width: int) -> tuple[int, int]:
    """Height and width in another resolution."""
    return max(1, round(height * factor)), max(1, round(width * factor))


def _edge(share: float, height: int) -> int:
    """Pixels of background on each side."""
    return round(height * share)


def _turn(degrees: float, height: int, width: int) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Matrix ``(2, 3)`` of a rotation, and width and height of the canvas that holds all of the image."""
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
    size = int(np.ceil(height * sin + width * cos)), int(np.ceil(height * cos + width * sin))
    turn[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return np.asarray(turn, np.float64), size


_LEVELS: Mapping[str, tuple[Callable[[float, Image, int], Image], str, tuple[float, ...]]] = {
    "scale": (scale, "times", (0.5, 0.71, 1.0, 1.41, 2.0, 2.67)),
    "padding": (pad, "of the height", (0.0, 0.25, 0.5, 1.0)),
    "inversion": (invert, "0 no, 1 yes", (0.0, 1.0)),
    "jpeg": (jpeg, "quality", (90.0, 60.0, 30.0, 10.0)),
    "blur": (blur, "px", (0.0, 0.5, 1.0, 1.5)),
    "noise": (noise, "of 255", (0.0, 10.0, 25.0, 50.0)),
    "rotation": (rotate, "degrees", (-3.0, -1.0, 0.0, 1.0, 3.0)),
}
UNITS = {name: unit for name, (_, unit, _) in _LEVELS.items()}
_UNCHANGED = {"scale": 1.0, "padding": 0.0, "inversion": 0.0, "blur": 0.0, "noise": 0.0, "rotation": 0.0}


def sweeps() -> dict[str, dict[float, Change | None]]:
    """Name of a sweep to its levels; a level that changes nothing is None, so that it is measured once for all."""
    return {
        name: {level: None if _UNCHANGED.get(name) == level else partial(change, level) for level in levels}
        for name, (change, _, levels) in _LEVELS.items()
    }


def _paper(image: Image) -> tuple[float, ...]:
    """The background's colour: the median of each channel."""
    return tuple(np.median(image.reshape(-1, image.shape[2] if image.ndim == 3 else 1), axis=0).tolist())
