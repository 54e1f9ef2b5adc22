r"""Typeset many formulas into one PDF, a page each; formulas that TeX refuses are dropped with the reason."""

from __future__ import annotations

import ctypes
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from mathocr.data.synthesis.fonts import FontSetup
from mathocr.data.synthesis.tex import TexRun, run_tex

MARGIN_PT = 3.0  # white around the TeX box, in PDF points: holds the ink that leans out of it
MAX_WIDTH_PT = 700.0
MAX_HEIGHT_PT = 700.0
_ROUNDS = 6
_SECONDS_START, _SECONDS_PER_FORMULA = 60.0, 0.1  # a hundred times what an idle machine needs
_STALL_S = 20.0  # on an idle machine a log grows every 50 ms
_TEX_PT = 72 / 72.27  # one TeX point in PDF points

SYMBOL_PACKAGES = r"\usepackage{amsmath}\usepackage{amssymb}\usepackage{mathtools}\usepackage{mathrsfs}\usepackage{stmaryrd}\usepackage{cancel}"
_PREAMBLE = r"""\documentclass{article}
\pdfcompresslevel=9 \pdfobjcompresslevel=2 \pdfminorversion=5
\ifdefined\pdftrailerid\pdftrailerid{}\fi
\newcommand\hmmax{0}\newcommand\bmmax{0}
%(symbols)s
%(fonts)s
\usepackage{bm}
\input{glyphtounicode}\pdfgentounicode=1
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
"""
_END = "\\csname @@end\\endcsname\n"
_MOVES_INK = re.compile(r"\\\w*(?:phantom|lap|smash|raise|lower|kern|space|skip|quad|box|fill)")
_SPACED_LENGTH = re.compile(r"\\([hv]space\*?)\s*\{([^{}\\]*)\}")
_LOST = re.compile(r"^Missing character: .*?\n@F (\d+) ", re.MULTILINE | re.DOTALL)
_BOX = re.compile(r"^@F (\d+) (-?[\d.]+)pt ?(-?[\d.]+)pt ?(-?[\d.]+)pt", re.MULTILINE)
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


@dataclass(frozen=True)
class Typeset:
    """Outcome of a set of jobs.

    Attributes:
        pdf: The document, or None where nothing was left.
        kept: Index of the job on each page.
        sizes: ``(width, height)`` of each page in PDF points (1/72 inch).
        dropped: ``{index of a job: reason}`` for the rest.
    """

    pdf: Path | None
    kept: list[int]
    sizes: list[tuple[float, float]]
    dropped: dict[int, str]


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


def typeset(jobs: Sequence[Job], font: FontSetup, workdir: Path | None = None) -> Typeset:
    """Typeset jobs with one font set-up; page ``i`` of the PDF is ``jobs[kept[i]]``.

    Args:
        jobs: Formulas, any number.
        font: The set-up whose preamble is used.
        workdir: Existing folder for TeX's files; ``kept`` PDF is left in it as ``job.pdf``. None: a temporary
            folder that is removed, so that ``pdf`` is None in the answer (for checks).

    Raises:
        TexMissing: If no TeX is installed.
        RuntimeError: If the font set-up itself fails (the message holds TeX's first error).
    """
    if workdir is None:
        with tempfile.TemporaryDirectory(prefix="mathocr-tex-") as folder:
            result = typeset(jobs, font, Path(folder))
            return Typeset(None, result.kept, result.sizes, result.dropped)
    dropped = {i: reason for i, job in enumerate(jobs) if (reason := refusal(job.tex))}
    alive = [i for i in range(len(jobs)) if i not in dropped]
    pdf, sizes, alive = _rounds(jobs, alive, font, workdir, dropped, _ROUNDS)
    return Typeset(pdf, alive, sizes, dropped)


def _rounds(
    jobs: Sequence[Job], alive: list[int], font: FontSetup, workdir: Path, dropped: dict[int, str], rounds: int
) -> tuple[Path | None, list[tuple[float, float]], list[int]]:
    """Typeset, drop what failed, again; halves of the set apart where TeX gives no line to drop."""
    for _ in range(rounds):
        if not alive:
            return None, [], []
        run = _run(jobs, alive, font, workdir)
        boxes = _boxes(run.log)
        bad = _failures(run, boxes, alive, workdir)
        if not bad and run.pdf is not None and len(boxes) == len(alive):
            pages = [page for page, i in enumerate(alive) if _may_lack_ink(jobs[i].tex)]
            bad = {alive[page]: reason for page, reason in ink_faults(run.pdf, pages).items()}
        if not bad:
            if run.pdf is not None and not run.errors and len(boxes) == len(alive):
                return run.pdf, [boxes[i] for i in alive], alive
            break
        dropped.update(bad)
        alive = [i for i in alive if i not in bad]
    if len(alive) == 1:
        dropped[alive[0]] = "TeX ran out of time" if run.timed_out else "TeX stopped without naming a line"
        return None, [], []
    half = len(alive) // 2
    left = _rounds(jobs, alive[:half], font, workdir, dropped, rounds)[2]
    right = _rounds(jobs, alive[half:], font, workdir, dropped, rounds)[2]
    return _rounds(jobs, left + right, font, workdir, dropped, rounds)


def _tidy(tex: str) -> str:
    r"""Close up lengths that a tokeniser spaced out (``\hspace { 2 c m }``), which TeX does not read."""
    return _SPACED_LENGTH.sub(lambda match: f"\\{match[1]}{{{match[2].replace(' ', '')}}}", tex)


def document(jobs: Sequence[Job], font: FontSetup, numbers: Sequence[int] | None = None) -> str:
    """LaTeX source with a page for each job, one job a line after the preamble."""
    head = _PREAMBLE % {"symbols": SYMBOL_PACKAGES, "fonts": font.preamble, "margin": MARGIN_PT}
    lines = []
    for number, job in zip(numbers if numbers is not None else range(len(jobs)), jobs, strict=True):
        style = r"\displaystyle" if job.display else ""
        lines.append(f"\\F{{{number}}}{{{job.pt:g}}}{{{style}}}{{{_tidy(job.tex)} }}\n")
    return head + "".join(lines) + _END


def _run(jobs: Sequence[Job], alive: list[int], font: FontSetup, workdir: Path) -> TexRun:
    """One run of TeX over the jobs still alive."""
    source = document([jobs[i] for i in alive], font, alive)
    return run_tex(source, workdir, _SECONDS_START + _SECONDS_PER_FORMULA * len(alive), stall_s=_STALL_S)


def _boxes(log: str) -> dict[int, tuple[float, float]]:
    """Page size in PDF points of every formula that TeX reported in its log."""
    found = {}
    for number, width, height, depth in _BOX.findall(log):
        total = (float(width), float(height) + float(depth))
        found[int(number)] = (
            round(total[0] * _TEX_PT + 2 * MARGIN_PT, 3),
            round(total[1] * _TEX_PT + 2 * MARGIN_PT, 3),
        )
    return found


def _failures(
    run: TexRun, boxes: dict[int, tuple[float, float]], alive: list[int], workdir: Path
) -> dict[int, str]:
    """Jobs to drop after a run, with the reason."""
    first = _PREAMBLE.count("\n") + 1
    bad: dict[int, str] = {}
    errors = run.errors
    if run.timed_out:  # the interrupt is reported where TeX was; the rest of the run says nothing
        errors = [(line, "ran out of time") for line, _ in run.errors if line >= first][-1:]
    for line, message in errors:
        if 0 < line < first:
            raise RuntimeError(f"font set-up failed at line {line} of {workdir / 'job.tex'}: {message}")
        if first <= line < first + len(alive):
            bad.setdefault(alive[line - first], f"TeX: {_short(message)}")
    for number in _LOST.findall(run.log):
        bad.setdefault(int(number), "symbol missing in the font")
    if not bad and not run.timed_out and len(boxes) < len(alive):  # TeX goes through the formulas in order
        bad[next(i for i in alive if i not in boxes)] = "TeX: stopped there"
    for i, (width, height) in boxes.items():
        if width <= 2 * MARGIN_PT or height <= 2 * MARGIN_PT:
            bad.setdefault(i, "no width or height")
        elif width > MAX_WIDTH_PT:
            bad.setdefault(i, f"wider than {MAX_WIDTH_PT:g} pt")
        elif height > MAX_HEIGHT_PT:
            bad.setdefault(i, f"taller than {MAX_HEIGHT_PT:g} pt")
    return bad


def _may_lack_ink(tex: str) -> bool:
    """Whether a formula has commands that hide or move ink, or next to nothing else (looking at a page costs time)."""
    return _MOVES_INK.search(tex) is not None or not any(char.isalnum() for char in tex)


def ink_faults(pdf: Path, pages: Sequence[int]) -> dict[int, str]:
    """Those of the given pages (from 0) without ink, or with ink beyond their edges, with the reason."""
    faults = {}
    document = pdfium.PdfDocument(pdf)
    box = [ctypes.c_float() for _ in range(4)]  # left, bottom, right, top
    for number in pages:
        page = pdfium_c.FPDF_LoadPage(document, number)
        edges = (pdfium_c.FPDF_GetPageWidthF(page), pdfium_c.FPDF_GetPageHeightF(page))
        objects = pdfium_c.FPDFPage_CountObjects(page)
        if not objects:
            faults[number] = "no ink"
        for i in range(objects):
            pdfium_c.FPDFPageObj_GetBounds(pdfium_c.FPDFPage_GetObject(page, i), *box)
            left, bottom, right, top = (side.value for side in box)
            if min(left, bottom) < 0 or right > edges[0] or top > edges[1]:
                faults[number] = "ink far outside its TeX box"
        pdfium_c.FPDF_ClosePage(page)
    document.close()
    return faults


def _short(message: str) -> str:
    """TeX's message without what differs from formula to formula."""
    return re.sub(r"\s*[`(<{\[].*$", "", message).strip(" .:") or message
