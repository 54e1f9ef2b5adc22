"""Picks the cases that a report shows: the worst and some drawn at random, with their images."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mathocr.data.samples import CropSample, Image, PageSample, cut
from mathocr.pipeline.evaluation.records import Record
from mathocr.pipeline.evaluation.selection import Selection

WORST, RANDOM = 60, 60  # crops shown of each
WORST_PAGES, RANDOM_PAGES = 8, 4
_SEED = 0


@dataclass(frozen=True)
class Case:
    """A crop to show.

    Attributes:
        group: ``worst`` or ``random``.
        record: As ``crop_record`` makes it.
        image: Its pixels; None where they cannot be had any more.
    """

    group: str
    record: Record
    image: Image | None


def pick(records: Iterable[tuple[float, Any]], worst: int, drawn: int) -> list[tuple[str, Any]]:
    """The worst and some others, in one pass and little memory.

    Args:
        records: Badness (greater is worse) and what it is of.
        worst: Number of the worst.
        drawn: Number drawn at random, the same on every call; those among the worst are not drawn again.

    Returns:
        Group and item: the worst first, worst of all at the start.
    """
    rng = random.Random(_SEED)
    heap: list[tuple[float, int, Any]] = []
    pool: list[tuple[int, Any]] = []
    for number, (badness, item) in enumerate(records):
        entry = (badness, -number, item)
        if len(heap) < worst:
            heapq.heappush(heap, entry)
        elif worst and entry[:2] > heap[0][:2]:
            heapq.heapreplace(heap, entry)
        # More than wanted are drawn, as some may turn out to be among the worst.
        if len(pool) < worst + drawn:
            pool.append((number, item))
        elif (place := rng.randrange(number + 1)) < worst + drawn:
            pool[place] = (number, item)
    ranked = sorted(heap, key=lambda entry: entry[:2], reverse=True)
    taken = {-minus for _, minus, _ in ranked}
    others = sorted((entry for entry in pool if entry[0] not in taken), key=lambda entry: entry[0])
    chosen = rng.sample(others, min(drawn, len(others)))
    return [("worst", item) for _, _, item in ranked] + [("random", item) for _, item in sorted(chosen, key=_number)]


def crop_cases(records: Iterable[tuple[int | str, Record]], selection: Selection) -> list[Case]:
    """Crops to show, with images.

    Args:
        records: Row (``page:region`` for pages) and record of each crop that was read.
        selection: The set that they are of.
    """
    rated = ((_badness(record), (row, record)) for row, record in records)
    return [Case(group, record, _image(selection, row)) for group, (row, record) in pick(rated, WORST, RANDOM)]


def page_cases(records: Iterable[tuple[float, Record]], selection: Selection) -> Iterator[tuple[str, Record, Image]]:
    """Pages to show: group, record and pixels; a page whose image cannot be had any more is left out.

    Args:
        records: Number of errors and record of each page.
        selection: The set that they are of.
    """
    for group, record in pick(records, WORST_PAGES, RANDOM_PAGES):
        image = _page_image(selection, record["row"])
        if image is not None:
            yield group, record, image


def _badness(record: Record) -> float:
    """How wrong a reading is; of two as wrong, the surer one is worse."""
    if record["canonical"]["exact"]:
        return -1.0 - record["confidence"]
    return 1.0 - record["canonical"]["edit"] + 0.1 * record["confidence"]


def _image(selection: Selection, row: int | str) -> Image | None:
    """Pixels of a crop."""
    try:
        if isinstance(row, int):
            sample = selection.samples[row]
            return sample.load() if isinstance(sample, CropSample) else None
        page, region = map(int, row.split(":"))
        found = selection.samples[page]
        if not isinstance(found, PageSample):
            return None
        image = found.load()
        return cut(image, found.boxes_on(image)[region].tolist())
    except Exception:  # the set has changed since it was measured: the case is shown without its image
        return None


def _page_image(selection: Selection, row: int) -> np.ndarray | None:
    """Pixels of a page."""
    try:
        return selection.samples[row].load()
    except Exception:  # as for crops
        return None


def _number(entry: tuple[int, Any]) -> int:
    return entry[0]
