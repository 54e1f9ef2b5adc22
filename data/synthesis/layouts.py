"""Document templates: articles, books, notes, exams, slides, manuals, letters and formula sheets."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from mathocr.data.latex.symbols import SYMBOL_PACKAGES
from mathocr.data.synthesis import bodies
from mathocr.data.synthesis.fonts import FontSetup
from mathocr.data.synthesis.languages import Language, TextSetup
from mathocr.data.synthesis.marks import MARK_MACROS
from mathocr.data.synthesis.phrases import NAMES
from mathocr.data.synthesis.writer import Writer


class Page(NamedTuple):
    """A document class with its options, geometry's options, and further lines of the preamble."""

    document_class: str
    options: str
    geometry: str
    extra: str = ""


@dataclass(frozen=True)
class Layout:
    """One kind of document.

    Attributes:
        name: As in ``--layouts`` and in the rows.
        weight: How often it is used next to the others.
        preamble: Makes the class line and the page's geometry.
        body: Writes the document until it is long enough.
        page_size: Characters of LaTeX that about fill one page.
    """

    name: str
    weight: float
    preamble: Callable[[random.Random], Page]
    body: Callable[[Writer, int], None]
    page_size: int


_PACKAGES = r"""\usepackage{amsthm}
%(fonts)s
\usepackage{bm,textcomp,booktabs,array,graphicx,pict2e,multicol,framed,fancyhdr}\usepackage{xcolor}
\usepackage[%(geometry)s]{geometry}
\makeatletter\ifdefined\c@localmathalphabets\setcounter{localmathalphabets}{9}\fi\makeatother
\theoremstyle{%(style)s}
\newtheorem{theorem}{%(theorem)s}[section]\newtheorem{lemma}[theorem]{%(lemma)s}
\newtheorem{proposition}[theorem]{%(proposition)s}\newtheorem{corollary}[theorem]{%(corollary)s}
\newtheorem{claim}{%(claim)s}\newtheorem{problem}{%(problem)s}
\theoremstyle{definition}\newtheorem{definition}[theorem]{%(definition)s}\newtheorem{example}[theorem]{%(example)s}
\newtheorem{exercise}{%(exercise)s}\newtheorem{remark}[theorem]{%(remark)s}
\providecommand{\chapter}{\section}
\emergencystretch=2em \hbadness=10000 \vbadness=10000 \vfuzz=1000pt \hfuzz=6pt \overfullrule=0pt
\raggedbottom \definecolor{shadecolor}{gray}{0.92}
\pagestyle{fancy}\fancyhf{}"""


_TERMS = (
    "theorem", "lemma", "proposition", "corollary", "claim", "problem", "definition", "example", "exercise", "remark",
)  # fmt: skip
_NAMED = {"proof": "proof", "figure": "figure", "table": "table", "ref": "references", "bib": "references",
          "abstract": "abstract", "chapter": "chapter"}  # fmt: skip


def preamble(layout: Layout, font: FontSetup, rng: random.Random, language: Language, setup: TextSetup) -> str:
    r"""Everything up to ``\begin{document}``: class, packages, fonts, script, geometry, headers, marks."""
    page = layout.preamble(rng)
    packages = _PACKAGES % {
        "fonts": font.preamble + setup.preamble, "geometry": page.geometry,
        "style": rng.choice(("plain", "plain", "definition")), **{name: language.term(name) for name in _TERMS},
    }  # fmt: skip
    bold = r"\bfseries " if not language.spaces and rng.random() < 0.1 else ""
    names = "".join(rf"\def\{name}name{{{language.term(term)}}}" for name, term in _NAMED.items())
    skips = r"\AtBeginDocument{\abovedisplayskip=5pt plus 2pt \belowdisplayskip=5pt plus 2pt}"
    bullets = (r"$\bullet$", r"$\bullet$", "--", r"$\circ$", r"\rule[.2ex]{.8ex}{.8ex}", r"$\triangleright$", "*")
    lines = (
        rf"\documentclass[{page.options}]{{{page.document_class}}}",
        r"\newcommand\hmmax{0}\newcommand\bmmax{0}",
        SYMBOL_PACKAGES,
        packages,
        _running_heads(rng, language),
        rng.choice(("", "", r"\numberwithin{equation}{section}")),
        rng.choice(("", "", r"\linespread{1.1}", r"\linespread{1.25}", r"\linespread{1.5}")),
        rng.choice(("", "", r"\parindent=0pt \parskip=6pt plus 2pt")),
        rng.choice(("",) * 6 + (r"\AtBeginDocument{\raggedright}",)),
        rng.choice(("", "", skips)),
        rf"\def\labelitemi{{{rng.choice(bullets)}}}",
        page.extra,
    )
    return "\n".join(lines) + MARK_MACROS + names + r"\begin{document}" + setup.begin + bold


def _running_heads(rng: random.Random, language: Language) -> str:
    """Headers and footers: page numbers, titles, dates, rules."""
    page = rng.choice((r"\thepage", r"\thepage", r"-- \thepage\ --", r"Page \thepage", r"\thepage/96"))
    place = rng.choice((r"\fancyfoot[C]", r"\fancyhead[R]", r"\fancyfoot[R]", r"\fancyhead[C]", r"\fancyfoot[L]"))
    heads = rf"{place}{{{page}}}"
    if rng.random() < 0.5:
        words = language.title(rng, rng.randint(2, 4))
        numbered = f"{rng.randint(1, 9)}.{rng.randint(1, 9)} {words}"
        text = rng.choice((words, rng.choice(NAMES).upper(), rf"\textit{{{words}}}", numbered))
        heads += rf"\fancyhead[L]{{\small {text}}}"
    if rng.random() < 0.3:
        notes = ("Draft of 12/03/2019", "Vol. 17, No. 4", "arXiv:1903.01234v2", "Copyright 2018", "Spring 2021")
        heads += rf"\fancyfoot[L]{{\footnotesize {rng.choice(notes)}}}"
    rule = rng.choice(("0pt", "0.4pt", "0.4pt"))
    digits = rng.choice(("arabic",) * 6 + ("roman",))
    return (
        rf"{heads}\renewcommand{{\headrulewidth}}{{{rule}}}\pagenumbering{{{digits}}}"
        rf"\setcounter{{page}}{{{rng.randint(1, 300)}}}"
    )


def _paper(rng: random.Random, low_mm: int = 15, high_mm: int = 38) -> str:
    """Paper and margins for geometry."""
    paper = rng.choice(("a4paper",) * 4 + ("letterpaper",) * 3 + ("b5paper", "a5paper"))
    shrink = 0.6 if paper in ("a5paper", "b5paper") else 1.0
    low, high = int(low_mm * shrink), int(high_mm * shrink)
    margins = {side: rng.randint(low, high) for side in ("left", "right", "top", "bottom")}
    smallest = {"left": 8, "right": 8, "top": 14, "bottom": 14}
    return ",".join((paper, *(f"{side}={max(size, smallest[side])}mm" for side, size in margins.items())))


def _options(rng: random.Random, *more: str) -> str:
    """Class options: size, equation style."""
    size = rng.choice(("9pt", "10pt", "10pt", "10pt", "11pt", "11pt", "12pt", "12pt"))
    style = rng.choice(("", "", "", "", "", "leqno", "fleqn"))
    return ",".join(word for word in (size, style, *more) if word)


def _article(rng: random.Random) -> Page:
    """One column."""
    return Page("extarticle", _options(rng), _paper(rng))


def _two_columns(rng: random.Random) -> Page:
    """Two columns, with or without a rule between them."""
    geometry = f"{_paper(rng, 12, 24)},columnsep={rng.randint(5, 10)}mm"
    return Page("extarticle", _options(rng, "twocolumn"), geometry, rng.choice(("", r"\columnseprule=0.4pt")))


def _book(rng: random.Random) -> Page:
    """Left and right pages."""
    return Page("extbook", _options(rng, "openany"), _paper(rng, 18, 40))


def _slides(rng: random.Random) -> Page:
    """A small landscape page of 16:9 or 4:3, mostly without serifs."""
    size = rng.choice(("paperwidth=160mm,paperheight=90mm", "paperwidth=128mm,paperheight=96mm"))
    sans = r"\renewcommand{\familydefault}{\sfdefault}" if rng.random() < 0.75 else ""
    tone = rng.choice(("black", "blue!60!black", "red!60!black", "green!40!black", "gray"))
    return Page(
        "extarticle",
        rng.choice(("9pt", "10pt", "11pt", "12pt")),
        f"{size},margin=8mm,top=7mm,bottom=8mm,headheight=0pt,headsep=0pt,footskip=5mm",
        rf"{sans}\colorlet{{tone}}{{{tone}}}\fancyhead{{}}\renewcommand{{\headrulewidth}}{{0pt}}"
        r"\parindent=0pt \parskip=4pt",
    )


LAYOUTS: tuple[Layout, ...] = (
    Layout("article", 4.0, _article, bodies.write_article, 4200),
    Layout("two-columns", 3.0, _two_columns, bodies.write_article, 6000),
    Layout("book", 3.0, _book, bodies.write_book, 3600),
    Layout("notes", 2.0, _article, bodies.write_notes, 3800),
    Layout("exam", 1.5, _article, bodies.write_exam, 2800),
    Layout("slides", 2.5, _slides, bodies.write_slides, 750),
    Layout("sheet", 1.0, _article, bodies.write_sheet, 6000),
    Layout("manual", 1.5, _article, bodies.write_manual, 3800),
    Layout("plain", 0.8, _article, bodies.write_plain, 3500),
)
