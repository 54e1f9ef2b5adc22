"""Measures what a recogniser makes of images that hold no formula."""

from __future__ import annotations

from typing import Any

from mathocr.data.negatives import KINDS, draw_negative
from mathocr.pipeline.ocr import CropReader

COUNT = 300
ABOVE = 0.5  # confidence from which on a user would take the answer for a formula
_BATCH = 32


def measure_inventions(reader: CropReader, count: int = COUNT) -> dict[str, Any]:
    """Read blank paper, noise, pictures and lines of plain text, as many of each and the same on every run.

    Args:
        reader: The recogniser.
        count: Images; at least 1.

    Returns:
        ``count``, how many were ``invented`` (not empty, with a confidence ``above`` 0.5), their ``share`` in [0, 1],
        and ``kinds``: by kind of image ``count`` and ``invented``. JSON-ready.
    """
    found = {kind: {"count": 0, "invented": 0} for kind in KINDS}
    for start in range(0, count, _BATCH):
        seeds = range(start, min(start + _BATCH, count))
        readings = reader.predict([draw_negative(seed, KINDS[seed % len(KINDS)]) for seed in seeds])
        for seed, reading in zip(seeds, readings, strict=True):
            part = found[KINDS[seed % len(KINDS)]]
            part["count"] += 1
            part["invented"] += bool(reading.latex) and reading.confidence > ABOVE
    invented = sum(part["invented"] for part in found.values())
    return {"count": count, "invented": invented, "share": invented / count, "above": ABOVE, "kinds": found}
