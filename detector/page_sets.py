"""Training pages of any origin behind one index: pixels at a resolution, and the boxes of their formulas."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mathocr.data.contracts import KINDS, Kind
from mathocr.data.formats import PageSample, content_of, detect, load_pages
from mathocr.data.page_shards import PageShards
from mathocr.data.pixels import resized
from mathocr.detector.prepare import ink_of, to_gray, working_scale

NOMINAL_DPI = 100.0  # at which 10 pt type is as high as ``prepare.TEXT_HEIGHT``


class DrawnPage(NamedTuple):
    """A page at one resolution: gray ``uint8 (H, W)``, boxes float32 ``(N, 4)`` in its pixels, kinds int64 ``(N,)``."""

    gray: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    kinds: NDArray[np.int64]


class _Pages(Protocol):
    """One set of pages."""

    def __len__(self) -> int: ...

    def draw(self, number: int, dpi: float) -> DrawnPage: ...


class _Typeset:
    """Page shards, which are drawn at any resolution."""

    def __init__(self, shards: PageShards) -> None:
        self.shards = shards

    def __len__(self) -> int:
        return len(self.shards)

    def draw(self, number: int, dpi: float) -> DrawnPage:
        regions = self.shards.regions(number, dpi)
        return DrawnPage(self.shards.render(number, dpi), regions.boxes, _indices(regions.kinds))


class _Photographed:
    """Pages that are images: corrections and a user's own. Their text is brought to the size that it has at use.

    Every page is read once at the start, so that one which cannot be used is named before the training.
    """

    def __init__(self, samples: Sequence[PageSample]) -> None:
        self.samples = samples
        self._scales = [working_scale(ink_of(to_gray(sample.load()))) for sample in samples]

    def __len__(self) -> int:
        return len(self.samples)

    def draw(self, number: int, dpi: float) -> DrawnPage:
        sample = self.samples[number]
        image = sample.load()
        gray = to_gray(image)
        if np.median(gray) < 128:  # light on dark; tiles are drawn, padded and turned as dark on light
            gray = 255 - gray
        height, width = gray.shape
        scale = self._scales[number] * dpi / NOMINAL_DPI
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        boxes = sample.boxes_on(image) * (np.array([*size, *size]) / (width, height, width, height))
        return DrawnPage(resized(gray, *size), boxes.astype(np.float32), _indices(sample.kinds))


class PageSource:
    """Pages of several sets as one sequence.

    Args:
        paths: Page shards that ``mathocr data build pages`` wrote, or whatever ``load_pages`` reads.

    Raises:
        FormatError: If a set is missing, holds no pages, or has a row that cannot be used.
        ImageError: If a page cannot be read.
        ValueError: If no set is given, or none has a page.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        if not paths:
            raise ValueError("train and val must name at least one set of pages, got none")
        self.sets = [_opened(Path(path)) for path in paths]
        self.places = [(which, i) for which, pages in enumerate(self.sets) for i in range(len(pages))]
        if not self.places:
            raise ValueError(f"no page in {', '.join(map(str, paths))}")

    def __len__(self) -> int:
        return len(self.places)

    def draw(self, number: int, dpi: float) -> DrawnPage:
        """Page ``number`` as it is at ``dpi``; one that is an image as if its text were 10 pt."""
        which, place = self.places[number]
        return self.sets[which].draw(place, dpi)


def _opened(path: Path) -> _Pages:
    """One set, by what it holds."""
    place, format = detect(path)
    if format == "shards" and content_of(place, format) == "pages":
        return _Typeset(PageShards(place))
    return _Photographed(load_pages(path))


def _indices(kinds: Sequence[Kind]) -> NDArray[np.int64]:
    """Places in ``KINDS``."""
    return np.array([KINDS.index(kind) for kind in kinds], np.int64)
