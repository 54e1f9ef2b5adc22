import json

import numpy as np
import pypdfium2 as pdfium
import pytest

from mathocr.data.formats import FormatError, content_of, load_crops, load_pages


def formula(id, box, **more):
    return {"id": id, "box": box, "kind": "inline", "tex": f"x_{id}", "tag": None, "continues": None} | more


@pytest.fixture
def pages(tmp_path):
    """Two blank pages of 72 x 144 points, one with three formulas of which two are parts of one."""
    document = pdfium.PdfDocument.new()
    rows = []
    for page, formulas in enumerate([[formula(0, [6, 12, 18, 24]), formula(1, [0, 30, 72, 36], kind="display"),
                                      formula(2, [0, 40, 9, 48], continues=1)], []]):  # fmt: skip
        document.new_page(72, 144)
        rows.append({"page": page, "size": [72, 144], "formulas": formulas})
    document.save(tmp_path / "00000.pdf")
    (tmp_path / "00000.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    manifest = {"format": "mathocr-pages/1", "shards": [{"name": "00000", "pages": 2}]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


def test_pages_are_drawn_at_150_dpi(pages):
    first, second = load_pages(pages)
    assert content_of(pages) == "pages"
    image = first.load()
    assert image.shape == (300, 150) and image.min() == 255
    scale = 150 / 72
    np.testing.assert_allclose(first.boxes_on(image)[0], np.array([6, 12, 18, 24]) * scale, rtol=1e-6)
    assert first.kinds == ("inline", "display", "inline")
    assert first.texts == ("x_0", None, None)  # neither part of a broken formula shows the whole
    assert second.boxes.shape == (0, 4) and second.where == f"{pages}: page 1"
    assert [crop.tex for crop in load_crops(pages)] == ["x_0"]


def test_damaged_rows(pages):
    (pages / "00000.jsonl").write_text("{}\n")
    with pytest.raises(FormatError) as error:
        load_pages(pages)[0]
    assert str(error.value) == f"{pages}: page 0: {pages}/00000.jsonl: expected 2 rows, got 1"


def test_damaged_manifest(pages):
    (pages / "manifest.json").write_text('{"format": "mathocr-pages/1"}')
    with pytest.raises(FormatError, match=r"manifest\.json: damaged manifest"):
        load_pages(pages)


def test_formulas_are_drawn_as_large_as_10_points_at_100_dpi(tmp_path):
    document = pdfium.PdfDocument.new()
    rows = [{"page": 0, "tex": "x", "kind": "inline", "source": "book", "size": [36, 18], "font": "cm", "pt": 12.0}]
    document.new_page(36, 18)
    document.save(tmp_path / "a.pdf")
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    manifest = {"format": "mathocr-formulas/1", "shards": [{"pdf": "a.pdf", "jsonl": "a.jsonl", "count": 1}]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    crop = load_crops(tmp_path)[0]
    assert content_of(tmp_path) == "crops"
    assert (crop.tex, crop.kind, crop.source, crop.where) == ("x", "inline", "book", f"{tmp_path}: formula 0")
    assert crop.load().shape == (21, 42)  # 18 x 36 points at 100 * 10 / 12 dpi
    with pytest.raises(FormatError, match=r"a set of crops \(shards\); pages with boxes are needed$"):
        load_pages(tmp_path)
    (tmp_path / "a.pdf").unlink()
    with pytest.raises(FormatError, match=r"a\.pdf: missing, though .*manifest\.json names it$"):
        load_crops(tmp_path)
