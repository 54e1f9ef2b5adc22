"""The monitor's report: everything that a store tells of a time, JSON-ready, held against targets."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mathocr.data.service import Service
from mathocr.pipeline.evaluation.environment import commit
from mathocr.pipeline.evaluation.targets import judge_places
from mathocr.pipeline.feedback.report import summarise as summarise_feedback
from mathocr.pipeline.feedback.store import FeedbackStore
from mathocr.pipeline.monitor.drift import drift
from mathocr.pipeline.monitor.store import MonitorStore
from mathocr.pipeline.monitor.summary import Answers, models_json, summarise_checks, summarise_shadows

SCHEMA = "mathocr-monitor/1"

# Target to the place of its measurement in the report.
_HIGHER = {
    "speed.crops_per_second": ("rates", "crop"),
    "speed.pages_per_second": ("rates", "page"),
    "online.valid": ("im2latex", "valid", "value"),
    "online.self_check": ("self_check", "passed", "value"),
}
_LOWER = {
    "speed.crop_median_ms": ("latency", "crop", "model", "median_ms"),
    "speed.crop_p95_ms": ("latency", "crop", "model", "p95_ms"),
    "speed.page_median_ms": ("latency", "page", "model", "median_ms"),
    "speed.page_p95_ms": ("latency", "page", "model", "p95_ms"),
    "online.failed": ("traffic", "failed"),
    "online.corrected": ("feedback", "corrected_share"),
    "online.input_drift": ("drift", "greatest"),
}


def make_report(
    folder: Path, database: str | None = None, since: float = 0.0, profile: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What a store tells.

    Args:
        folder: Of the store.
        database: As ``FeedbackStore`` takes it.
        since: Earliest time, seconds since 1970.
        profile: To tell drift by; None where it is not told.

    Returns:
        ``schema``, ``data`` (name, time), ``made``, ``models``, ``traffic``, ``latency``, ``im2latex``,
        ``detector``, ``days``, ``self_check``, ``drift``, ``shadow`` and ``feedback``; a part that has nothing is left
        out. JSON-ready.

    Raises:
        StoreError: If the store cannot be opened.
    """
    store, answers = MonitorStore(folder, database), Answers()
    for answer in store.answers(since):
        answers.add(answer)
    recogniser = answers.recogniser()
    parts = {
        "latency": answers.latency(), "im2latex": recogniser, "detector": answers.detector(), "days": answers.days(),
        "self_check": _checks(store, since), "drift": _drift(store, since, profile, answers.tokens),
        "shadow": summarise_shadows(store.looks(since, "shadow")),
        "feedback": _feedback(folder, database, since, recogniser["count"] if recogniser else 0),
    }  # fmt: skip
    return {
        "schema": SCHEMA,
        "data": {"name": folder.resolve().name, "from": _moment(answers.first), "to": _moment(answers.last or None),
                 "requests": answers.requests, "pages": answers.pages,
                 "formulas": recogniser["count"] if recogniser else 0},
        "made": {"date": _moment(time.time()), "commit": commit()},
        "models": models_json(answers.models),
        "traffic": answers.traffic(),
        **{name: part for name, part in parts.items() if part},
    }  # fmt: skip


def judge_report(report: Mapping[str, Any], service: Service) -> dict[str, Any]:
    """Hold a report against the requirements of a service; as ``mathocr.pipeline.evaluation.targets.judge``.

    A rate counts as measured where it was reached, or where somebody was refused or waited in vain below it: a service
    of which nobody asked more has shown nothing.
    """
    notes = ["times are those of the models under the traffic as it was, several requests read together"]
    rates: dict[str, float] = {}
    for mode, rate in report["traffic"]["busiest_per_s"].items():
        asked = getattr(service.speed, f"{mode}s_per_second")
        if asked is not None and rate < asked and not report["traffic"]["overloaded"]:
            notes.append(f"nobody asked for {asked:g} {mode}s a second; the busiest minute had {rate:.3g}")
        else:
            rates[mode] = rate
    if "drift" not in report and service.online.input_drift is not None:
        notes.append("drift was not told: --profile names what it is told by")
    return judge_places({**report, "rates": rates}, service, _HIGHER, _LOWER, notes)


def _checks(store: MonitorStore, since: float) -> dict[str, Any] | None:
    found = summarise_checks(store.looks(since, "self_check"))
    return found if found["count"] or found["skipped"] else None


def _drift(
    store: MonitorStore, since: float, profile: Mapping[str, Any] | None, tokens: Sequence[int]
) -> dict[str, Any] | None:
    """Inputs against the reference; the tokens are those of all answers, the rest of those looked at."""
    if profile is None:
        return None
    rows = [row for look in store.looks(since, "inputs") for row in look.rows]
    rows += [{"tokens": float(number)} for number in tokens]
    found = drift(profile, rows)
    judged = {name: one["psi"] for name, one in found.items() if one["verdict"] != "too few"}
    # An index that chance explains is no drift, however large: it must not miss a target.
    real = {name: index for name, index in judged.items() if found[name]["verdict"] != "stable"}
    greatest = max(real.values(), default=0.0) if judged else None
    return {
        "profile": profile["data"], "count": profile["count"], "statistics": found, "greatest": greatest,
        "drifted": [name for name, one in found.items() if one["verdict"] == "drifted"],
    }  # fmt: skip


def _feedback(folder: Path, database: str | None, since: float, formulas: int) -> dict[str, Any] | None:
    """What users said in the same time, beside the number of formulas that were answered."""
    summary = summarise_feedback(FeedbackStore(folder, database).entries(since))
    if not summary["records"]:
        return None
    said = summary["all"]
    judged = said["confirmed"] + said["corrected"]
    share = said["corrected"] / formulas if formulas else None
    return {**said, "judged": judged, "wrong": _wilson(said["corrected"], judged), "corrected_share": share}


def _wilson(count: int, total: int) -> dict[str, float] | None:
    """A share with its 95 % interval (Wilson, JASA 22, 1927); None of nothing."""
    if not total:
        return None
    z2, share = 1.96**2, count / total
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = 1.96 * (share * (1 - share) / total + z2 / (4 * total**2)) ** 0.5 / (1 + z2 / total)
    return {"value": share, "low": max(0.0, middle - half), "high": min(1.0, middle + half)}


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
