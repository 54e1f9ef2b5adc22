"""Reads the crops of a set and scores each: what could not be read or has no usable truth is named, not lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mathocr.data.contracts import Kind, Reading
from mathocr.data.latex import LatexError, canonicalize
from mathocr.data.samples import CropSample, Image
from mathocr.im2latex.metrics import plain_tokens
from mathocr.pipeline.evaluation.records import Record
from mathocr.pipeline.evaluation.selection import Selection
from mathocr.pipeline.evaluation.text_scores import score_tokens
from mathocr.pipeline.ocr import CropReader

BATCH = 32  # crops read together
Name = Callable[[str], str]


@dataclass(frozen=True)
class Truth:
    """What a crop should be read as.

    Attributes:
        tex: As the set has it.
        tokens: Canonical; None where it cannot be parsed.
        fault: Why it cannot be parsed; None where it can.
        unknown: Commands that no table has.
    """

    tex: str
    tokens: tuple[str, ...] | None
    fault: str | None
    unknown: tuple[str, ...]

    @classmethod
    def of(cls, tex: str) -> Truth:
        """Parse LaTeX."""
        try:
            found = canonicalize(tex)
        except LatexError as error:
            return cls(tex, None, str(error), ())
        return cls(tex, found.tokens, None, found.unknown)


@dataclass(frozen=True)
class Work:
    """A crop to read: its row, truth and pixels, or why there are none.

    ``scale`` brings its type to 10 pt at 100 dpi where the page around it tells; None where it does not.
    """

    row: int
    where: str
    kind: Kind | None
    source: str
    truth: Truth | None
    image: Image | None
    fault: str | None
    scale: float | None = None


def run_crops(
    selection: Selection, reader: CropReader, done: frozenset[int] = frozenset(), batch: int = BATCH
) -> Iterator[list[Record]]:
    """Read and score crops, a batch at a time.

    Args:
        selection: A set of crops.
        reader: The recogniser.
        done: Rows to leave out.
        batch: Crops read together.

    Yields:
        Records of a batch, as ``crop_record`` makes them.
    """
    rows = [row for row in selection.rows if row not in done]
    for start in range(0, len(rows), batch):
        works = [_load(selection, row) for row in rows[start : start + batch]]
        yield read_and_score(works, reader, selection.where)


def read_and_score(works: Sequence[Work], reader: CropReader, name: Name = str) -> list[Record]:
    """Read crops in one batch (one by one where the batch fails) and score each.

    Args:
        works: The crops.
        reader: The recogniser.
        name: Takes the machine's paths out of messages.
    """
    ready = [work for work in works if work.image is not None and work.truth is not None and work.truth.tokens]
    answers: dict[int, tuple[Reading, float] | str] = {}
    try:
        readings, took = _timed(reader, ready)
        answers = {id(work): (reading, took) for work, reading in zip(ready, readings, strict=True)}
    except Exception:  # one bad crop must not take the batch with it: whichever it is says so below
        for work in ready:
            answers[id(work)] = _alone(reader, work, name)
    return [crop_record(work, answers.get(id(work))) for work in works]


def crop_record(work: Work, answer: tuple[Reading, float] | str | None) -> Record:
    """A crop's line in the records file.

    Args:
        work: The crop.
        answer: Its reading and the milliseconds it took; a message where reading failed; None where it was not read.

    Returns:
        ``row``, ``where``, ``kind``, ``source``, and either ``fault`` (``sample``, ``truth`` or ``prediction``) with a
        ``message``, or ``tex`` and ``target`` (canonical tokens) of the truth, the reading (``reading_fields``),
        ``ms``, ``unknown`` commands of the truth, and ``canonical`` and ``plain`` scores (``score_tokens``).
    """
    record: Record = {"row": work.row, "where": work.where, "kind": work.kind, "source": work.source}
    if work.fault is not None or work.truth is None:
        return record | {"fault": "sample", "message": work.fault}
    truth = work.truth
    record["tex"] = truth.tex
    if not truth.tokens:
        return record | {"fault": "truth", "message": truth.fault or "the truth is empty"}
    if answer is None or isinstance(answer, str):
        return record | {"fault": "prediction", "message": answer}
    reading, took = answer
    return record | {
        "target": list(truth.tokens),
        "unknown": list(truth.unknown),
        **reading_fields(reading),
        "ms": round(took, 3),
        "canonical": score_tokens(reading.tokens, truth.tokens),
        "plain": score_tokens(plain_tokens(reading.latex), plain_tokens(truth.tex)),
    }


def reading_fields(reading: Reading) -> dict[str, Any]:
    """A reading as it stands in a record."""
    return {
        "latex": reading.latex,
        "tokens": list(reading.tokens),
        "token_confidences": [round(value, 3) for value in reading.token_confidences],
        "confidence": round(reading.confidence, 6),
        "valid": reading.valid,
        "stopped": reading.stopped,
    }


def _load(selection: Selection, row: int) -> Work:
    """A row of the set; a row that cannot be had says why."""
    where, kind, source = f"{selection.name}: row {row}", None, selection.name
    try:
        sample = selection.samples[row]
        if not isinstance(sample, CropSample):
            raise ValueError(f"a crop is needed, got {type(sample).__name__}")
        where, kind, source = selection.where(sample.where), sample.kind, sample.source
        return Work(row, where, kind, source, Truth.of(sample.tex), sample.load(), None)
    except Exception as error:  # damaged files of any format: counted, named, and the run goes on
        return Work(row, where, kind, source, None, None, selection.where(_message(error)))


def _timed(reader: CropReader, works: Sequence[Work]) -> tuple[list[Reading], float]:
    """Readings of crops that have pixels, and the milliseconds of each, the same for all."""
    begin = time.perf_counter()
    images = [work.image for work in works if work.image is not None]
    readings = reader.predict(images, [work.scale for work in works]) if images else []
    return readings, (time.perf_counter() - begin) * 1000 / max(1, len(images))


def _alone(reader: CropReader, work: Work, name: Name) -> tuple[Reading, float] | str:
    """The reading of one crop, or why there is none."""
    try:
        readings, took = _timed(reader, [work])
        return readings[0], took
    except Exception as error:  # as in read_and_score: the crop is counted as a failure
        return name(_message(error))


def _message(error: Exception) -> str:
    """An exception in one line."""
    return " ".join(str(error).split()) or type(error).__name__
