import json

import numpy as np
import pytest

from mathocr.data.formats import FormatError, load_crops, load_pages


def record():
    return {
        "images": [{"id": 7, "file_name": "p.png", "height": 100, "width": 80}, {"id": 8, "file_name": "q.png"}],
        "categories": [{"id": 1, "name": "embedded"}, {"id": 2, "name": "Table"}, {"id": 3, "name": "isolate_formula"},
                       {"id": 4, "name": "formula_caption"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 3, "bbox": [10, 20, 30, 40], "latex": "x"},
            {"id": 2, "image_id": 7, "category_id": 2, "bbox": [0, 0, 5, 5]},
            {"id": 3, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4.5]},
            {"id": 4, "image_id": 7, "category_id": 4, "bbox": [1, 2, 3, 4.5]},
            {"id": 5, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4.5], "iscrowd": 1},
        ],
    }  # fmt: skip


def write(folder, content):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.json").write_text(json.dumps(content))
    return folder / "train.json"


def test_pages(tmp_path, picture):
    picture(tmp_path / "images" / "p.png", 100, 80)
    picture(tmp_path / "images" / "q.png", 50, 40)
    pages = load_pages(write(tmp_path / "annotations", record()))
    assert len(pages) == 2
    np.testing.assert_array_equal(pages[0].boxes_on(pages[0].load()), [[10, 20, 40, 60], [1, 2, 4, 6.5]])
    assert pages[0].kinds == ("display", "inline") and pages[0].texts == ("x", None) and pages[0].size == (100, 80)
    assert pages[1].boxes.shape == (0, 4) and pages[1].size is None
    assert [crop.tex for crop in load_crops(tmp_path / "annotations" / "train.json")] == ["x"]


def test_bad_files(tmp_path):
    def error_of(content):
        path = write(tmp_path, content)
        with pytest.raises(FormatError) as error:
            load_pages(path, format="coco")[0]
        return str(error.value).removeprefix(f"{path}: ")

    assert error_of({"images": []}) == "COCO needs the lists 'images', 'annotations' and 'categories'"
    tables = record() | {"categories": [{"id": i, "name": "table"} for i in (1, 2, 3, 4)]}
    assert error_of(tables) == (
        "no category is a formula (inline, embedded, display, isolated, formula): table, table, table, table"
    )
    assert error_of(record() | {"categories": [{"id": 1}]}) == "a category or annotation lacks 'name'"
    assert error_of(record()) == (
        f"image 0: no image 'p.png' in {tmp_path}, {tmp_path}/images, {tmp_path.parent}/images, {tmp_path.parent}"
    )
    broken = record()
    broken["annotations"][0]["bbox"] = [1, 2, None, 4]
    assert error_of(broken) == "image 0: annotation 1: a box must be four numbers, got [1, 2, None, 4]"
    assert error_of(record() | {"images": [{"id": 7}]}) == "image 0: lacks 'file_name'"


def test_not_json(tmp_path):
    (tmp_path / "x.json").write_text("{\n,")
    with pytest.raises(FormatError, match=r"x\.json:2: not JSON: Expecting property name"):
        load_pages(tmp_path / "x.json")
