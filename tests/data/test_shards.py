"""Reading formula shards, on a PDF drawn here."""

import json
import multiprocessing
import pickle
import subprocess
import sys

import numpy as np
import pypdfium2 as pdfium
import pytest

from mathocr.data.shards import FORMAT, FormulaShards

STREAM = b"BT /F1 10 Tf 5 10 Td (AB) Tj ET 5 5 20 2 re f"


def one_page_pdf(path, pages=2):
    """A PDF with the letters A and B (Helvetica) 5 pt from the left and 10 pt from below, and a rule."""
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(pages))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for i in range(pages):
        page = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {40 + i} 30] /Contents {5 + 2 * i} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects += [page.encode(), b"<< /Length %d >> stream\n%s\nendstream" % (len(STREAM), STREAM)]
    blob, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(blob))
        blob += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(blob)
    blob += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    blob += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    path.write_bytes(blob + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))


@pytest.fixture
def folder(tmp_path):
    shards = []
    for shard, count in enumerate((2, 3)):
        one_page_pdf(tmp_path / f"s{shard}.pdf", count)
        rows = [{"page": i, "tex": f"AB_{shard}{i} é", "size": [40 + i, 30]} for i in range(count)]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (tmp_path / f"s{shard}.jsonl").write_text(text, encoding="utf-8")
        shards.append({"pdf": f"s{shard}.pdf", "jsonl": f"s{shard}.jsonl", "font": "f", "count": count})
    (tmp_path / "manifest.json").write_text(json.dumps({"format": FORMAT, "count": 5, "shards": shards}))
    return tmp_path


def test_rows_across_shards(folder):
    shards = FormulaShards(folder)
    texs = ["AB_00 é", "AB_01 é", "AB_10 é", "AB_11 é", "AB_12 é"]
    assert len(shards) == 5
    assert [shards.row(i)["tex"] for i in (4, 0, 2, 1, 3)] == [texs[i] for i in (4, 0, 2, 1, 3)]
    assert [row["tex"] for row in shards.rows()] == texs
    for wrong in (5, -1):
        with pytest.raises(IndexError, match=f"formula {wrong} of 5"):
            shards.row(wrong)


def test_drawings_have_the_page_of_the_row(folder):
    shards = FormulaShards(folder)
    image = shards.render(4, 144)
    assert image.shape == (60, 84) and image.dtype == np.uint8  # 42 x 30 pt
    assert image[0].min() == 255 and image.min() < 60
    assert (image[48, 12:48] < 60).all()  # the rule: 5 to 7 pt from below, 5 to 25 pt from the left
    assert shards.render(0, 144).shape == (60, 80)


def test_glyphs_lie_on_their_ink(folder):
    shards = FormulaShards(folder)
    codes, boxes = shards.glyphs(1)
    assert codes == [ord("A"), ord("B")] and boxes.dtype == np.float32 and boxes.shape == (2, 4)
    assert boxes[0, 0] == pytest.approx(5, abs=0.3)  # from the left
    assert boxes[:, 3] == pytest.approx([20, 20], abs=0.1)  # the base line is 20 pt from the top
    assert (boxes[:, 3] - boxes[:, 1]) == pytest.approx([7.2, 7.2], abs=0.3)  # capitals of Helvetica: 0.72 em
    assert boxes[0, 2] < boxes[1, 0] + 1 < boxes[1, 2]
    ink = shards.render(1, 720) < 128
    rows, columns = np.nonzero(ink[:200])
    box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) / 10
    union = np.array([*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0)])
    np.testing.assert_allclose(union, box, atol=0.35)


def _shape(shards):
    return shards.render(3, 72).shape, shards.row(3)["tex"]


def test_other_processes(folder):
    shards = FormulaShards(folder)
    expected = _shape(shards)  # opens documents here first
    assert _shape(pickle.loads(pickle.dumps(shards))) == expected


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork on this system")
def test_forked_processes_open_their_own_documents(folder):
    # From a process of its own: the one that runs the tests has threads, whose locks a fork would copy.
    program = """
import multiprocessing, sys
from mathocr.data.shards import FormulaShards

shards = FormulaShards(sys.argv[1])
expected = shards.render(3, 72).tobytes()  # opens the documents here first

def same(_):
    return shards.render(3, 72).tobytes() == expected

with multiprocessing.get_context("fork").Pool(2) as pool:
    assert all(pool.map(same, range(4)))
"""
    subprocess.run([sys.executable, "-c", program, str(folder)], check=True, timeout=60)


def test_clear_errors(folder):
    with pytest.raises(FileNotFoundError, match="`mathocr data build formulas` makes"):
        FormulaShards(folder / "none")
    (folder / "s1.jsonl").write_text('{"page": 0}\n')
    with pytest.raises(ValueError, match=r"s1\.jsonl: cannot read row 1 \(expected 3 rows, got 1\)"):
        FormulaShards(folder).row(2)
    (folder / "s0.pdf").write_text("no pdf")
    with pytest.raises(OSError, match=r"s0\.pdf: damaged PDF"):
        FormulaShards(folder).render(0, 72)
    (folder / "s0.pdf").unlink()
    with pytest.raises(FileNotFoundError, match=r"s0\.pdf: missing, though .*manifest\.json names it"):
        FormulaShards(folder)
    for text, message in (("{", "damaged manifest"), ("[]", "damaged manifest"),
                          ('{"format": "x/1", "shards": []}', f"expected format '{FORMAT}', got 'x/1'")):  # fmt: skip
        (folder / "manifest.json").write_text(text)
        with pytest.raises(ValueError, match=message):
            FormulaShards(folder)


def test_pdf_of_the_fixture_is_sound(folder):
    assert len(pdfium.PdfDocument(folder / "s1.pdf")) == 3
