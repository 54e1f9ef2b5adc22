"""Build vector shards of formulas: ``mathocr data build formulas``."""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from tqdm import tqdm

from mathocr.data.cores import in_order, usable_cores
from mathocr.data.synthesis.corpus import (
    KINDS,
    SourceFormula,
    read_formulas,
    sample,
    sample_by_use,
    select,
    source_filter,
)
from mathocr.data.synthesis.fonts import FontSetup, available_fonts
from mathocr.data.synthesis.formula_document import Job
from mathocr.data.synthesis.grammar import grammar_formulas
from mathocr.data.synthesis.tex import find_tex
from mathocr.data.synthesis.tex_sources import read_tex_formulas
from mathocr.data.synthesis.typeset import typeset

FORMAT = "mathocr-formulas/1"
TYPE_SIZES = (9.0, 10.0, 10.0, 10.95, 12.0)  # the sizes of LaTeX's classes, 10 pt twice as often
OTHER_STYLE = 0.1  # share of formulas drawn in the style that their kind does not have
_SMALLEST_SHARD = 100
_GRAMMAR_COUNT = 10_000


@dataclass(frozen=True)
class ShardJob:
    """What a worker needs to make one shard."""

    index: int
    formulas: list[SourceFormula]
    font: FontSetup
    seed: int
    output: Path


def build_formulas(
    formulas: Sequence[SourceFormula],
    output: Path,
    *,
    fonts: list[str] | None = None,
    seed: int = 0,
    workers: int = 1,
    shard_size: int = 5000,
    progress: bool = False,
) -> dict:
    """Typeset formulas into shards below ``output`` and write its ``manifest.json``.

    A shard is a PDF with a formula a page and a JSONL with a row a page: ``page`` (from 0), ``tex``, ``kind``,
    ``source``, ``size`` (width, height in PDF points), ``font``, ``pt``, ``style`` (``text`` or ``display``).
    The same formulas, fonts and seed give the same rows, whatever the number of workers.

    Args:
        formulas: What to typeset, in the order of the rows.
        output: Folder to make; must not hold a set yet.
        fonts: Names of font set-ups; all installed ones by default.
        seed: Seed of fonts, sizes and styles.
        workers: Processes.
        shard_size: Formulas in a shard at most; small sets use smaller shards, so that all fonts occur.
        progress: Show a progress bar on standard error.

    Returns:
        The manifest, with ``skipped_fonts`` (name: reason) besides the keys of the file format.

    Raises:
        ValueError: If there are no formulas, a font name is unknown, or ``output`` holds a set already.
        TexMissing: If no TeX is installed.
    """
    if not formulas:
        raise ValueError("no formulas to typeset (check --corpus, --source, --not-source, --kind and --longest)")
    if (output / "manifest.json").exists():
        raise ValueError(f"{output}: already holds a set (manifest.json); choose another folder")
    setups, skipped = available_fonts(fonts)
    output.mkdir(parents=True, exist_ok=True)
    shards, dropped = _make_shards(_plan(formulas, setups, seed, shard_size, output), workers, progress)
    manifest = {
        "format": FORMAT,
        "seed": seed,
        "count": sum(shard["count"] for shard in shards),
        "shards": shards,
        "dropped": dict(dropped.most_common()),
        "skipped_fonts": skipped,
    }
    (output / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def _make_shards(jobs: list[ShardJob], workers: int, progress: bool) -> tuple[list[dict], Counter[str]]:
    """Make all shards in some processes; the manifest's entries in order, and why formulas were dropped."""
    shards, dropped = [], Counter[str]()
    made = in_order(make_shard, zip(jobs), max(1, min(workers, len(jobs))), _leave_interrupts)
    with (
        closing(made),
        tqdm(total=sum(len(job.formulas) for job in jobs), unit=" formulas", disable=not progress) as bar,
    ):
        for entry, reasons in made:
            dropped.update(reasons)
            bar.update(entry["count"] + sum(reasons.values()))
            if entry["count"]:
                shards.append(entry)
    return sorted(shards, key=lambda entry: entry["pdf"]), Counter(dict(sorted(dropped.items())))


def _leave_interrupts() -> None:
    """Leave Ctrl-C to the parent; a handler, as an ignored signal would be ignored by TeX too."""
    signal.signal(signal.SIGINT, lambda *_: None)


def _plan(
    formulas: Sequence[SourceFormula], setups: Sequence[FontSetup], seed: int, shard_size: int, output: Path
) -> list[ShardJob]:
    """Cut the formulas into shards and give each a font, in proportion to the fonts' weights."""
    size = min(shard_size, max(_SMALLEST_SHARD, -(-len(formulas) // (2 * len(setups)))))
    parts = [list(formulas[at : at + size]) for at in range(0, len(formulas), size)]
    fonts = list(setups) if len(parts) >= len(setups) else []  # each once, where there are enough shards
    used = Counter(font.name for font in fonts)
    while len(fonts) < len(parts):  # the font that is furthest behind its share comes next
        font = min(setups, key=lambda f: (used[f.name] + 1) / f.weight)
        used[font.name] += 1
        fonts.append(font)
    random.Random(seed).shuffle(fonts)
    numbered = enumerate(zip(parts, fonts, strict=True))
    return [ShardJob(i, part, font, seed, output) for i, (part, font) in numbered]


def make_shard(job: ShardJob) -> tuple[dict, dict[str, int]]:
    """Make one shard; its manifest entry and why formulas were dropped."""
    rng = random.Random(f"{job.seed}/{job.index}")
    jobs = []
    for formula in job.formulas:
        other = rng.random() < OTHER_STYLE
        jobs.append(Job(formula.tex, rng.choice(TYPE_SIZES), (formula.kind == "display") != other))
    name = f"shard-{job.index:05d}"
    entry: dict[str, Any] = {"pdf": f"{name}.pdf", "jsonl": f"{name}.jsonl", "font": job.font.name, "count": 0}
    with tempfile.TemporaryDirectory(prefix="mathocr-tex-") as folder:
        result = typeset(jobs, job.font, Path(folder))
        entry["count"] = len(result.kept)
        if result.pdf is not None:
            _write_rows(job, jobs, result.kept, result.sizes, job.output / entry["jsonl"])
            shutil.copyfile(result.pdf, job.output / entry["pdf"])
    return entry, dict(Counter(result.dropped.values()))


def _write_rows(job: ShardJob, jobs: list[Job], kept: list[int], sizes: list[tuple[float, float]], path: Path) -> None:
    """Write the truth of a shard, a row a page."""
    with path.open("w", encoding="utf-8") as file:
        for page, (i, size) in enumerate(zip(kept, sizes, strict=True)):
            formula, drawn = job.formulas[i], jobs[i]
            row = {
                "page": page, "tex": formula.tex, "kind": formula.kind, "source": formula.source,
                "size": list(size), "font": job.font.name, "pt": drawn.pt,
                "style": "display" if drawn.display else "text",
            }  # fmt: skip
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mathocr data build formulas``."""
    add = parser.add_argument
    # fmt: off
    add("--output", type=Path, required=True, metavar="DIR", help="folder to make")
    add("--corpus", type=Path, nargs="+", default=[], metavar="FILE",
        help=".jsonl (.xz, .gz) with tex, kind, source, n (uses); or .txt, a formula a line")
    add("--tex", type=Path, nargs="+", default=[], metavar="FOLDER",
        help="LaTeX sources; each subfolder is a source. Without --corpus and --tex: the built-in grammar")
    add("--count", type=int, metavar="N", help="formulas to take (all of the corpus; 10,000 of the grammar)")
    add("--source", nargs="+", default=[], metavar="PATTERN", help="only these sources (a/*, or @FILE with one a line)")
    add("--not-source", nargs="+", default=[], metavar="PATTERN", help="without these sources (or @FILE)")
    add("--kind", choices=KINDS, help="only formulas of one kind")
    add("--longest", type=int, metavar="N",
        help="only formulas of at most N signs: a command is one, braces and spaces are none")
    add("--by-use", type=float, metavar="E",
        help="draw with replacement: a formula that is used n times (the corpus' `n`) counts as n**E. --count many; "
        "instead of --balance and --max-per-source")
    add("--balance", type=float, default=0.5, metavar="E",
        help="a source of n formulas counts as n**E: 1 by size, 0 all alike (default 0.5)")
    add("--max-per-source", type=int, metavar="N", help="no source gives more than this")
    add("--fonts", nargs="+", metavar="NAME", help="font set-ups (default: all that are installed)")
    add("--seed", type=int, default=0, help="same seed, same set (default 0)")
    add("--workers", type=int, default=usable_cores(), metavar="W", help="processes")
    add("--shard-size", type=int, default=5000, metavar="N", help="formulas in a shard at most (default 5000)")
    # fmt: on


def run(args: argparse.Namespace) -> int:
    """Carry out the command; its exit status.

    Raises:
        ValueError: If an option, a row of the corpus or a source pattern is wrong, or no formula is left.
        TexMissing: If no TeX is installed.
    """
    started = time.monotonic()
    for name in ("count", "workers", "shard_size", "max_per_source", "longest"):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise ValueError(f"--{name.replace('_', '-')} must be at least 1, got {value}")
    if args.by_use is not None and not 0 <= args.by_use <= 2:
        raise ValueError(f"--by-use must be in [0, 2], got {args.by_use:g}")
    if args.by_use is not None and args.max_per_source is not None:
        raise ValueError("--by-use takes the place of --max-per-source: give one of them")
    if not (args.corpus or args.tex) and (args.by_use, args.longest) != (None, None):
        raise ValueError("--by-use and --longest choose from --corpus and --tex: give one of these")
    find_tex()
    formulas = _material(args)
    manifest = build_formulas(
        formulas,
        args.output,
        fonts=args.fonts,
        seed=args.seed,
        workers=args.workers,
        shard_size=args.shard_size,
        progress=True,
    )
    print(report(manifest, args.output, time.monotonic() - started))
    return 0


def _material(args: argparse.Namespace) -> list[SourceFormula]:
    """The formulas that the options ask for."""
    if not args.corpus and not args.tex:
        return grammar_formulas(args.count or _GRAMMAR_COUNT, args.seed, args.kind)
    keep = source_filter(args.source, args.not_source)
    found = chain(read_formulas(args.corpus), read_tex_formulas(args.tex, keep))
    chosen = select(found, keep, args.kind, args.longest)
    if args.by_use is not None:
        return sample_by_use(chosen, args.count, args.by_use, args.seed)
    return sample(chosen, args.count, args.balance, args.seed, args.max_per_source)


def report(manifest: dict, output: Path, seconds: float) -> str:
    """What was built and what was dropped and why, as text."""
    fonts: Counter[str] = Counter()
    for shard in manifest["shards"]:
        fonts[shard["font"]] += shard["count"]
    lines = [f"{manifest['count']} formulas in {len(manifest['shards'])} shards in {output} ({seconds:.0f} s)"]
    lines += [f"  {count:7d}  {name}" for name, count in fonts.most_common()]
    lines += [f"font skipped: {name}: {reason}" for name, reason in manifest["skipped_fonts"].items()]
    dropped = manifest["dropped"]
    lines.append(f"dropped: {sum(dropped.values())}")
    lines += [f"  {count:7d}  {reason}" for reason, count in dropped.items()]
    return "\n".join(lines)
