"""Sums up what the monitor recorded: traffic, times, confidence, validity, self-check, drift, shadow, corrections."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathocr.pipeline.evaluation import bootstrap
from mathocr.pipeline.evaluation.calibration import BINS, bin_of
from mathocr.pipeline.evaluation.slices import length_slice, slice_rank
from mathocr.pipeline.monitor.self_check import PASSES
from mathocr.pipeline.monitor.tables import Answer, Look

_BLOCKS = 2000  # parts in time that the bootstrap draws: neighbours are alike, and more would only take longer
_MINUTE_S = 60.0
_TIMES = ("read", "layout", "detector", "im2latex")


def mean_interval(counts: Sequence[float], sums: Sequence[float]) -> dict[str, float] | None:
    """Mean of what was seen in requests or pages, with its 95 % interval by the bootstrap over them.

    Args:
        counts: How much each of them has, in order of time.
        sums: The sum over it.

    Returns:
        ``value``, ``low``, ``high``; None where there is nothing.
    """
    rows = np.stack([np.asarray(counts, np.float64), np.asarray(sums, np.float64)], 1)
    rows = rows[rows[:, 0] > 0]
    if not len(rows):
        return None
    starts = np.unique(np.linspace(0, len(rows), min(len(rows), _BLOCKS), endpoint=False).astype(np.int64))
    blocks = np.add.reduceat(rows, starts, axis=0)
    found, _ = bootstrap.score(blocks, lambda one: float(one[1] / one[0]) if one[0] else float("nan"))
    return asdict(found)


@dataclass
class Answers:
    """Gathers answers; memory grows by some numbers an answer."""

    first: float | None = None
    last: float = 0.0
    requests: int = 0
    pages: int = 0
    lost: int = 0
    dropped: int = 0
    refused: int = 0
    failures: Counter[int] = field(default_factory=Counter)
    models: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    tokens: list[int] = field(default_factory=list)  # of each formula that can be parsed
    _minutes: dict[str, Counter[int]] = field(default_factory=dict)
    _times: dict[str, list[tuple[float, ...]]] = field(default_factory=dict)
    _rows: list[tuple[int, float, int, int]] = field(default_factory=list)  # formulas, confidence, valid, ended
    _bins: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))
    _kinds: Counter[str] = field(default_factory=Counter)
    _lengths: Counter[str] = field(default_factory=Counter)
    _stopped: Counter[str] = field(default_factory=Counter)
    _scores: dict[str, list[float]] = field(default_factory=dict)
    _days: dict[str, list[float]] = field(default_factory=dict)

    def add(self, answer: Answer) -> None:
        """Add one, in order of time."""
        self.first = answer.created if self.first is None else self.first
        self.last = answer.created
        self.requests += answer.page <= 1
        self.lost += answer.lost
        self.dropped += answer.dropped
        self.refused += answer.refused
        if answer.failure is not None:
            self.failures[answer.failure] += 1
        if answer.mode is None:
            return
        self.pages += 1
        minutes = self._minutes.setdefault(answer.mode, Counter())
        minutes[int(answer.created // _MINUTE_S)] += 1
        times = [answer.timing_ms.get(stage, 0.0) for stage in _TIMES]
        self._times.setdefault(answer.mode, []).append((sum(times[1:]), answer.total_ms, answer.queued_ms, *times))
        for stage, model in answer.models.items():
            self.models.setdefault(stage, Counter())[model["name"], model["sha256"]] += 1
        self._add_formulas(answer)

    def _add_formulas(self, answer: Answer) -> None:
        formulas = answer.formulas
        confidence = sum(one["confidence"] for one in formulas)
        valid = sum(one["valid"] for one in formulas)
        self._rows.append((len(formulas), confidence, valid, sum(one["stopped"] == "end" for one in formulas)))
        day = self._days.setdefault(time.strftime("%Y-%m-%d", time.gmtime(answer.created)), [0.0] * 4)
        for place, value in enumerate((1, len(formulas), confidence, valid)):
            day[place] += value
        for one in formulas:
            self._bins[bin_of(one["confidence"])] += 1
            self._kinds[one["kind"]] += 1
            self._stopped[one["stopped"]] += 1
            if one["tokens"] is not None:
                self.tokens.append(one["tokens"])
            self._lengths["not parsed" if one["tokens"] is None else length_slice(max(1, one["tokens"]))] += 1
            if answer.mode == "page":
                self._scores.setdefault(one["kind"], []).append(one["score"])

    def traffic(self) -> dict[str, Any]:
        """Requests, what became of them, and the busiest minute of each mode."""
        busiest = {mode: max(minutes.values()) / _MINUTE_S for mode, minutes in self._minutes.items()}
        failed = self.refused + sum(count for code, count in self.failures.items() if code >= 500)  # 4xx: the client
        asked = self.requests + self.refused
        return {
            "requests": self.requests, "refused": self.refused, "lost": self.lost, "dropped": self.dropped,
            "failures": {str(code): count for code, count in sorted(self.failures.items())},
            "failed": failed / asked if asked else None, "busiest_per_s": busiest,
            "overloaded": self.refused + self.failures[504] > 0,
        }  # fmt: skip

    def latency(self) -> dict[str, Any]:
        """By mode ``median_ms`` and ``p95_ms`` of the models, of the whole request as served, and of stages."""
        found = {}
        for mode, rows in self._times.items():
            columns = np.array(rows, np.float64).T
            found[mode] = {"count": len(rows)} | {
                name: {"median_ms": float(np.median(values)), "p95_ms": float(np.percentile(values, 95))}
                for name, values in zip(("model", "served", "queued", *_TIMES), columns, strict=True)
            }
        return found

    def recogniser(self) -> dict[str, Any] | None:
        """Confidence, validity, kinds and lengths of the answers."""
        if not self._kinds:
            return None
        counts, confidence, valid, ended = zip(*self._rows, strict=True)
        return {
            "count": sum(counts),
            "confidence": mean_interval(counts, confidence), "valid": mean_interval(counts, valid),
            "ended": mean_interval(counts, ended), "bins": self._bins.tolist(),
            "stopped": dict(self._stopped), "kind": dict(sorted(self._kinds.items())),
            "length": dict(sorted(self._lengths.items(), key=lambda item: slice_rank(item[0]))),
        }  # fmt: skip

    def detector(self) -> dict[str, Any] | None:
        """Formulas a page, and the detector's score by kind."""
        pages = len(self._times.get("page", ()))
        if not pages:
            return None
        kinds = {
            kind: {"count": len(scores), "median_score": float(np.median(scores)), "a_page": len(scores) / pages}
            for kind, scores in sorted(self._scores.items())
        }
        return {"pages": pages, "kinds": kinds}

    def days(self) -> list[dict[str, Any]]:
        """What changed from day to day, in UTC."""
        return [
            {"day": day, "pages": int(pages), "formulas": int(formulas),
             "confidence": confidence / formulas if formulas else None, "valid": valid / formulas if formulas else None}
            for day, (pages, formulas, confidence, valid) in sorted(self._days.items())
        ]  # fmt: skip


def summarise_checks(looks: Iterable[Look]) -> dict[str, Any]:
    """The self-checks: ``count``, ``least`` match that passes, mean ``match`` and share ``passed`` with intervals.

    ``passed_sure`` is the share of those whose confidence is at least .5, ``skipped`` the reasons with their counts.
    """
    counts, sums, passed, sure, passed_sure = [], [], [], [], []
    skipped: Counter[str] = Counter()
    for look in looks:
        if "skipped" in look.more:
            skipped[look.more["skipped"]] += 1
        matches = [row["match"] for row in look.rows if row["match"] is not None]
        counts.append(len(matches))
        sums.append(sum(matches))
        passed.append(sum(match >= PASSES for match in matches))
        of_sure = [row["match"] for row in look.rows if row["match"] is not None and row["confidence"] >= 0.5]
        sure.append(len(of_sure))
        passed_sure.append(sum(match >= PASSES for match in of_sure))
    return {
        "count": sum(counts), "least": PASSES, "match": mean_interval(counts, sums),
        "passed": mean_interval(counts, passed), "passed_sure": mean_interval(sure, passed_sure),
        "skipped": dict(skipped),
    }  # fmt: skip


def summarise_shadows(looks: Iterable[Look]) -> list[dict[str, Any]]:
    """Each shadow beside the live models: agreement, edit similarity, confidences, formulas that one found, times."""
    by_models: dict[str, list[Look]] = {}
    failed = 0
    for look in looks:
        if "failure" in look.more:
            failed += 1
            continue
        key = " ".join(model["sha256"] for _, model in sorted(look.more["models"].items()))
        by_models.setdefault(key, []).append(look)
    return [_shadow(found) for found in by_models.values()] + ([{"failed": failed}] if failed else [])


def _shadow(looks: Sequence[Look]) -> dict[str, Any]:
    counts = [len(look.rows) for look in looks]

    def mean(value: Any) -> dict[str, float] | None:
        return mean_interval(counts, [sum(value(row) for row in look.rows) for look in looks])

    one = [1] * len(looks)
    return {
        "models": looks[0].more["models"], "requests": len(looks), "formulas": sum(counts),
        "same": mean(lambda row: row["same"]), "edit_similarity": mean(lambda row: row["edit"]),
        "confidence_gain": mean(lambda row: row["shadow"] - row["live"]),
        "valid_gain": mean(lambda row: row["shadow_valid"] - row["live_valid"]),
        "live_only": sum(look.more["live_only"] for look in looks),
        "shadow_only": sum(look.more["shadow_only"] for look in looks),
        "live_ms": mean_interval(one, [look.more["live_ms"] for look in looks]),
        "shadow_ms": mean_interval(one, [look.more["shadow_ms"] for look in looks]),
    }  # fmt: skip


def models_json(models: Mapping[str, Counter[tuple[str, str]]]) -> dict[str, list[dict[str, Any]]]:
    """Weights that answered, those of most pages first."""
    return {
        stage: [{"name": name, "sha256": sha256, "pages": count} for (name, sha256), count in found.most_common()]
        for stage, found in sorted(models.items())
    }
