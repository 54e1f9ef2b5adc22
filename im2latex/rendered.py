"""Scores of drawn formulas: prediction and truth typeset by TeX, their glyphs compared by kind and place."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pypdfium2 as pdfium

from mathocr.data.latex import LatexError, canonicalize, pretty
from mathocr.data.synthesis.fonts import FONT_SETUPS
from mathocr.data.synthesis.typeset import Job, typeset
from mathocr.im2latex.glyphs import Drawing, read_drawing
from mathocr.im2latex.layout_match import compare_drawings

TYPE_PT = 10.0  # TeX points
_BP = 72 / 72.27  # a TeX point in points of the PDF
COMPUTER_MODERN = next(font for font in FONT_SETUPS if font.name == "computer-modern")


class RenderScore(NamedTuple):
    """How one prediction looks beside its truth.

    Attributes:
        cdm: CDM with positions, in [0, 1]; 0 where TeX refuses the prediction, None where it refuses the truth, so
            that nothing can be said of the prediction.
        match: Whether both are the same drawing; None as for ``cdm``.
        pred_error: Why TeX refused the prediction, or None.
        target_error: Why TeX refused the truth, or None.
    """

    cdm: float | None
    match: bool | None
    pred_error: str | None = None
    target_error: str | None = None


def render_scores(pairs: Iterable[tuple[str, str]], batch: int = 400) -> Iterator[RenderScore]:
    """CDM with positions and render match of each prediction.

    Both sides are made canonical, printed by the same rules and typeset in display style, Computer Modern, 10 pt. So
    spaces, sizes of delimiters and other things that canonical LaTeX leaves out do not count.

    Args:
        pairs: ``(prediction, truth)`` in LaTeX, canonical or not, without numbers of equations.
        batch: Pairs typeset by one run of TeX.

    Returns:
        A score for each pair, in order, as batches are done.

    Raises:
        TexMissing: If no TeX is installed.
    """
    waiting = iter(pairs)
    while chunk := list(islice(waiting, batch)):
        printed = [(printable(pred), printable(target)) for pred, target in chunk]
        drawings = draw_all(dict.fromkeys(tex for pair in printed for tex in pair))
        for pred, target in printed:
            yield _score(drawings[pred], drawings[target])


def printable(tex: str) -> str:
    """LaTeX in the one style that is typeset; text that cannot be read stays as it is, for TeX to refuse."""
    try:
        return pretty(canonicalize(tex).tokens)
    except LatexError:
        return " ".join(tex.split())


def draw_all(texs: Iterable[str]) -> dict[str, Drawing | str]:
    """Typeset formulas together, and read what is drawn.

    Args:
        texs: LaTeX without math delimiters, no two alike.

    Returns:
        For each its drawing, or the reason why TeX refused it.

    Raises:
        TexMissing: If no TeX is installed.
    """
    asked = list(texs)
    with tempfile.TemporaryDirectory(prefix="mathocr-render-") as folder:
        done = typeset([Job(tex, TYPE_PT, True) for tex in asked], COMPUTER_MODERN, Path(folder))
        drawings: dict[str, Drawing | str] = {asked[i]: reason for i, reason in done.dropped.items()}
        if done.pdf is not None:
            document = pdfium.PdfDocument(done.pdf)
            try:
                for page, i in enumerate(done.kept):
                    drawings[asked[i]] = read_drawing(document, page, TYPE_PT * _BP)
            finally:
                document.close()
    return drawings


def _score(pred: Drawing | str, target: Drawing | str) -> RenderScore:
    pred_error = pred if isinstance(pred, str) else None
    if isinstance(target, str):
        return RenderScore(None, None, pred_error, target)
    if isinstance(pred, str):
        return RenderScore(0.0, False, pred_error)
    score = compare_drawings(pred, target)
    return RenderScore(score.cdm, score.same)
