"""Compares several models on the same samples and says which one to release, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathocr.im2latex.metrics import bleu_from_counts
from mathocr.pipeline.evaluation.bootstrap import Statistic, interval, score
from mathocr.pipeline.evaluation.chain import Chain
from mathocr.pipeline.evaluation.detection import Detection
from mathocr.pipeline.evaluation.records import Record

_WRONG = (1.0, 0.0, 0.0)  # count, exact, edit of a crop on which the recogniser failed


@dataclass(frozen=True)
class Measure:
    """A score that models are compared by.

    Attributes:
        name: As in reports.
        columns: Which of a sample's numbers it is of.
        statistic: Of those numbers summed.
    """

    name: str
    columns: slice
    statistic: Statistic


def _ratio(sums: NDArray[np.float64]) -> float:
    return float(sums[1] / sums[0]) if sums[0] else float("nan")


def _f1(sums: NDArray[np.float64]) -> float:
    return float(2 * sums[2] / (sums[0] + sums[1])) if sums[0] + sums[1] else float("nan")


def _bleu(sums: NDArray[np.float64]) -> float:
    return bleu_from_counts(sums.astype(np.int64))


MEASURES: Mapping[str, tuple[Measure, ...]] = {  # of each kind of run the first decides which model is better
    "crops": (
        Measure("exact_match", slice(0, 2), _ratio),
        Measure("edit_similarity", slice(0, 3, 2), _ratio),
        Measure("bleu", slice(3, 13), _bleu),
    ),
    "pages": (Measure("end_to_end_f1", slice(0, 3), _f1), Measure("detector_f1", slice(3, 6), _f1)),
    "regions": (Measure("detector_f1", slice(3, 6), _f1),),
}


def crop_numbers(record: Record) -> list[float] | None:
    """What a crop adds: count, exact, edit, ``bleu_counts``; None where there is nothing to compare."""
    if record.get("fault") == "prediction":
        return [*_WRONG, *[0.0] * 10]
    if "fault" in record:
        return None
    scores = record["canonical"]
    return [1.0, float(scores["exact"]), scores["edit"], *scores["bleu"]]


def page_numbers(record: Record) -> list[float] | None:
    """What a page adds: true, found and right formulas of the chain, then of the detector at IoU 0.5."""
    if "fault" in record:
        return None
    chain, detection = Chain(), Detection()
    if "formulas" in record:
        chain.add(record)
    detection.add(record)
    whole, kinds = chain.compute(), detection.compute()["kinds"]["all"]
    return [
        whole["targets"],
        whole["found"],
        whole["right"],
        kinds["targets"],
        kinds["found"],
        kinds["iou_0.5"]["right"],
    ]


@dataclass(frozen=True)
class Candidate:
    """A model that was measured.

    Attributes:
        name: Of its weights.
        sha256: Of its weights.
        rows: Row of the set to what the sample adds.
        missed: Targets that it misses; None where no targets were given.
        ms: Milliseconds a sample.
        megabytes: Size of its files, 10^6 bytes.
        not_measured: Targets that nothing was measured for.
    """

    name: str
    sha256: str
    rows: Mapping[int, Sequence[float]]
    missed: int | None
    ms: float | None
    megabytes: float | None = None
    not_measured: int = 0


def gather(records: Iterable[Record], numbers: Callable[[Record], list[float] | None]) -> dict[int, list[float]]:
    """What each sample adds, by row."""
    found = ((record["row"], numbers(record)) for record in records)
    return {row: values for row, values in found if values is not None}


def compare(candidates: Sequence[Candidate], measures: Sequence[Measure]) -> dict[str, Any]:
    """Scores with intervals, differences to the best, and the one to release.

    Only samples that all models have are compared. Of models that meet all targets (of all, where none does or no
    targets were given) the one with the best first measure leads. Those whose difference to it may be chance, as the
    interval holds 0, are as good; of these the one named first is chosen, so the model in use is to be named first.

    Args:
        candidates: At least two.
        measures: The first decides.

    Returns:
        ``samples``, ``candidates`` (``name``, ``sha256``, ``missed``, ``not_measured``, ``ms``, ``megabytes``,
        ``scores`` by measure, ``behind`` the leader by measure, each ``value``, ``low``, ``high``), ``measure``,
        ``leader``, ``release`` (None where all miss targets) and ``why``, JSON-ready.

    Raises:
        ValueError: If there are fewer than two candidates, or no sample that all have.
    """
    if len(candidates) < 2:
        raise ValueError(f"at least 2 candidates are needed to compare, got {len(candidates)}")
    rows = sorted(set.intersection(*(set(one.rows) for one in candidates)))
    if not rows:
        raise ValueError("the candidates have no sample in common")
    samples = [np.array([one.rows[row] for row in rows]) for one in candidates]
    scored = [{m.name: score(table[:, m.columns], m.statistic) for m in measures} for table in samples]
    first = measures[0].name
    able = [n for n, one in enumerate(candidates) if not one.missed] or list(range(len(candidates)))
    leader = max(able, key=lambda n: (scored[n][first][0].value, -n))
    behind = [
        {m.name: asdict(interval(scored[leader][m.name][0].value - own[m.name][0].value,
                                 scored[leader][m.name][1] - own[m.name][1])) for m in measures}
        for own in scored
    ]  # fmt: skip
    level = [n for n in able if n == leader or behind[n][first]["low"] <= 0 <= behind[n][first]["high"]]
    chosen = min(level)
    met = not candidates[chosen].missed
    return {
        "samples": len(rows),
        "measure": first,
        "candidates": [
            {"name": one.name, "sha256": one.sha256, "missed": one.missed, "not_measured": one.not_measured,
             "ms": one.ms, "megabytes": one.megabytes,
             "scores": {name: asdict(found[0]) for name, found in own.items()}, "behind": gap}
            for one, own, gap in zip(candidates, scored, behind, strict=True)
        ],
        "leader": candidates[leader].name,
        "release": candidates[chosen].name if met else None,
        "why": _why(candidates, able, leader, level, chosen, behind, first),
    }  # fmt: skip


def _why(
    candidates: Sequence[Candidate], able: Sequence[int], leader: int, level: Sequence[int], chosen: int,
    behind: Sequence[Mapping[str, Mapping[str, float]]], measure: str,
) -> str:  # fmt: skip
    """The choice in words."""
    name, best, measure = candidates[chosen].name, candidates[leader].name, measure.replace("_", " ")
    if candidates[chosen].missed:
        return f"none: every candidate misses targets; {best} has the best {measure}"
    all_targets = "all targets measured" if any(candidates[n].not_measured for n in able) else "all targets"
    asked = f" of those that meet {all_targets}" if candidates[chosen].missed is not None else ""
    if chosen != leader:
        gap = behind[chosen][measure.replace(" ", "_")]
        return (
            f"{best} has the best {measure}{asked}, but its lead of {gap['value']:.4f} over {name}, named first, may "
            f"be chance (95 % interval {gap['low']:.4f} to {gap['high']:.4f})"
        )
    others = [candidates[n].name for n in level if n != chosen]
    tie = f"; {', '.join(others)} may be as good" if others else ""
    lead = f"the only one that meets {all_targets}" if asked and len(able) == 1 else f"the best {measure}{asked}"
    return f"{name} is {lead}{tie}" if lead.startswith("the only") else f"{name} has {lead}{tie}"
