"""Pixels of every depth and colour space to ``uint8`` gray or RGB, transparency onto the paper that shows the ink; to
another size; and back to a file.
"""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

_TWELVE_BITS = 4095
_LIGHT_INK = 160  # gray level above which ink on a mostly transparent ground goes onto black paper
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def to_array(image: Image.Image) -> np.ndarray:
    """Decode an image of any Pillow mode.

    Returns:
        ``uint8 (H, W)`` gray or ``(H, W, 3)`` RGB, a copy.
    """
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        return _composite(np.asarray(image.convert("RGBA")))
    if image.mode in ("L", "RGB"):
        return np.array(image)
    if image.mode == "1":
        return np.array(image.convert("L"))
    if image.mode.startswith(("I", "F")):
        return _reduce_depth(np.asarray(image))
    return np.array(image.convert("RGB"))


def encode_png(image: np.ndarray) -> bytes:
    """PNG of ``uint8 (H, W)`` gray or ``(H, W, 3)`` RGB, without loss."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def resized(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """An image of another size, means of pixels where it becomes smaller and cubic between them where it does not.

    Args:
        image: ``(H, W)`` or ``(H, W, 3)`` of any number type that OpenCV resizes; floating point may leave its range.
        width: Of the result, at least 1.
        height: Of the result, at least 1.
    """
    method = cv2.INTER_AREA if width * height < image.shape[0] * image.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), image.dtype)


def _reduce_depth(values: np.ndarray) -> np.ndarray:
    """More than 8 bits a pixel to ``uint8``.

    16-bit values are divided by 257; where none is above 4095 (12-bit sensors in 16-bit files) by the largest.
    Anything else (32-bit, floating point, negative) is stretched from its least to its greatest value.
    """
    values = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    whole = low >= 0 and 1 < high <= 65535
    bottom, top = (0.0, 65535.0 if high > _TWELVE_BITS else high) if whole else (low, high)
    if top <= bottom:
        return np.full(values.shape, 255 if high > 0 else 0, np.uint8)
    return np.rint((values - bottom) * (255.0 / (top - bottom))).astype(np.uint8)


def _composite(rgba: np.ndarray) -> np.ndarray:
    """Put ``uint8 (H, W, 4)`` on paper: white, or black where light ink lies on a mostly transparent ground."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    if (alpha == 1).all():
        return np.ascontiguousarray(rgba[..., :3])
    weight = float(alpha.sum())
    gray = rgba[..., :3].astype(np.float32) @ _LUMA
    ink = float((gray * alpha[..., 0]).sum()) / weight if weight else 0.0
    paper = 0.0 if alpha.mean() < 0.5 and ink > _LIGHT_INK else 255.0
    return np.rint(rgba[..., :3] * alpha + paper * (1 - alpha)).astype(np.uint8)
