"""Sums up the records of a run: one JSON-ready report of everything that was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mathocr.data.contracts import ModelIdentity
from mathocr.pipeline.evaluation.chain import Chain
from mathocr.pipeline.evaluation.detection import Detection
from mathocr.pipeline.evaluation.recognition import NAMED, Recognition
from mathocr.pipeline.evaluation.records import Record
from mathocr.pipeline.evaluation.structure import Structure

SCHEMA = "mathocr-evaluation/1"


def summarise(records: Iterable[Record], content: str) -> dict[str, Any]:
    """The measured parts of a report.

    Args:
        records: Of one run, each sample once.
        content: ``crops`` or ``pages``.

    Returns:
        ``im2latex``, ``detector`` and ``pipeline``, those that were run, and ``bad_samples``: rows that gave no
        result, with ``count`` and the first of them ``named``.
    """
    recognition, detection, chain, structure = Recognition(), Detection(), Chain(), Structure()
    bad: dict[str, Any] = {"count": 0, "named": []}
    read = False
    for record in records:
        if content == "crops":
            recognition.add(record)
            read = True
        elif "fault" not in record:
            detection.add(record)
            if "formulas" in record:
                chain.add(record)
                structure.add(record)
            if "crops" in record:
                recognition.extend(record["crops"])
                read = True
        if record.get("fault") is not None:
            bad["count"] += 1
            if len(bad["named"]) < NAMED:
                bad["named"].append({key: record[key] for key in ("where", "fault", "message")})
    parts: dict[str, Any] = {"bad_samples": bad}
    if content == "pages":
        parts["detector"] = detection.compute()
    if read:
        parts["im2latex"] = recognition.compute()
    if chain.pages:
        parts["pipeline"] = chain.compute() | structure.compute()
    return parts


def assemble(
    data: Mapping[str, Any],
    models: Mapping[str, ModelIdentity],
    made: Mapping[str, Any],
    parts: Mapping[str, Any],
) -> dict[str, Any]:
    """The report.

    Args:
        data: The set, as ``Selection.describe`` gives it.
        models: Stage to identity of its weights.
        made: ``environment()``.
        parts: ``summarise()``.
    """
    return {
        "schema": SCHEMA,
        "data": dict(data),
        "models": {stage: {"name": identity.name, "sha256": identity.sha256} for stage, identity in models.items()},
        "environment": dict(made),
        **parts,
    }


def find(report: Mapping[str, Any], place: Sequence[str]) -> Any:
    """What stands at a place of a report, key by key; None where that was not measured."""
    value: Any = report
    for key in place:
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value
