"""Crops drawn as the network will see them, and batches of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mathocr.data.augment import Augmentation
from mathocr.data.pixels import resized
from mathocr.im2latex.crops import CropSet, Pixels, negative_ink
from mathocr.im2latex.prepare import MARGIN, ink_box, pad, padded_size, rescale, to_ink
from mathocr.im2latex.vocabulary import BOS, EOS, PAD

_NOTHING = np.zeros(0, np.int16), np.zeros(0, np.int64), np.zeros((0, 2))  # ids, glyphs and centres of a negative
SHIFT = 8  # pixels: ink lies up to so much further from the canvas's corner than its margin


class Batch(NamedTuple):
    """Crops of one padded shape and their truth.

    Attributes:
        images: Ink ``(B, 1, H, W)``: 0 to 255, uint8, as it is collated, which is a quarter of float32 to bring from
            process to process; in [0, 1], float32, when the data module has it where the network is.
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
    crops: CropSet,
    number: int,
    scale: float,
    augment: Augmentation | None,
    offset: tuple[int, int],
    resolution: float | None = None,
    stretch: float = 1.0,
) -> Example | None:
    """Draw one crop as the network will see it, None where the augmentation left no ink.

    Where ``resolution`` is given the image is drawn at that scale and enlarged to ``scale``; all of it becomes
    ``stretch`` times as wide.
    """
    pixels = crops.draw(number, resolution or scale)
    if resolution is not None:
        pixels = _enlarged(pixels, scale / resolution)
    if stretch != 1.0:
        pixels = _stretched(pixels, stretch)
    ink = to_ink(augment(pixels.gray) if augment else pixels.gray)
    x0, y0, x1, y1 = ink_box(ink)
    if x0 == x1:
        return None
    trimmed = ink[y0:y1, x0:x1]
    fitted = rescale(trimmed, 1.0)
    centres = (pixels.centres - (x0, y0)) * (fitted.shape[1] / trimmed.shape[1])
    glyphs = pixels.glyphs if pixels.glyphs is not None else np.zeros(0, dtype=np.int64)
    return Example(fitted, offset, crops.ids(number), glyphs, centres)


def _enlarged(pixels: Pixels, factor: float) -> Pixels:
    """The same pixels ``factor`` times as large, as an image of too low a resolution is when it is read."""
    gray = 255 - rescale(255 - pixels.gray, factor)
    return Pixels(gray, pixels.glyphs, pixels.centres * (gray.shape[1] / pixels.gray.shape[1]))


def _stretched(pixels: Pixels, factor: float) -> Pixels:
    """The same pixels ``factor`` times as wide, as a condensed or an extended font is."""
    height, width = pixels.gray.shape
    gray = resized(pixels.gray, max(1, round(width * factor)), height)
    return Pixels(gray, pixels.glyphs, pixels.centres * (gray.shape[1] / width, 1.0))


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
    x, y = (MARGIN + int(rng.integers(0, min(SHIFT, free) + 1)) for free in room)
    return Example(ink, (x, y), *_NOTHING)


def padded_length(tokens: int) -> int:
    """Tokens that the network is fed with for a formula of so many, with the begin and padding: one of few numbers."""
    return -(-(tokens + 1) // 16) * 16


def collate(examples: Sequence[Example], glyph_classes: int) -> Batch:
    """Pad images to one of few sizes and tokens to a multiple of 16, and place the glyphs on the map."""
    height, width = (max(e.ink.shape[axis] + 2 * (e.offset[1 - axis] - MARGIN) for e in examples) for axis in (0, 1))
    size = padded_size(height, width)
    length = padded_length(max(len(e.ids) for e in examples))
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
        torch.from_numpy(images).unsqueeze(1),
        torch.from_numpy(ids),
        torch.from_numpy(np.concatenate(cells)),
        torch.from_numpy(np.concatenate(classes)),
    )
