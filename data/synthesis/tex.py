"""Run TeX safely on a generated document: time limit, no shell, no files outside its folder, errors by line."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

# The one list: the README's and that of `.ci/run` are held against it by a test.
DEBIAN_PACKAGES = "texlive-latex-extra texlive-science texlive-fonts-recommended texlive-plain-generic lmodern cm-super"
_GRACE_S = 3.0  # for TeX to close its files after an interrupt
_LOCATED = re.compile(r"^(?P<file>[^\s:][^:]*):(?P<line>\d+): (?P<message>.*)$")
STALL_S = 20.0  # TeX that typesets formulas and writes nothing for so long is in a loop: a log grows every 50 ms


class TexMissing(RuntimeError):
    """No TeX is installed; the message says in one line what to install."""


@dataclass(frozen=True)
class TexRun:
    """What one run of TeX left.

    Attributes:
        pdf: The document, or None where TeX wrote none (a fatal error, no page, or the time limit).
        errors: ``(line, message)`` in order; ``line`` counts from 1 in the given source, 0 where TeX named none.
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


def run_tex(
    source: str, workdir: Path, timeout_s: float = 60.0, name: str = "job", stall_s: float | None = None
) -> TexRun:
    """Typeset ``source`` with pdfLaTeX in ``workdir`` (``name.tex``, ``name.log``, ``name.pdf`` are left there).

    TeX never stops to ask, runs no program, makes no bitmap fonts, and reads and writes files only in
    ``workdir`` and its own tree. When time is up it is interrupted first, so that its last error names the line
    where it was, and killed a moment later.

    Args:
        source: A whole LaTeX document.
        workdir: An existing folder; the source may read files in it by relative path.
        timeout_s: Seconds until TeX is stopped.
        name: Base name of the files.
        stall_s: Stop TeX also when its log has not grown for so many seconds (None: never).

    Raises:
        TexMissing: If no TeX is installed.
    """
    program = find_tex()
    paths = {kind: workdir / f"{name}.{kind}" for kind in ("tex", "log", "pdf")}
    paths["tex"].write_text(source, encoding="utf-8")
    for kind in ("log", "pdf"):
        paths[kind].unlink(missing_ok=True)
    command = [program, "-interaction=nonstopmode", "-file-line-error", "-no-shell-escape", f"{name}.tex"]
    process = subprocess.Popen(
        command, cwd=workdir, env=_environment(), start_new_session=True,  # Ctrl-C is for the caller
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=_interruptible,
    )  # fmt: skip
    try:
        timed_out = not _wait(process, paths["log"], timeout_s, stall_s)
    finally:
        _stop(process)
    log = paths["log"].read_text(encoding="utf-8", errors="replace") if paths["log"].exists() else ""
    pdf = paths["pdf"] if paths["pdf"].exists() and not timed_out else None
    return TexRun(pdf, parse_errors(log, f"{name}.tex"), timed_out, log)


def _wait(process: subprocess.Popen, log: Path, timeout_s: float, stall_s: float | None) -> bool:
    """Wait for TeX to end; False when time is up or its log stands still."""
    start = grown = time.monotonic()
    size = -1
    while True:
        try:
            process.wait(timeout=min(1.0, timeout_s))
            return True
        except subprocess.TimeoutExpired:
            now = time.monotonic()
        length = log.stat().st_size if log.exists() else 0
        if length != size:
            size, grown = length, now
        if now - start >= timeout_s or (stall_s is not None and now - grown >= stall_s):
            return False


def _interruptible() -> None:
    """Undo what nohup and background jobs do: TeX must hear the signal that makes it write its log."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _stop(process: subprocess.Popen) -> None:
    """Interrupt TeX if it still runs, and kill it where that does not help."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


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
    """The caller's environment with TeX's own safety switches; long log lines stay whole, no dates in PDFs."""
    environment = dict(os.environ)
    environment.update(
        openin_any="p", openout_any="p", shell_escape="f", MKTEXPK="0", MKTEXTFM="0", MKTEXMF="0",
        max_print_line="1000000", error_line="254", half_error_line="238",
        SOURCE_DATE_EPOCH="0", FORCE_SOURCE_DATE="1",
    )  # fmt: skip
    return environment
