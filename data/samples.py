"""What every data set gives, whatever its format: crop samples and page samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from mathocr.data.contracts import Kind
from mathocr.data.images import read_image

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

    Args:
        image: ``uint8 (H, W)`` or ``(H, W, 3)``.
        box: Corners ``(x0, y0, x1, y1)`` in pixels.
        margin: Pixels added on each side, as far as the page goes.

    Raises:
        ValueError: If nothing of the box is on the page.
    """
    height, width = image.shape[:2]
    x0, y0 = max(0, int(np.floor(box[0] - margin))), max(0, int(np.floor(box[1] - margin)))
    x1, y1 = min(width, int(np.ceil(box[2] + margin))), min(height, int(np.ceil(box[3] + margin)))
    if x0 >= x1 or y0 >= y1:
        raise ValueError(f"box {tuple(map(float, box))} is outside the page of {width} x {height} pixels")
    return image[y0:y1, x0:x1]


def _read(image: ImageSource) -> Image:
    """Read a path or call a maker."""
    return read_image(image) if isinstance(image, Path) else image()
