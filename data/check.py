"""``mathocr data check``: reads a data set before a training does, and says what is wrong with it, by file and row."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from mathocr.data.comparison import Fingerprints, duplicates, leaks, repeated, shared
from mathocr.data.formats import FORMATS, content_of, detect, load_crops, load_pages
from mathocr.data.inspection import Fault, Findings, inspect_row
from mathocr.data.samples import CropSample, FormatError, PageSample
from mathocr.data.service import Service, ServiceError, load_service
from mathocr.data.service_check import count_inputs, lacking
from mathocr.data.vocabulary import read_tokens
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
        box_height: Distribution of the heights of boxes in pixels.
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
    box_height: dict[str, float] = field(default_factory=dict)

    def add(self, fault: Fault) -> None:
        """Count a fault, and keep it while there are not too many of its kind."""
        self.totals[fault.kind] += 1
        if self.totals[fault.kind] <= KEPT:
            self.faults.append(fault)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        faults = [asdict(fault) for fault in self.faults]
        return vars(self) | {"faults": faults, "totals": dict(self.totals), "kinds": dict(self.kinds)}


def check(
    path: str | Path,
    against: list[str] | None = None,
    format: str = "auto",
    vocabulary: frozenset[str] | None = None,
    workers: int = 1,
    leak_tokens: int = LEAK_TOKENS,
    service: Service | None = None,
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
        service: What the set must hold of each kind of input.

    Raises:
        FormatError: If a set cannot be opened at all.
    """
    kind = detect(path)[1] if format == "auto" else format
    own = _open(str(path), format)
    report = Report(str(path), kind, content_of(path, format), len(own))
    if not len(own):
        report.add(Fault("row", str(path), "the set is empty"))
    prints = _read_set(str(path), format, own, vocabulary, workers, report)
    for fault in duplicates(prints):
        report.add(fault)
    again = sum(1 for _ in repeated(prints.texts))
    if again:
        report.notes.append(f"{again} crops have LaTeX that an earlier crop has (canonical forms compared)")
    for other in against or []:
        theirs = _read_set(other, "auto", _open(other, "auto"), None, workers, None)
        for fault in leaks(prints, theirs, leak_tokens):
            report.add(fault)
        short = int(((shared(prints.texts, theirs.texts) >= 0) & (prints.lengths < leak_tokens)).sum())
        if short:
            report.notes.append(f"{short} formulas of fewer than {leak_tokens} tokens are in {other} too")
    if service is not None:
        counts = count_inputs(own, service)
        report.notes += [f"{count} formulas of input {name!r} ({service.name})" for name, count in counts.items()]
        for fault in lacking(str(path), counts, service):
            report.add(fault)
    return report


def _open(path: str, format: str) -> Sequence[CropSample] | Sequence[PageSample]:
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
        with ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (path, format, vocabulary)) as pool:
            for found in pool.map(_inspect_rows, starts, ends):
                yield from found
                bar.update(len(found))


def _read_set(
    path: str,
    format: str,
    samples: Sequence[Any],
    vocabulary: frozenset[str] | None,
    workers: int,
    report: Report | None,
) -> Fingerprints:
    """Look at all rows of a set; faults and sizes go to the report, if there is one."""
    prints = Fingerprints.empty(samples)
    sizes = np.zeros((len(samples), 2), np.int32)
    lengths, boxes = Counter[int](), Counter[int]()
    for row, found in enumerate(_findings(path, format, vocabulary, workers, len(samples))):
        prints.images[row], prints.texts[row] = found.image_hash, found.tex_hash
        prints.lengths[row] = sum(found.tokens)
        sizes[row] = found.height, found.width
        lengths.update(found.tokens)
        boxes.update(found.box_heights)
        if report is not None:
            report.kinds.update(found.kinds)
            for fault in found.faults:
                report.add(fault)
    if report is not None:
        readable = sizes[sizes[:, 0] > 0]
        report.height, report.width = _distribution(readable[:, 0]), _distribution(readable[:, 1])
        report.tokens = _distribution(np.repeat(list(lengths), list(lengths.values())))
        report.box_height = _distribution(np.repeat(list(boxes), list(boxes.values())))
    return prints


def _distribution(values: np.ndarray) -> dict[str, float]:
    """Smallest, quantiles and largest; nothing for no values."""
    if not len(values):
        return {}
    points = {"min": 0, "1%": 1, "median": 50, "99%": 99, "max": 100}
    return {name: float(np.percentile(values, point)) for name, point in points.items()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``mathocr data check``."""
    parser.add_argument("set", help="data set: file or folder, crops or pages")
    parser.add_argument("--against", nargs="+", default=[], metavar="SET", help="sets that must share nothing with it")
    parser.add_argument("--format", default="auto", choices=["auto", *FORMATS], help="default: told from the path")
    parser.add_argument("--vocabulary", metavar="FILE", help="tokens a model knows: weights, or text with one a line")
    parser.add_argument("--service", type=Path, metavar="FILE", help="hold the set against configs/service/NAME.yaml")
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
        service = load_service(args.service) if args.service else None
        report = check(args.set, args.against, args.format, vocabulary, args.workers, args.leak_tokens, service)
    except (FormatError, WeightsError, ServiceError, OSError) as error:
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
    return frozenset(read_tokens(path))


def describe(report: Report, shown: int = 20) -> str:
    """The report as text, with at most ``shown`` faults of each kind."""
    lines = [f"{report.path}: {report.count} {report.content} ({report.format})"]
    if report.kinds:
        lines.append("formulas: " + ", ".join(f"{count} {kind}" for kind, count in sorted(report.kinds.items())))
    distributions = {"image height": report.height, "image width": report.width, "box height": report.box_height}
    for name, values in (distributions | {"tokens": report.tokens}).items():
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
