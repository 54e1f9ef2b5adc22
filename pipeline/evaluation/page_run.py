"""Runs detector, recogniser and chain over the pages of a set and keeps what each said."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from mathocr.data.contracts import Kind, Region
from mathocr.data.samples import Image, PageSample, cut
from mathocr.pipeline.evaluation.crop_run import BATCH, Truth, Work, read_and_score
from mathocr.pipeline.evaluation.records import Record
from mathocr.pipeline.evaluation.selection import Selection
from mathocr.pipeline.layout import find_ink
from mathocr.pipeline.ocr import CropReader, MathOCR, RegionFinder
from mathocr.pipeline.options import Options

_PAGE = Options(mode="page")


class Sight(Protocol):
    """What a detector saw on a page, as ``mathocr.detector.predictor.Sight``."""

    def regions(self, min_score: float | Mapping[Kind, float] | None = None) -> list[Region]:
        """As ``RegionFinder.predict``, of the page."""


class LookingFinder(RegionFinder, Protocol):
    """A first stage whose network runs once for regions of several thresholds."""

    def look(self, image: Image) -> Sight:
        """What it sees on a page, ``uint8 (H, W)`` or ``(H, W, 3)`` RGB."""


@dataclass(frozen=True)
class Stages:
    """What is run on a page.

    Attributes:
        finder: The detector.
        reader: The recogniser; None to measure the detector alone.
        true_boxes: Whether the recogniser also reads the true boxes.
    """

    finder: LookingFinder
    reader: CropReader | None = None
    true_boxes: bool = True


def run_pages(selection: Selection, stages: Stages, done: frozenset[int] = frozenset()) -> Iterator[list[Record]]:
    """Run the stages over pages.

    Args:
        selection: A set of pages.
        stages: What to run.
        done: Rows to leave out.

    Yields:
        One record at a time, as ``page_record`` makes it; with ``fault`` and ``message`` where a page failed.
    """
    for row in selection.rows:
        if row in done:
            continue
        where = f"{selection.name}: row {row}"
        fault = "sample"
        try:
            sample = selection.samples[row]
            if not isinstance(sample, PageSample):
                raise ValueError(f"a page is needed, got {type(sample).__name__}")
            where = selection.where(sample.where)
            image = sample.load()
            boxes = sample.boxes_on(image)
            fault = "prediction"
            yield [page_record(row, where, sample, image, boxes, stages)]
        except Exception as error:  # one bad page: counted, named, and the run goes on
            message = selection.where(" ".join(str(error).split()) or type(error).__name__)
            yield [{"row": row, "where": where, "fault": fault, "message": message}]


def page_record(row: int, where: str, sample: PageSample, image: Image, boxes: np.ndarray, stages: Stages) -> Record:
    """A page's line in the records file.

    Args:
        row: Of the set.
        where: File and row, for people.
        sample: The page's truth.
        image: Its pixels.
        boxes: True corners in pixels, ``(N, 4)``.
        stages: What to run.

    Returns:
        ``row``, ``where``, ``source``, ``size`` (height, width), ``ms`` by stage, ``targets`` (``box``, ``kind``,
        ``tex``, ``tokens``; the last two None where there are none; ``tag`` and ``continues`` where the set says which
        formulas are numbered and broken), ``regions`` (``box``, ``kind``, ``score`` and ``kept``; best first: those
        that the detector gives, which are ``kept``, and below its thresholds those that it gives when asked for
        every score), and with a recogniser ``formulas`` (as in ``Formula``, of the regions kept) and ``crops``
        (records of the true boxes). The detector's time is that of the regions kept.
    """
    begin = time.perf_counter()
    sight = stages.finder.look(image)
    kept = sight.regions()
    ms = {"detector": _since(begin)}
    texts = sample.texts or (None,) * len(boxes)
    truths = [Truth.of(text) if text is not None else None for text in texts]
    record: Record = {
        "row": row, "where": where, "source": sample.source, "size": list(image.shape[:2]), "ms": ms,
        "targets": _targets(sample, boxes, truths),
        "regions": _regions(kept, sight.regions(min_score=0.0), stages.finder.min_score),
    }  # fmt: skip
    if stages.reader is not None:
        result = MathOCR(_Found(stages.finder, kept), stages.reader).predict(image, _PAGE)
        ms["layout"], ms["im2latex"] = result.timing_ms["layout"], result.timing_ms["im2latex"]
        record["formulas"] = [
            {"box": _rounded(f.box), "kind": f.kind, "score": round(f.score, 4), "latex": f.latex,
             "confidence": round(f.confidence, 6), "valid": f.valid, "stopped": f.stopped, "tag": f.tag,
             "continues": f.continues}
            for f in result.formulas
        ]  # fmt: skip
        if stages.true_boxes:
            record["crops"] = _true_crops(where, sample, image, boxes, truths, stages.reader)
    return record


class _Found:
    """Stands in for a detector that has looked at the page already."""

    def __init__(self, finder: RegionFinder, regions: Sequence[Region]) -> None:
        self.identity = finder.identity
        self.min_score = finder.min_score
        self._regions = regions

    def predict(
        self, images: Sequence[np.ndarray], min_score: float | Mapping[Kind, float] | None = None
    ) -> list[list[Region]]:
        """The regions that the detector stands by."""
        if min_score is not None:
            raise ValueError(f"the detector's own thresholds are measured, got min_score {min_score}")
        return [list(self._regions) for _ in images]


def _true_crops(
    where: str, sample: PageSample, image: Image, boxes: np.ndarray, truths: Sequence[Truth | None], reader: CropReader
) -> list[Record]:
    """Records of the true boxes that have LaTeX, read at the scale of the page's type as in the chain."""
    works, scale = [], find_ink(image).type_scale
    for number, (box, kind, truth) in enumerate(zip(boxes.tolist(), sample.kinds, truths, strict=True)):
        if truth is None:
            continue
        place = f"{where}: region {number}"
        try:
            works.append(Work(number, place, kind, sample.source, truth, cut(image, box), None, scale))
        except ValueError as error:
            works.append(Work(number, place, kind, sample.source, None, None, str(error)))
    parts = (works[start : start + BATCH] for start in range(0, len(works), BATCH))
    return [record for part in parts for record in read_and_score(part, reader)]


def _targets(sample: PageSample, boxes: np.ndarray, truths: Sequence[Truth | None]) -> list[dict[str, Any]]:
    """True formulas, with what belongs together where the set says it."""
    targets = [_target(*one) for one in zip(boxes.tolist(), sample.kinds, truths, strict=True)]
    if sample.tags is not None and sample.continues is not None:
        for target, tag, earlier in zip(targets, sample.tags, sample.continues, strict=True):
            target.update(tag=tag, continues=earlier)
    return targets


def _target(box: Sequence[float], kind: str, truth: Truth | None) -> dict[str, Any]:
    """A true formula."""
    tokens = list(truth.tokens) if truth is not None and truth.tokens else None
    return {"box": _rounded(box), "kind": kind, "tex": None if truth is None else truth.tex, "tokens": tokens}


def _regions(kept: Sequence[Region], every: Sequence[Region], least: Mapping[Kind, float]) -> list[dict[str, Any]]:
    """The regions that the detector gives, and of every score those below its thresholds; best first.

    The first are not among the second where a better region below the threshold of its own kind has taken their place.
    """
    found = [(region, True) for region in kept]
    found += [(region, False) for region in every if region.score < least[region.kind]]
    return [
        {"box": _rounded(region.box), "kind": region.kind, "score": round(region.score, 4), "kept": stands}
        for region, stands in sorted(found, key=lambda one: -one[0].score)
    ]


def _rounded(box: Sequence[float]) -> list[float]:
    return [round(edge, 2) for edge in box]


def _since(begin: float) -> float:
    return round((time.perf_counter() - begin) * 1000, 3)
