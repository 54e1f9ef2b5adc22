"""Files of an output folder: names, what is written over, and what a later run knows."""

import cv2
import numpy as np

from mathocr.pipeline.output_folder import OutputFolder


def test_output_names_are_never_the_same_twice(tmp_path):
    folder = OutputFolder(tmp_path / "new" / "out", [".txt"])
    pages = [("a/1.png", 1, 1), ("b/1.png", 1, 1), ("1.pdf", 1, 2), ("1.pdf", 2, 2), ("-", 1, 1), ("a.b.png", 1, 1)]
    pages += [("1-1.png", 1, 1)]  # page 1 of the PDF has that name
    for number, page in enumerate(pages):
        folder.write(*page, [str(number).encode()])
    names = {path.stem: path.read_text() for path in (tmp_path / "new" / "out").glob("*.txt")}
    assert names == {"1": "0", "1_2": "1", "1-1": "2", "1-2": "3", "stdin": "4", "a.b": "5", "1-1_2": "6"}


def test_files_of_others_are_not_written_over(tmp_path):
    (tmp_path / "paper.tex").write_text("by hand")
    for number in range(3):  # the same files in each run, whatever was written between
        OutputFolder(tmp_path, [".tex"]).write("paper.pdf", 1, 1, [str(number).encode()])
        OutputFolder(tmp_path, [".tex"]).write("other.pdf", 1, 1, [b"other"])
    assert (tmp_path / "paper.tex").read_text() == "by hand" and (tmp_path / "paper_2.tex").read_text() == "2"
    assert sorted(path.name for path in tmp_path.glob("*.tex")) == ["other.tex", "paper.tex", "paper_2.tex"]


def test_long_names_are_cut(tmp_path):
    OutputFolder(tmp_path, [".txt", ".boxes.png"]).write("é" * 122 + ".png", 1, 1, [b"a", b"b"])
    assert (tmp_path / ("é" * 100 + ".boxes.png")).read_bytes() == b"b"


def test_output_files_are_written_whole_and_remembered(tmp_path):
    folder = OutputFolder(tmp_path, [".txt", ".boxes.png"])
    image = np.full((100, 200, 3), 255, np.uint8)
    image[:, :50] = (10, 20, 30)
    png = cv2.imencode(".png", image)[1].tobytes()
    folder.write("ü.pdf", 2, 3, ["ζ\n".encode(), png])
    assert (tmp_path / "ü-2.txt").read_text(encoding="utf-8") == "ζ\n" and (
        tmp_path / "ü-2.boxes.png"
    ).read_bytes() == png
    assert sorted(path.name for path in tmp_path.iterdir()) == [".mathocr.jsonl", "ü-2.boxes.png", "ü-2.txt"]

    again = OutputFolder(tmp_path, [".txt", ".boxes.png"], resume=True)
    assert again.written == {"ü.pdf": {2}} and again.complete("ü.pdf", [range(2, 3)])
    assert not again.complete("ü.pdf", None) and not again.complete("other.pdf", None)
    assert OutputFolder(tmp_path, [".json"], resume=True).written == {}  # not written in this form
    assert OutputFolder(tmp_path, [".txt"]).written == {}  # and a new run forgets
    assert OutputFolder(tmp_path, [".txt"], resume=True).written == {}
