"""Opens the set to measure on and chooses its rows; names samples without the machine's paths."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from mathocr.data.formats import CropSample, FormatError, PageSample, content_of, detect, load_crops, load_pages
from mathocr.data.formats.loading import Content

_SEED = 0  # of the choice of rows: every run of a count sees the same


@dataclass(frozen=True)
class Selection:
    """The rows of a set that are measured.

    Attributes:
        name: Last part of the set's path, for reports.
        format: As ``mathocr.data.formats`` calls it.
        content: ``crops`` or ``pages``: what ``samples`` are.
        samples: All rows of the set, read when asked for.
        rows: Numbers of the rows to measure, rising.
    """

    name: str
    format: str
    content: Content
    samples: Sequence[CropSample] | Sequence[PageSample]
    rows: tuple[int, ...]
    path: str

    def describe(self) -> dict[str, Any]:
        """For a report."""
        return {"name": self.name, "format": self.format, "content": self.content, "size": len(self.samples),
                "evaluated": len(self.rows)}  # fmt: skip

    def truths_digest(self) -> str:
        """SHA-256 of what is known of the rows to measure, and of the sizes of their image files in bytes."""
        digest = sha256()
        for row in self.rows:
            try:
                known = _known(self.samples[row])
            except Exception as error:  # a bad row is named where it is measured
                known = str(error)
            digest.update(f"{known}\n".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def where(self, text: str) -> str:
        """A place or message with the set's name for its path."""
        folder = str(Path(self.path).parent)
        return text.replace(self.path, self.name).replace(f"{folder}/", "")


def select(path: str | Path, count: int | None = None, format: str = "auto", content: str = "auto") -> Selection:
    """Open a set.

    Args:
        path: File or folder of the set.
        count: Rows to measure, drawn at random, the same on every call; None for all.
        format: One of ``mathocr.data.formats.FORMATS``, or ``auto``.
        content: ``crops`` to take the regions of a set of pages as crops; ``auto`` for what the set holds.

    Raises:
        FormatError: If the set cannot be opened or is empty.
        ValueError: If ``count`` is not above 0.
    """
    if count is not None and count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    found = content_of(path, format)
    taken: Content = "crops" if content == "crops" else "pages" if content == "pages" else found
    samples = load_crops(path, format) if taken == "crops" else load_pages(path, format)
    if not len(samples):
        raise FormatError(f"{path}: the set is empty")
    rows: Sequence[int] = range(len(samples))
    if count is not None and count < len(samples):
        rows = sorted(random.Random(_SEED).sample(rows, count))
    resolved = Path(path)
    name = resolved.name or resolved.resolve().name
    if resolved.is_file() and resolved.stem in ("labels", "data", "annotations"):  # says nothing by itself
        name = f"{resolved.resolve().parent.name}/{resolved.name}"
    kind = detect(path)[1] if format == "auto" else format
    return Selection(name, kind, taken, samples, tuple(rows), str(path))


def _known(sample: CropSample | PageSample) -> str:
    """A sample without its pixels."""
    size = sample.image.stat().st_size if isinstance(sample.image, Path) and sample.image.is_file() else None
    if isinstance(sample, CropSample):
        return repr((size, sample.tex, sample.kind, sample.source))
    return repr((size, sample.boxes.tolist(), sample.kinds, sample.texts, sample.source, sample.relative,
                 sample.tags, sample.continues))  # fmt: skip
