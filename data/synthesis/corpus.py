"""Read formulas for synthesis from files and sample them so that no source dominates."""

from __future__ import annotations

import fnmatch
import gzip
import io
import json
import lzma
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

KINDS = ("inline", "display")
_SIGN = re.compile(r"\\[A-Za-z]+|\\.|[^\s{}]")


class SourceFormula(NamedTuple):
    """One formula to synthesise.

    Attributes:
        tex: LaTeX without dollars.
        kind: ``inline`` or ``display``.
        source: Where it comes from.
        uses: How often it stands there.
    """

    tex: str
    kind: str
    source: str
    uses: int = 1


def read_formulas(paths: Sequence[Path]) -> Iterator[SourceFormula]:
    """Formulas of ``.jsonl`` files (``.jsonl.xz``, ``.jsonl.gz`` too) and of ``.txt`` files with one formula a line.

    A JSON row needs ``tex`` (``latex`` is taken too); ``kind`` is ``display`` where it is absent, ``source`` the
    file's name, ``n`` (how often the formula is used) 1.

    Raises:
        ValueError: If a file cannot be read, has another ending, or a row is not as above (the message names it).
    """
    for path in paths:
        for number, line in enumerate(_lines(path), 1):
            if not line.strip():
                continue
            if path.suffix == ".txt":
                yield SourceFormula(line.strip(), "display", path.name)
                continue
            try:
                row = json.loads(line)
                kind, source, uses = row.get("kind", "display"), row.get("source", path.name), row.get("n", 1)
                formula = SourceFormula(row["tex"] if "tex" in row else row["latex"], kind, source, uses)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ValueError(f"{path}, row {number}: needs a JSON object with `tex` or `latex`: {error}") from None
            if formula.kind not in KINDS or not isinstance(formula.tex, str):
                raise ValueError(f"{path}, row {number}: `kind` must be inline or display, was {formula.kind!r}")
            if type(uses) is not int or uses < 1:
                raise ValueError(f"{path}, row {number}: `n` must be a whole number, at least 1, was {uses!r}")
            yield formula


def _lines(path: Path) -> Iterator[str]:
    """Lines of a text file, unpacked where its name ends in ``.xz`` or ``.gz``."""
    if path.suffix not in (".xz", ".gz", ".jsonl", ".txt"):
        raise ValueError(f"{path}: formulas are read from .jsonl, .jsonl.xz, .jsonl.gz or .txt files")
    openers: dict[str, Callable[..., IO[bytes]]] = {".xz": lzma.open, ".gz": gzip.open}  # type: ignore[dict-item]
    try:
        with openers.get(path.suffix, open)(path, "rb") as raw, io.TextIOWrapper(raw, encoding="utf-8") as text:
            yield from text
    except (OSError, EOFError, UnicodeDecodeError, lzma.LZMAError) as error:
        raise ValueError(f"{path}: cannot be read: {error}") from None


def expand_patterns(patterns: Iterable[str]) -> list[str]:
    """Source patterns, where ``@FILE`` stands for the lines of a file (``#`` starts a comment).

    Raises:
        ValueError: If a file cannot be read.
    """
    found = []
    for pattern in patterns:
        if not pattern.startswith("@"):
            found.append(pattern)
            continue
        try:
            text = Path(pattern[1:]).read_text(encoding="utf-8")
        except OSError as error:
            raise ValueError(f"{pattern[1:]}: list of sources cannot be read: {error.strerror}") from None
        found += [name for line in text.splitlines() if (name := line.split("#")[0].strip())]
    return found


def source_filter(wanted: Sequence[str], unwanted: Sequence[str]) -> Callable[[str], bool]:
    """Whether a source may be used.

    Args:
        wanted: Patterns such as ``owner/*``, or ``@FILE`` with one on each line; empty for all sources.
        unwanted: As ``wanted``; these win.

    Raises:
        ValueError: If a pattern file cannot be read.
    """
    take, leave = expand_patterns(wanted), expand_patterns(unwanted)

    def keep(source: str) -> bool:
        if any(fnmatch.fnmatchcase(source, p) for p in leave):
            return False
        return not wanted or any(fnmatch.fnmatchcase(source, p) for p in take)

    return keep


def signs(tex: str) -> int:
    """Commands and characters of a formula, without braces and white space: 2 of ``\\hat{x}``, 3 of ``x_1``."""
    return len(_SIGN.findall(tex))


def select(
    formulas: Iterable[SourceFormula], keep: Callable[[str], bool], kind: str | None = None, longest: int | None = None
) -> list[SourceFormula]:
    """Formulas of the sources that ``keep`` takes (see :func:`source_filter`), each one once, with all its uses.

    Args:
        formulas: What there is.
        keep: Whether a source may be used.
        kind: Only formulas of this kind.
        longest: Only formulas of at most so many ``signs``.
    """
    verdicts: dict[str, bool] = {}
    found: dict[tuple[str, str], SourceFormula] = {}
    for formula in formulas:
        if formula.source not in verdicts:
            verdicts[formula.source] = keep(formula.source)
        wanted = verdicts[formula.source] and (kind is None or formula.kind == kind)
        if wanted and (longest is None or signs(formula.tex) <= longest):
            key = (formula.tex, formula.kind)
            earlier = found.get(key)
            found[key] = formula if earlier is None else earlier._replace(uses=earlier.uses + formula.uses)
    return list(found.values())


def quotas(available: dict[str, int], count: int, exponent: float, max_per_source: int | None = None) -> dict[str, int]:
    """How many formulas to take of each source: shares go as ``n_source ** exponent``, never more than there are.

    Args:
        available: Formulas there are in each source.
        count: Formulas wanted in all.
        exponent: 1 follows the sources' sizes, 0 takes equally of all, 0.5 lies between.
        max_per_source: No source gives more than this.
    """
    limit = {s: min(n, max_per_source or n) for s, n in available.items()}
    taken = dict.fromkeys(available, 0)
    left = min(count, sum(limit.values()))
    while left > 0:
        open_sources = [s for s in taken if taken[s] < limit[s]]
        total = sum(available[s] ** exponent for s in open_sources)
        shares = {s: left * available[s] ** exponent / total for s in open_sources}
        given = {s: min(int(shares[s]), limit[s] - taken[s]) for s in open_sources}
        if not any(given.values()):
            largest = sorted(open_sources, key=lambda s: (-shares[s], s))[:left]
            given = dict.fromkeys(largest, 1)
        for source, number in given.items():
            taken[source] += number
            left -= number
    return taken


def sample(
    formulas: Iterable[SourceFormula], count: int | None, exponent: float, seed: int, max_per_source: int | None = None
) -> list[SourceFormula]:
    """Formulas drawn without replacement, balanced over sources (see :func:`quotas`), in random order."""
    by_source: dict[str, list[SourceFormula]] = {}
    for formula in formulas:
        by_source.setdefault(formula.source, []).append(formula)
    available = {source: len(by_source[source]) for source in sorted(by_source)}
    wanted = quotas(available, sum(available.values()) if count is None else count, exponent, max_per_source)
    rng = random.Random(seed)
    chosen = [formula for source in available for formula in rng.sample(by_source[source], wanted[source])]
    rng.shuffle(chosen)
    return chosen


def sample_by_use(
    formulas: Sequence[SourceFormula], count: int | None, exponent: float, seed: int
) -> list[SourceFormula]:
    """Formulas drawn with replacement, in proportion to ``uses ** exponent``; as many as there are if count is None.

    A text uses few formulas, single letters above all, most of the time: a set of formulas that are all different holds
    next to none of these.
    """
    if not formulas:
        return []
    weights = [formula.uses**exponent for formula in formulas]
    return random.Random(seed).choices(formulas, weights, k=len(formulas) if count is None else count)
