"""Typesets the truths of a set anew: in each font, and stacked to formulas of more and more rows."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from mathocr.data.contracts import Kind
from mathocr.data.formats.shards import CROP_DPI
from mathocr.data.latex import LatexError, canonicalize, pretty
from mathocr.data.pdf_handles import PdfHandles
from mathocr.data.samples import CropSample
from mathocr.data.synthesis.fonts import FONT_SETUPS, FontSetup, available_fonts
from mathocr.data.synthesis.typeset import Job, typeset
from mathocr.pipeline.evaluation.selection import Selection

ROWS = (1, 2, 3, 4, 6, 8)
_TYPE_PT = 10.0  # drawn at CROP_DPI it is as large as the crops of shards
_LONGEST_ROW = 32  # canonical tokens: eight of them are half of what the recogniser can write
_WHOLE = 24  # rows are used in whole stacks of every height
_MOST_ROWS = 8 * _WHOLE  # 24 formulas of eight rows
_LOOKED_AT = 5000  # truths of a set among which short ones are sought
_LEAST_WEIGHT = 0.5  # of a font set-up: the rarer ones would double the time of a sweep
_SEED = 0


@dataclasses.dataclass(frozen=True)
class _Truth:
    """A truth that is typeset: printed LaTeX, canonical tokens, kind."""

    tex: str
    tokens: tuple[str, ...]
    kind: Kind | None


def font_sweep(selection: Selection, folder: Path) -> dict[str, Selection]:
    """The truths in every font set-up that TeX has here, but for the rare ones: by its name the crops.

    Only formulas that all of them can draw are taken, so that fonts are compared on the same ones. The names of those
    that sets have only where they are named are followed by ``(unseen)``.

    Args:
        selection: A set of crops.
        folder: An existing one, for TeX's files; it must stay as long as the crops are read.

    Raises:
        TexMissing: If no TeX is installed.
    """
    truths = list(_truths(selection, selection.rows))
    fonts, _ = available_fonts([font.name for font in FONT_SETUPS if font.weight >= _LEAST_WEIGHT])
    drawn = {
        f"{font.name} (unseen)" if font.held_out else font.name: _drawn(truths, font, folder / font.name)
        for font in fonts
    }
    common = sorted(set.intersection(*(set(pages) for _, pages in drawn.values())))
    return {
        name: _crops(selection, f"font {name}", [truths[i] for i in common], pdf, [pages[i] for i in common])
        for name, (pdf, pages) in drawn.items()
    }


def row_sweep(selection: Selection, folder: Path) -> dict[int, Selection]:
    r"""Short truths stacked to ``aligned`` formulas: by the number of rows the crops, all of the same rows.

    So the number of formulas falls as their rows grow, and edit similarity can be compared between the levels; exact
    match falls by itself, as more must be right at once. The rows are drawn at random from the whole set, the same on
    every call: about as many as the selection has, at most 192.

    Args:
        selection: A set of crops.
        folder: As in :func:`font_sweep`.

    Returns:
        Nothing where the set has fewer than 24 truths of one row and at most 32 canonical tokens.

    Raises:
        TexMissing: If no TeX is installed.
    """
    size = len(selection.samples)
    order = random.Random(_SEED).sample(range(size), min(size, _LOOKED_AT))
    found_short = (truth for truth in _truths(selection, order) if _short(truth.tokens))
    short = list(islice(found_short, min(_MOST_ROWS, max(1, len(selection.rows) // _WHOLE) * _WHOLE)))
    short = short[: len(short) // _WHOLE * _WHOLE]
    font = next(font for font in FONT_SETUPS if font.name == "computer-modern")
    found = {}
    for rows in ROWS if short else ():
        stacks = [_stack(short[start : start + rows]) for start in range(0, len(short), rows)]
        pdf, pages = _drawn(stacks, font, folder / f"rows-{rows}")
        taken = sorted(pages)
        found[rows] = _crops(selection, f"rows {rows}", [stacks[i] for i in taken], pdf, [pages[i] for i in taken])
    return found


def _truths(selection: Selection, rows: Iterable[int]) -> Iterator[_Truth]:
    """Truths of rows that can be parsed; what cannot be read is named by the run itself."""
    for row in rows:
        try:
            sample = selection.samples[row]
            if isinstance(sample, CropSample) and (tokens := canonicalize(sample.tex).tokens):
                yield _Truth(pretty(tokens), tokens, sample.kind)
        except (LatexError, OSError, ValueError):
            continue


def _short(tokens: Sequence[str]) -> bool:
    """Whether a formula may be a row of a larger one."""
    return (
        len(tokens) <= _LONGEST_ROW
        and not {"\\\\", "&"} & set(tokens)
        and not any(token.startswith("\\begin{") for token in tokens)
    )


def _stack(truths: Sequence[_Truth]) -> _Truth:
    """A formula of several rows, each beginning at the same place; of one, the formula itself in display style."""
    if len(truths) == 1:
        return dataclasses.replace(truths[0], kind="display")
    rows = r" \\ ".join(f"& {truth.tex}" for truth in truths)
    tokens = canonicalize(rf"\begin{{aligned}} {rows} \end{{aligned}}").tokens
    return _Truth(pretty(tokens), tokens, "display")


def _drawn(truths: Sequence[_Truth], font: FontSetup, folder: Path) -> tuple[Path | None, dict[int, int]]:
    """Typeset: the PDF, and by the number of each truth that TeX took its page."""
    folder.mkdir(parents=True, exist_ok=True)
    done = typeset([Job(truth.tex, _TYPE_PT, truth.kind != "inline") for truth in truths], font, folder)
    return done.pdf, {number: page for page, number in enumerate(done.kept)}


def _crops(
    selection: Selection, what: str, truths: Sequence[_Truth], pdf: Path | None, pages: Sequence[int]
) -> Selection:
    """A selection of typeset crops."""
    handles = PdfHandles(1)
    samples = [
        CropSample(partial(handles.render, pdf, page, CROP_DPI), truth.tex, truth.kind, selection.name, f"{what}: {n}")
        for n, (truth, page) in enumerate(zip(truths, pages, strict=True))
        if pdf is not None  # where TeX took none there is none to draw
    ]
    return dataclasses.replace(selection, content="crops", samples=samples, rows=tuple(range(len(samples))))
