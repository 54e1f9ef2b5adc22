"""Gather what pages are made of, by source: runs of prose blocks from .tex folders, formulas from a corpus."""

from __future__ import annotations

import random
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mathocr.data.latex.symbols import SYMBOL_PACKAGES
from mathocr.data.synthesis.corpus import read_formulas
from mathocr.data.synthesis.grammar import SOURCE, grammar_formulas
from mathocr.data.synthesis.macros import Macros
from mathocr.data.synthesis.prose import MAX_DISPLAY, MAX_INLINE, Block, harvest, read_source
from mathocr.data.synthesis.tex import run_tex
from mathocr.data.synthesis.tex_sources import files_by_source

# A formula that looks like text: a plain number, or words only.
_LOOKS_LIKE_TEXT = re.compile(
    r"\s*(?:\d+(?:[.,]\d+)*|[.,;:'-]+"
    r"|\\(?:text|textbf|textit|mathrm|mbox|mathbf|texttt|operatorname)\s*\{[^{}]{2,}\})\s*[.,]?\s*"
)
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_WORDS = re.compile(r"(?<![A-Za-z\\])[A-Za-z']{7,}|\\texttt")
_FRAGMENT = re.compile(
    r"\s*(?:[=<>+.,;)\]*/]|\\(?:leq?|geq?|equiv|approx|sim|times|cdot|quad|qquad|Rightarrow|implies)(?![A-Za-z]))"
)
_FULL_SOURCE = 80_000  # characters that fill some twenty pages


@dataclass
class Material:
    """Everything that pages may show, by source.

    Attributes:
        runs: Consecutive blocks of one file, by source.
        inline: Formulas for sentences, by source.
        display: Formulas on their own, by source; several rows are ``aligned``, ``gathered`` and so on.
        dropped: How many pieces were left out, by reason.
    """

    runs: dict[str, list[list[Block]]] = field(default_factory=dict)
    inline: dict[str, list[str]] = field(default_factory=dict)
    display: dict[str, list[str]] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def weights(self) -> dict[str, float]:
        """How often a document is of each source: all alike, but those with little to say less often."""
        if self.runs:
            sizes = {source: sum(block.length() for run in runs for block in run) for source, runs in self.runs.items()}
        else:
            pools = (self.inline, self.display)
            sizes = {source: 40 * sum(len(pool.get(source, ())) for pool in pools) for pool in pools for source in pool}
        return {source: min(1.0, size / _FULL_SOURCE) for source, size in sorted(sizes.items()) if size}

    def formula(self, kind: str, rng: random.Random, source: str | None = None) -> str:
        """A formula of ``kind``: of ``source`` where it has some, otherwise of any source, all alike."""
        pools = self.inline if kind == "inline" else self.display
        return rng.choice(pools[source if source in pools else rng.choice(sorted(pools))])

    def complete(self, seed: int) -> None:
        """Give sources without formulas in a corpus those of their own text; with none at all, random ones."""
        for source, runs in self.runs.items():
            blocks = [block for run in runs for block in run]
            inline = {tex for block in blocks if block.kind == "para" for tex in block.parts[1::2]}
            display = {block.parts[0] for block in blocks if block.kind == "display" and "&" not in block.parts[0]}
            for pools, found in ((self.inline, inline), (self.display, display)):
                if source not in pools and found:
                    pools[source] = sorted(found)
        for kind, pools in (("inline", self.inline), ("display", self.display)):
            if not pools:
                pools[SOURCE] = [formula.tex for formula in grammar_formulas(1500, seed, kind)]


def sample_corpus(paths: Sequence[Path], keep: Callable[[str], bool], rng: random.Random, limit: int) -> Material:
    """Formulas of files (see ``corpus.read_formulas``), at most ``limit`` of a kind and source.

    Raises:
        ValueError: If a file or a row cannot be read (the message names file and row).
    """
    pools: dict[str, dict[str, list[str]]] = {"inline": defaultdict(list), "display": defaultdict(list)}
    seen: Counter[tuple[str, str]] = Counter()
    for tex, kind, source, _ in read_formulas(paths):
        longest = MAX_INLINE if kind == "inline" else MAX_DISPLAY
        if not keep(source) or len(tex) > longest or _unlike_formula(tex, kind):
            continue
        seen[kind, source] += 1
        pool = pools[kind][source]
        if len(pool) < limit:
            pool.append(tex)
        elif (place := rng.randrange(seen[kind, source])) < limit:
            pool[place] = tex
    return Material(inline=dict(pools["inline"]), display=dict(pools["display"]))


def _unlike_formula(tex: str, kind: str) -> bool:
    """Whether a formula looks like text, or a display like the rest of a formula that begins elsewhere."""
    words = _WORDS.search(re.sub(r"\\[A-Za-z]+\s*\{[^{}]*\}|\\[A-Za-z]+", " ", tex)) or r"\texttt" in tex
    rest = kind == "display" and _FRAGMENT.match(tex)
    return bool(words or rest or not tex.isascii() or _LOOKS_LIKE_TEXT.fullmatch(tex))


def read_tex(folders: Iterable[Path], keep: Callable[[str], bool], rng: random.Random, limit: int) -> Material:
    """Runs of blocks from folders of LaTeX sources; each subfolder is a source (``a+b`` is named ``a/b``).

    Args:
        folders: Folders; files directly in one belong to a source of the folder's name.
        keep: Which sources may be used.
        rng: Chooses the files.
        limit: Characters of LaTeX to read from each source.
    """
    material = Material()
    for folder in folders:
        for source, files in files_by_source(folder).items():
            if keep(source):
                runs = _read_source_files(files, rng, limit)
                if runs:
                    material.runs[source] = runs
    return material


def _read_source_files(files: list[Path], rng: random.Random, limit: int) -> list[list[Block]]:
    """Blocks of some files of one source, file by file."""
    macros = Macros.common()
    for path in sorted(files, key=lambda p: (p.suffix == ".tex", p)):
        macros.collect(read_source(path))
    documents = [path for path in files if path.suffix == ".tex" and path.stat().st_size > 2000]
    rng.shuffle(documents)
    runs, read = [], 0
    for path in documents:
        text = read_source(path)
        blocks = harvest(text[:200_000], macros, rng)
        if sum(len(part) for block in blocks for part in block.parts) > 1500:
            runs.append(blocks)
            read += min(len(text), 200_000)
        if read > limit:
            break
    return runs


def drop_unknown(material: Material) -> None:
    """Remove blocks whose formulas use commands that the pages' packages do not define (asked of TeX itself)."""
    blocks = [block for runs in material.runs.values() for run in runs for block in run]
    names = sorted({name for block in blocks for part in block.parts for name in _COMMAND.findall(part)})
    unknown = undefined_commands(names)

    def usable(block: Block) -> bool:
        good = not any(name in unknown for part in block.parts for name in _COMMAND.findall(part))
        if not good:
            material.dropped["unknown command"] += 1
        return good

    for source, runs in material.runs.items():
        material.runs[source] = [[block for block in run if usable(block)] for run in runs]


def undefined_commands(names: list[str]) -> set[str]:
    """Those of ``names`` (without backslash) that LaTeX with the symbol packages does not know."""
    if not names:
        return set()
    tests = "\n".join(rf"\ifcsname {n}\endcsname\else\immediate\write-1{{@U {n}}}\fi" for n in names)
    head = rf"\documentclass{{article}}{SYMBOL_PACKAGES}\usepackage{{bm}}"
    source = rf"{head}\begin{{document}}{tests}" + "\n\\end{document}"
    with tempfile.TemporaryDirectory() as folder:
        log = run_tex(source, Path(folder)).log
    return set(re.findall(r"@U ([A-Za-z]+)", log))
