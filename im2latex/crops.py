"""Training crops of any origin behind one index: token ids, natural size, and pixels on demand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mathocr.data.latex import tokens_or_none
from mathocr.data.negatives import draw_negative
from mathocr.data.pixels import resized
from mathocr.data.shards import FormulaShards
from mathocr.im2latex.prepare import BEST_SIZE, MARGIN, ink_box, rescale, text_scale, to_gray, trimmed_ink
from mathocr.im2latex.vocabulary import UNK, Vocabulary

_OPEN_DOCUMENTS = 256  # samples come from all over a set: reopening costs more than the 12 kB that a drawn page keeps
NOMINAL_DPI = 100.0  # of 10 pt type: the scale that the network is trained around


class Pixels(NamedTuple):
    """One crop drawn at one scale.

    Attributes:
        gray: ``(H, W)`` uint8, dark on light.
        glyphs: Unicode code points of the glyphs, int64 ``(N,)``; None where they are not known.
        centres: Their centres ``(x, y)`` in pixels of ``gray``, float32 ``(N, 2)``.
    """

    gray: NDArray[np.uint8]
    glyphs: NDArray[np.int64] | None
    centres: NDArray[np.float32]


class _Typeset:
    """Rows of a vector shard set."""

    def __init__(self, path: Path) -> None:
        self.shards = FormulaShards(path, open_documents=_OPEN_DOCUMENTS)

    def rows(self) -> list[tuple[str, float, float]]:
        """(LaTeX, width, height) of every row, in pixels at the nominal scale."""
        out = []
        for row in self.shards.rows():
            per_point = self._dpi(row, 1.0) / 72.0
            out.append((row["tex"], row["size"][0] * per_point, row["size"][1] * per_point))
        return out

    @staticmethod
    def _dpi(row: dict[str, Any], scale: float) -> float:
        """Resolution that draws the row's type at ``scale`` times the nominal size."""
        return NOMINAL_DPI * 10.0 / float(row["pt"]) * scale

    def draw(self, number: int, scale: float) -> Pixels:
        dpi = self._dpi(self.shards.row(number), scale)
        codes, boxes = self.shards.glyphs(number)
        centres = (boxes[:, :2] + boxes[:, 2:]) * (0.5 * dpi / 72.0)
        return Pixels(self.shards.render(number, dpi), np.asarray(codes, dtype=np.int64), centres)


class _Photographed:
    """Samples that have images: a user's own data, im2latex-100k and the like; scaled as they are at use."""

    def __init__(self, path: Path) -> None:
        from mathocr.data.formats import load_crops

        self.samples = load_crops(path)
        self._nominal: list[float] = []  # factor that brings each image's type to the nominal scale

    def rows(self) -> list[tuple[str, float, float]]:
        """As ``_Typeset.rows``; an image without ink has no size."""
        out = []
        for sample in self.samples:
            image = sample.load()
            ink = trimmed_ink(image)
            nominal = 0.0 if ink is None else text_scale(ink) / BEST_SIZE
            self._nominal.append(nominal)
            out.append((sample.tex, image.shape[1] * nominal, image.shape[0] * nominal))
        return out

    def draw(self, number: int, scale: float) -> Pixels:
        image = self.samples[number].load()
        scale *= self._nominal[number]
        gray = to_gray(image)
        gray = resized(gray, max(8, round(gray.shape[1] * scale)), max(8, round(gray.shape[0] * scale)))
        return Pixels(gray, None, np.zeros((0, 2), dtype=np.float32))


class CropSet:
    """One set of crops with its truth as token ids.

    Args:
        path: A vector shard folder, or whatever ``mathocr.data.formats.load_crops`` reads.
        vocabulary: What turns tokens into ids.
        max_tokens: Longer formulas are left out.

    Attributes:
        path: As given.
        sizes: Natural (width, height) of each kept crop, pixels at the nominal scale, float32 ``(N, 2)``.
        lengths: Tokens of each kept crop, int64 ``(N,)``.
        dropped: Why crops were left out, and how many.

    Raises:
        ValueError: If no crop is left (the message names the folder and the reasons).
    """

    def __init__(self, path: Path, vocabulary: Vocabulary, max_tokens: int) -> None:
        self.path = path
        self.source = _Typeset(path) if (path / "manifest.json").is_file() else _Photographed(path)
        rows = self.source.rows()
        self.dropped: Counter[str] = Counter()
        kept, sizes, ids = [], [], []
        for number, tokens in enumerate(self._tokenize([row[0] for row in rows])):
            reason = self._reason(tokens, vocabulary, max_tokens) or (
                "" if all(rows[number][1:]) else "image without ink"
            )
            if reason:
                self.dropped[reason] += 1
                continue
            kept.append(number)
            sizes.append(rows[number][1:])
            ids.append(np.asarray(vocabulary.encode(tokens or []), dtype=np.int16))
        if not kept:
            raise ValueError(f"{path}: no usable crop among {len(rows)}: {dict(self.dropped)}")
        self._numbers = np.asarray(kept, dtype=np.int64)
        self.sizes = np.asarray(sizes, dtype=np.float32)
        self.lengths = np.asarray([len(i) for i in ids], dtype=np.int64)
        self._ends = np.cumsum(self.lengths)
        self._ids = np.concatenate(ids)

    @staticmethod
    def _tokenize(sources: Sequence[str]) -> list[tuple[str, ...] | None]:
        """Canonical tokens of many sources, in several processes when it pays."""
        if len(sources) < 4000:
            return [tokens_or_none(tex) for tex in sources]
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            return list(pool.map(tokens_or_none, sources, chunksize=500))

    @staticmethod
    def _reason(tokens: Sequence[str] | None, vocabulary: Vocabulary, max_tokens: int) -> str | None:
        """Why a sample cannot be trained on, or None."""
        if tokens is None:
            return "LaTeX does not parse"
        if not tokens:
            return "no ink"
        if len(tokens) > max_tokens:
            return f"more than {max_tokens} tokens"
        return "token outside the vocabulary" if UNK in vocabulary.encode(tokens) else None

    def __len__(self) -> int:
        return len(self._numbers)

    def ids(self, number: int) -> NDArray[np.int16]:
        """Token ids of crop ``number``, without begin and end."""
        end = int(self._ends[number])
        return self._ids[end - int(self.lengths[number]) : end]

    def draw(self, number: int, scale: float) -> Pixels:
        """Pixels of crop ``number`` at ``scale`` times the nominal scale (10 pt type at 100 dpi)."""
        return self.source.draw(int(self._numbers[number]), scale)


def negative_ink(
    seed: int, height: int, width: int, augment: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None = None
) -> NDArray[np.uint8] | None:
    """Trimmed ink of an image without a formula, scaled as at use, and cut to fit a canvas of so many pixels.

    Args:
        seed: Of ``draw_negative``.
        height: Of the canvas, margins included.
        width: Of the canvas, margins included.
        augment: What is done to the image, ``uint8 (H, W)``, before it is scaled; nothing where None.

    Returns:
        ``(h, w)`` uint8, 255 is ink; None where the image has no ink.
    """
    image = draw_negative(seed)
    ink = trimmed_ink(augment(image) if augment else image)
    if ink is None:
        return None
    scaled = rescale(ink, text_scale(ink))[: height - 2 * MARGIN, : width - 2 * MARGIN]
    x0, y0, x1, y1 = ink_box(scaled)
    return scaled[y0:y1, x0:x1] if x1 else None
