"""Running TeX: errors by line, time limits, no way out of the folder."""

import time
from pathlib import Path

import pytest

from mathocr.data.synthesis import tex
from mathocr.data.synthesis.fonts import available_fonts, font_names
from mathocr.data.synthesis.tex import TexMissing, find_tex, parse_errors, run_tex

BODY = "\\documentclass{article}\n\\begin{document}\n%s\n\\end{document}\n"


def test_missing_tex_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(TexMissing, match=r"apt-get install texlive-latex-extra") as error:
        find_tex()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["README.md", ".ci/run"])
def test_all_name_the_same_packages(name):
    assert tex.DEBIAN_PACKAGES in (Path(__file__).parents[2] / name).read_text(encoding="utf-8")


def test_errors_name_lines_of_the_source_only():
    log = (
        "This is pdfTeX\n./job.tex:7: Undefined control sequence.\nl.7 \\foo\n"
        "/usr/share/x.sty:12: LaTeX Error: Bad.\n! Emergency stop.\nsee page 3:4: of it\n"
    )
    assert parse_errors(log, "job.tex") == [
        (7, "Undefined control sequence."), (0, "LaTeX Error: Bad."), (0, "Emergency stop."),
    ]  # fmt: skip


@pytest.mark.tex
def test_errors_come_with_lines_and_a_pdf(tmp_path):
    run = run_tex(BODY % "a\n$\\undefinedthing$ b", tmp_path)
    assert run.pdf == tmp_path / "job.pdf" and run.pdf.exists() and not run.timed_out
    assert [line for line, _ in run.errors] == [4]


@pytest.mark.tex
def test_endless_loops_are_stopped_and_their_line_is_named(tmp_path):
    started = time.monotonic()
    run = run_tex(BODY % "\n\\def\\a{\\a}\n\\a", tmp_path, timeout_s=3)
    assert run.timed_out and run.pdf is None and time.monotonic() - started < 30
    assert run.errors and run.errors[-1][0] in (0, 5)


@pytest.mark.tex
def test_no_shell_and_no_files_elsewhere(tmp_path):
    outside = tmp_path / "outside.tex"
    work = tmp_path / "work"
    work.mkdir()
    body = f"\\immediate\\write18{{touch made}}\n\\newwrite\\w\\immediate\\openout\\w={outside}\n\\input{{/etc/passwd}}"
    run = run_tex(BODY % body, work)
    assert not (work / "made").exists() and not outside.exists()
    assert run.errors


@pytest.mark.tex
def test_uninstalled_and_unknown_fonts(monkeypatch):
    assert len(font_names()) >= 8
    assert not any(setup.held_out for setup in available_fonts()[0])
    setups, _ = available_fonts(["computer-modern"])
    assert [setup.name for setup in setups] == ["computer-modern"]
    with pytest.raises(ValueError, match="unknown font set-up nonsense; there are computer-modern"):
        available_fonts(["nonsense"])
    monkeypatch.setattr("mathocr.data.synthesis.fonts._missing_files", lambda: {"newtx": "newtxmath.sty"})
    assert available_fonts(["newtx", "computer-modern"])[1] == {"newtx": "newtxmath.sty is not installed"}
    assert [setup.held_out for setup in available_fonts(["antykwa"])[0]] == [True]
    with pytest.raises(ValueError, match="none of the font set-ups is installed: newtx"):
        available_fonts(["newtx"])


def test_environment_is_safe():
    environment = tex._environment()
    assert environment["openin_any"] == environment["openout_any"] == "p" and environment["shell_escape"] == "f"
