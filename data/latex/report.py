"""Measures the canonical form on a file of formulas: how many parse, round trips, speed, and ink with ``--render``."""

from __future__ import annotations

import argparse
import platform
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mathocr.data.latex.canonical import Canonical, canonicalize
from mathocr.data.latex.lexer import LatexError
from mathocr.data.latex.pretty import pretty
from mathocr.data.synthesis.corpus import read_formulas

VOCABULARY_COUNT = 5  # formulas a token must be in to count for the vocabulary


@dataclass
class Measured:
    """What was found on a file of formulas; every share is of `total` or of `parsed`."""

    total: int = 0
    parsed: int = 0
    seconds: float = 0.0
    errors: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    not_idempotent: list[str] = field(default_factory=list)
    not_printed_back: list[str] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)
    length: int = 0
    with_unknown: int = 0


def measure(formulas: Sequence[str]) -> Measured:
    """Canonicalises every formula, then its tokens and its printed form again."""
    found = Measured(total=len(formulas))
    start = time.process_time()
    results = [_try(tex) for tex in formulas]
    found.seconds = time.process_time() - start
    for tex, result in zip(formulas, results, strict=True):
        if isinstance(result, LatexError):
            kind = str(result).rsplit(" at character", 1)[0]
            found.errors[kind] += 1
            found.examples.setdefault(kind, tex)
            continue
        found.parsed += 1
        found.tokens.update(set(result.tokens))
        found.unknown.update(set(result.unknown))
        found.with_unknown += bool(result.unknown)
        found.length += len(result.tokens)
        for again, missed in (
            (" ".join(result.tokens), found.not_idempotent),
            (pretty(result.tokens), found.not_printed_back),
        ):
            second = _try(again)
            if isinstance(second, LatexError) or second.tokens != result.tokens:
                missed.append(tex)
    return found


def _try(tex: str) -> Canonical | LatexError:
    try:
        return canonicalize(tex)
    except LatexError as error:
        return error


def summary(found: Measured, name: str) -> list[str]:
    """Markdown lines of the measures without rendering."""
    vocabulary = sum(count >= VOCABULARY_COUNT for count in found.tokens.values())
    parsed = max(found.parsed, 1)
    lines = [
        f"Data: {name}, {found.total:,} formulas. Python {platform.python_version()} on one core of {_processor()}.",
        "",
        "| measure | value |",
        "|---|---|",
        f"| parse | {found.parsed:,} of {found.total:,} ({found.parsed / max(found.total, 1):.4%}) |",
        f"| speed (`canonicalize`, processor time) | {found.total / max(found.seconds, 1e-9):,.0f} formulas/s |",
        f"| tokens read again give the same tokens | {_share(parsed - len(found.not_idempotent), parsed)} |",
        f"| printed form read gives the same tokens | {_share(parsed - len(found.not_printed_back), parsed)} |",
        f"| with an unknown command (reported, kept) | {found.with_unknown:,} |",
        f"| tokens in at least {VOCABULARY_COUNT} formulas | {vocabulary:,} of {len(found.tokens):,} |",
        f"| mean tokens a formula | {found.length / parsed:.1f} |",
        "",
    ]
    if found.errors:
        lines += ["Formulas that can't be read:", "", "| why | how many | for example |", "|---|---|---|"]
        lines += [
            f"| {_cell(kind)} | {count} | `{_cell(found.examples[kind])}` |"
            for kind, count in found.errors.most_common()
        ]
        lines.append("")
    if found.unknown:
        lines += [
            "Unknown: "
            + ", ".join(f"`{_cell(token)}` ({count})" for token, count in found.unknown.most_common(40))
            + "."
        ]
        lines.append("")
    return lines


def _share(count: int, total: int) -> str:
    return f"{count:,} of {total:,} ({count / max(total, 1):.4%})"


def _cell(text: str, limit: int = 110) -> str:
    """Text for a cell of a Markdown table."""
    text = " ".join(text.split()).replace("|", "\\|").replace("`", "'")
    return text if len(text) <= limit else text[:limit] + " ..."


def _processor() -> str:
    """The processor's name, as the system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass  # not Linux: the general name must do
    return platform.processor() or platform.machine()


def main(argv: Sequence[str] | None = None) -> int:
    """Command line: prints the report, or writes it to ``--output``; returns the exit status."""
    parser = argparse.ArgumentParser(prog="mathocr data latex-report", description=__doc__)
    parser.add_argument(
        "file", type=Path, metavar="FILE.jsonl", help="formulas, a row each with the field tex or latex"
    )
    parser.add_argument(
        "--render", type=int, default=0, metavar="N", help="typeset N random formulas and compare the ink"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the choice of formulas to typeset")
    parser.add_argument("--name", default="corpus", help="what the report calls the data")
    parser.add_argument("--output", type=Path, help="write the report to this file")
    options = parser.parse_args(argv)
    try:
        formulas = [formula.tex for formula in read_formulas([options.file])]
        lines = ["# Canonical LaTeX: report", "", *summary(measure(formulas), options.name)]
        if options.render:
            from mathocr.data.latex.inkreport import ink_section  # needs TeX and OpenCV; the rest doesn't

            chosen = random.Random(options.seed).sample(formulas, min(options.render, len(formulas)))
            lines += ink_section(chosen)
        text = "\n".join(lines).rstrip() + "\n"
        if options.output is None:
            sys.stdout.write(text)
        else:
            options.output.write_text(text, encoding="utf-8")
    except (OSError, ValueError, RuntimeError) as error:
        print(f"mathocr data latex-report: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
