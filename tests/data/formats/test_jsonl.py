import json
import pickle

import numpy as np
import pytest

from mathocr.data.formats import FormatError, content_of, load_crops, load_pages


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_crops(tmp_path, picture):
    picture(tmp_path / "images" / "a.png", 20, 60)
    rows = [
        {"image": "images/a.png", "latex": "x^2", "kind": "inline", "source": "book"},
        {"image": "b.png", "tex": "y"},
    ]
    crops = load_crops(write(tmp_path / "labels.jsonl", rows))
    assert len(crops) == 2 and content_of(tmp_path) == "crops"
    assert (crops[0].tex, crops[0].kind, crops[0].source) == ("x^2", "inline", "book")
    assert crops[0].where == f"{tmp_path}/labels.jsonl:1"
    assert crops[0].load().shape[:2] == (20, 60)
    assert (crops[-1].tex, crops[-1].kind, crops[-1].source) == ("y", None, "labels")
    with pytest.raises(IndexError, match="row 2 of 2"):
        crops[2]
    assert [crop.tex for crop in crops[::-1]] == ["y", "x^2"]


def test_rows_count_blank_lines_and_survive_pickling(tmp_path):
    path = tmp_path / "labels.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"image": "a.png", "latex": "x"}\r\n\r\n{"image": "b.png", "latex": "\xce\xb1"}')
    crops = pickle.loads(pickle.dumps(load_crops(tmp_path)))
    assert [crop.tex for crop in crops] == ["x", "α"]
    assert crops[1].where == f"{path}:3"


def test_pages(tmp_path, picture):
    picture(tmp_path / "p.png", 100, 80)
    regions = [
        {"kind": "display", "box": [10, 20, 70, 40], "latex": "a"},
        {"kind": "inline", "box": [1.5, 50, 9, 60]},
    ]
    rows = [{"image": "p.png", "width": 80, "height": 100, "regions": regions}, {"image": "q.png", "regions": []}]
    pages = load_pages(write(tmp_path / "labels.jsonl", rows))
    assert content_of(tmp_path) == "pages"
    assert pages[0].kinds == ("display", "inline") and pages[0].texts == ("a", None) and pages[0].size == (100, 80)
    np.testing.assert_array_equal(pages[0].boxes_on(pages[0].load()), [[10, 20, 70, 40], [1.5, 50, 9, 60]])
    assert pages[1].boxes.shape == (0, 4) and pages[1].texts is None


def test_crops_of_pages_are_cut_with_a_margin(tmp_path, picture):
    picture(tmp_path / "p.png", 100, 80)
    regions = [{"kind": "inline", "box": [0, 5, 20, 8]}, {"kind": "display", "box": [3, 5, 13, 8], "latex": "-"}]
    write(tmp_path / "labels.jsonl", [{"image": "p.png", "regions": regions}])
    crops = load_crops(tmp_path)
    assert len(crops) == 1
    assert (crops[0].tex, crops[0].kind) == ("-", "display")
    assert crops[0].where == f"{tmp_path}/labels.jsonl:1: region 1"
    image = crops[0].load()
    assert image.shape[:2] == (7, 14)  # 3 x 10 pixels and 2 on each side
    assert image[2:5, 2:12].max() == 0 and image[0].min() == 255


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON: Expecting property name enclosed in double quotes at column 2"),
        ("[1]", "a row must be an object, got list"),
        ('{"latex": "x"}', "no field for the image: one of image, image_path, img, file_name, filename, file, path; "
         "it has latex"),
        ('{"image": "a.png", "latex": 3}', "field 'latex' must be text, got int"),
        ('{"image": "a.png", "latex": "x", "kind": "table"}', "kind must be 'inline' or 'display', got 'table'"),
    ],
)  # fmt: skip
def test_bad_crops(tmp_path, line, message):
    (tmp_path / "labels.jsonl").write_text('{"image": "a.png", "latex": "x"}\n' + line + "\n")
    with pytest.raises(FormatError) as error:
        load_crops(tmp_path)[1]
    assert str(error.value) == f"{tmp_path}/labels.jsonl:2: {message}"


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"regions": 3}, "field 'regions' must be a list of objects"),
        ({"regions": [{"kind": "inline", "box": [1, 2, 3]}]}, "region 0: a box must be four numbers, got [1, 2, 3]"),
        ({"regions": [{"box": [1, 2, 3, 4]}]}, "region 0: kind must be 'inline' or 'display', got None"),
        ({"regions": [{"box": [0, 0, 3, 4], "kind": "inline", "latex": 2}]}, "region 0: LaTeX must be text, got int"),
        ({"regions": [], "width": "wide", "height": 3},
         "height and width must be whole numbers above 0, got 3 and 'wide'"),
    ],
)  # fmt: skip
def test_bad_pages(tmp_path, extra, message):
    write(tmp_path / "labels.jsonl", [{"image": "p.png"} | extra])
    with pytest.raises(FormatError) as error:
        load_pages(tmp_path, format="jsonl" if content_of(tmp_path) == "pages" else "auto")[0]
    assert str(error.value) == f"{tmp_path}/labels.jsonl:1: {message}"


def test_not_utf8(tmp_path):
    (tmp_path / "labels.jsonl").write_bytes(b'{"image": "a.png", "latex": "\xe9"}\n')
    with pytest.raises(FormatError, match=r"labels\.jsonl:1: not utf-8 text at byte 29$"):
        load_crops(tmp_path)
