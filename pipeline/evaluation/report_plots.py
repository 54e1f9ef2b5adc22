"""Which plots a report has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mathocr.pipeline.evaluation.plots import bar_plot, grid, line_plot
from mathocr.pipeline.latency.report import row_name

_SYMBOLS = 15
_PANEL = (300, 200)  # of a sweep, three side by side
_BY = {"length": "length in canonical tokens", "rows": "rows", "kind": "kind", "source": "source"}
_SWEPT = {"im2latex": ("exact_match", "edit_similarity"), "detector": ("precision", "recall")}


def plots_of(report: Mapping[str, Any]) -> dict[str, str]:
    """SVG of everything that a report can show, by a name that serves as that of a file.

    Args:
        report: As ``assemble`` makes it, with ``robustness`` and ``speed`` where they were measured.
    """
    found: dict[str, str] = {}
    if "im2latex" in report:
        found |= _recogniser(report["im2latex"])
    if "detector" in report:
        curves = {kind: [(point[0], point[1]) for point in points]
                  for kind, points in report["detector"]["curves"].items() if points}  # fmt: skip
        if curves:
            found["precision-recall"] = line_plot(
                "Detector at IoU 0.5, by kind", "recall", "precision", curves, x_range=(0.0, 1.0)
            )
    for stage, keys in _SWEPT.items():
        if stage in report.get("robustness", {}):
            found[f"robustness-{stage}"] = _robustness(report["robustness"][stage]["sweeps"], stage, keys)
    if "stages" in report.get("speed", {}):
        found["latency"] = _latency(report["speed"])
    return found


def _recogniser(part: Mapping[str, Any]) -> dict[str, str]:
    """Calibration and slices."""
    found = {}
    if part["calibration"]["bins"]:
        line = {"measured": [(one["confidence"], one["right"]) for one in part["calibration"]["bins"]]}
        title = f"Reliability, expected calibration error {part['calibration']['ece']:.3f}"
        found["reliability"] = line_plot(
            title, "confidence", "share exactly right", line, diagonal=True, x_range=(0.0, 1.0)
        )
    for by, slices in part["slices"].items():
        if len(slices) > 1:
            bars = [
                (name, one["exact_match"], f"{one['exact_match']:.3f} of {one['count']}")
                for name, one in slices.items()
            ]
            found[f"exact-match-by-{by}"] = bar_plot(f"Exact match by {_BY[by]}", bars)
    symbols = list(part["symbols"].items())[:_SYMBOLS]
    if symbols:
        bars = [(name, one["read"], f"{one['read']:.3f} of {one['count']}") for name, one in symbols]
        found["tokens-missed"] = bar_plot("Tokens missed most: share that was read", bars)
    return found


def _latency(part: Mapping[str, Any]) -> str:
    """Median and 95th percentile of what was timed."""
    times = {row_name(name): row for name, row in part["stages"].items() if "." not in name}
    times |= {f"cold start, a {name}": row for name, row in part["cold_start"].items()}
    most = max((row["median_ms"] for row in times.values()), default=1.0) or 1.0
    bars = [
        (name, row["median_ms"], f"{row['median_ms']:.0f} ms, p95 {row['p95_ms']:.0f}") for name, row in times.items()
    ]
    return bar_plot("Latency, median", bars, most)


def _robustness(sweeps: Mapping[str, Any], stage: str, keys: Sequence[str]) -> str:
    """A panel for each change: lines where its degrees are numbers, bars where they are names."""
    panels = []
    for name, sweep in sweeps.items():
        levels = sweep["levels"]
        if all(isinstance(row["level"], str) for row in levels):
            bars = [(row["level"], row[keys[0]], _share(row[keys[0]])) for row in levels]
            panels.append(bar_plot(f"{name}: {_words(keys[0])}", bars, width=_PANEL[0]))
            continue
        lines = {_words(key): [(row["level"], row[key]) for row in levels if row[key] is not None] for key in keys}
        places = [row["level"] for row in levels]
        panels.append(line_plot(name, sweep["unit"], "", lines, size=_PANEL, ticks=places))
    return grid(f"Robustness: {stage}", panels, 3)


def _words(key: str) -> str:
    return key.replace("_", " ")


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
