"""Holds a report against a service's targets: each passed, missed or not measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from mathocr.data.service import Service
from mathocr.pipeline.evaluation.report import find

Verdict = Literal["pass", "fail", "not measured"]
Places = Mapping[str, tuple[str, ...]]

# Target to the place of its measurement in a report.
_HIGHER = {
    "accuracy.detector.f1_50_inline": ("detector", "kinds", "inline", "iou_0.5", "f1"),
    "accuracy.detector.f1_50_display": ("detector", "kinds", "display", "iou_0.5", "f1"),
    "accuracy.detector.f1_75_inline": ("detector", "kinds", "inline", "iou_0.75", "f1"),
    "accuracy.detector.f1_75_display": ("detector", "kinds", "display", "iou_0.75", "f1"),
    "accuracy.detector.ap_50_95": ("detector", "kinds", "all", "ap_50_95"),
    "accuracy.detector.recall_50_single_letter": ("detector", "recall_by_size", "tokens", "1", "recall"),
    "accuracy.im2latex.exact_match": ("im2latex", "canonical", "exact_match"),
    "accuracy.im2latex.edit_similarity": ("im2latex", "canonical", "edit_similarity"),
    "accuracy.im2latex.bleu": ("im2latex", "canonical", "bleu"),
    "accuracy.pipeline.precision": ("pipeline", "precision"),
    "accuracy.pipeline.recall": ("pipeline", "recall"),
    "accuracy.pipeline.f1": ("pipeline", "f1"),
    "speed.crops_per_second": ("speed", "crops_per_second"),
    "speed.pages_per_second": ("speed", "pages_per_second"),
}
_LOWER = {
    "accuracy.im2latex.calibration_error": ("im2latex", "calibration", "ece"),
    "speed.crop_median_ms": ("speed", "crop_median_ms"),
    "speed.crop_p95_ms": ("speed", "crop_p95_ms"),
    "speed.page_median_ms": ("speed", "page_median_ms"),
    "speed.page_p95_ms": ("speed", "page_p95_ms"),
    "speed.cold_start_ms": ("speed", "cold_start_ms"),
    "deployment.memory_mib": ("speed", "memory_mib"),
}


def asks_speed(service: Service) -> bool:
    """Whether a service has a target that only a measurement of speed and memory can answer."""
    asked = _flat(dataclasses.asdict(service))
    return any(place[0] == "speed" and asked.get(name) is not None for name, place in (_HIGHER | _LOWER).items())


def judge(report: Mapping[str, Any], service: Service) -> dict[str, Any]:
    """Set target beside result.

    Args:
        report: As ``mathocr.pipeline.evaluation.report.assemble`` makes it.
        service: The requirements.

    Returns:
        ``service``, ``purpose``, ``definition`` (of times), ``deployment``, ``notes``, ``rows`` (``target``,
        ``asked``, ``better``, ``measured``, ``verdict``), and the numbers of rows ``passed``, ``missed``,
        ``not_measured``, JSON-ready.
    """
    return judge_places(report, service, _HIGHER, _LOWER, _notes(report, service))


def judge_places(
    report: Mapping[str, Any], service: Service, higher: Places, lower: Places, notes: Sequence[str]
) -> dict[str, Any]:
    """As ``judge``, of targets that any report measures.

    Args:
        report: JSON-ready.
        service: The requirements.
        higher: Target to the place of its measurement in the report, where more is better.
        lower: The same where less is better.
        notes: In what the measurement differs from the service.
    """
    asked = _flat(dataclasses.asdict(service))
    rows = []
    for better, places in (("higher", higher), ("lower", lower)):
        for name, place in places.items():
            if asked.get(name) is not None:
                measured = find(report, place)
                rows.append({
                    "target": name, "asked": asked[name], "better": better, "measured": measured,
                    "verdict": _verdict(measured, asked[name], better == "higher"),
                })  # fmt: skip
    order = {name: number for number, name in enumerate(asked)}
    rows.sort(key=lambda row: (not row["target"].startswith("accuracy"), order[row["target"]]))
    verdicts = [row["verdict"] for row in rows]
    return {
        "service": service.name,
        "purpose": service.purpose,
        "labelling_guide": service.labelling_guide,
        "definition": service.speed.definition,
        "deployment": dataclasses.asdict(service.deployment),
        "notes": list(notes),
        "rows": rows,
        "passed": verdicts.count("pass"),
        "missed": verdicts.count("fail"),
        "not_measured": verdicts.count("not measured"),
    }


def _verdict(measured: float | None, asked: float, higher: bool) -> Verdict:
    """Whether a measurement meets a target."""
    if measured is None:
        return "not measured"
    return "pass" if (measured >= asked if higher else measured <= asked) else "fail"


def _notes(report: Mapping[str, Any], service: Service) -> list[str]:
    """In what the measurement differs from the service."""
    made, wanted = report["environment"], service.deployment
    notes = []
    if made["device"] != wanted.device:
        notes.append(f"measured on {made['device']}, the service runs on {wanted.device}: times do not compare")
    if str(made["threads"]) != str(wanted.threads):
        notes.append(f"measured with {made['threads']} threads, the service has {wanted.threads}")
    for wanted_input in service.inputs:
        scores = report.get("im2latex", {}).get("slices", {}).get("kind", {})
        count = sum(part["count"] for kind, part in scores.items() if wanted_input.kind in ("any", kind))
        if scores and wanted_input.source == "*" and count < wanted_input.samples:
            notes.append(
                f"{count} formulas of input {wanted_input.name!r} measured, {wanted_input.samples} are asked for"
            )
    return notes


def _flat(tree: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by dots."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{place}.{key}" if place else key
        flat |= _flat(value, name) if isinstance(value, Mapping) else {name: value}
    return flat
