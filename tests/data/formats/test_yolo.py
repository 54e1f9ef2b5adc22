import numpy as np
import pytest

from mathocr.data.formats import FormatError, load_pages


@pytest.fixture
def folder(tmp_path, picture):
    picture(tmp_path / "images" / "train" / "p.png", 100, 200)
    picture(tmp_path / "images" / "train" / "q.png", 100, 200)
    (tmp_path / "labels" / "train").mkdir(parents=True)
    (tmp_path / "labels" / "train" / "p.txt").write_text("1 0.5 0.5 0.2 0.1\n\n0 0.1 0.1 0.1 0.2 0.9\n2 0 0 1 1\n")
    (tmp_path / "classes.txt").write_text("embedding\nisolated\ntable\n")
    return tmp_path


def test_shares_become_pixels_and_pages_without_labels_are_empty(folder):
    first, second = load_pages(folder)
    np.testing.assert_allclose(first.boxes_on(first.load()), [[80, 45, 120, 55], [10, 0, 30, 20]])
    assert first.kinds == ("display", "inline") and first.texts is None
    assert first.where == f"{folder}/labels/train/p.txt"
    assert second.boxes.shape == (0, 4)


def test_polygons_become_their_bounding_boxes(folder):
    (folder / "labels" / "train" / "p.txt").write_text("1 0.1 0.2 0.3 0.1 0.2 0.4\n")
    page = load_pages(folder)[0]
    np.testing.assert_allclose(page.boxes_on(page.load()), [[20, 10, 60, 40]])


@pytest.mark.parametrize(
    "names",
    [
        "names: [embedding, 'isolated']",
        "names:\n  0: embedding\n  1: isolated\nnc: 2",
        "names:\n- embedding\n- isolated",
        "names: {0: embedding, 1: isolated}",
        "names: # classes\n  0: embedding # in the text\n  1: isolated",
    ],
)
def test_names_of_a_yaml_file(folder, names):
    (folder / "classes.txt").unlink()
    (folder / "data.yaml").write_text(f"path: .\ntrain: images/train\n{names}\n")
    (folder / "labels" / "train" / "p.txt").write_text("1 0.5 0.5 0.2 0.1\n")
    assert load_pages(folder / "data.yaml")[0].kinds == ("display",)
    assert load_pages(folder)[0].kinds == ("display",)


def test_names_of_several_words(folder):
    (folder / "classes.txt").write_text("plain text\ninline formula\nisolated formula\n")
    assert load_pages(folder)[0].kinds == ("inline", "display")


@pytest.mark.parametrize(("content", "message"), [("names: [a", "not YAML"), ("names: 7", "'names' must be a list")])
def test_bad_yaml_files(folder, content, message):
    (folder / "classes.txt").unlink()
    (folder / "data.yaml").write_text(content)
    with pytest.raises(FormatError, match=rf"data\.yaml: {message}"):
        load_pages(folder)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1 0.5 0.5 0.2", "expected 'CLASS X Y WIDTH HEIGHT' or a polygon, got 4 numbers"),
        ("one 0 0 1 1", "expected numbers, got 'one 0 0 1 1'"),
        ("3 0 0 1 1", "class 3 has no name (known: 0, 1, 2)"),
    ],
)
def test_bad_rows(folder, row, message):
    (folder / "labels" / "train" / "p.txt").write_text("0 0 0 1 1\n" + row)
    with pytest.raises(FormatError) as error:
        load_pages(folder)[0]
    assert str(error.value) == f"{folder}/labels/train/p.txt:2: {message}"


def test_bad_folders(folder):
    (folder / "classes.txt").write_text("cat\nguide dog\n")
    with pytest.raises(FormatError, match=r"no class is a formula \(inline, .*\): cat, guide dog$"):
        load_pages(folder)
    (folder / "classes.txt").unlink()
    with pytest.raises(FormatError, match=r"no names of classes: add classes\.txt, one name a line, or a \.yaml file"):
        load_pages(folder)
    with pytest.raises(FormatError, match=r"labels: YOLO needs the folders images/ and labels/$"):
        load_pages(folder / "labels", format="yolo")
