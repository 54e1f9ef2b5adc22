r"""Typesets formulas and their canonical forms and compares the ink.

What the canonical form leaves out on purpose would move or scale ink: spaces, the sizes of delimiters, ``\dfrac`` and
its kin, small matrices, the alignment of columns, gaps between rows. So TeX is told to leave these out too, for both
sides alike (`NEUTRAL`): spaces have no width, delimiters don't grow, columns are centred. What remains must then be the
same ink, pixel for pixel, but for one pixel that rounding may move. Where it is not, the connected pieces of ink are
compared one by one: the same pieces in the same order, each within `_MOVE` of an em of its place beside the piece
before it, are the same formula with a script a little higher or lower. Everything else is different.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from mathocr.data.pdf import PdfPages
from mathocr.data.synthesis.fonts import FontSetup
from mathocr.data.synthesis.formula_document import Job
from mathocr.data.synthesis.typeset import typeset

DPI = 150
PT = 10.0
_INK = 128  # gray below this is ink
_SHARE = 0.004  # of the ink that may have no partner within a pixel: stubs where a bar's length was rounded
_MOVE = 0.25  # em: less than the difference between a script and its base line
_PIECE_SHARE = 0.05  # of a piece's ink, where a shift of less than a pixel changes the drawing
_LIMIT = 100_000_000

NEUTRAL = r"""\usepackage{array,bm}
\newcolumntype{l}{c}\newcolumntype{r}{c}
\makeatletter
\def\mo@space{\ifmmode\mskip0mu\else\space\fi}
\def\mo@eat#1{\mo@space}
\def\mo@none{}
\def\mo@delim#1{\mo@pick#1\mo@end}
\def\mo@pick#1#2\mo@end{\ifx#1.\else\ifx#1<\langle\else\ifx#1>\rangle\else#1#2\fi\fi\fi}
\def\@argarraycr[#1]{\ifnum0=`{}\fi\cr}
\def\math@cr@@[#1]{\ifnum0=`{\fi\iffalse}\fi\math@cr@@@}
\AtBeginDocument{%
 \def\colon{:}\def\bmod{{\operator@font mod}}\def\pod#1{(#1)}
 \def\pmod#1{({\operator@font mod}#1)}\def\mod#1{{\operator@font mod}#1}
 \let\mo@mbox\mbox \def\mbox#1{\ifmmode\text{#1}\else\mo@mbox{#1}\fi}
 \def\smallmatrix{\env@matrix}\def\endsmallmatrix{\endarray}
 \def\env@cases{\left\lbrace\array{cc}}
 \thinmuskip=0mu \medmuskip=0mu \thickmuskip=0mu \spaceskip=0.001pt \xspaceskip=0.001pt
 \arraycolsep=0pt \tabcolsep=0pt
 \let\,\mo@space \let\!\mo@space \let\:\mo@space \let\;\mo@space \let\>\mo@space \let\ \mo@space \let~\mo@space
 \let\quad\mo@space \let\qquad\mo@space \let\enspace\mo@space \let\enskip\mo@space \let\thinspace\mo@space
 \let\medspace\mo@space \let\thickspace\mo@space \let\negthinspace\mo@space \let\negmedspace\mo@space
 \let\negthickspace\mo@space \let\mathstrut\mo@none \let\strut\mo@none
 \def\hspace{\@ifstar\mo@eat\mo@eat}\let\mspace\mo@eat
 \let\phantom\mo@eat \let\hphantom\mo@eat \let\vphantom\mo@eat
 \renewcommand\cfrac[3][c]{\frac{#2}{#3}}
 \let\dfrac\frac \let\tfrac\frac \let\dbinom\binom \let\tbinom\binom \let\pmb\boldsymbol
 \def\left#1{\mo@delim{#1}\bgroup}\def\right#1{\egroup\mo@delim{#1}}\let\middle\mo@delim
 \let\big\mo@delim \let\bigl\mo@delim \let\bigr\mo@delim \let\bigm\mo@delim
 \let\Big\mo@delim \let\Bigl\mo@delim \let\Bigr\mo@delim \let\Bigm\mo@delim
 \let\bigg\mo@delim \let\biggl\mo@delim \let\biggr\mo@delim \let\biggm\mo@delim
 \let\Bigg\mo@delim \let\Biggl\mo@delim \let\Biggr\mo@delim \let\Biggm\mo@delim
}
\makeatother
"""


@dataclass(frozen=True)
class Pair:
    """Outcome for one formula.

    Attributes:
        index: Its place among those given.
        verdict: ``same``, ``moved``, ``different``, ``source`` (TeX refuses it) or ``canonical`` (only it is refused).
        detail: TeX's message, or the share of ink without a partner.
        pictures: Gray pictures of source and canonical form, if both were drawn and differ.
    """

    index: int
    verdict: str
    detail: str
    pictures: tuple[np.ndarray, np.ndarray] | None = None


def compare(sources: Sequence[str], printed: Sequence[str], neutral: bool = True) -> list[Pair]:
    """Typesets both sides of every pair and compares their ink.

    Args:
        sources: LaTeX as written, one line each.
        printed: Canonical forms as `pretty` prints them.
        neutral: Whether TeX leaves out what the canonical form leaves out; see above.

    Raises:
        TexMissing: If no TeX is installed.
    """
    setup = FontSetup("neutral" if neutral else "plain", NEUTRAL if neutral else "", ())
    with tempfile.TemporaryDirectory(prefix="mathocr-ink-") as folder:
        left, reasons = _draw(sources, setup, Path(folder) / "source")
        right, failures = _draw(printed, setup, Path(folder) / "canonical")
        pairs = []
        for i in range(len(sources)):
            if i not in left:
                pairs.append(Pair(i, "source", reasons[i]))
            elif i not in right:
                pairs.append(Pair(i, "canonical", failures[i]))
            else:
                pairs.append(_judge(i, left[i](), right[i]()))
    return pairs


def _draw(formulas: Sequence[str], setup: FontSetup, folder: Path) -> tuple[dict, dict[int, str]]:
    """A function that draws it for each formula TeX takes, and the reasons for the others."""
    folder.mkdir()
    done = typeset([Job(tex, PT, True) for tex in formulas], setup, folder)
    if done.pdf is None:
        return {}, done.dropped
    pages = PdfPages(done.pdf.read_bytes(), "canonical LaTeX", DPI, _LIMIT)
    return {i: partial(pages.read, page) for page, i in enumerate(done.kept, start=1)}, done.dropped


def _judge(index: int, left: np.ndarray, right: np.ndarray) -> Pair:
    """Compares two pictures ``(H, W)`` or ``(H, W, 3)``, uint8, dark ink."""
    a, b = ink(left), ink(right)
    share = unmatched(a, b)
    if share <= _SHARE:
        return Pair(index, "same", f"{share:.4f}")
    return Pair(index, "moved" if same_pieces(a, b) else "different", f"{share:.4f}", (left, right))


def same_pieces(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two masks hold the same connected pieces in the same order, each at most a little off its place.

    Args:
        a: Mask of 0 and 1, uint8, shape ``(H, W)``.
        b: As `a`; its size may differ.
    """
    first, second = _pieces(a), _pieces(b)
    if len(first) != len(second):
        return False
    limit = _MOVE * PT * DPI / 72
    drift = 0
    for x, y, piece in first:
        near = [
            (abs(x1 - x - drift) + abs(y1 - y), i)
            for i, (x1, y1, other) in enumerate(second)
            if abs(x1 - x - drift) <= limit and abs(y1 - y) <= limit and _alike(piece, other)
        ]
        if not near:
            return False
        drift = second.pop(min(near)[1])[0] - x
    return True


def _alike(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two pieces have the same ink."""
    return abs(a.shape[0] - b.shape[0]) <= 2 and abs(a.shape[1] - b.shape[1]) <= 2 and unmatched(a, b) <= _PIECE_SHARE


def _pieces(mask: np.ndarray) -> list[tuple[int, int, np.ndarray]]:
    """Left edge, top edge and ink of each connected piece, from left to right."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    pieces = []
    for i in range(1, count):
        x, y, width, height, _area = (int(value) for value in stats[i])
        pieces.append((x, y, (labels[y : y + height, x : x + width] == i).astype(np.uint8)))
    return sorted(pieces, key=lambda piece: piece[:2])


def ink(picture: np.ndarray) -> np.ndarray:
    """Ink of a picture ``(H, W)`` or ``(H, W, 3)`` as 0 and 1, cut to its bounds; one 0 where there is none."""
    gray = picture if picture.ndim == 2 else picture.min(axis=2)
    mask = (gray < _INK).astype(np.uint8)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return np.zeros((1, 1), np.uint8)
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def unmatched(a: np.ndarray, b: np.ndarray) -> float:
    """Share of the ink of two masks that has no ink of the other within one pixel, in the best of nine shifts.

    Args:
        a: Mask of 0 and 1, uint8, shape ``(H, W)``.
        b: As `a`; its size may differ.
    """
    total = int(a.sum()) + int(b.sum())
    if not total:
        return 0.0
    height, width = max(a.shape[0], b.shape[0]) + 4, max(a.shape[1], b.shape[1]) + 4
    kernel = np.ones((3, 3), np.uint8)
    fixed = np.zeros((height, width), np.uint8)
    fixed[2 : 2 + a.shape[0], 2 : 2 + a.shape[1]] = a
    spread = cv2.dilate(fixed, kernel)
    best = 1.0
    for dy, dx in ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, -1), (1, -1), (-1, 1)):
        moved = np.zeros((height, width), np.uint8)
        moved[2 + dy : 2 + dy + b.shape[0], 2 + dx : 2 + dx + b.shape[1]] = b
        lost = int((moved & (1 - spread)).sum()) + int((fixed & (1 - cv2.dilate(moved, kernel))).sum())
        best = min(best, lost / total)
        if best == 0.0:
            break
    return best
