import argparse
import json

import cv2
import numpy as np
import pytest

from mathocr.data import check

LONG = "a+b+c+d+e+f+g"


@pytest.fixture
def crops(tmp_path):
    """Writes a set of crops: rows are (image number, LaTeX)."""

    def write(name, rows):
        folder = tmp_path / name
        folder.mkdir()
        lines = []
        for number, tex in rows:
            image = np.full((20, 60), 255, np.uint8)
            image[5:8, number : number + 4] = 0
            cv2.imwrite(str(folder / f"{number}.png"), image)
            lines.append(json.dumps({"image": f"{number}.png", "latex": tex}) + "\n")
        (folder / "labels.jsonl").write_text("".join(lines))
        return folder

    return write


def main(*arguments):
    parser = argparse.ArgumentParser()
    check.add_arguments(parser)
    return check.run(parser.parse_args([*map(str, arguments), "--workers", "1"]))


def test_a_clean_set(crops, capsys):
    folder = crops("train", [(1, "x"), (2, "y^2")])
    assert main(folder) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"{folder}: 2 crops (jsonl)" and out[-1] == "no faults"
    assert "image height: min 20, 1% 20, median 20, 99% 20, max 20" in out
    assert "tokens: min 1, 1% 1.04, median 3, 99% 4.96, max 5" in out


def test_every_kind_of_fault_is_named_by_row(crops, tmp_path, capsys):
    folder = crops("train", [(1, "x"), (2, "\\frac{a"), (3, "\\foo"), (1, "x"), (1, "z"), (6, "x"), (7, "q")])
    (folder / "7.png").write_bytes(b"no image")
    with (folder / "labels.jsonl").open("a") as file:
        file.write("{\n")
    (tmp_path / "words.txt").write_text("x\nz\n\\foo\n")
    assert main(folder, "--vocabulary", tmp_path / "words.txt") == 1
    out = capsys.readouterr().out
    at = f"{folder}/labels.jsonl"
    assert f"{at}:2: '{{' without '}}'" in out
    assert f"{at}:3: unknown command \\foo" in out
    assert f"{at}:4: the same image as {at}:1\n" in out
    assert f"{at}:5: the same image as {at}:1, with other LaTeX\n" in out
    assert f"{at}:7: {folder}/7.png: " in out
    assert f"{at}:7: not in the vocabulary: q" in out
    assert f"{at}:8: not JSON: " in out
    assert "note: 2 crops have LaTeX that an earlier crop has" in out
    assert out.splitlines()[-1] == "7 faults: 2 duplicate, 1 image, 1 latex, 1 row, 2 token"


def test_leaks(crops, capsys):
    train = crops("train", [(1, "x"), (2, LONG), (3, "y")])
    test = crops("test", [(9, "x"), (8, "a + b+c+d+e+f+{g}"), (3, "k")])
    assert main(train, "--against", test) == 1
    out = capsys.readouterr().out
    assert f"{train}/labels.jsonl:3: the same image as {test}/labels.jsonl:3\n" in out
    assert f"{train}/labels.jsonl:2: the same LaTeX as {test}/labels.jsonl:2\n" in out
    assert f"note: 1 formulas of fewer than 12 tokens are in {test} too" in out
    assert out.splitlines()[-1] == "2 faults: 2 leak"
    assert main(train, "--against", test, "--leak-tokens", "1") == 1
    assert "3 faults: 3 leak" in capsys.readouterr().out


def test_json_and_several_processes_say_the_same(crops, capsys):
    folder = crops("train", [(n % 40, "x" if n % 3 else "{") for n in range(check.CHUNK * 2 + 5)])
    reports = [check.check(folder, workers=workers).to_json() for workers in (1, 2)]
    assert reports[0] == reports[1]
    assert reports[0]["totals"] == {"latex": 45, "duplicate": 93}
    main(folder, "--json")
    printed = json.loads(capsys.readouterr().out)
    assert printed["totals"] == reports[0]["totals"] and printed["count"] == 133
    assert printed["faults"][0]["where"] == f"{folder}/labels.jsonl:1"


def test_shown_limits_each_kind(crops, capsys):
    assert main(crops("train", [(n, "{") for n in range(5)]), "--shown", "2") == 1
    assert "... and 3 more of latex" in capsys.readouterr().out


def test_pages(tmp_path, capsys):
    cv2.imwrite(str(tmp_path / "p.png"), np.full((50, 80), 255, np.uint8))
    regions = [{"kind": "inline", "box": [0, 0, 10, 10]}, {"kind": "display", "box": [70, 0, 90, 10]}]
    (tmp_path / "labels.jsonl").write_text(json.dumps({"image": "p.png", "regions": regions}))
    assert main(tmp_path) == 1
    out = capsys.readouterr().out
    assert "formulas: 1 display, 1 inline" in out and "box height: min 10" in out
    assert (
        f"{tmp_path}/labels.jsonl:1: region 1: box (70.0, 0.0, 90.0, 10.0) is outside the page of 80 x 50 pixels" in out
    )


def test_an_empty_set(tmp_path, capsys):
    (tmp_path / "labels.jsonl").write_text("")
    assert main(tmp_path) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 faults: 1 row"


def test_what_cannot_be_opened_is_one_line(tmp_path, capsys):
    assert main(tmp_path / "none") == 2
    assert capsys.readouterr().err == f"mathocr data check: {tmp_path}/none: no such file or folder\n"
    (tmp_path / "labels.jsonl").write_text('{"image": "a.png", "latex": "x"}\n')
    assert main(tmp_path, "--vocabulary", tmp_path / "no.txt") == 2
    assert f"{tmp_path}/no.txt" in capsys.readouterr().err
