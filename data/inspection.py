"""Looks at one sample of a data set: its image, its LaTeX, its boxes; says what is wrong and what to compare."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mathocr.data.latex import LatexError, canonicalize
from mathocr.data.samples import CropSample, FormatError, Image, PageSample

SMALLEST_CROP = 4  # pixels of the shorter side: less holds no letter
SMALLEST_BOX = 2.0  # pixels of the shorter side; a minus sign's box is that flat on a page of 100 dpi
LARGEST_CROP = 4_000_000  # pixels: a full A4 page at 170 dpi, hardly one formula
SLACK = 1.5  # pixels that a box may stick out, as labelling tools round


@dataclass(frozen=True)
class Fault:
    """Something wrong with a sample.

    Attributes:
        kind: ``row``, ``image``, ``latex``, ``token``, ``box``, ``size``, ``duplicate``, ``leak`` or ``service``.
        where: File and row.
        message: What is wrong, in one line.
    """

    kind: str
    where: str
    message: str


@dataclass
class Findings:
    """What was seen in one sample.

    Attributes:
        faults: What is wrong.
        height: Of the image in pixels, 0 where it cannot be read.
        width: Of the image in pixels.
        tokens: Canonical tokens of each formula.
        kinds: Kinds of the formulas, as far as known.
        box_heights: Of a page's boxes, in pixels, rounded.
        image_hash: 64-bit hash of the pixels, 0 where there are none.
        tex_hash: 64-bit hash of a crop's canonical LaTeX, 0 where there is none.
    """

    faults: list[Fault] = field(default_factory=list)
    height: int = 0
    width: int = 0
    tokens: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    box_heights: list[int] = field(default_factory=list)
    image_hash: int = 0
    tex_hash: int = 0


def inspect_row(
    samples: Sequence[CropSample] | Sequence[PageSample], row: int, vocabulary: frozenset[str] | None
) -> Findings:
    """Look at row ``row``; a row that cannot be read at all is a finding too.

    Args:
        samples: From ``load_crops`` or ``load_pages``.
        row: From 0.
        vocabulary: Canonical tokens that the model knows; None to take any that ``mathocr`` knows.
    """
    try:
        sample = samples[row]
    except FormatError as error:
        where, _, message = str(error).partition(": ")
        return Findings(faults=[Fault("row", where, message)])
    found = Findings()
    image = _load(sample, found)
    if isinstance(sample, CropSample):
        found.kinds = [sample.kind] if sample.kind else []
        found.tex_hash = _check_tex(sample.tex, sample.where, vocabulary, found)
        if image is not None:
            _check_size(image, sample.where, found)
        return found
    found.kinds = list(sample.kinds)
    for number, text in enumerate(sample.texts or ()):
        if text is not None:
            _check_tex(text, f"{sample.where}: region {number}", vocabulary, found)
    if image is not None:
        _check_page_size(sample, image, found)
        boxes = sample.boxes_on(image)
        found.box_heights = [round(float(box[3] - box[1])) for box in boxes]
        found.faults += box_faults(boxes, image.shape[1], image.shape[0], sample.where)
    return found


def box_faults(boxes: NDArray[np.float64], width: int, height: int, where: str) -> list[Fault]:
    """Boxes that are empty, outside the page, too small or there twice.

    Args:
        boxes: Corners ``(x0, y0, x1, y1)`` in pixels, shape ``(N, 4)``.
        width: Of the page in pixels.
        height: Of the page in pixels.
        where: File and row of the page.
    """
    faults, seen = [], dict[tuple[float, ...], int]()
    for number, box in enumerate(boxes):
        x0, y0, x1, y1 = corners = tuple(round(float(v), 1) for v in box)
        place = f"{where}: region {number}"
        if x0 >= x1 or y0 >= y1:
            faults.append(Fault("box", place, f"box {corners} is empty: it needs x0 < x1 and y0 < y1"))
        elif min(x0, y0) < -SLACK or x1 > width + SLACK or y1 > height + SLACK:
            faults.append(Fault("box", place, f"box {corners} is outside the page of {width} x {height} pixels"))
        elif min(x1 - x0, y1 - y0) < SMALLEST_BOX:
            faults.append(Fault("size", place, f"box {corners} is less than {SMALLEST_BOX:g} pixels wide or high"))
        if corners in seen:
            faults.append(Fault("box", place, f"the same box as region {seen[corners]}"))
        seen.setdefault(corners, number)
    return faults


def _load(sample: CropSample | PageSample, found: Findings) -> Image | None:
    """The image with its size and hash noted; None, and a fault, where it cannot be read."""
    try:
        image = sample.load()
    except (ValueError, OSError) as error:  # ImageError, FormatError, a damaged shard
        found.faults.append(Fault("image", sample.where, str(error)))
        return None
    found.height, found.width = image.shape[:2]
    digest = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=8, key=str(image.shape).encode())
    found.image_hash = int.from_bytes(digest.digest(), "little") or 1
    return image


def _check_tex(tex: str, where: str, vocabulary: frozenset[str] | None, found: Findings) -> int:
    """Note the formula's length and faults; the hash of its canonical form, 0 where it has none."""
    try:
        canonical = canonicalize(tex)
    except LatexError as error:
        found.faults.append(Fault("latex", where, f"{error}: {tex[:80]!r}"))
        return 0
    if not canonical.tokens:
        found.faults.append(Fault("latex", where, f"the LaTeX draws nothing: {tex[:80]!r}"))
        return 0
    found.tokens.append(len(canonical.tokens))
    unknown = list(dict.fromkeys(canonical.unknown))
    if unknown:
        found.faults.append(Fault("token", where, f"unknown command {' '.join(unknown)}"))
    if vocabulary is not None:
        outside = [
            token for token in dict.fromkeys(canonical.tokens) if token not in vocabulary and token not in unknown
        ]
        if outside:
            found.faults.append(Fault("token", where, f"not in the vocabulary: {' '.join(outside)}"))
    digest = hashlib.blake2b(" ".join(canonical.tokens).encode(), digest_size=8)
    return int.from_bytes(digest.digest(), "little") or 1


def _check_size(image: Image, where: str, found: Findings) -> None:
    """A crop that is too small or too large to be a formula, or has one color only."""
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_CROP:
        found.faults.append(Fault("size", where, f"{width} x {height} pixels are too few for a formula"))
    elif height * width > LARGEST_CROP:
        found.faults.append(Fault("size", where, f"{width} x {height} pixels are a page, not a crop"))
    elif image.min() == image.max():
        found.faults.append(Fault("image", where, "the image is blank"))


def _check_page_size(page: PageSample, image: Image, found: Findings) -> None:
    """A page whose image has another size than its row says, so that its boxes are off."""
    height, width = image.shape[:2]
    if page.size is not None and page.size != (height, width):
        stated = f"{page.size[1]} x {page.size[0]}"
        found.faults.append(
            Fault("size", page.where, f"the image has {width} x {height} pixels, the row says {stated}")
        )
