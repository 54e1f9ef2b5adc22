"""Run TeX safely on a generated document: time limit, no shell, no files outside its folder, errors by line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

DEBIAN_PACKAGES = (
    "texlive-latex-extra texlive-science texlive-fonts-recommended texlive-fonts-extra lmodern cm-super"
)
_LOCATED = re.compile(r"^(?P<file>[^\s:][^:]*):(?P<line>\d+): (?P<message>.*)$")


class TexMissing(RuntimeError):
    """No TeX is installed; the message says in one line what to install."""


@dataclass(frozen=True)
class TexRun:
    """What one run of TeX left.

    Attributes:
        pdf: The document, or None where TeX wrote none (a fatal error, no page, or the time limit).
        errors: ``(line, message)`` in order; ``line`` counts from 1 in the given source, 0 where TeX named no line of it.
        timed_out: True when the time limit ended the run.
        log: Text of TeX's log (lines not wrapped).
    """

    pdf: Path | None
    errors: list[tuple[int, str]]
    timed_out: bool
    log: str = ""


def find_tex() -> str:
    """Path of ``pdflatex``.

    Raises:
        TexMissing: If it is not on the path.
    """
    path = shutil.which("pdflatex")
    if path is None:
        raise TexMissing(
            "TeX is not installed (no pdflatex on the path): install TeX Live, "
            f"on Debian or Ubuntu `apt-get install {DEBIAN_PACKAGES}`"
        )
    return path


def has_tex_file(name: str) -> bool:
    """Whether TeX finds a file such as ``kpfonts.sty``.

    Raises:
        TexMissing: If no TeX is installed.
    """
    find_tex()
    kpsewhich = shutil.which("kpsewhich")
    if kpsewhich is None:
        raise TexMissing("TeX is incomplete (no kpsewhich on the path): install TeX Live")
    return subprocess.run([kpsewhich, name], capture_output=True, check=False).returncode == 0


def run_tex(source: str, workdir: Path, timeout_s: float = 60.0, name: str = "job") -> TexRun:
    """Typeset ``source`` with pdfLaTeX in ``workdir`` (``name.tex``, ``name.log``, ``name.pdf`` are left there).

    TeX never stops to ask, runs no program, makes no bitmap fonts, and reads and writes files only in
    ``workdir`` and its own tree.

    Args:
        source: A whole LaTeX document.
        workdir: An existing folder; the source may read files in it by relative path.
        timeout_s: Seconds until TeX is stopped.
        name: Base name of the files.

    Raises:
        TexMissing: If no TeX is installed.
    """
    program = find_tex()
    paths = {kind: workdir / f"{name}.{kind}" for kind in ("tex", "log", "pdf")}
    paths["tex"].write_text(source, encoding="utf-8")
    for kind in ("log", "pdf"):
        paths[kind].unlink(missing_ok=True)
    command = [program, "-interaction=nonstopmode", "-file-line-error", "-no-shell-escape", f"{name}.tex"]
    timed_out = False
    try:
        subprocess.run(
            command, cwd=workdir, env=_environment(), timeout=timeout_s, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        timed_out = True
    log = paths["log"].read_text(encoding="utf-8", errors="replace") if paths["log"].exists() else ""
    pdf = paths["pdf"] if paths["pdf"].exists() and not timed_out else None
    return TexRun(pdf, parse_errors(log, f"{name}.tex"), timed_out, log)


def parse_errors(log: str, source_name: str) -> list[tuple[int, str]]:
    """Errors in a log written with ``-file-line-error``: ``(line of the source or 0, message)``."""
    errors = []
    for text in log.splitlines():
        if text.startswith("! "):
            errors.append((0, text[2:]))
            continue
        match = _LOCATED.match(text)
        if match and match["file"].endswith((".tex", ".sty", ".cls", ".fd", ".def")):
            own = match["file"].removeprefix("./") == source_name
            errors.append((int(match["line"]) if own else 0, match["message"]))
    return errors


def _environment() -> dict[str, str]:
    """The caller's environment with TeX's own safety switches; long log lines stay whole."""
    environment = dict(os.environ)
    environment.update(
        openin_any="p", openout_any="p", shell_escape="f", MKTEXPK="0", MKTEXTFM="0", MKTEXMF="0",
        max_print_line="1000000", error_line="254", half_error_line="238",
    )  # fmt: skip
    return environment
