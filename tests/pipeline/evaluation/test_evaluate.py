"""The command: report, resumption, wrong usage."""

import json
import re
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest

from mathocr.pipeline.cli import main
from mathocr.pipeline.evaluation.measure import Request, measure

TEXTS = ["x", "a+b", r"\frac{1}{2}"]


@pytest.fixture
def reader(monkeypatch, answers):
    from mathocr.im2latex.predictor import LatexPredictor

    stand_in = answers(["x", "a-b", r"\frac{1}{2}"])
    monkeypatch.setattr(LatexPredictor, "load", classmethod(lambda cls, *args, **kwargs: stand_in))
    return stand_in


def test_report_of_a_set_of_crops(crop_set, reader, tmp_path, capsys):
    folder, output = crop_set(TEXTS), tmp_path / "out"
    assert main(["evaluate", "--data", str(folder), "--output", str(output), "--no-render", "--no-speed"]) == 0
    text = (output / "report.md").read_text()
    report = json.loads((output / "report.json").read_text())
    assert report["im2latex"]["canonical"]["exact_match"] == pytest.approx(2 / 3)
    assert report["models"]["im2latex"] == {"name": "answers", "sha256": "a" * 64}
    assert report["data"] == {"name": "letters", "format": "jsonl", "content": "crops", "size": 3, "evaluated": 3}
    said = re.sub(r"!\[.*\n\n?", "", text).strip()  # pictures are of no use in a terminal
    assert "| canonical | 3 | 0.6667 |" in text and said in capsys.readouterr().out
    assert str(tmp_path) not in text + json.dumps(report)


def test_the_report_is_also_written_elsewhere_with_its_plots(crop_set, reader, tmp_path):
    output, copy = tmp_path / "out", tmp_path / "docs" / "letters.md"
    command = ["evaluate", "--data", str(crop_set(TEXTS)), "--output", str(output), "--no-render", "--no-speed"]
    assert main([*command, "--report", str(copy)]) == 0
    for path in (output / "report.md", copy):
        pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", path.read_text())
        assert {Path(name).name for name in pictures} == {
            "exact-match-by-length.svg", "tokens-missed.svg", "reliability.svg",
        }  # fmt: skip
        assert all((path.parent / name).read_text().startswith("<svg xmlns=") for name in pictures)


def test_a_second_run_measures_only_what_is_missing(crop_set, reader, tmp_path):
    folder, output = crop_set(TEXTS), tmp_path / "out"
    command = ["evaluate", "--data", str(folder), "--output", str(output), "--no-render", "--no-speed"]
    main(command)
    (records,) = output.glob("records-*.jsonl")
    first = (output / "report.json").read_text()
    lines = records.read_text().splitlines(keepends=True)
    records.write_text("".join(lines[:2]) + lines[2][:9])  # as a kill leaves it
    main(command)
    assert reader.calls == [[0, 1, 2], [2]]
    scores = [json.loads(text)["im2latex"]["canonical"] for text in (first, (output / "report.json").read_text())]
    assert scores[0] == scores[1]
    main([*command, "--fresh"])
    assert reader.calls[-1] == [0, 1, 2]


@pytest.mark.parametrize("change", ["text", "image"])
def test_a_set_that_changed_is_measured_anew(crop_set, reader, tmp_path, change):
    folder, output = crop_set(TEXTS), tmp_path / "out"
    command = ["evaluate", "--data", str(folder), "--output", str(output), "--no-render", "--no-speed"]
    main(command)
    if change == "text":
        labels = folder / "labels.jsonl"
        labels.write_text(labels.read_text().replace("a+b", "a-b"))
    else:
        cv2.imwrite(str(folder / "2.png"), np.full((9, 9), 200, np.uint8))
    main(command)
    assert len(reader.calls) == 2 and len(reader.calls[1]) == 3
    exact = json.loads((output / "report.json").read_text())["im2latex"]["canonical"]["exact_match"]
    assert exact == (1.0 if change == "text" else pytest.approx(1 / 3))


def test_an_interrupted_run_goes_on(crop_set, reader, tmp_path, monkeypatch, capsys):
    reader.answers = ["x"] * 40
    command = ["evaluate", "--data", str(crop_set(["x"] * 40)), "--output", str(tmp_path / "out"), "--no-render"]
    read = reader.predict

    def interrupted(crops, scale=None):
        if reader.calls:
            raise KeyboardInterrupt
        return read(crops, scale)

    monkeypatch.setattr(reader, "predict", interrupted)
    assert main([*command, "--no-speed"]) == 130
    assert capsys.readouterr().err.strip().endswith("mathocr: interrupted")
    monkeypatch.setattr(reader, "predict", read)
    assert main([*command, "--no-speed"]) == 0
    assert reader.calls == [list(range(32)), list(range(32, 40))]
    assert "| canonical | 40 | 1.0000 |" in (tmp_path / "out" / "report.md").read_text()


def test_memory_does_not_grow_with_the_set(answers, tmp_path):
    cv2.imwrite(str(tmp_path / "x.png"), np.full((20, 80), 255, np.uint8))
    reader = answers([r"\frac{a}{b}"])

    def peak(rows):
        path = tmp_path / f"{rows}.jsonl"
        path.write_text(json.dumps({"image": "x.png", "latex": r"\frac{a}{c}"}) + "\n")
        path.write_text(path.read_text() * rows)
        tracemalloc.start()
        found = measure(Request(str(path)), tmp_path / f"out{rows}", {"im2latex": reader})
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert found.report["im2latex"]["canonical"]["count"] == rows
        return most

    peak(64)  # tables that are filled on first use
    assert peak(1280) - peak(320) < 960 * 1000  # a row takes 100 bytes; its record alone would take 2,000


def test_wrong_usage_is_one_line(crop_set, reader, tmp_path, capsys):
    folder = crop_set(TEXTS)
    assert main(["evaluate", "--data", str(folder), "--module", "detector"]) == 1
    assert "--module detector needs a set of pages; letters holds crops" in capsys.readouterr().err
    assert main(["evaluate", "--data", str(tmp_path / "none")]) == 1
    assert "none: no such file or folder" in capsys.readouterr().err
