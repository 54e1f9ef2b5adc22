"""`mathocr predict`: what is read, what is printed or written, and what is said of what cannot be."""

import io
import json
import sys
import types

import numpy as np
import pytest
from PIL import Image

from mathocr.pipeline import read_task
from mathocr.pipeline.cli import main


def test_one_page_prints_bare_lines(loads, folder, capsys):
    assert main(["predict", str(folder / "a.png")]) == 0
    captured = capsys.readouterr()
    assert captured.out == "w_{30}\nw_{40}\nw_{120}\nw_{20}\n" and captured.err == ""


def test_folder_with_a_broken_file_reads_the_rest_and_says_so(loads, folder, capsys):
    assert main(["predict", str(folder)]) == 1
    captured = capsys.readouterr()
    names = [line.split("\t")[0] for line in captured.out.splitlines()]
    assert names == [str(folder / "a.png")] * 4 + [f"{folder / 'c.tif'}#1"] * 2 + [f"{folder / 'c.tif'}#2"] * 4
    broken, total = captured.err.splitlines()
    assert broken.startswith(f"mathocr: {folder / 'b.png'}: ") and total == "mathocr: 1 inputs could not be read"
    assert len(loads) == 1


def test_json_lines_and_page_ranges(loads, folder, capsys):
    assert main(["predict", str(folder / "c.tif"), "--pages", "2", "--format", "json"]) == 0
    (record,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (record["schema"], record["page"], len(record["formulas"])) == ("mathocr/1", 2, 4)


def test_options_reach_the_pipeline(loads, folder, finder, reader, capsys):
    arguments = ["--page", "--formulas", "inline", "--min-score", "inline=0.5,display=0.3"]
    assert main(["predict", str(folder / "a.png"), *arguments]) == 0
    assert capsys.readouterr().out == "w_{30}\nw_{40}\n" and reader.alternatives == 0
    assert finder.calls == [(1, {"inline": 0.5, "display": 0.3})]
    assert main(["predict", str(folder / "a.png"), "--alternatives", "3"]) == 0 and reader.alternatives == 3
    capsys.readouterr()
    more = [
        "--detector-weights",
        "d.safetensors",
        "--im2latex-weights",
        "r.safetensors",
        "--device",
        "cpu",
        "--backend",
        "torch",
    ]
    assert main(["predict", str(folder / "a.png"), *more]) == 0
    assert [str(loads[-1][0]), str(loads[-1][1]), *loads[-1][2:4]] == ["d.safetensors", "r.safetensors", "cpu", "torch"]


def test_named_regions_are_read_beside_what_is_found(loads, folder, capsys):
    page = str(folder / "a.png")
    arguments = ["--formulas", "display", "--region", "300,40,340,52", "--region", "198,198,322,242"]
    assert main(["predict", page, *arguments]) == 0
    assert capsys.readouterr().out == "w_{40}\nw_{120}\n"
    assert main(["predict", page, "--crop", "--region", "0,0,5,5"]) == 2
    assert "mode must not be 'crop'" in capsys.readouterr().err
    assert main(["predict", page, "--region", "900,0,950,5"]) == 1
    assert "outside the page of 500 x 600 pixels" in capsys.readouterr().err


def test_a_region_outside_one_page_leaves_the_others_to_be_read(loads, folder, capsys):
    files = [str(folder / "c.tif"), str(folder / "a.png")]
    assert main(["predict", *files, "--region", "198,198,322,242"]) == 1
    captured = capsys.readouterr()
    assert [line.split("\t")[0] for line in captured.out.splitlines()] == [f"{files[0]}#2"] * 4 + [files[1]] * 4
    bad, total = captured.err.splitlines()
    assert bad.startswith(f"mathocr: {files[0]}: page 1: region (198.0, 198.0, 322.0, 242.0) is outside the page")
    assert total == "mathocr: 1 inputs could not be read"


def test_crop_does_not_open_the_detector(loads, folder, capsys):
    assert main(["predict", "--crop", str(folder / "a.png")]) == 0
    assert loads[0][4] == ("im2latex",) and len(capsys.readouterr().out.splitlines()) == 1


def test_nothing_is_loaded_when_nothing_can_be_read(loads, tmp_path, capsys):
    assert main(["predict", str(tmp_path / "gone.png"), str(tmp_path / "*.jpg")]) == 1
    assert loads == []
    err = capsys.readouterr().err.splitlines()
    assert err[0].endswith("gone.png: no such file") and err[1].endswith("*.jpg: no file matches")


def test_standard_input(loads, marked_page, monkeypatch, capsys):
    file = io.BytesIO()
    Image.fromarray(marked_page).save(file, "PNG")
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(file.getvalue())))
    assert main(["predict", "-", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["source"] == "-"


CLIPBOARD_TOOL = """#!/bin/sh
[ "$*" = "-t image" ] || exit 2
{doing}
"""


@pytest.fixture
def clipboard(tmp_path, monkeypatch):
    """Puts a tool that reads the clipboard on the path, and no other: ``clipboard("exit 1")``."""
    if sys.platform != "linux":
        pytest.skip("the clipboard is read by a program of its own on Linux alone")
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    for name in ("WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)

    def put(doing):
        (folder / "wl-paste").write_text(CLIPBOARD_TOOL.format(doing=doing))
        (folder / "wl-paste").chmod(0o755)

    return put


def test_the_image_in_the_clipboard(loads, folder, clipboard, capsys):
    clipboard(f"exec /bin/cat '{folder / 'a.png'}'")
    assert main(["predict", "--clipboard"]) == 0
    assert capsys.readouterr().out == "w_{30}\nw_{40}\nw_{120}\nw_{20}\n"
    assert main(["predict", str(folder / "a.png"), "--clipboard", "--format", "json"]) == 0
    sources = [json.loads(line)["source"] for line in capsys.readouterr().out.splitlines()]
    assert sources == [str(folder / "a.png"), "clipboard"]


@pytest.mark.parametrize(
    ("doing", "words"),
    [
        (None, "install wl-clipboard (Wayland) or xclip (X11) to have it read"),
        ("echo 'No selection' >&2; exit 1", "holds no image"),
        (
            "echo 'cannot connect to a display' >&2; exit 1",
            "cannot be read (wl-paste error: cannot connect to a display)",
        ),
        ("echo hello", "cannot be read (cannot identify image file"),
    ],
)
def test_a_clipboard_that_gives_no_image_is_one_line(loads, clipboard, capsys, doing, words):
    if doing is not None:
        clipboard(doing)
    assert main(["predict", "--clipboard"]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith(f"mathocr: clipboard: {words}")
    assert captured.err.count("\n") == 1 and loads == []


@pytest.mark.parametrize(
    ("format", "ending"),
    [("text", ".txt"), ("json", ".json"), ("latex", ".tex"), ("markdown", ".md"), ("html", ".html")],
)
def test_output_folder_and_drawing(loads, folder, tmp_path, capsys, format, ending):
    out = tmp_path / "out" / "deep"
    assert main(["predict", str(folder), "--output", str(out), "--draw", "--format", format]) == 1
    names = sorted(path.name for path in out.glob("[!.]*"))
    assert names == sorted(stem + end for stem in ("a", "c-1", "c-2") for end in (ending, ".boxes.png"))
    assert capsys.readouterr().out == ""
    drawn = np.asarray(Image.open(out / "a.boxes.png"))
    assert drawn.shape == (600, 500, 3) and tuple(drawn[200, 199]) == (0, 114, 178)


def test_one_html_document_for_several_pages(loads, folder, capsys):
    main(["predict", str(folder), "--format", "html"])
    out = capsys.readouterr().out
    assert out.count("<!DOCTYPE html>") == 1 and out.count("<section>") == 3 and out.endswith("</body></html>\n")


def test_output_that_cannot_be_written(loads, folder, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["predict", str(folder / "a.png"), "--output", str(tmp_path / "file" / "x")]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "Not a directory" in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["predict", "x", "--page", "--crop"], "not allowed with"),
        (["predict", "x", "--pages", "3-1"], "page ranges must run forwards, got '3-1'"),
        (["predict", "x", "--min-score", "block=0.5"], "scores must be like 0.4"),
        (["predict", "x", "--min-score", "inline=3"], "scores must be in [0, 1], got 3.0"),
        (["predict", "x", "--region", "1,2,3"], "a region must be x0,y0,x1,y1"),
        (["predict", "x", "--min-score", "high"], "scores must be like 0.4"),
        (["predict", "x", "--dpi", "0"], "resolution must be above 0"),
        (["predict", "x", "--max-pixels", "many"], "whole number of pixels, got 'many'"),
        (["predict", "x", "--alternatives", "-1"], "must be a whole number up to 20, got '-1'"),
        (["predict", "x", "--alternatives", "21"], "must be a whole number up to 20, got '21'"),
        (["predict", "x", "--format", "xml"], "invalid choice"),
        (["predcit", "x"], "unknown command 'predcit', choose from "),
        (["data", "build", "books"], "unknown command 'books', choose from formulas, pages"),
    ],
)
def test_wrong_usage_is_status_2(argv, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(argv)
    assert stop.value.code == 2 and message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "required: PATH, --files-from FILE, or --clipboard"),
        (["--clipboard", "--engine", "ray"], "--engine ray reads files, not standard input or the clipboard"),
        (["a.png", "--draw"], "--draw needs --output DIR"),
        (["a.png", "--resume"], "--resume needs --output DIR"),
        (["a.png", "--crop", "--formulas", "inline"], "mode must not be 'crop' with formulas"),
        (["a.png", "--crop", "--detector-weights", "d.safetensors"], "--detector-weights not with --crop"),
        (["-", "--engine", "ray"], "--engine ray reads files, not standard input"),
        (["a.png", "--jobs", "2", "--backend", "torch"], "--jobs must be 1 with PyTorch"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(options, message, capsys):
    assert main(["predict", *options]) == 2
    assert message in capsys.readouterr().err


def test_the_cores_are_shared_by_the_pages_of_many_files_alone(loads, folder, monkeypatch):
    monkeypatch.setattr(read_task, "usable_cores", lambda: 4)
    for options in (
        ["a.png"],
        ["a.png", "c.tif", "--jobs", "2"],
        ["c.tif", "--jobs", "4"],
        ["a.png", "a.png", "--jobs", "1"],
    ):
        assert main(["predict", *(str(folder / o) if "." in o else o for o in options)]) == 0
    assert [call[5] for call in loads] == [None, 2, 1, None]


def test_files_of_a_list(loads, folder, tmp_path, capsys):
    (tmp_path / "list").write_text(f"{folder / 'a.png'}\n\n{folder / '*.tif'}\n")
    assert main(["predict", "--files-from", str(tmp_path / "list")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[0].rpartition("/")[2] for line in lines] == ["a.png"] * 4 + ["c.tif#1"] * 2 + [
        "c.tif#2"
    ] * 4


def test_resuming_reads_what_is_not_written_and_keeps_names(loads, folder, finder, tmp_path, capsys):
    (folder / "deep").mkdir()
    (folder / "deep" / "a.png").write_bytes((folder / "a.png").read_bytes())
    out = tmp_path / "out"
    argv = ["predict", str(folder), "--output", str(out), "--page"]
    assert main(argv) == 1
    written = {path.name: path.read_text() for path in out.glob("*.txt")}
    assert set(written) == {"a.txt", "c-1.txt", "c-2.txt", "a_2.txt"}

    (out / "c-2.txt").unlink()
    (out / "a_2.txt").unlink()
    (out / "a.txt").write_text("kept")
    finder.calls.clear()
    (folder / "b.png").unlink()
    with (out / ".mathocr.jsonl").open("a") as record:
        record.write('{"source": "cut')  # the process was killed while it wrote this
    assert main([*argv, "--resume"]) == 0
    assert len(finder.calls) == 2  # page 2 of the TIFF, and a.png of the folder below
    assert {path.name: path.read_text() for path in out.glob("*.txt")} == written | {"a.txt": "kept"}
    assert "1 of 3 files were read before" in capsys.readouterr().err

    loads.clear()
    assert main([*argv, "--resume"]) == 0 and loads == []
    assert main(argv) == 0 and (out / "a.txt").read_text() == written["a.txt"]  # without it all is read again
    assert main([*argv, "--resume", "--format", "json"]) == 0 and len(list(out.glob("*.json"))) == 4


def test_no_progress_bar_without_a_terminal(loads, folder, capsys):
    main(["predict", *[str(folder / "a.png")] * 6])
    assert capsys.readouterr().err == ""
