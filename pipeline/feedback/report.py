"""What users complain about: by symbol, length, kind, source, model and week."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz.distance import Levenshtein

from mathocr.data.latex import LatexError, canonicalize
from mathocr.pipeline.evaluation.slices import length_slice
from mathocr.pipeline.feedback.tables import Feedback
from mathocr.pipeline.feedback.truth import find_place

NAMED = 30  # symbols of a kind that a report names


@dataclass
class _Counts:
    """Formulas that were confirmed, corrected and flagged."""

    confirmed: int = 0
    corrected: int = 0
    flagged: int = 0

    def add(self, entry: Feedback) -> None:
        self.confirmed += entry.action == "confirmation"
        self.corrected += entry.action == "correction"
        self.flagged += entry.action == "flag"

    def to_json(self) -> dict[str, Any]:
        judged = self.confirmed + self.corrected
        share = self.corrected / judged if judged else None
        return {"confirmed": self.confirmed, "corrected": self.corrected, "flagged": self.flagged, "wrong": share}


@dataclass
class _Symbols:
    """Tokens in which what was read and what is right differ."""

    missed: Counter[str] = field(default_factory=Counter)
    invented: Counter[str] = field(default_factory=Counter)
    confused: Counter[tuple[str, str]] = field(default_factory=Counter)
    not_parsed: int = 0

    def add(self, read: str, right: str) -> None:
        try:
            a, b = (canonicalize(text).tokens for text in (read, right))
        except LatexError:
            self.not_parsed += 1
            return
        for step in Levenshtein.opcodes(a, b):
            there, wanted = a[step.src_start : step.src_end], b[step.dest_start : step.dest_end]
            if step.tag == "replace":
                self.confused.update(zip(there, wanted, strict=True))
            elif step.tag != "equal":
                self.invented.update(there)
                self.missed.update(wanted)

    def to_json(self) -> dict[str, Any]:
        return {
            "missed": [{"symbol": s, "count": n} for s, n in _most(self.missed)],
            "invented": [{"symbol": s, "count": n} for s, n in _most(self.invented)],
            "confused": [{"read": a, "right": b, "count": n} for (a, b), n in _most(self.confused)],
            "not_parsed": self.not_parsed,
        }


def summarise(entries: Iterable[Feedback]) -> dict[str, Any]:
    """Counts of a store; of each formula the last word alone.

    Args:
        entries: In the order in which they came.

    Returns:
        JSON-ready: ``records`` (all of them), ``formulas`` and ``pages`` (those spoken of), ``all`` and for each of
        ``slices`` (``kind``, ``length`` of the right answer in canonical tokens, ``confidence``, ``source``,
        ``model``, ``week``) by name the numbers of formulas ``confirmed``, ``corrected``, ``flagged`` and the share
        ``wrong`` = corrected / (confirmed + corrected), None where there are none; ``reasons`` of flags; ``places``
        (``moved``, ``missed``, ``other_kind``); ``symbols`` (``missed``, ``invented``, ``confused``, most first).
        Users look where something is wrong, so the shares are no error rates of the service.
    """
    everything = list(entries)
    formulas = [entry for entry in latest(everything) if entry.action != "page"]
    total, symbols = _Counts(), _Symbols()
    slices: dict[str, dict[str, _Counts]] = {}
    for entry in formulas:
        total.add(entry)
        for by, name in _names(entry):
            slices.setdefault(by, {}).setdefault(name, _Counts()).add(entry)
        if entry.corrected_latex is not None and entry.box is not None:
            symbols.add(entry.latex or "", entry.corrected_latex)
    corrections = [entry for entry in formulas if entry.action == "correction"]
    return {
        "records": len(everything), "formulas": len(formulas),
        "pages": len({entry.image or entry.id for entry in everything if entry.action == "page"}),
        "all": total.to_json(),
        "slices": {by: {name: counts.to_json() for name, counts in sorted(parts.items(), key=_by_length)}
                   for by, parts in slices.items()},
        "reasons": dict(Counter(str(entry.reason) for entry in formulas if entry.action == "flag").most_common()),
        "places": {
            "moved": sum(entry.box is not None and entry.corrected_box is not None for entry in corrections),
            "missed": sum(entry.box is None for entry in corrections),
            "other_kind": sum(entry.box is not None and entry.corrected_kind is not None for entry in corrections),
        },
        "symbols": symbols.to_json(),
    }  # fmt: skip


def to_text(summary: dict[str, Any]) -> str:
    """A summary for a terminal."""
    lines = [
        f"{summary['records']} records on {summary['formulas']} formulas and {summary['pages']} whole pages",
        "", f"{'':24}{'right':>8}{'wrong':>8}{'flagged':>9}{'share wrong':>13}", _row("all", summary["all"]),
    ]  # fmt: skip
    for by, parts in summary["slices"].items():
        lines += ["", by, *(_row(f"  {name}", counts) for name, counts in parts.items())]
    for title in ("reasons", "places"):
        if any(summary[title].values()):
            lines += ["", title, *(f"  {name:22}{count:>8}" for name, count in summary[title].items())]
    symbols = summary["symbols"]
    for title in ("missed", "invented"):
        if symbols[title]:
            lines += ["", f"symbols {title}", *(f"  {one['symbol']:22}{one['count']:>8}" for one in symbols[title])]
    if symbols["confused"]:
        told = ((f"{one['read']} for {one['right']}", one["count"]) for one in symbols["confused"])
        lines += ["", "symbols confused", *(f"  {words:22}{count:>8}" for words, count in told)]
    return "\n".join(lines) + "\n"


def latest(entries: Iterable[Feedback]) -> list[Feedback]:
    """The last word of each formula or page: later records replace earlier ones of the same place and image.

    Places are told apart as in an export; what was said of an image without a place is one of its own.
    """
    found: dict[tuple[object, ...], list[Feedback]] = {}
    for entry in entries:
        whole, box = entry.action == "page", entry.corrected_box or entry.box
        said = found.setdefault((entry.image or entry.id, whole, box is None), [])
        if whole or box is None:
            said[:] = [entry]
            continue
        number = find_place(entry, [one.corrected_box or one.box or () for one in said])
        if number is not None:
            del said[number]
        said.append(entry)
    return [entry for said in found.values() for entry in said]


def _names(entry: Feedback) -> Iterable[tuple[str, str]]:
    """The slices that a formula is in."""
    yield "kind", entry.corrected_kind or entry.kind or "unknown"
    right = entry.corrected_latex if entry.corrected_latex is not None else entry.latex
    try:
        yield "length", length_slice(len(canonicalize(right or "").tokens))
    except LatexError:
        yield "length", "not parsed"
    if entry.confidence is not None:
        tenth = min(9, int(entry.confidence * 10))
        yield "confidence", f".{tenth} to {'1' if tenth == 9 else f'.{tenth + 1}'}"
    yield "source", entry.source
    for stage, model in sorted(entry.models.items()):
        yield "model", f"{stage} {model['name']} {model['sha256'][:8]}"
    yield "week", time.strftime("%G-W%V", time.gmtime(entry.created))


def _by_length(item: tuple[str, Any]) -> tuple[int, str]:
    """Numbers before words, by size."""
    first = item[0].partition("-")[0].rstrip("+")
    return (int(first) if first.isdecimal() else 10**6, item[0])


def _most(counter: Counter[Any]) -> list[tuple[Any, int]]:
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:NAMED]


def _row(name: str, counts: dict[str, Any]) -> str:
    share = "" if counts["wrong"] is None else f"{counts['wrong']:.3f}"
    return f"{name:24}{counts['confirmed']:>8}{counts['corrected']:>8}{counts['flagged']:>9}{share:>13}"
