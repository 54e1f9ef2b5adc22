"""Which plots a report has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mathocr.pipeline.evaluation.plots import bar_plot, line_plot

_SYMBOLS = 15


def plots_of(report: Mapping[str, Any]) -> list[str]:
    """SVG of everything that a report can show.

    Args:
        report: As ``assemble`` makes it, with ``robustness`` and ``speed`` where they were measured.
    """
    found: list[str] = []
    if "im2latex" in report:
        found += _recogniser(report["im2latex"])
    if "detector" in report:
        curves = {kind: [(point[0], point[1]) for point in points]
                  for kind, points in report["detector"]["curves"].items() if points}  # fmt: skip
        if curves:
            found.append(line_plot("Detector at IoU 0.5", "recall", "precision", curves, x_range=(0.0, 1.0)))
    for stage, key in (("im2latex", "exact_match"), ("detector", "f1")):
        if stage in report.get("robustness", {}):
            found += _robustness(report["robustness"][stage]["sweeps"], stage, key)
    if "stages" in report.get("speed", {}):
        found.append(_latency(report["speed"]))
    return found


def _recogniser(part: Mapping[str, Any]) -> list[str]:
    """Calibration and slices."""
    found = []
    if part["calibration"]["bins"]:
        line = {"measured": [(one["confidence"], one["right"]) for one in part["calibration"]["bins"]]}
        title = f"Reliability, expected calibration error {part['calibration']['ece']:.3f}"
        found.append(line_plot(title, "confidence", "exactly right", line, diagonal=True, x_range=(0.0, 1.0)))
    for by, slices in part["slices"].items():
        if len(slices) > 1:
            bars = [
                (name, one["exact_match"], f"{one['exact_match']:.3f} of {one['count']}")
                for name, one in slices.items()
            ]
            found.append(bar_plot(f"Exact match by {by}", bars))
    symbols = list(part["symbols"].items())[:_SYMBOLS]
    if symbols:
        bars = [(name, one["read"], f"{one['read']:.3f} of {one['count']}") for name, one in symbols]
        found.append(bar_plot("Tokens missed most: share that was read", bars))
    return found


def _latency(part: Mapping[str, Any]) -> str:
    """Median and 95th percentile of what was timed."""
    times = {name: row for name, row in part["stages"].items() if "." not in name}
    times |= {f"cold start, {name}": row for name, row in part["cold_start"].items()}
    most = max((row["median_ms"] for row in times.values()), default=1.0) or 1.0
    bars = [
        (name, row["median_ms"], f"{row['median_ms']:.0f} ms, p95 {row['p95_ms']:.0f}") for name, row in times.items()
    ]
    return bar_plot("Latency, median", bars, most)


def _robustness(sweeps: Mapping[str, Any], stage: str, key: str) -> list[str]:
    """All degrees of all changes in one plot, and a line for each change that has several."""
    bars = [
        (f"{name} {row['level']:g}", row[key], "-" if row[key] is None else f"{row[key]:.3f}")
        for name, sweep in sweeps.items()
        for row in sweep["levels"]
    ]
    found = [bar_plot(f"Robustness, {stage}: {key.replace('_', ' ')}", bars)]
    for name, sweep in sweeps.items():
        points = [(row["level"], row[key]) for row in sweep["levels"] if row[key] is not None]
        if len(points) > 2:
            found.append(line_plot(f"{stage}: {name}", sweep["unit"], key.replace("_", " "), {name: points}))
    return found
