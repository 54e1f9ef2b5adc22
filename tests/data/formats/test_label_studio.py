import json

import numpy as np
import pytest

from mathocr.data.formats import FormatError, content_of, load_crops, load_pages


def rectangle(label, x, y, width, height, id="r", **more):
    value = {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": [label]} | more
    return {"id": id, "type": "rectanglelabels", "value": value, "original_width": 200, "original_height": 100}


def typed(text, id="r"):
    return {"id": id, "type": "textarea", "value": {"text": [text]}}


def task(image, *results, **more):
    return {"id": 1, "data": {"image": image}, "annotations": [{"result": list(results)} | more]}


def write(folder, tasks):
    (folder / "export.json").write_text(json.dumps(tasks))
    return folder / "export.json"


def test_pages_with_boxes_and_texts(tmp_path, picture):
    picture(tmp_path / "images" / "0a1b2c3d-p.png", 100, 200)
    picture(tmp_path / "q.png", 100, 200)
    first = task("/data/upload/1/0a1b2c3d-p.png", rectangle("Inline", 10, 20, 5, 10), typed("x"),
                 rectangle("Figure", 0, 0, 9, 9, "f"), rectangle("display", 0, 50, 100, 50, "s"))  # fmt: skip
    cancelled = task("/data/upload/1/p.png", rectangle("Inline", 1, 1, 1, 1), was_cancelled=True)
    third = task("/data/local-files/?d=set/q.png", rectangle("formula", 0, 0, 50, 50))
    path = write(tmp_path, [first, cancelled, third])
    assert content_of(path) == "pages"
    pages = load_pages(path)
    assert len(pages) == 2  # the cancelled task is left out
    np.testing.assert_allclose(pages[0].boxes_on(pages[0].load()), [[20, 20, 30, 30], [0, 50, 200, 100]])
    assert pages[0].kinds == ("inline", "display") and pages[0].texts == ("x", None)
    assert pages[1].where == f"{path}: task 2" and pages[1].kinds == ("display",)


def test_uploads_without_their_prefix(tmp_path, picture):
    picture(tmp_path / "p.png")
    assert load_pages(write(tmp_path, [task("/data/upload/1/0a1b2c3d-p.png", rectangle("inline", 0, 0, 1, 1))]))[0]


def test_crops(tmp_path, picture):
    picture(tmp_path / "a.png")
    path = write(tmp_path, [task("http://host/a.png", typed("x^2"))])
    assert content_of(path) == "crops"
    assert load_crops(path)[0].tex == "x^2" and load_crops(path)[0].load().shape[:2] == (20, 60)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([{"image": "a.png"}], "Label Studio exports a list of tasks with 'data'; export as JSON, not as JSON-MIN"),
        ([task("a.png", rectangle("inline", 0, 0, None, 1))],
         "task 0: a box must be four numbers, got [0, 0, None, 1]"),
        ([task("a.png", rectangle("inline", 0, 0, 1, 1, rotation=5))],
         "task 0: region r is rotated; boxes must be upright"),
        ([task("b.png", rectangle("inline", 0, 0, 1, 1))],
         "task 0: no image 'b.png' in {0}, {0}/images, {0}/media, {0}/upload"),
        ([task(3, rectangle("inline", 0, 0, 1, 1))], "task 0: 'data' names no image"),
    ],
)  # fmt: skip
def test_bad_exports(tmp_path, picture, content, message):
    picture(tmp_path / "a.png")
    path = write(tmp_path, content)
    with pytest.raises(FormatError) as error:
        load_pages(path, format="label_studio")[0]
    assert str(error.value) == f"{path}: {message.format(tmp_path)}"


def test_crop_without_text(tmp_path, picture):
    picture(tmp_path / "a.png")
    with pytest.raises(FormatError, match=r"export\.json: task 0: no text for the image$"):
        load_crops(write(tmp_path, [task("a.png")]))[0]
