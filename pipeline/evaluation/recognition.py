"""What the records of crops say about a recogniser: scores, slices, failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from mathocr.pipeline.evaluation.calibration import Calibration
from mathocr.pipeline.evaluation.records import Record
from mathocr.pipeline.evaluation.slices import length_slice, rows_slice, slice_rank
from mathocr.pipeline.evaluation.text_scores import TextScores

_SOURCES = 20  # most frequent sources with a slice of their own
_STRUCTURE = frozenset("{}_^&")  # tokens without ink
NAMED = 50  # failures of a kind that a report names; the records hold all
_MOST_SOURCES = 2000  # counted apart; more than that and a source is as good as a sample


class Recognition:
    """Gathers records of crops; memory does not grow with them."""

    def __init__(self) -> None:
        self._canonical, self._plain = TextScores(), TextScores()
        self._slices: dict[str, dict[str, TextScores]] = {"length": {}, "rows": {}, "kind": {}, "source": {}}
        self._calibration = Calibration()
        self._symbols: dict[str, list[int]] = {}
        self._faults: Counter[str] = Counter()
        self._named: dict[str, list[dict[str, str]]] = {}
        self._stopped: Counter[str] = Counter()
        self._invalid = 0
        self._unknown: Counter[str] = Counter()
        self._ms = 0.0
        self._samples = 0

    def add(self, record: Record) -> None:
        """Add a record that ``crop_record`` made."""
        self._samples += 1
        if (fault := record.get("fault")) is not None:
            self._faults[fault] += 1
            named = self._named.setdefault(fault, [])
            if len(named) < NAMED:
                named.append({"where": record["where"], "message": record["message"] or ""})
            return
        scores = record["canonical"]
        self._canonical.add(scores)
        self._plain.add(record["plain"])
        self._slice("length", length_slice(len(record["target"])), scores)
        self._slice("rows", rows_slice(record["target"]), scores)
        self._slice("kind", record["kind"] or "not given", scores)
        if record["source"] in self._slices["source"] or len(self._slices["source"]) < _MOST_SOURCES:
            self._slice("source", record["source"], scores)
        self._calibration.add(record["confidence"], scores["exact"])
        self._add_symbols(record["target"], record["tokens"])
        self._stopped[record["stopped"]] += 1
        self._invalid += not record["valid"]
        self._unknown.update(set(record["unknown"]))
        self._ms += record["ms"]

    def extend(self, records: Iterable[Record]) -> Recognition:
        """Add many."""
        for record in records:
            self.add(record)
        return self

    def compute(self) -> dict[str, Any]:
        """The part of a report about the recogniser, JSON-ready."""
        count = self._canonical.count
        sources = sorted(self._slices["source"].items(), key=lambda item: (-item[1].count, item[0]))[:_SOURCES]
        lengths = sorted(self._slices["length"].items(), key=lambda item: slice_rank(item[0]))
        rows = sorted(self._slices["rows"].items())
        return {
            "samples": self._samples,
            "canonical": self._canonical.compute(),
            "plain": self._plain.compute(),
            "slices": {
                "length": {name: scores.compute() for name, scores in lengths},
                "rows": {name: scores.compute() for name, scores in rows},
                "kind": {name: scores.compute() for name, scores in sorted(self._slices["kind"].items())},
                "source": {name: scores.compute() for name, scores in sources},
            },
            "symbols": self._worst_symbols(),
            "calibration": self._calibration.compute(),
            "failures": {
                fault: {"count": self._faults[fault], "named": self._named.get(fault, [])}
                for fault in ("sample", "truth", "prediction")
            },
            "invalid_predictions": self._invalid,
            "stopped": {reason: self._stopped[reason] for reason in ("end", "length", "repetition")},
            "unknown_commands": dict(self._unknown.most_common(NAMED)),
            "ms_per_crop": self._ms / count if count else None,
        }

    def _add_symbols(self, target: list[str], tokens: list[str]) -> None:
        """Count how often each token of the truth is among those read: a bound on its recall, places disregarded."""
        there, read = Counter(target), Counter(tokens)
        for symbol, count in there.items():
            if symbol in _STRUCTURE:
                continue
            counts = self._symbols.setdefault(symbol, [0, 0])
            counts[0] += count
            counts[1] += min(count, read[symbol])

    def _worst_symbols(self) -> dict[str, dict[str, float]]:
        """Tokens that cost most: those that were there and not read, most first."""
        ranked = sorted(self._symbols.items(), key=lambda item: (item[1][1] - item[1][0], item[0]))
        return {
            symbol: {"count": count, "read": read / count} for symbol, (count, read) in ranked[:NAMED] if read < count
        }

    def _slice(self, by: str, name: str, scores: dict[str, Any]) -> None:
        self._slices[by].setdefault(name, TextScores()).add(scores)
