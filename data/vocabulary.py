"""Which canonical tokens formulas use: makes the vocabulary file that trainings read."""

from __future__ import annotations

import argparse
import itertools
import json
import lzma
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from mathocr.data.latex import LatexError, tokenize

_CHUNK = 2000


def formulas_of(path: Path) -> Iterator[str]:
    """LaTeX of every row of a JSONL file (``.jsonl`` or ``.jsonl.xz``; field ``tex`` or ``latex``).

    Raises:
        ValueError: If a row is not JSON or has neither field (the message names file and row).
    """
    with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                row = json.loads(line)
                yield row["tex"] if "tex" in row else row["latex"]
            except (json.JSONDecodeError, KeyError, TypeError) as error:
                raise ValueError(f"{path}:{number}: expected a JSON object with 'tex' or 'latex'") from error


def read_tokens(path: Path) -> list[str]:
    """Tokens of a vocabulary file, one a line.

    Raises:
        OSError: If it cannot be read.
    """
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def _count(sources: list[str]) -> Counter[str]:
    """In how many formulas each token occurs; formulas that do not parse are left out."""
    counts: Counter[str] = Counter()
    for tex in sources:
        try:
            counts.update(set(tokenize(tex)))
        except LatexError:
            continue
    return counts


def count_tokens(sources: Iterable[str], workers: int = 2) -> Counter[str]:
    """In how many formulas each canonical token occurs.

    Args:
        sources: LaTeX of the formulas.
        workers: Processes.
    """
    stream = iter(sources)
    chunks = iter(lambda: list(itertools.islice(stream, _CHUNK)), [])
    total: Counter[str] = Counter()
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for counts in pool.map(_count, chunks):
            total.update(counts)
    return total


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``mathocr data vocabulary``."""
    parser.add_argument("files", nargs="+", type=Path, help="JSONL files (.jsonl, .jsonl.xz) with 'tex' or 'latex'")
    parser.add_argument("--min-count", type=int, default=20, help="formulas that a token must occur in")
    parser.add_argument("--output", type=Path, required=True, help="vocabulary file, one token a line")
    parser.add_argument("--workers", type=int, default=2, help="processes")


def run(args: argparse.Namespace) -> int:
    """Write the vocabulary file, commonest token first, and say what it holds."""
    counts = count_tokens(itertools.chain.from_iterable(formulas_of(path) for path in args.files), args.workers)
    kept = sorted((token for token, n in counts.items() if n >= args.min_count), key=lambda t: (-counts[t], t))
    args.output.write_text("".join(f"{token}\n" for token in kept), encoding="utf-8")
    print(f"{args.output}: {len(kept)} tokens in at least {args.min_count} formulas; {len(counts) - len(kept)} rarer")
    return 0
