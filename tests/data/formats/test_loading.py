import json
import re

import pytest

from mathocr.data.formats import FORMATS, FormatError, content_of, detect, load_crops, load_pages


def test_detects_by_what_lies_in_the_folder(tmp_path):
    def folder(name, *files):
        for file in files:
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("[]" if path.suffix == ".json" else "", encoding="utf-8")
        return tmp_path / name

    assert detect(folder("a", "labels.jsonl", "other.jsonl")) == (tmp_path / "a" / "labels.jsonl", "jsonl")
    assert detect(folder("b", "im2latex_train.lst", "im2latex_formulas.lst"))[1] == "im2latex100k"
    assert detect(folder("c", "images/a.png", "labels/a.txt", "classes.txt"))[1] == "yolo"
    assert detect(folder("d", "set.csv"))[1] == "csv"
    assert detect(folder("e", "images/0.png", "train.txt"))[1] == "unimer"
    assert detect(folder("f", "deep/er/x.inkml"))[1] == "crohme"
    assert detect(folder("g", "export.json"))[1] == "label_studio"
    assert detect(folder("h", "manifest.json", "0.jsonl", "0.pdf"))[1] == "shards"


@pytest.mark.parametrize(
    ("content", "format"),
    [([], "label_studio"), ({"images": [], "annotations": [], "categories": []}, "coco"), ({"page1": {}}, "ibem")],
)
def test_detects_json(tmp_path, content, format):
    (tmp_path / "x.json").write_text(json.dumps(content))
    assert detect(tmp_path / "x.json")[1] == format


def test_nothing_there(tmp_path):
    with pytest.raises(FormatError, match=re.escape(f"{tmp_path}/none: no such file or folder")):
        load_crops(tmp_path / "none")
    with pytest.raises(FormatError, match=re.escape(f"{tmp_path}: no data set found in this folder (vector shards")):
        load_crops(tmp_path)
    (tmp_path / "a.docx").write_text("")
    with pytest.raises(FormatError, match=re.escape(f"{tmp_path}/a.docx: not a data set: expected .jsonl, .csv")):
        load_pages(tmp_path / "a.docx")


def test_unknown_format_and_ambiguous_folder(tmp_path):
    with pytest.raises(FormatError, match=f"^unknown format 'voc': expected auto, {', '.join(FORMATS)}$"):
        load_crops(tmp_path, format="voc")
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text("")
    with pytest.raises(FormatError, match=re.escape(f"{tmp_path}: give the path of one of a.jsonl, b.jsonl")):
        load_crops(tmp_path)


def test_crops_asked_of_pages_and_pages_of_crops(tmp_path):
    (tmp_path / "labels.jsonl").write_text('{"image": "a.png", "latex": "x"}\n')
    with pytest.raises(FormatError, match=r"labels\.jsonl: a set of crops \(jsonl\); pages with boxes are needed$"):
        load_pages(tmp_path)
    (tmp_path / "labels.jsonl").write_text('{"image": "a.png", "regions": []}\n')
    with pytest.raises(FormatError, match=r"a set of pages without LaTeX for their regions; it has no crops to read$"):
        load_crops(tmp_path)


def test_a_stated_format_finds_its_file_in_a_folder(tmp_path):
    (tmp_path / "labels.jsonl").write_text('{"image": "a.png", "latex": "x"}\n')
    (tmp_path / "labels.csv").write_text("image,latex\nb.png,y\n")
    assert load_crops(tmp_path, format="csv")[0].tex == "y"
    assert load_crops(tmp_path, format="jsonl")[0].tex == "x"
    assert content_of(tmp_path, "csv") == "crops"
