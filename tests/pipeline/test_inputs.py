import io
import sys

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image

from mathocr.pipeline.inputs import BadInput, PageImage, expand_paths, iter_pages, parse_page_ranges


def write_image(path, width=20, height=10):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (width, height), 255).save(path)
    return path


def write_pdf(path, pages):
    document = pdfium.PdfDocument.new()
    for number in range(pages):
        document.new_page(72 * (number + 1), 72)
    document.save(path)
    return path


@pytest.fixture
def folder(tmp_path):
    for name in ("b.png", "a.JPG", "sub/c.tif", ".hidden.png", ".git/d.png"):
        write_image(tmp_path / name if "JPG" not in name else tmp_path / "a.JPG")
    (tmp_path / "notes.txt").write_text("not an image")
    return tmp_path


def test_folder_gives_known_endings_below_it_sorted(folder):
    found = [path.relative_to(folder).as_posix() for path in expand_paths([folder])]
    assert found == ["a.JPG", "b.png", "sub/c.tif"]


def test_glob_gives_matches_and_says_when_none(folder):
    found = list(expand_paths([f"{folder}/*.png", f"{folder}/*.bmp"]))
    assert found[0] == folder / "b.png"
    assert isinstance(found[1], BadInput) and "*.bmp: no file matches" in found[1].message


def test_a_file_named_like_a_pattern_is_a_file(tmp_path):
    path = write_image(tmp_path / "scan[1].png")
    assert list(expand_paths([path])) == [path]


def test_drawings_of_results_are_left_out_of_folders(tmp_path):
    for name in ("a.png", "a.boxes.png"):
        write_image(tmp_path / name)
    assert list(expand_paths([tmp_path])) == [tmp_path / "a.png"]


def test_names_that_no_file_can_have_do_not_stop_the_rest(folder):
    names = ["x" * 300, "a\0b", "http://example.com/a.png", folder / "b.png"]
    found = list(iter_pages(expand_paths(names)))
    assert [one.message for one in found[:3]] == [
        f"{'x' * 300}: File name too long", "a\ufffdb: embedded null byte",
        "http://example.com/a.png: is a URL; download it, or send it to `mathocr serve`",
    ]  # fmt: skip
    assert [page.source for page in found[3:]] == [str(folder / "b.png")]


def test_folder_without_images_is_said(tmp_path):
    (bad,) = expand_paths([tmp_path])
    assert isinstance(bad, BadInput) and "no images or PDFs" in bad.message


def test_bad_files_do_not_stop_the_rest(folder):
    (folder / "aa.png").write_bytes(b"")
    items = list(iter_pages(expand_paths([folder, folder / "gone.png"])))
    assert [type(item) for item in items] == [PageImage, BadInput, PageImage, PageImage, BadInput]
    assert items[1].message == f"{folder / 'aa.png'}: the file is empty"
    assert items[4].message.endswith("gone.png: no such file")
    page = items[0]
    assert (page.page, page.count, page.image.shape) == (1, 1, (10, 20)) and page.read_ms > 0


def test_pdf_pages_and_ranges(tmp_path):
    path = write_pdf(tmp_path / "x.pdf", 4)
    items = list(iter_pages([path], pages=parse_page_ranges("4-,1-2"), dpi=100))
    assert [(item.page, item.count, item.image.shape[1]) for item in items] == [(1, 4, 100), (2, 4, 200), (4, 4, 400)]
    (bad,) = iter_pages([path], pages=parse_page_ranges("9"))
    assert bad.message == f"{path}: none of the pages asked for, the file has 4"


def test_one_page_too_large_and_the_others_read(tmp_path):
    path = write_pdf(tmp_path / "x.pdf", 3)
    items = list(iter_pages([path], dpi=100, max_pixels=25_000))
    assert [type(item) for item in items] == [PageImage, PageImage, BadInput]
    assert "page 3: 300 x 100 pixels is over the limit" in items[2].message


def test_standard_input(tmp_path):
    blob = write_image(tmp_path / "x.png").read_bytes()
    (page,) = iter_pages(expand_paths(["-"]), stdin=io.BytesIO(blob))
    assert page.source == "-" and np.array_equal(page.image, np.full((10, 20), 255))
    (bad,) = iter_pages(["-"], stdin=io.BytesIO(b""))
    assert bad.message == "-: standard input is empty"


def test_reading_is_lazy(tmp_path):
    path = write_image(tmp_path / "x.png")
    stream = iter_pages(iter([path, tmp_path / "later.png"]))
    assert isinstance(next(stream), PageImage)
    write_image(tmp_path / "later.png")  # written after the stream began
    assert isinstance(next(stream), PageImage)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3", (range(3, 4),)), ("1-3, 7", (range(1, 4), range(7, 8))), ("5-", (range(5, sys.maxsize),))],
)
def test_page_ranges(text, expected):
    assert parse_page_ranges(text) == expected


@pytest.mark.parametrize("text", ["", "a", "0", "3-1", "1,,2", "-3", "1-b"])
def test_page_ranges_that_are_none(text):
    with pytest.raises(ValueError, match="page"):
        parse_page_ranges(text)
