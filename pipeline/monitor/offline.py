"""Sets what was measured offline beside what is seen live, and says where they disagree."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mathocr.data.formats.json_file import read_document
from mathocr.pipeline.evaluation.calibration import bin_counts
from mathocr.pipeline.evaluation.report import SCHEMA, find
from mathocr.pipeline.latency.load import MOST_OVER_OPTIMUM
from mathocr.pipeline.monitor.drift import DRIFTED, psi, psi_by_chance

APART = 0.05
"""Shares that differ by less agree whatever their intervals: what a set of 400 formulas can tell (service files)."""


def load_offline(folder: Path) -> dict[str, Any]:
    """The report of an evaluation.

    Args:
        folder: That ``mathocr evaluate`` wrote, with ``report.json``; or that file.

    Raises:
        FormatError: If there is no such report.
    """
    path = folder if folder.is_file() else folder / "report.json"
    return read_document(path, SCHEMA, "mathocr evaluate")


def compare_offline(report: Mapping[str, Any], offline: Mapping[str, Any]) -> dict[str, Any]:
    """Compare what both know.

    Shares agree where the offline value lies in the live interval or within ``APART`` of the live value; distributions
    where their population stability index is below ``DRIFTED`` or what chance makes; times where the live median is at
    most ``MOST_OVER_OPTIMUM`` times the offline one.

    Args:
        report: Of the monitor.
        offline: Of an evaluation.

    Returns:
        ``data``, ``models`` and ``rows``: ``what``, ``offline``, ``live``, ``low`` and ``high`` (None where there is no
        interval), ``agrees``; and ``notes``. JSON-ready.
    """
    rows = [*_shares(report, offline), *_distributions(report, offline), *_times(report, offline)]
    return {
        "data": offline["data"]["name"], "models": offline["models"], "rows": rows,
        "disagree": [row["what"] for row in rows if not row["agrees"]], "notes": _notes(report, offline),
    }  # fmt: skip


def _shares(report: Mapping[str, Any], offline: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Means with intervals."""
    part = offline.get("im2latex", {})
    count = find(part, ("canonical", "count"))
    if not count:
        return []
    bins = part["calibration"]["bins"]
    exact = part["canonical"]["exact_match"]
    known = {
        "mean confidence": (
            sum(one["confidence"] * one["count"] for one in bins) / sum(one["count"] for one in bins),
            find(report, ("im2latex", "confidence")),
        ),
        "exact match, live as the confidence expects it": (exact, find(report, ("im2latex", "confidence"))),
        "valid": (1 - part["invalid_predictions"] / count, find(report, ("im2latex", "valid"))),
        "ended by themselves": (part["stopped"]["end"] / count, find(report, ("im2latex", "ended"))),
        "wrong, live of those that users judged": (1 - exact, find(report, ("feedback", "wrong"))),
    }
    return [
        {"what": what, "offline": value, "live": live["value"], "low": live["low"], "high": live["high"],
         "agrees": live["low"] <= value <= live["high"] or abs(live["value"] - value) <= APART}
        for what, (value, live) in known.items()
        if live is not None
    ]  # fmt: skip


def _distributions(report: Mapping[str, Any], offline: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Population stability index of histograms that both have."""
    live, part = report.get("im2latex"), offline.get("im2latex", {})
    if live is None or not find(part, ("canonical", "count")):
        return []
    pairs = {"distribution of confidence": (bin_counts(part["calibration"]["bins"]).tolist(), live["bins"])}
    for by, what in (("kind", "shares of kinds"), ("length", "lengths (offline of truths)")):
        counts = {name: scores["count"] for name, scores in part["slices"][by].items() if name != "not given"}
        names = sorted(set(counts) | set(live[by]))
        if counts:
            pairs[what] = ([counts.get(name, 0) for name in names], [live[by].get(name, 0) for name in names])
    rows = []
    for what, (reference, seen) in pairs.items():
        index = psi(np.array(reference, np.float64), np.array(seen, np.float64))
        most = max(DRIFTED, psi_by_chance(len(seen), sum(reference), sum(seen)))
        rows.append({"what": what, "offline": "-", "live": f"PSI {index:.3f}", "low": None, "high": None,
                     "agrees": index < most})  # fmt: skip
    return rows


def _times(report: Mapping[str, Any], offline: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Medians of what the models take."""
    rows = []
    for mode in ("crop", "page"):
        before = find(offline, ("speed", f"{mode}_median_ms"))
        now = find(report, ("latency", mode, "model", "median_ms"))
        if before is not None and now is not None:
            rows.append({"what": f"a {mode}, median ms", "offline": before, "live": now, "low": None, "high": None,
                         "agrees": now <= MOST_OVER_OPTIMUM * before})  # fmt: skip
    return rows


def _notes(report: Mapping[str, Any], offline: Mapping[str, Any]) -> list[str]:
    """Why the two may not compare."""
    notes = []
    for stage, model in offline["models"].items():
        live = report["models"].get(stage, [])
        if live and model["sha256"] not in {one["sha256"] for one in live}:
            notes.append(
                f"the {stage} weights measured offline, {model['name']} {model['sha256'][:12]}, did not answer"
            )
        elif len(live) > 1:
            notes.append(f"several {stage} weights answered; --days chooses a shorter time")
    return notes
