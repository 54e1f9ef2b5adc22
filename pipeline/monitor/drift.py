"""How far the inputs have moved from a reference: histograms of the reference, and the population stability index."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mathocr.data.formats.json_file import read_document
from mathocr.data.samples import CropSample
from mathocr.pipeline.monitor.answers import token_count
from mathocr.pipeline.monitor.input_stats import STATISTICS, crop_stats

SCHEMA = "mathocr-profile/1"
BINS = 10
WATCH, DRIFTED = 0.1, 0.25
"""Customary limits of the index: below .1 no change to speak of, from .25 another population (Siddiqi, Credit Risk
Scorecards, 2006, chapter 9)."""
FEW = 50  # formulas: with fewer the index says little
Verdict = Literal["stable", "watch", "drifted", "too few"]


def make_profile(samples: Sequence[CropSample], name: str) -> dict[str, Any]:
    """The reference profile of a set: what its crops look like.

    Args:
        samples: Crops with their truth.
        name: Of the set.

    Returns:
        ``schema``, ``data``, ``count`` (crops that could be read and have ink), ``skipped``, and for each of
        ``statistics`` its inner ``edges`` (quantiles) and the ``shares`` of the bins between them; ``kinds`` to shares.
        JSON-ready, some 3 kB.

    Raises:
        ValueError: If no crop can be read.
    """
    values: dict[str, list[float]] = {key: [] for key in STATISTICS}
    kinds: dict[str, int] = {}
    count = 0
    for number in range(len(samples)):
        try:
            sample = samples[number]
            stats = crop_stats(sample.load())
        except ValueError:  # `mathocr data check` names bad samples
            continue
        if stats is None:
            continue
        count += 1
        tokens = token_count(sample.tex)
        for key, value in (stats if tokens is None else {**stats, "tokens": tokens}).items():
            values[key].append(value)
        kinds[sample.kind or "not given"] = kinds.get(sample.kind or "not given", 0) + 1
    if not count:
        raise ValueError(f"{name}: no crop with ink could be read")
    return {
        "schema": SCHEMA, "data": name, "count": count, "skipped": len(samples) - count,
        "statistics": {key: histogram(np.array(found)) for key, found in values.items() if found},
        "kinds": {kind: number / count for kind, number in sorted(kinds.items())},
    }  # fmt: skip


def histogram(values: NDArray[np.floating]) -> dict[str, list[float]]:
    """Quantile bins of numbers ``(N,)``, ``N`` at least 1: inner ``edges``, and the ``shares`` of the bins."""
    inner = np.quantile(values, np.arange(1, BINS) / BINS)
    edges = np.unique(np.round(inner, 4))
    return {"edges": edges.tolist(), "shares": (_counts(values, edges) / len(values)).tolist()}


def load_profile(path: Path) -> dict[str, Any]:
    """Read a profile.

    Raises:
        FormatError: If it is missing or no profile.
    """
    return read_document(path, SCHEMA, "mathocr monitor profile")


def drift(profile: Mapping[str, Any], rows: Iterable[Mapping[str, float]]) -> dict[str, dict[str, Any]]:
    """Hold live inputs against a reference.

    Args:
        profile: As ``make_profile`` makes it.
        rows: ``crop_stats`` of live crops, with ``tokens`` where there are any.

    Returns:
        Statistic to ``count``, ``psi``, ``chance`` (what 95 % of samples of that size from the reference itself stay
        under; None without any live), ``verdict``, ``median`` live, and the ``edges``, ``reference`` shares and live
        ``shares``.
    """
    values: dict[str, list[float]] = {}
    for row in rows:
        for key, value in row.items():
            values.setdefault(key, []).append(value)
    found = {}
    for key, reference in profile["statistics"].items():
        live = np.array(values.get(key, []), np.float64)
        counts = _counts(live, np.array(reference["edges"]))
        index = psi(np.array(reference["shares"]) * profile["count"], counts)
        chance = psi_by_chance(len(counts), profile["count"], len(live)) if len(live) else None
        found[key] = {
            "count": len(live), "psi": index, "chance": chance, "verdict": _verdict(index, chance, len(live)),
            "median": float(np.median(live)) if len(live) else None, "edges": reference["edges"],
            "reference": reference["shares"], "shares": (counts / max(1, len(live))).tolist(),
        }  # fmt: skip
    return found


def psi(reference: NDArray[np.floating], live: NDArray[np.floating]) -> float:
    """Population stability index of two histograms.

        PSI = sum over bins of (p - q) ln(p / q),    p, q shares, half a sample added to each bin so that none is empty

    Args:
        reference: Counts, ``(B,)``.
        live: Counts in the same bins, ``(B,)``.

    Returns:
        At least 0; 0 for the same shares.

    Source:
        Siddiqi 2006; it is the symmetrised Kullback-Leibler divergence (Jeffreys 1946).
    """
    p, q = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts)) for counts in (reference, live))
    return float(((q - p) * np.log(q / p)).sum())


def psi_by_chance(bins: int, reference: int, live: int) -> float:
    """What PSI stays under in 95 % of cases where nothing has moved.

    (1/n + 1/m) times a chi-squared variable with B - 1 degrees of freedom, for samples that are independent; formulas
    of one page are not quite. The quantile is by Wilson and Hilferty.

    Args:
        bins: ``B``.
        reference: Samples ``n``.
        live: Samples ``m``, at least 1.

    Source:
        Yurdakul and Naranjo, Journal of Risk Model Validation 14(4), 2020.
    """
    if bins < 2:
        return 0.0
    k = bins - 1
    return k * (1 - 2 / (9 * k) + 1.6449 * math.sqrt(2 / (9 * k))) ** 3 * (1 / reference + 1 / live)


def _verdict(index: float, chance: float | None, count: int) -> Verdict:
    if count < FEW or chance is None:
        return "too few"
    if index < WATCH or index <= chance:
        return "stable"
    return "drifted" if index >= DRIFTED else "watch"


def _counts(values: NDArray[np.floating], edges: NDArray[np.floating]) -> NDArray[np.float64]:
    """Numbers in each bin; a bin holds its upper edge."""
    return np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1).astype(np.float64)
