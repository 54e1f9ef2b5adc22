"""What every data set gives, whatever its format: crop samples and page samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar, overload

import cv2
import numpy as np
from numpy.typing import NDArray

from mathocr.data.contracts import Kind
from mathocr.data.images import read_image

_FAINTEST = 12.0  # of 255: less is paper

Image = NDArray[np.uint8]
ImageSource = Path | Callable[[], Image]
T = TypeVar("T")


class FormatError(ValueError):
    """A data set, or a row of it, that cannot be used; the message begins with the file and row."""


@dataclass(frozen=True)
class CropSample:
    """The image of one formula and its LaTeX.

    Attributes:
        image: Path of the image, or a function that makes it.
        tex: LaTeX as the set has it, not yet canonical.
        kind: ``inline`` or ``display``; None where the set does not say.
        source: Name of the set or of the document that the formula is from.
        where: File and row, for messages.
    """

    image: ImageSource
    tex: str
    kind: Kind | None
    source: str
    where: str

    def load(self) -> Image:
        """The image, ``uint8 (H, W)`` or ``(H, W, 3)`` RGB.

        Raises:
            ImageError: If it cannot be read.
        """
        return _read(self.image)


@dataclass(frozen=True, eq=False)
class PageSample:
    """The image of one page and the formulas on it.

    Attributes:
        image: Path of the image, or a function that makes it.
        boxes: Corners ``(x0, y0, x1, y1)`` as the set has them, float64 ``(N, 4)``: in pixels, or in shares of the page
            where ``relative``. Use ``boxes_on`` for pixels. Not checked: ``mathocr data check`` does that.
        kinds: ``inline`` or ``display`` of each box.
        texts: LaTeX of each box, None where it has none; None where the set has no LaTeX at all.
        source: Name of the set or of the document.
        where: File and row, for messages.
        relative: Whether boxes are shares of the page's width and height.
        size: Height and width that the set says the page has, in pixels; None where it does not say.
        tags: Equation number of each formula such as ``(3.2)``, or None; None where the set does not say.
        continues: For the later part of a formula broken over two lines the row of its earlier part, otherwise None;
            None where the set does not say.
    """

    image: ImageSource
    boxes: NDArray[np.float64]
    kinds: tuple[Kind, ...]
    texts: tuple[str | None, ...] | None
    source: str
    where: str
    relative: bool = False
    size: tuple[int, int] | None = None
    tags: tuple[str | None, ...] | None = None
    continues: tuple[int | None, ...] | None = None

    def load(self) -> Image:
        """The image, ``uint8 (H, W)`` or ``(H, W, 3)`` RGB.

        Raises:
            ImageError: If it cannot be read.
        """
        return _read(self.image)

    def boxes_on(self, image: Image) -> NDArray[np.float64]:
        """Corners ``(x0, y0, x1, y1)`` in pixels of the page image that ``load`` gave, shape ``(N, 4)``."""
        height, width = image.shape[:2]
        return self.boxes * (width, height, width, height) if self.relative else self.boxes


class Rows(Sequence[T], Generic[T]):
    """A sequence whose rows are made when asked for.

    Args:
        length: Number of rows.
        make: Makes row ``i``; a module's function or a ``functools.partial`` of one, so that it can be pickled.
    """

    def __init__(self, length: int, make: Callable[[int], T]) -> None:
        self._length = length
        self._make = make

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        """One row, or a list of rows for a slice."""
        if isinstance(index, slice):
            return [self._make(i) for i in range(*index.indices(self._length))]
        if not -self._length <= index < self._length:
            raise IndexError(f"row {index} of {self._length}")
        return self._make(index % self._length)


def cut(image: Image, box: Sequence[float], margin: float = 2.0) -> Image:
    """The part of a page inside a box.

    Ink in the margin that goes on outside, and is no part of what is inside, belongs to a neighbour, such as the comma
    behind a formula: it is painted over.

    Args:
        image: ``uint8 (H, W)`` or ``(H, W, 3)``.
        box: Corners ``(x0, y0, x1, y1)`` in pixels.
        margin: Pixels added on each side, as far as the page goes.

    Returns:
        A view of the page, or a copy where something was painted over.

    Raises:
        ValueError: If nothing of the box is on the page.
    """
    height, width = image.shape[:2]
    x0, y0 = max(0, int(np.floor(box[0] - margin))), max(0, int(np.floor(box[1] - margin)))
    x1, y1 = min(width, int(np.ceil(box[2] + margin))), min(height, int(np.ceil(box[3] + margin)))
    if x0 >= x1 or y0 >= y1:
        raise ValueError(f"box {tuple(map(float, box))} is outside the page of {width} x {height} pixels")
    crop = image[y0:y1, x0:x1]
    inner = slice(max(0, round(box[1]) - y0), round(box[3]) - y0), slice(max(0, round(box[0]) - x0), round(box[2]) - x0)
    return _without_neighbours(crop, inner)


def _without_neighbours(crop: Image, inner: tuple[slice, slice]) -> Image:
    """A crop without components that touch its edge and have no pixel inside."""
    edge = np.concatenate((crop[0], crop[-1], crop[:, 0], crop[:, -1]))
    background = np.median(edge, axis=0)  # a sign may fill more than half of its box
    apart = np.abs(crop - background).reshape(*crop.shape[:2], -1).max(axis=2)
    ink = apart > max(_FAINTEST, 0.2 * float(apart.max()))
    _, labels = cv2.connectedComponents(ink.astype(np.uint8), connectivity=8)
    at_edge = np.concatenate((labels[0], labels[-1], labels[:, 0], labels[:, -1]))
    foreign = np.setdiff1d(at_edge, np.append(np.unique(labels[inner]), 0))
    if not len(foreign):
        return crop
    painted = crop.copy()
    theirs = np.isin(labels, foreign)
    around = cv2.dilate(theirs.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    around[inner] = False  # the soft edge of a neighbour, but nothing of what is read
    painted[around & (theirs | ~ink)] = background.astype(np.uint8)
    return painted


def _read(image: ImageSource) -> Image:
    """Read a path or call a maker."""
    return read_image(image) if isinstance(image, Path) else image()
