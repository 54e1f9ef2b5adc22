"""What is measured on: page images, and crops cut from them or given as files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mathocr.data.images import read_image
from mathocr.pipeline.cut import MARGIN_FRAC, cut_region
from mathocr.pipeline.inputs import BadInput, expand_paths
from mathocr.pipeline.ocr import MathOCR

EXAMPLES = Path(__file__).parents[2] / "examples"
_IMAGES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"))

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Sample:
    """An image, in memory and as a file.

    Attributes:
        image: ``uint8 (H, W)`` or ``(H, W, 3)`` RGB.
        path: Its file; None for a crop that was cut out.
    """

    image: Image
    path: Path | None = None


@dataclass(frozen=True)
class Samples:
    """Pages and crops to measure on; either may be empty."""

    pages: tuple[Sample, ...]
    crops: tuple[Sample, ...]


def read_samples(paths: Sequence[str | Path], ocr: MathOCR | None) -> Samples:
    """Read images, tell pages from crops, and cut crops from the pages.

    Where a file of true boxes (``NAME.json``, as in ``examples``) lies beside an image it says what there is to cut,
    else the detector does.

    Args:
        paths: Images, folders, patterns; no PDFs. Empty for the project's examples.
        ocr: Tells pages from crops; without one, images without true boxes are crops.

    Raises:
        ValueError: If nothing usable is there (the message says what was looked at).
        ImageError: If an image cannot be read.
    """
    if not paths and not EXAMPLES.is_dir():
        raise ValueError("the examples are not installed with the package: name images to measure on")
    pages: list[Sample] = []
    crops: list[Sample] = []
    for path in _files(paths or [EXAMPLES]):
        sample = Sample(read_image(path), path)
        truth = path.with_suffix(".json")
        boxes = _true_boxes(truth) if truth.is_file() else _found_boxes(sample.image, ocr)
        if boxes is None:
            crops.append(sample)
        else:
            pages.append(sample)
            crops += [Sample(cut_region(sample.image, box, MARGIN_FRAC * (box[3] - box[1]))) for box in boxes]
    if not pages and not crops:
        raise ValueError(f"no images to measure on in {', '.join(map(str, paths or [EXAMPLES]))}")
    return Samples(tuple(pages), tuple(crops))


def _files(paths: Sequence[str | Path]) -> Iterator[Path]:
    for item in expand_paths(paths):
        if isinstance(item, BadInput):
            raise ValueError(item.message)
        if isinstance(item, Path) and item.suffix.lower() in _IMAGES:
            yield item


def _true_boxes(path: Path) -> list[tuple[float, float, float, float]] | None:
    """Boxes that a file of truth gives, None where it is of a crop: one formula that fills most of the image."""
    try:
        (page,) = json.loads(path.read_text(encoding="utf-8"))["pages"]
        boxes = [tuple(map(float, formula["box"])) for formula in page["formulas"]]
        size = float(page["width"]), float(page["height"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: not a file of true boxes ({error!r})") from error
    if len(boxes) == 1 and boxes[0][2] - boxes[0][0] > 0.5 * size[0] and boxes[0][3] - boxes[0][1] > 0.5 * size[1]:
        return None
    return boxes  # type: ignore[return-value]


def _found_boxes(image: Image, ocr: MathOCR | None) -> list[tuple[float, float, float, float]] | None:
    """Boxes that the detector finds, None on a crop."""
    if ocr is None:
        return None
    result = ocr.predict(image)
    return None if result.mode == "crop" else [formula.box for formula in result.formulas]
