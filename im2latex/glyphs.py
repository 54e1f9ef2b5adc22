"""Read from a PDF page what TeX drew on it: each glyph and rule, what it is and where it stands."""

from __future__ import annotations

import ctypes
import re
from typing import Any, NamedTuple

import numpy as np
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

RULE, BAR = "rule", "bar"  # a horizontal and a vertical rule
_AXIS_EM = 0.25  # height of the math axis above the baseline in Computer Modern (cmsy10's parameter 22)
_SAME_X, _TOUCHING = 0.05, 0.5  # pt: how exactly the pieces of a tall delimiter stand over each other

# Pieces of tall delimiters in the extension font, by the codes that PDFium gives: Unicode where TeX's tables name the
# glyph, else the place in the font. All sizes of one delimiter or operator have one code, and so need no table. Which
# ends a tall delimiter has tells what it is; the pieces between them repeat. Source: cmex10's encoding (OMX), The
# TeXbook, appendix F, and the codes in glyphtounicode.tex.
_BETWEEN = {0xF8EC, 0xF8F7, 0xF8EF, 0xF8FA, 0xF8F4, 0xF8E6, 0x75, 0x76, 0x77}
_TALL = {
    frozenset(ends): symbol
    for symbol, *ends in (
        ("(", 0xF8EB, 0xF8ED), ("[", 0xF8EE, 0xF8F0), ("⌈", 0xF8EE), ("⌊", 0xF8F0), ("{", 0xF8F1, 0xF8F2, 0xF8F3),
        (")", 0xF8F6, 0xF8F8), ("]", 0xF8F9, 0xF8FB), ("⌉", 0xF8F9), ("⌋", 0xF8FB), ("}", 0xF8FC, 0xF8FD, 0xF8FE),
        ("⟮", 0xF8F1, 0xF8F3), ("⟯", 0xF8FC, 0xF8FE), ("⎰", 0xF8F1, 0xF8FE), ("⎱", 0xF8FC, 0xF8F3),
        ("|", 0x7C), ("∥", 0x2016), ("√", 0x221A),
        ("↑", 0x2191), ("↓", 0x2193), ("↕", 0x2191, 0x2193), ("⇑", 0x21D1), ("⇓", 0x21D3), ("⇕", 0x21D1, 0x21D3),
    )
}  # fmt: skip
_PLAIN = frozenset(("CMR", "CMMI", "CMSY"))
_AS_LARGE_AS_CONTENTS = frozenset("()[]{}⟨⟩|∥/\\⌊⌋⌈⌉√↑↓↕⇑⇓⇕")
_SUBSET = re.compile(r"^[A-Z]{6}\+|\d+$")


class Drawing(NamedTuple):
    """What is drawn for a formula, in the order in which TeX drew it.

    Attributes:
        names: What each glyph or rule is. Letters and digits with their font (an upright and an italic x differ),
            everything with its type size (so scripts differ from the line) but for delimiters, big operators,
            roots and rules, which TeX chooses by what they enclose.
        boxes: Ink as xyxy in points (1/72 inch) from the top left of the page, ``(N, 4)``.
        baselines: Where each stands, points below the top of the page, ``(N,)``; of what is centred on the math
            axis the baseline that belongs to this axis.
        ems: Type size in points, ``(N,)``; for what has none the formula's.
    """

    names: tuple[str, ...]
    boxes: NDArray[np.float64]
    baselines: NDArray[np.float64]
    ems: NDArray[np.float64]


class _Mark(NamedTuple):
    """A glyph or rule as it is read: order on the page, name, box (left, bottom, right, top), origin, type size."""

    order: int
    name: str
    box: tuple[float, float, float, float]
    origin: tuple[float, float]
    size: float | None  # None for what TeX sizes by its surroundings


def read_drawing(document: Any, number: int, pt: float) -> Drawing:
    """Read one page typeset in Computer Modern.

    Args:
        document: An open ``pypdfium2.PdfDocument``.
        number: The page, from 0.
        pt: Type size of the formula in points (1/72 inch).
    """
    page = pdfium_c.FPDF_LoadPage(document, number)
    text = pdfium_c.FPDFText_LoadPage(page)
    try:
        height = pdfium_c.FPDF_GetPageHeightF(page)
        places, rules = _objects(page)
        marks = sorted(_joined(_glyphs(text, places)) + rules, key=lambda mark: mark.order)
    finally:
        pdfium_c.FPDFText_ClosePage(text)
        pdfium_c.FPDF_ClosePage(page)
    boxes = np.array([mark.box for mark in marks], np.float64).reshape(-1, 4)
    ems = np.array([mark.size or pt for mark in marks], np.float64)
    centred = np.array([mark.size is None for mark in marks], bool)
    origins = np.array([mark.origin[1] for mark in marks], np.float64)
    baselines = np.where(centred, boxes[:, 1::2].mean(1) - _AXIS_EM * ems, origins)
    boxes[:, 1::2] = height - boxes[:, 3::-2]
    return Drawing(tuple(_name(mark) for mark in marks), boxes, height - baselines, ems)


def _name(mark: _Mark) -> str:
    return mark.name if mark.size is None else f"{mark.name} {mark.size:.0f}"


def _objects(page: Any) -> tuple[dict[int, int], list[_Mark]]:
    """Place of each text object on the page by its address, and the rules."""
    places, rules = {}, []
    sides = [ctypes.c_float() for _ in range(4)]
    for place in range(pdfium_c.FPDFPage_CountObjects(page)):
        item = pdfium_c.FPDFPage_GetObject(page, place)
        kind = pdfium_c.FPDFPageObj_GetType(item)
        if kind == pdfium_c.FPDF_PAGEOBJ_TEXT:
            places[ctypes.addressof(item.contents)] = place
        elif kind == pdfium_c.FPDF_PAGEOBJ_PATH and pdfium_c.FPDFPageObj_GetBounds(item, *sides):
            left, bottom, right, top = (side.value for side in sides)
            name = RULE if right - left >= top - bottom else BAR
            rules.append(_Mark(place, name, (left, bottom, right, top), (left, bottom), None))
    return places, rules


def _glyphs(text: Any, places: dict[int, int]) -> list[tuple[int, _Mark]]:
    """All glyphs with ink and their codes, in the order of the page."""
    found = []
    left, right, bottom, top, x, y = (ctypes.c_double() for _ in range(6))
    font, flags = ctypes.create_string_buffer(64), ctypes.c_int()
    for place in range(pdfium_c.FPDFText_CountChars(text)):
        if pdfium_c.FPDFText_IsGenerated(text, place) == 1:
            continue  # the spaces and line ends that PDFium adds
        pdfium_c.FPDFText_GetCharBox(text, place, left, right, bottom, top)
        if right.value <= left.value or top.value <= bottom.value:
            continue
        pdfium_c.FPDFText_GetCharOrigin(text, place, x, y)
        pdfium_c.FPDFText_GetFontInfo(text, place, font, len(font), flags)
        code = pdfium_c.FPDFText_GetUnicode(text, place)
        known = pdfium_c.FPDFText_HasUnicodeMapError(text, place) != 1
        family = _SUBSET.sub("", font.value.decode("ascii", "replace"))
        name, sized = _symbol(code, family, known)
        size = pdfium_c.FPDFText_GetFontSize(text, place) if sized else None
        item = pdfium_c.FPDFText_GetTextObject(text, place)
        order = places[ctypes.addressof(item.contents)]
        box = (left.value, bottom.value, right.value, top.value)
        found.append((code, _Mark(order, name, box, (x.value, y.value), size)))
    return found


def _symbol(code: int, family: str, known: bool) -> tuple[str, bool]:
    """Name of a glyph, and whether its type size is part of it."""
    if family.startswith("CMEX"):
        return _tall([code]), False
    if not known:
        return f"{family} {code}", True
    symbol = chr(code)
    if symbol in _AS_LARGE_AS_CONTENTS:  # the small ones, which are in other fonts
        return symbol, False
    plain = not symbol.isalnum() and family in _PLAIN  # a comma of the text and one of the formula look alike
    return (symbol if plain else f"{symbol} {family}"), True


def _joined(glyphs: list[tuple[int, _Mark]]) -> list[_Mark]:
    """Pieces of a tall delimiter or root put together to one mark."""
    joined: list[_Mark] = []
    codes: list[int] = []
    for code, mark in glyphs:
        if joined and _on_top(joined[-1], mark):
            codes.append(code)
            low, high = joined[-1].box, mark.box
            box = (min(low[0], high[0]), min(low[1], high[1]), max(low[2], high[2]), max(low[3], high[3]))
            joined[-1] = joined[-1]._replace(box=box, name=_tall(codes))
        else:
            codes = [code]
            joined.append(mark)
    return joined


def _on_top(first: _Mark, second: _Mark) -> bool:
    """Whether two marks are pieces of one: at the same x, one touching the other."""
    if first.size is not None or second.size is not None or abs(first.origin[0] - second.origin[0]) > _SAME_X:
        return False
    gap = max(first.box[1], second.box[1]) - min(first.box[3], second.box[3])
    return gap < _TOUCHING


def _tall(codes: list[int]) -> str:
    """What a glyph of the extension font is, or a delimiter of several."""
    pieces = frozenset(codes)
    ends = pieces - _BETWEEN or pieces
    return _TALL.get(ends) or "+".join(chr(code) for code in sorted(ends))
