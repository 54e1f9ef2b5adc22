"""Build one document: write it, typeset it until TeX takes every line, keep the pages whose boxes are certain."""

from __future__ import annotations

import bisect
import random
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeVar

import pypdfium2 as pdfium

from mathocr.data.synthesis.fonts import FontSetup
from mathocr.data.synthesis.languages import LANGUAGES, Language
from mathocr.data.synthesis.layouts import Layout, preamble
from mathocr.data.synthesis.marks import PageMarks, parse_marks
from mathocr.data.synthesis.material import Material
from mathocr.data.synthesis.page_rows import page_row
from mathocr.data.synthesis.tex import STALL_S, TexRun, run_tex
from mathocr.data.synthesis.writer import Writer

T = TypeVar("T")
_IRRATIONALS = (2**0.5 - 1, 3**0.5 - 1, 5**0.5 - 2, 7**0.5 - 2)
_INVENTED_SHARE = 0.2  # of the documents in Latin script
_GAPS = (r"\hskip0pt plus.1em ", r"\hskip.1em plus.08em ", r"\hskip.2em plus.1em ", r"\hskip.3em plus.1em ")
_PASTED = (r"\scriptsize", r"\footnotesize", r"\small", "", r"\large")  # as in files of word processors
_PASTED_SHARE = 0.4  # of the documents without spaces
_ROUNDS = 8
_OVERFULL = re.compile(r"Overfull \\hbox \(([\d.]+)pt too wide\) in paragraph at lines (\d+)--(\d+)")
_MAX_OVERFULL_PT = 12.0


@dataclass
class Shard:
    """One finished document: the PDF's bytes, its rows, and what was dropped and why."""

    pdf: bytes = b""
    rows: list[dict[str, Any]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Plan:
    """What the worker processes share.

    Attributes:
        material: Prose and formulas.
        layouts: To choose from.
        fonts: To choose from.
        sources: Sources of prose with their weights.
        seed: Of everything random.
        languages: Of invented text.
        other_scripts: Share of the documents in languages of other scripts than Latin, where ``languages`` has both.
    """

    material: Material
    layouts: tuple[Layout, ...]
    fonts: tuple[FontSetup, ...]
    sources: dict[str, float]
    seed: int
    languages: tuple[Language, ...] = (LANGUAGES["english"],)
    other_scripts: float = 0.25


def build_document(plan: Plan, index: int, pages: int) -> Shard:
    """Typeset document ``index`` with at most ``pages`` pages; the same plan and index give the same document."""
    rng = random.Random(f"{plan.seed}/{index}")
    layout = _spread(plan.layouts, [item.weight for item in plan.layouts], plan.seed, index, 0)
    font = _spread(plan.fonts, [item.weight for item in plan.fonts], plan.seed, index, 1)
    source = _spread(list(plan.sources), list(plan.sources.values()), plan.seed, index, 2) if plan.sources else ""
    language, own = _language(plan, rng, index)
    material = Material({}, plan.material.inline, plan.material.display) if own else plan.material
    writer = Writer(rng, material, source, language, numbered=rng.choice((0.05, 0.3, 0.6, 0.9)))
    if not language.spaces:
        writer.math = rng.choice((0.3, 0.5, 0.7))
        writer.gap = rng.choice(_GAPS)
        writer.sizes = _PASTED if rng.random() < _PASTED_SHARE else ()
    setup = rng.choice(language.setups)
    head = preamble(layout, font, rng, language, setup)
    layout.body(writer, int(layout.page_size * pages * 1.1))
    shard = Shard()
    with tempfile.TemporaryDirectory(prefix="mathocr-") as folder:
        run = _typeset(head, writer, setup.end, Path(folder), shard.dropped)
        marks_file = Path(folder) / "job.marks"
        if run is None or run.pdf is None or not marks_file.exists():
            return shard
        shard.dropped["too wide or high"] += run.log.count("mathocr: too")
        marks = parse_marks(marks_file.read_text(encoding="utf-8", errors="replace"))
        _read_pages(run.pdf, marks, writer, pages, shard)
    for row in shard.rows:
        row.update(layout=layout.name, font=font.name, source=source, language=language.name)
    return shard


def _language(plan: Plan, rng: random.Random, index: int) -> tuple[Language, bool]:
    """The document's language, and whether its text is invented throughout: LaTeX sources are in Latin script."""
    other = [language for language in plan.languages if not language.latin]
    latin = [language for language in plan.languages if language.latin]
    if other and (not latin or rng.random() < plan.other_scripts):
        return _spread(other, [language.weight for language in other], plan.seed, index, 3), True
    if rng.random() < _INVENTED_SHARE or LANGUAGES["english"] not in latin:
        return rng.choice(latin), True
    return LANGUAGES["english"], False


def _spread(items: Sequence[T], weights: list[float], seed: int, index: int, axis: int) -> T:
    """The item of document ``index``, so that every run of documents has each item about as often as its weight says.

    Multiples of an irrational number, modulo 1, fill the unit interval evenly (Weyl); another one for each axis.
    """
    start = random.Random(f"{seed}/{axis}").random()
    place = (start + index * _IRRATIONALS[axis]) % 1.0 * sum(weights)
    return items[min(bisect.bisect_right(list(accumulate(weights)), place), len(items) - 1)]


def _typeset(head: str, writer: Writer, end: str, folder: Path, dropped: Counter[str]) -> TexRun | None:
    """Run TeX, take out the lines it refuses or cannot break, until none is left; None where that does not end."""
    lines = [line for line, _ in writer.lines]
    offset = head.count("\n") + 2
    for attempt in range(_ROUNDS):
        run = run_tex("\n".join((head, *lines, end + r"\end{document}", "")), folder, timeout_s=90.0, stall_s=STALL_S)
        bad: dict[int, str] = {}
        for line, message in run.errors:
            if 0 <= line - offset < len(lines):
                bad[line - offset] = re.sub(r"\\\S+|`[^']*'|(?<=character ).*", "...", message)[:60]
        if not bad and attempt < 3:
            for width, first, last in _OVERFULL.findall(run.log):
                if float(width) > _MAX_OVERFULL_PT and int(last) - int(first) <= 1:
                    bad[int(first) - offset] = "overfull line"
        bad = {place: reason for place, reason in bad.items() if 0 <= place < len(lines)}
        for place, reason in bad.items():
            lines[place] = writer.lines[place][1] if lines[place] != writer.lines[place][1] else "%"
            dropped[reason] += 1
        if not bad:
            if run.errors or run.timed_out:
                reason = run.errors[0][1][:60] if run.errors else "time limit"
                dropped[f"document given up: {reason}"] += 1
                return None
            return run
    dropped["document given up: too many errors"] += 1
    return None


def _read_pages(path: Path, marks: dict[int, PageMarks], writer: Writer, limit: int, shard: Shard) -> None:
    """Fill the shard with the pages whose boxes are certain."""
    document = pdfium.PdfDocument(path)
    keep: list[int] = []
    for number in range(len(document)):
        if len(keep) == limit:
            break
        page = document[number]
        row = page_row(page, marks.get(number + 1, PageMarks()), writer.formulas, shard.dropped)
        if row is not None:
            keep.append(number)
            shard.rows.append(row | {"page": len(keep) - 1})
        page.close()
    if keep:
        with pdfium.PdfDocument.new() as chosen:
            chosen.import_pages(document, keep)
            target = path.with_name("chosen.pdf")
            chosen.save(str(target))
        shard.pdf = target.read_bytes()
    document.close()
