"""Which canonical tokens formulas use: makes the vocabulary file that trainings read."""

from __future__ import annotations

import argparse
import itertools
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from mathocr.data.latex import LatexError, tokenize
from mathocr.data.synthesis.corpus import read_formulas

_CHUNK = 2000


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
    parser.add_argument("files", nargs="+", type=Path, help="files of formulas (.jsonl, .jsonl.xz, .jsonl.gz, .txt)")
    parser.add_argument("--min-count", type=int, default=20, help="formulas that a token must occur in")
    parser.add_argument("--output", type=Path, required=True, help="vocabulary file, one token a line")
    parser.add_argument("--workers", type=int, default=2, help="processes")


def run(args: argparse.Namespace) -> int:
    """Write the vocabulary file, commonest token first, and say what it holds."""
    counts = count_tokens((formula.tex for formula in read_formulas(args.files)), args.workers)
    kept = sorted((token for token, n in counts.items() if n >= args.min_count), key=lambda t: (-counts[t], t))
    args.output.write_text("".join(f"{token}\n" for token in kept), encoding="utf-8")
    print(f"{args.output}: {len(kept)} tokens in at least {args.min_count} formulas; {len(counts) - len(kept)} rarer")
    return 0
