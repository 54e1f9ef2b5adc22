"""Which plots the monitor's report has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mathocr.pipeline.evaluation.calibration import BINS, bin_counts
from mathocr.pipeline.evaluation.plots import bar_plot, grid, line_plot

_PANEL = 300  # px, three side by side


def plots_of(report: Mapping[str, Any], offline: Mapping[str, Any] | None = None) -> dict[str, str]:
    """SVG by a name that serves as that of a file.

    Args:
        report: As ``make_report`` makes it.
        offline: Report of an evaluation, drawn beside it.
    """
    found: dict[str, str] = {}
    if "im2latex" in report:
        lines = {"live": _shares(np.array(report["im2latex"]["bins"]))}
        bins = (offline or {}).get("im2latex", {}).get("calibration", {}).get("bins")
        if bins:
            lines["offline"] = _shares(bin_counts(bins))
        most = max(share for points in lines.values() for _, share in points)
        found["confidence"] = line_plot(
            "Confidence", "confidence", "share", lines, x_range=(0.0, 1.0), y_range=(0.0, most)
        )
    days = report.get("days", [])
    if len(days) > 1:
        lines = {name: [(float(number), day[name]) for number, day in enumerate(days) if day[name] is not None]
                 for name in ("confidence", "valid")}  # fmt: skip
        found["days"] = line_plot(f"Day by day from {days[0]['day']}", "day", "mean", lines)
    if "drift" in report:
        panels = [_bins(name, one) for name, one in report["drift"]["statistics"].items()]
        found["drift"] = grid("Inputs: live shares of the reference's bins", panels, 3)
    return found


def _shares(counts: np.ndarray) -> list[tuple[float, float]]:
    shares = counts / max(1, counts.sum())
    return [((number + 0.5) / BINS, float(share)) for number, share in enumerate(shares)]


def _bins(name: str, one: Mapping[str, Any]) -> str:
    """Live share of each bin, with that of the reference."""
    edges = [f"{edge:.3g}" for edge in one["edges"]]
    names = [f"to {edges[0]}", *(f"to {edge}" for edge in edges[1:]), f"over {edges[-1]}"] if edges else ["all"]
    bars = [
        (words, live, f"{live:.2f} ({reference:.2f})")
        for words, live, reference in zip(names, one["shares"], one["reference"], strict=True)
    ]
    return bar_plot(f"{name}: PSI {one['psi']:.2f}", bars, max(max(one["shares"]), 0.01), width=_PANEL)
