"""Takes a labelled set, such as an export of Label Studio, into the store."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from mathocr.data.formats import content_of, load_crops, load_pages
from mathocr.data.images import read_image
from mathocr.data.pixels import encode_png
from mathocr.data.samples import CropSample, FormatError, PageSample
from mathocr.pipeline.feedback.store import FeedbackStore
from mathocr.pipeline.feedback.tables import Feedback

OWNER = SOURCE = "import"


def import_set(store: FeedbackStore, path: Path, format: str = "auto") -> tuple[int, int]:
    """Take every sample in; one that was taken before is known again.

    Args:
        store: Where to.
        path: File or folder of the set.
        format: As in ``load_pages``.

    Returns:
        How many samples there were, and how many of them were new.

    Raises:
        FormatError: If the set, or a row of it, cannot be used; what was taken in before that row stays.
        ImageError: If an image cannot be read.
        StoreError: If the store cannot be written.
    """
    total = new = 0
    samples = load_pages(path, format) if content_of(path, format) == "pages" else load_crops(path, format)
    for sample in samples:
        blob = _blob(sample)
        image = read_image(blob)
        entry = _page(sample, image) if isinstance(sample, PageSample) else _crop(sample, image)
        entry.image = hashlib.sha256(blob).hexdigest()
        entry.client_id = f"import-{entry.content_digest()[:40]}"  # the id is in it, and is the same each time
        total += 1
        new += store.add(entry, blob)[1]
    return total, new


def _page(sample: PageSample, image: np.ndarray) -> Feedback:
    height, width = image.shape[:2]
    texts = sample.texts or (None,) * len(sample.kinds)
    regions = []
    for box, kind, latex in zip(sample.boxes_on(image).tolist(), sample.kinds, texts, strict=True):
        edges = [min(max(edge, 0.0), float(side)) for edge, side in zip(box, (width, height) * 2, strict=True)]
        if edges[0] >= edges[2] or edges[1] >= edges[3]:
            raise FormatError(f"{sample.where}: box {box} is not on the page of {width} x {height} pixels")
        regions.append({"box": edges, "kind": kind, "latex": latex})
    return Feedback(
        client_id="", owner=OWNER, action="page", width=width, height=height, source=SOURCE, name=_name(sample),
        regions=regions,
    )  # fmt: skip


def _crop(sample: CropSample, image: np.ndarray) -> Feedback:
    height, width = image.shape[:2]
    return Feedback(
        client_id="", owner=OWNER, action="correction", width=width, height=height, source=SOURCE, name=_name(sample),
        corrected_box=[0.0, 0.0, float(width), float(height)], corrected_kind=sample.kind or "display",
        corrected_latex=sample.tex,
    )  # fmt: skip


def _blob(sample: PageSample | CropSample) -> bytes:
    """The image's file, or a PNG where the set has none."""
    if isinstance(sample.image, Path):
        try:
            return sample.image.read_bytes()
        except OSError as error:
            raise FormatError(f"{sample.where}: {sample.image}: {error.strerror}") from error
    return encode_png(sample.load())


def _name(sample: PageSample | CropSample) -> str:
    return sample.image.name if isinstance(sample.image, Path) else ""
