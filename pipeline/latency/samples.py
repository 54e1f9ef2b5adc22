"""What is measured on: page images, and crops cut from them or given as files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mathocr.data.contracts import Box
from mathocr.data.images import read_image
from mathocr.data.pixels import encode_png
from mathocr.pipeline.cut import cut_places
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
        paths: Images, folders, patterns; no PDFs. Empty for the project's examples, but for sets among them.
        ocr: Tells pages from crops; without one, images without true boxes are crops.

    Raises:
        ValueError: If nothing usable is there (the message says what was looked at).
        ImageError: If an image cannot be read.
    """
    if not paths and not EXAMPLES.is_dir():
        raise ValueError("the examples are not installed with the package: name images to measure on")
    own = [] if paths else [path for path in sorted(EXAMPLES.iterdir()) if path.suffix.lower() in _IMAGES]
    samples = cut_samples(_with_boxes(path, ocr) for path in _files(paths or own))
    if not samples.pages and not samples.crops:
        raise ValueError(f"no images to measure on in {', '.join(map(str, paths or [EXAMPLES]))}")
    return samples


def cut_samples(images: Iterable[tuple[Sample, Sequence[Box] | None]]) -> Samples:
    """Pages with the crops that are cut out of them, and what is a crop already.

    Args:
        images: Each with the boxes of its formulas ``(x0, y0, x1, y1)`` in pixels; None for a crop.
    """
    pages: list[Sample] = []
    crops: list[Sample] = []
    for sample, boxes in images:
        if boxes is None:
            crops.append(sample)
        else:
            pages.append(sample)
            crops += map(Sample, cut_places(sample.image, boxes))
    return Samples(tuple(pages), tuple(crops))


def with_files(samples: Samples, folder: Path) -> Samples:
    """The same samples; those without a file get one, a PNG in a folder that is there."""
    filed = {
        name: tuple(in_file(sample, folder / f"{name}-{number}.png") for number, sample in enumerate(of_kind))
        for name, of_kind in (("pages", samples.pages), ("crops", samples.crops))
    }
    return Samples(**filed)


def in_file(sample: Sample, path: Path) -> Sample:
    """A sample that has a file; where it has none it is written to a path as PNG."""
    if sample.path is not None:
        return sample
    path.write_bytes(encode_png(sample.image))
    return replace(sample, path=path)


def _with_boxes(path: Path, ocr: MathOCR | None) -> tuple[Sample, list[Box] | None]:
    """An image with the boxes of its formulas, None for a crop."""
    sample, truth = Sample(read_image(path), path), path.with_suffix(".json")
    return sample, _true_boxes(truth) if truth.is_file() else _found_boxes(sample.image, ocr)


def _files(paths: Sequence[str | Path]) -> Iterator[Path]:
    for item in expand_paths(paths):
        if isinstance(item, BadInput):
            raise ValueError(item.message)
        if isinstance(item, Path) and item.suffix.lower() in _IMAGES:
            yield item


def _true_boxes(path: Path) -> list[Box] | None:
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


def _found_boxes(image: Image, ocr: MathOCR | None) -> list[Box] | None:
    """Boxes that the detector finds, None on a crop."""
    if ocr is None:
        return None
    result = ocr.predict(image)
    return None if result.mode == "crop" else [formula.box for formula in result.formulas]
