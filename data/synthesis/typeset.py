r"""Typeset many formulas into one PDF, a page each; formulas that TeX refuses are dropped with the reason."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from mathocr.data.synthesis.fonts import FontSetup
from mathocr.data.synthesis.formula_document import FIRST_LINE, MARGIN_PT, Job, document, may_lack_ink, refusal
from mathocr.data.synthesis.tex import STALL_S, TexRun, parse_errors, run_tex

MAX_WIDTH_PT = 700.0
MAX_HEIGHT_PT = 700.0
JOB = "job"  # base name of TeX's files
_ROUNDS = 20  # each drops at least one formula; three are usual
_SECONDS_START, _SECONDS_PER_FORMULA = 60.0, 0.1  # a hundred times what an idle machine needs
_TEX_PT = 72 / 72.27  # one TeX point in PDF points

_MARK = re.compile(r"^@F (\w+).*$", re.MULTILINE)
_BOX = re.compile(r"^@F (\d+) (-?[\d.]+)pt ?(-?[\d.]+)pt ?(-?[\d.]+)pt", re.MULTILINE)


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


def typeset(jobs: Sequence[Job], font: FontSetup, workdir: Path) -> Typeset:
    """Typeset jobs with one font set-up; page ``i`` of the PDF is ``jobs[kept[i]]``.

    Args:
        jobs: Formulas, any number.
        font: The set-up whose preamble is used.
        workdir: Existing folder for TeX's files; the PDF of what is kept is left in it as ``job.pdf``.

    Raises:
        TexMissing: If no TeX is installed.
        RuntimeError: If the font set-up itself fails (the message holds TeX's first error).
    """
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
            pages = [page for page, i in enumerate(alive) if may_lack_ink(jobs[i].tex)]
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


def _run(jobs: Sequence[Job], alive: list[int], font: FontSetup, workdir: Path) -> TexRun:
    """One run of TeX over the jobs still alive."""
    source = document([jobs[i] for i in alive], font, alive)
    return run_tex(source, workdir, _SECONDS_START + _SECONDS_PER_FORMULA * len(alive), JOB, STALL_S)


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


def _failures(run: TexRun, boxes: dict[int, tuple[float, float]], alive: list[int], workdir: Path) -> dict[int, str]:
    """Jobs to drop after a run, with the reason."""
    before, *marked = _MARK.split(run.log)  # then: number (or "begin"), text up to the next mark, and so on
    for line, message in parse_errors(before, f"{JOB}.tex"):
        raise RuntimeError(f"font set-up failed at line {line} of {workdir / JOB}.tex: {message}")
    bad: dict[int, str] = {}
    errors = run.errors
    if run.timed_out:  # the interrupt is reported where TeX was; the rest of the run says nothing
        errors = [(line, "ran out of time") for line, _ in run.errors if line >= FIRST_LINE][-1:]
    for line, message in errors:
        if FIRST_LINE <= line < FIRST_LINE + len(alive):
            bad.setdefault(alive[line - FIRST_LINE], f"TeX: {_short(message)}")
    for text, number in zip(marked[1::2], marked[2::2], strict=False):  # what TeX says of a formula, then its mark
        if "Missing character: " in text:
            bad.setdefault(int(number), "symbol missing in the font")
        for line, message in parse_errors(text, f"{JOB}.tex") if ":" in text else ():
            if line == 0:  # in a file that the formula made TeX read, such as a font's definition
                bad.setdefault(int(number), f"TeX: {_short(message)}")
    if not bad and not run.timed_out and len(boxes) < len(alive):  # TeX goes through the formulas in order
        bad[next(i for i in alive if i not in boxes)] = "TeX: stopped there"
    for i, size in boxes.items():
        if fault := _size_fault(*size):
            bad.setdefault(i, fault)
    return bad


def _size_fault(width: float, height: float) -> str | None:
    """Why a page of this size is not wanted, or None."""
    if width <= 2 * MARGIN_PT or height <= 2 * MARGIN_PT:
        return "no width or height"
    if width > MAX_WIDTH_PT:
        return f"wider than {MAX_WIDTH_PT:g} pt"
    return f"taller than {MAX_HEIGHT_PT:g} pt" if height > MAX_HEIGHT_PT else None


def ink_faults(pdf: Path, pages: Sequence[int]) -> dict[int, str]:
    """Those of the given pages (from 0) without ink, or with ink beyond their edges, with the reason."""
    faults = {}
    file = pdfium.PdfDocument(pdf)
    box = [ctypes.c_float() for _ in range(4)]  # left, bottom, right, top
    for number in pages:
        page = pdfium_c.FPDF_LoadPage(file, number)
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
    file.close()
    return faults


def _short(message: str) -> str:
    """TeX's message without what differs from formula to formula."""
    return re.sub(r"\s*[`(<{\[].*$", "", message).strip(" .:") or message
