r"""The LaTeX document that draws one formula a page, and which formulas may go into it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mathocr.data.latex.symbols import SYMBOL_PACKAGES
from mathocr.data.synthesis.fonts import FontSetup
from mathocr.data.synthesis.glyph_names import to_unicode_preamble

MARGIN_PT = 3.0  # white around the TeX box, in PDF points: holds the ink that leans out of it
_PREAMBLE = r"""\documentclass{article}
\pdfcompresslevel=9 \pdfobjcompresslevel=2 \pdfminorversion=5
\ifdefined\pdftrailerid\pdftrailerid{}\fi
\newcommand\hmmax{0}\newcommand\bmmax{0}
%(symbols)s
%(fonts)s
\usepackage{bm}
%(unicode)s
\makeatletter
\ifdefined\c@localmathalphabets\setcounter{localmathalphabets}{9}\fi
\hfuzz=\maxdimen \vfuzz=\maxdimen \hbadness=10000 \vbadness=10000 \overfullrule=0pt
\pdfhorigin=0pt \pdfvorigin=0pt \parindent=0pt \topskip=0pt
\newdimen\fmargin \fmargin=%(margin)sbp
\DeclareMathSizes{10.95}{10.95}{8}{6}
\def\F#1#2#3#4{%% number, size, style, formula
  \fontsize{#2}{1.2\dimexpr#2pt\relax}\selectfont
  \setbox0\hbox{$#3#4$}%%
  \immediate\write-1{@F #1 \the\wd0 \the\ht0 \the\dp0}%%
  \pdfpagewidth=\dimexpr\wd0+2\fmargin\relax
  \pdfpageheight=\dimexpr\ht0+\dp0+2\fmargin\relax
  \ifdim\pdfpagewidth>0pt\else\pdfpagewidth=1pt\fi
  \ifdim\pdfpageheight>0pt\else\pdfpageheight=1pt\fi
  \pdfprimitive\shipout\vbox{\kern\fmargin\hbox{\kern\fmargin\box0}}%%
  \noindent\par}
\begin{document}
\immediate\write-1{@F begin}
"""
FIRST_LINE = _PREAMBLE.count("\n") + 1
"""Line of a document's first formula, counted from 1."""
_END = "\\csname @@end\\endcsname\n"
_SPACED_LENGTH = re.compile(r"\\([hv]space\*?)\s*\{([^{}\\]*)\}")
_MOVES_INK = re.compile(r"\\\w*(?:phantom|lap|smash|raise|lower|kern|space|skip|quad|box|fill)")
_FORBIDDEN = re.compile(
    r"\\(?:input|include|openin|openout|read|write|immediate|special|pdf\w*|directlua|csname|catcode|global|[gex]?def"
    r"|let|futurelet|newcommand|renewcommand|providecommand|DeclareMathOperator|newenvironment|shipout|output|verb"
    r"|documentclass|usepackage|everymath|everydisplay|batchmode|scrollmode|errorstopmode|loop|tag|setcounter"
    r"|setlength|label|ref|cite|footnote|F)(?![A-Za-z])|\\(?:begin|end)\s*\{document\}"
)


@dataclass(frozen=True)
class Job:
    """One formula to typeset.

    Attributes:
        tex: LaTeX without dollar signs, one line.
        pt: Type size in TeX points.
        display: Display style if true, else text style.
    """

    tex: str
    pt: float
    display: bool


def refusal(tex: str) -> str | None:
    """Reason why a formula is not given to TeX at all, or None.

    It must be one line with balanced braces, without comments, macro parameters, dollars outside a group
    (text in a formula may hold some), and without commands that define, read, write, number or refer.
    """
    if not tex.strip():
        return "empty"
    if "\n" in tex or "\r" in tex:
        return "more than one line"
    if not tex.isascii():
        return "not ASCII"
    match = _FORBIDDEN.search(tex)
    if match:
        return f"command not allowed: {match[0]}"
    plain = re.sub(r"\\\\|\\[{}%#$]", "", tex)
    if "%" in plain or "#" in plain:
        return "unescaped % or #"
    depth = 0
    for char in plain:
        depth += (char == "{") - (char == "}")
        if depth < 0 or (char == "$" and depth == 0):
            return "unbalanced braces" if depth < 0 else "dollar outside a group"
    return "unbalanced braces" if depth else None


def may_lack_ink(tex: str) -> bool:
    """Whether a formula has commands that hide or move ink, or next to nothing else (looking at a page costs time)."""
    return _MOVES_INK.search(tex) is not None or not any(char.isalnum() for char in tex)


def _tidy(tex: str) -> str:
    r"""Close up lengths that a tokeniser spaced out (``\hspace { 2 c m }``), which TeX does not read."""
    return _SPACED_LENGTH.sub(lambda match: f"\\{match[1]}{{{match[2].replace(' ', '')}}}", tex)


def document(jobs: Sequence[Job], font: FontSetup, numbers: Sequence[int] | None = None) -> str:
    """LaTeX source with a page for each job, one job a line after the preamble."""
    head = _PREAMBLE % {
        "symbols": SYMBOL_PACKAGES,
        "fonts": font.preamble,
        "margin": MARGIN_PT,
        "unicode": to_unicode_preamble(),
    }
    lines = []
    for number, job in zip(numbers if numbers is not None else range(len(jobs)), jobs, strict=True):
        style = r"\displaystyle" if job.display else ""
        lines.append(f"\\F{{{number}}}{{{job.pt:g}}}{{{style}}}{{{_tidy(job.tex)} }}\n")
    return head + "".join(lines) + _END
