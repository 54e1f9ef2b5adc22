"""``mathocr data check``: reads a data set before a training does, and says what is wrong with it, by file and row."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from mathocr.data.formats import FORMATS, content_of, detect, load_crops, load_pages
from mathocr.data.inspection import Fault, Findings, inspect_row
from mathocr.data.samples import FormatError
from mathocr.data.weights import WeightsError, read_weights

CHUNK = 64  # rows that a worker process takes at a time
KEPT = 10_000  # faults of a kind that are kept with their place; the rest is counted
LEAK_TOKENS = 12  # shorter formulas are expected to be in two sets by chance


@dataclass
class Report:
    """What a check found.

    Attributes:
        path: Of the set.
        format: One of ``FORMATS``.
        content: ``crops`` or ``pages``.
        count: Rows of the set.
        faults: What is wrong, at most ``KEPT`` of each kind.
        totals: Number of faults by kind, all of them.
        notes: Things to know that are no faults, a line each.
        kinds: Formulas by kind.
        height: Distribution of image heights in pixels.
        width: Distribution of image widths in pixels.
        tokens: Distribution of formula lengths in canonical tokens.
    """

    path: str
    format: str
    content: str
    count: int
    faults: list[Fault] = field(default_factory=list)
    totals: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    height: dict[str, float] = field(default_factory=dict)
    width: dict[str, float] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)

    def add(self, fault: Fault) -> None:
        """Count a fault, and keep it while there are not too many of its kind."""
        self.totals[fault.kind] += 1
        if self.totals[fault.kind] <= KEPT:
            self.faults.append(fault)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        return asdict(self)


@dataclass
class _Hashes:
    """64-bit hashes of every row of one set; 0 for none."""

    path: str
    images: np.ndarray
    texts: np.ndarray
    lengths: np.ndarray


def check(
    path: str | Path,
    against: list[str] | None = None,
    format: str = "auto",
    vocabulary: frozenset[str] | None = None,
    workers: int = 1,
    leak_tokens: int = LEAK_TOKENS,
) -> Report:
    """Read all of a set and report its faults.

    Memory does not grow with the images: of each row three numbers are kept.

    Args:
        path: File or folder of the set.
        against: Other sets that must share nothing with this one, such as test sets.
        format: Of this set; the others are told from their paths.
        vocabulary: Canonical tokens that the model knows; None to take any.
        workers: Processes.
        leak_tokens: Formulas with fewer tokens may be in both sets.

    Raises:
        FormatError: If a set cannot be opened at all.
    """
    file, kind = detect(path) if format == "auto" else (Path(path), format)
    content = content_of(file, kind)
    report = Report(str(path), kind, content, len(_open(str(path), format)))
    own = _read_set(str(path), format, vocabulary, workers, report)
    _find_duplicates(own, format, report)
    for other in against or []:
        there = _read_set(other, "auto", None, workers, None)
        _find_leaks(own, there, format, leak_tokens, report)
    return report


def _open(path: str, format: str) -> Any:
    """The samples of a set, crops or pages."""
    return load_pages(path, format) if content_of(path, format) == "pages" else load_crops(path, format)


_worker: dict[str, Any] = {}


def _start_worker(path: str, format: str, vocabulary: frozenset[str] | None) -> None:
    """Open the set once in each process."""
    _worker.update(samples=_open(path, format), vocabulary=vocabulary)


def _inspect_rows(start: int, end: int) -> list[Findings]:
    """Look at some rows."""
    return [inspect_row(_worker["samples"], row, _worker["vocabulary"]) for row in range(start, end)]


def _findings(
    path: str, format: str, vocabulary: frozenset[str] | None, workers: int, count: int
) -> Iterator[Findings]:
    """What is found in each row, in order, with a progress bar."""
    starts = range(0, count, CHUNK)
    ends = [min(start + CHUNK, count) for start in starts]
    with tqdm(total=count, desc=Path(path).name, unit="row", disable=None, file=sys.stderr) as bar:
        if workers < 2 or count <= CHUNK:
            _start_worker(path, format, vocabulary)
            chunks: Iterator[list[Findings]] = map(_inspect_rows, starts, ends)
            for found in chunks:
                yield from found
                bar.update(len(found))
            return
        with ProcessPoolExecutor(workers, initializer=_start_worker, initargs=(path, format, vocabulary)) as pool:
            for found in pool.map(_inspect_rows, starts, ends):
                yield from found
                bar.update(len(found))


def _read_set(
    path: str, format: str, vocabulary: frozenset[str] | None, workers: int, report: Report | None
) -> _Hashes:
    """Look at all rows of a set; faults and sizes go to the report, if there is one."""
    count = len(_open(path, format))
    hashes = _Hashes(path, np.zeros(count, np.uint64), np.zeros(count, np.uint64), np.zeros(count, np.int32))
    sizes = np.zeros((count, 2), np.int32)
    lengths: Counter[int] = Counter()
    for row, found in enumerate(_findings(path, format, vocabulary, workers, count)):
        hashes.images[row], hashes.texts[row] = found.image_hash, found.tex_hash
        hashes.lengths[row] = sum(found.tokens)
        if report is not None:
            for fault in found.faults:
                report.add(fault)
            report.kinds.update(found.kinds)
            lengths.update(found.tokens)
            sizes[row] = found.height, found.width
    if report is not None:
        readable = sizes[sizes[:, 0] > 0]
        report.height, report.width = _distribution(readable[:, 0]), _distribution(readable[:, 1])
        report.tokens = _distribution(np.repeat(list(lengths), list(lengths.values())))
    return hashes


def _distribution(values: np.ndarray) -> dict[str, float]:
    """Smallest, quantiles and largest; nothing for no values."""
    if not len(values):
        return {}
    points = {"min": 0, "1%": 1, "median": 50, "99%": 99, "max": 100}
    return {name: float(np.percentile(values, point)) for name, point in points.items()}


def _where(samples: Any, row: int) -> str:
    """File and row of a sample that could be read."""
    return samples[row].where


def _find_duplicates(own: _Hashes, format: str, report: Report) -> None:
    """Rows whose pixels another row has; the same LaTeX under another image is a note."""
    samples = _open(own.path, format)
    for row, first in _repeated(own.images):
        if own.texts[row] == own.texts[first]:
            message = f"the same image as {_where(samples, first)}"
        else:
            message = f"the same image as {_where(samples, first)}, with other LaTeX"
        report.add(Fault("duplicate", _where(samples, row), message))
    repeated = sum(1 for _ in _repeated(own.texts))
    if repeated:
        report.notes.append(f"{repeated} crops have LaTeX that an earlier crop has (canonical forms compared)")


def _repeated(hashes: np.ndarray) -> Iterator[tuple[int, int]]:
    """Rows whose hash an earlier row has, each with the first such row."""
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    for row in np.flatnonzero((first[inverse] != np.arange(len(hashes))) & (hashes != 0)):
        yield int(row), int(first[inverse[row]])


def _find_leaks(own: _Hashes, other: _Hashes, format: str, leak_tokens: int, report: Report) -> None:
    """Rows whose pixels or LaTeX are in the other set too."""
    samples, theirs = _open(own.path, format), _open(other.path, "auto")
    long_enough = own.lengths >= leak_tokens
    for what, mine, there, counts in (
        ("image", own.images, other.images, np.ones(len(own.images), bool)),
        ("LaTeX", own.texts, other.texts, long_enough),
    ):
        values, first = np.unique(there, return_index=True)
        place = np.minimum(np.searchsorted(values, mine), max(len(values) - 1, 0))
        shared = (mine != 0) & (values[place] == mine) if len(values) else np.zeros(len(mine), bool)
        for row in np.flatnonzero(shared & counts):
            match = _where(theirs, int(first[place[row]]))
            report.add(Fault("leak", _where(samples, int(row)), f"the same {what} as {match}"))
        short = int((shared & ~counts).sum())
        if short:
            report.notes.append(f"{short} formulas of fewer than {leak_tokens} tokens are in {other.path} too")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``mathocr data check``."""
    parser.add_argument("set", help="data set: file or folder, crops or pages")
    parser.add_argument("--against", nargs="+", default=[], metavar="SET", help="sets that must share nothing with it")
    parser.add_argument("--format", default="auto", choices=["auto", *FORMATS], help="default: told from the path")
    parser.add_argument("--vocabulary", metavar="FILE", help="tokens a model knows: weights, or text with one a line")
    parser.add_argument("--leak-tokens", type=int, default=LEAK_TOKENS, metavar="N", help=(
        "formulas with fewer tokens may be in both sets (default: %(default)s)"))  # fmt: skip
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="processes")
    parser.add_argument("--shown", type=int, default=20, metavar="N", help="faults of a kind to print")
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON")


def run(args: argparse.Namespace) -> int:
    """Run ``mathocr data check``.

    Returns:
        0 if the set has no fault, 1 if it has, 2 if it cannot be opened.
    """
    try:
        vocabulary = read_vocabulary(Path(args.vocabulary)) if args.vocabulary else None
        report = check(args.set, args.against, args.format, vocabulary, args.workers, args.leak_tokens)
    except (FormatError, WeightsError, OSError) as error:
        print(f"mathocr data check: {error}", file=sys.stderr)
        return 2
    print(json.dumps(report.to_json(), indent=1, ensure_ascii=False) if args.json else describe(report, args.shown))
    return 1 if report.totals else 0


def read_vocabulary(path: Path) -> frozenset[str]:
    """The tokens of a recogniser's weights, or of a text file with one token a line.

    Raises:
        WeightsError: If weights cannot be read.
        OSError: If a text file cannot be read.
    """
    if path.suffix == ".safetensors":
        return frozenset(read_weights(path, "mathocr-im2latex/1").config["tokens"])
    return frozenset(path.read_text(encoding="utf-8").splitlines())


def describe(report: Report, shown: int = 20) -> str:
    """The report as text, with at most ``shown`` faults of each kind."""
    lines = [f"{report.path}: {report.count} {report.content} ({report.format})"]
    if report.kinds:
        lines.append("formulas: " + ", ".join(f"{count} {kind}" for kind, count in sorted(report.kinds.items())))
    for name, values in (("height, pixels", report.height), ("width, pixels", report.width), ("tokens", report.tokens)):
        if values:
            lines.append(f"{name}: " + ", ".join(f"{point} {value:g}" for point, value in values.items()))
    lines += [f"note: {note}" for note in report.notes]
    for kind, total in sorted(report.totals.items()):
        of_kind = [fault for fault in report.faults if fault.kind == kind][:shown]
        lines += [f"{fault.where}: {fault.message}" for fault in of_kind]
        if total > len(of_kind):
            lines.append(f"... and {total - len(of_kind)} more of {kind}")
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(report.totals.items()))
    lines.append(f"{sum(report.totals.values())} faults: {counts}" if counts else "no faults")
    return "\n".join(lines)
