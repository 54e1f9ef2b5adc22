"""Mark formulas in TeX output and read their exact ink boxes back from the PDF."""

from __future__ import annotations

import ctypes
from collections import defaultdict
from dataclasses import dataclass, field

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

# Each formula stands between `/Formula <</I id>> BDC` and `EMC`, each equation number between `/Tag <</I id>> BDC` and
# `EMC`. Neither draws anything. Page and place of both ends go to \jobname.marks when TeX ships the page, which tells
# formulas that are broken over lines or pages.
MARK_MACROS = r"""
\newwrite\mathocrfile \immediate\openout\mathocrfile=\jobname.marks
\newcount\mathocrid \newbox\mathocrbox
\makeatletter
\protected\def\MOb#1{\global\mathocrid#1\relax\pdfliteral direct{/Formula <</I #1>> BDC}\pdfsavepos
  \write\mathocrfile{b #1 \the\ReadonlyShipoutCounter\space\the\pdflastxpos\space\the\pdflastypos}}
\protected\def\MOe#1{\pdfsavepos
  \write\mathocrfile{e #1 \the\ReadonlyShipoutCounter\space\the\pdflastxpos\space\the\pdflastypos}%
  \pdfliteral direct{EMC}}
\protected\def\MOi#1#2{\ifvmode\leavevmode\fi\MOb{#1}$#2$\MOe{#1}}
\protected\def\MOtag#1{\begingroup\let\protect\@empty\let\relax\@empty
  \protected@edef\MO@t{#1}\edef\MO@t{\write\mathocrfile{t \the\mathocrid\space\detokenize\expandafter{\MO@t}}}%
  \expandafter\endgroup\MO@t}
\def\tagform@#1{\maketag@@@{\pdfliteral direct{/Tag <</I \the\mathocrid>> BDC}\MOtag{#1}%
  (\ignorespaces#1\unskip\@@italiccorr)\pdfliteral direct{EMC}}}
\long\protected\def\MOd#1#2#3{\setbox\mathocrbox\hbox{$\displaystyle#2$}%
  \ifdim\wd\mathocrbox<.#1\linewidth
    \ifdim\dimexpr\ht\mathocrbox+\dp\mathocrbox\relax<.6\textheight #3\else\typeout{mathocr: too high}\fi
  \else\typeout{mathocr: too wide}\fi}
\makeatother
"""

_SP_PER_PT = 65781.76  # TeX's scaled points in a PDF point (1/72 inch)


@dataclass(frozen=True)
class MarkedFormula:
    """Where TeX put one formula.

    Attributes:
        begin: ``(x, y)`` of its start in PDF points from the page's lower left corner.
        end: As ``begin``, of its end; another ``y`` means that it is broken over lines.
        tags: Its equation numbers as TeX wrote them, without parentheses.
    """

    begin: tuple[float, float]
    end: tuple[float, float]
    tags: tuple[str, ...] = ()


@dataclass
class PageMarks:
    """What TeX shipped on one page: its formulas by id, and the ids of which only a part is on it."""

    formulas: dict[int, MarkedFormula] = field(default_factory=dict)
    partial: set[int] = field(default_factory=set)


def parse_marks(text: str) -> dict[int, PageMarks]:
    """Read a ``.marks`` file: page number from 0 to its marks.

    Args:
        text: Lines ``b id page x y``, ``e id page x y`` (positions in scaled points), ``t id number``.
    """
    begins: dict[int, tuple[int, float, float]] = {}
    tags: dict[int, list[str]] = defaultdict(list)
    pages: dict[int, PageMarks] = defaultdict(PageMarks)
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        ident, _, rest = rest.partition(" ")
        if word == "t":
            tags[int(ident)].append(rest.strip())
            continue
        shipped, x, y = rest.split()
        page, place = int(shipped), (int(x) / _SP_PER_PT, int(y) / _SP_PER_PT)
        if word == "b":
            begins[int(ident)] = (page, *place)
            continue
        first_page, *first = begins[int(ident)]
        if first_page != page:
            pages[first_page].partial.add(int(ident))
            pages[page].partial.add(int(ident))
        else:
            pages[page].formulas[int(ident)] = MarkedFormula((first[0], first[1]), place)
    for page_marks in pages.values():
        for number, marked in page_marks.formulas.items():
            if number in tags:
                page_marks.formulas[number] = MarkedFormula(marked.begin, marked.end, tuple(tags[number]))
    return dict(pages)


Box = tuple[float, float, float, float]


def marked_objects(page: pdfium.PdfPage) -> dict[tuple[str, int], list[Box]]:
    """Boxes of the page's objects by their innermost mark.

    Returns:
        ``(mark name, id)`` to the objects' ``(x0, y0, x1, y1)`` in points, origin top left, in the order of drawing.
        pdfium gives text objects the union of their glyphs' outlines, not of font boxes.
    """
    height = page.get_height()
    found: dict[tuple[str, int], list[Box]] = defaultdict(list)
    name = ctypes.create_string_buffer(64)
    name_p = ctypes.cast(name, ctypes.POINTER(pdfium_c.FPDF_WCHAR))
    size, ident = ctypes.c_ulong(), ctypes.c_int()
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    for index in range(pdfium_c.FPDFPage_CountObjects(page)):
        item = pdfium_c.FPDFPage_GetObject(page, index)
        count = pdfium_c.FPDFPageObj_CountMarks(item)
        if count < 1:
            continue
        mark = pdfium_c.FPDFPageObj_GetMark(item, count - 1)
        if not pdfium_c.FPDFPageObjMark_GetName(mark, name_p, 64, size):
            continue
        if not pdfium_c.FPDFPageObjMark_GetParamIntValue(mark, b"I", ident):
            continue
        if not pdfium_c.FPDFPageObj_GetBounds(item, left, bottom, right, top):
            continue
        bounds = _rule_bounds(item) or (left.value, bottom.value, right.value, top.value)
        key = name.raw[: size.value].decode("utf-16-le").rstrip("\0")
        if bounds[2] > bounds[0] and bounds[3] > bounds[1]:
            found[key, ident.value].append((bounds[0], height - bounds[3], bounds[2], height - bounds[1]))
    return dict(found)


def _rule_bounds(item: pdfium_c.FPDF_PAGEOBJECT) -> Box | None:
    """Exact ``(left, bottom, right, top)`` of a TeX rule drawn as one stroked line; None for other objects.

    pdfium's own bounds of a stroked line reach its width too far at both ends (measured: 0.7 pt for fraction bars).
    """
    if pdfium_c.FPDFPageObj_GetType(item) != pdfium_c.FPDF_PAGEOBJ_PATH or pdfium_c.FPDFPath_CountSegments(item) != 2:
        return None
    matrix, width = pdfium_c.FS_MATRIX(), ctypes.c_float()
    pdfium_c.FPDFPageObj_GetMatrix(item, matrix)
    pdfium_c.FPDFPageObj_GetStrokeWidth(item, width)
    points = []
    for index in range(2):
        x, y = ctypes.c_float(), ctypes.c_float()
        pdfium_c.FPDFPathSegment_GetPoint(pdfium_c.FPDFPath_GetPathSegment(item, index), x, y)
        across, up = matrix.a * x.value + matrix.c * y.value, matrix.b * x.value + matrix.d * y.value
        points.append((across + matrix.e, up + matrix.f))
    (x0, y0), (x1, y1) = sorted(points)
    across, up = width.value * abs(matrix.a) / 2, width.value * abs(matrix.d) / 2
    if abs(y1 - y0) < 1e-3:
        return x0, y0 - up, x1, y1 + up
    return (x0 - across, min(y0, y1), x1 + across, max(y0, y1)) if abs(x1 - x0) < 1e-3 else None


def split_lines(boxes: list[Box], begin_y: float, end_y: float) -> list[list[Box]]:
    """Divide the objects of a broken formula into its two lines.

    Objects come in reading order, so one index divides them: the one with the fewest objects nearer to the other
    line's axis.

    Args:
        boxes: Objects in the order of drawing.
        begin_y: Axis of the first line, in the boxes' unit and origin.
        end_y: Axis of the second line.
    """
    first = [abs((b[1] + b[3]) / 2 - begin_y) <= abs((b[1] + b[3]) / 2 - end_y) for b in boxes]
    wrong = [sum(not near for near in first[:k]) + sum(first[k:]) for k in range(len(boxes) + 1)]
    cut = wrong.index(min(wrong))
    return [part for part in (boxes[:cut], boxes[cut:]) if part]


def union(boxes: list[Box]) -> Box:
    """Smallest box around at least one box."""
    return (
        min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes),
    )  # fmt: skip
