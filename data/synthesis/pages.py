"""Build page shards: documents typeset by TeX with the exact ink box of every formula, as PDF and JSONL."""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from tqdm import tqdm

from mathocr.data.cores import in_order
from mathocr.data.page_shards import FORMAT
from mathocr.data.synthesis.corpus import source_filter
from mathocr.data.synthesis.documents import Plan, Shard, build_document
from mathocr.data.synthesis.fonts import available_fonts
from mathocr.data.synthesis.languages import LANGUAGES, available_languages
from mathocr.data.synthesis.layouts import LAYOUTS
from mathocr.data.synthesis.material import drop_unknown, read_tex, sample_corpus
from mathocr.data.synthesis.tex import find_tex

MOST_PAGES_PER_SHARD, FEWEST_PAGES_PER_SHARD, FEWEST_SHARDS = 10, 4, 20

_plan: Plan | None = None


def _start_worker(plan: Plan) -> None:
    """Keep the plan in each process."""
    global _plan
    _plan = plan


def _work(index: int, size: int) -> Shard:
    """One document in a worker process."""
    if _plan is None:
        raise RuntimeError("the plan is set when a worker starts")
    return build_document(_plan, index, size)


def build_pages(plan: Plan, output: Path, count: int, workers: int = 2) -> dict[str, Any]:
    """Write ``count`` pages as shards (``NNNNN.pdf``, ``NNNNN.jsonl``) and ``manifest.json`` into ``output``.

    Returns:
        The manifest.

    Raises:
        ValueError: If the folder holds a set already.
    """
    if (output / "manifest.json").exists():
        raise ValueError(f"{output}: already holds a set (manifest.json); choose another folder")
    output.mkdir(parents=True, exist_ok=True)
    shards: list[dict[str, Any]] = []
    dropped: Counter[str] = Counter(plan.material.dropped)
    languages: Counter[str] = Counter()  # pages of each
    done = 0
    size = min(MOST_PAGES_PER_SHARD, max(FEWEST_PAGES_PER_SHARD, count // FEWEST_SHARDS))
    jobs = ((index, size) for index in range(10 * (count // size + 2)))
    with tqdm(total=count, unit="page") as bar, closing(in_order(_work, jobs, workers, _start_worker, plan)) as made:
        for index, shard in enumerate(made):
            dropped.update(shard.dropped)
            rows = shard.rows[: count - done]
            if rows:
                name = f"{len(shards):05d}"
                (output / f"{name}.pdf").write_bytes(shard.pdf)
                text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
                (output / f"{name}.jsonl").write_text(text, encoding="utf-8")
                formulas = sum(len(row["formulas"]) for row in rows)
                languages.update(row["language"] for row in rows)
                shards.append({"name": name, "pages": len(rows), "formulas": formulas, "document": index})
                done += len(rows)
                bar.update(len(rows))
            if done >= count:
                break
    manifest = {
        "format": FORMAT, "kind": "pages", "pages": done, "formulas": sum(shard["formulas"] for shard in shards),
        "seed": plan.seed, "languages": dict(languages.most_common()), "other_scripts": plan.other_scripts,
        "shards": shards, "dropped": dict(dropped.most_common()),
    }  # fmt: skip
    (output / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")
    return manifest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``mathocr data build pages``."""
    parser.add_argument("--output", type=Path, required=True, help="folder for the shards")
    parser.add_argument("--count", type=int, default=1000, help="number of pages")
    parser.add_argument("--corpus", type=Path, nargs="*", default=[], help="JSONL files with tex, kind, source")
    parser.add_argument("--tex", type=Path, nargs="*", default=[], help="folders of LaTeX sources, a subfolder each")
    parser.add_argument(
        "--source", nargs="*", default=[], help="use only sources that match a pattern or @FILE of them"
    )
    parser.add_argument("--not-source", nargs="*", default=[], help="leave out sources that match one or are in @FILE")
    parser.add_argument("--layouts", nargs="*", default=None, help=f"of {', '.join(item.name for item in LAYOUTS)}")
    parser.add_argument("--fonts", nargs="*", default=None, help="font set-ups; all that are installed by default")
    parser.add_argument(
        "--languages", nargs="*", default=None,
        help=f"of invented text, those that can be set by default: {', '.join(LANGUAGES)}",
    )  # fmt: skip
    parser.add_argument(
        "--other-scripts", type=float, default=Plan.other_scripts, metavar="SHARE",
        help=f"of the documents in those languages that are not in Latin script ({Plan.other_scripts:g})",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same pages")
    parser.add_argument("--workers", type=int, default=2, help="processes")


def run(args: argparse.Namespace) -> int:
    """Build the pages that the options ask for; 0, or 1 where the material gave fewer.

    Raises:
        ValueError: As ``make_plan`` and ``build_pages``.
        TexMissing: If no TeX is installed.
    """
    find_tex()
    manifest = build_pages(make_plan(args), args.output, args.count, args.workers)
    print(f"{manifest['pages']} pages with {manifest['formulas']} formulas in {args.output}", file=sys.stderr)
    for reason, number in list(manifest["dropped"].items())[:20]:
        print(f"  dropped {number}: {reason}", file=sys.stderr)
    return 0 if manifest["pages"] == args.count else 1


def make_plan(args: argparse.Namespace) -> Plan:
    """Read the material and check the names of layouts, fonts and languages.

    Raises:
        ValueError: For an unknown layout, font or language, an unreadable list of sources, a bad corpus line, count or
            share.
    """
    if args.count < 1 or args.workers < 1:
        raise ValueError(f"--count and --workers must be at least 1, got {args.count} and {args.workers}")
    if not 0 <= args.other_scripts <= 1:
        raise ValueError(f"--other-scripts must be in [0, 1], got {args.other_scripts:g}")
    names = [item.name for item in LAYOUTS]
    unknown = sorted(set(args.layouts or ()) - set(names))
    if unknown:
        raise ValueError(f"unknown layout {', '.join(unknown)}; there are {', '.join(names)}")
    layouts = tuple(item for item in LAYOUTS if not args.layouts or item.name in args.layouts)
    fonts, _ = available_fonts(args.fonts)
    languages, missing = available_languages(args.languages)
    for name, reason in missing.items():
        print(f"  without {name}: {reason}", file=sys.stderr)
    keep = source_filter(args.source, args.not_source)
    rng = random.Random(args.seed)
    material = sample_corpus(args.corpus, keep, rng, limit=3000)
    prose = read_tex(args.tex, keep, rng, limit=min(1_500_000, 60_000 + 200 * args.count))
    drop_unknown(prose)
    material.runs = prose.runs
    material.dropped = prose.dropped
    material.complete(args.seed)
    return Plan(
        material, layouts, tuple(fonts), material.weights(), args.seed, tuple(languages), args.other_scripts
    )  # fmt: skip
