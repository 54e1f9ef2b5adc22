import json

import numpy as np
import pytest

from mathocr.data.formats import FormatError, load_pages

PAGES = {
    "paper-1": {
        "preamble": "\\newcommand{\\R}{\\mathbb R}",
        "embedded": [{"xy": [10, 20, 30, 40], "split": 1, "latex": "\\R", "latex_expand": "\\mathbb { R }"}],
        "displayed": {"0": {"xy": [[0, 50], [100, 75]], "latex": "y"}},
    },
    "paper-2": {"embedded": [{"x_min": 1, "y_min": 2, "x_max": 3, "y_max": 4}]},
}


def write(folder, content):
    (folder / "IBEM.json").write_text(json.dumps(content))
    return folder / "IBEM.json"


def test_percent_become_pixels_of_the_image(tmp_path, picture):
    picture(tmp_path / "images" / "paper-1.jpg", 200, 100)
    picture(tmp_path / "paper-2.png", 100, 100)
    first, second = load_pages(write(tmp_path, PAGES))
    np.testing.assert_allclose(first.boxes_on(first.load()), [[10, 40, 30, 80], [0, 100, 100, 150]])
    assert first.kinds == ("inline", "display") and first.texts == ("\\mathbb { R }", "y")
    np.testing.assert_allclose(second.boxes_on(second.load()), [[1, 2, 3, 4]])
    assert second.texts is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"a": 3}, "IBEM maps names of pages to their expressions"),
        ({"a": {"embedded": [{"xy": [1, 2]}]}}, "page 'a': embedded 0: a box must be four numbers, got [1, 2]"),
        ({"a": {"embedded": [[1]]}}, "page 'a': embedded 0: an expression must be an object, got list"),
        ({"a": {"embedded": []}}, "page 'a': no image 'a' in {0}, {0}/images, {0}/pages"),
    ],
)
def test_bad_files(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(FormatError) as error:
        load_pages(path)[0]
    assert str(error.value) == f"{path}: {message.format(tmp_path)}"
