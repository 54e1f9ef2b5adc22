import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import mathocr.pipeline
from mathocr.data.formats import content_of, load_crops, load_pages
from mathocr.pipeline.cli import main
from mathocr.pipeline.draw import COLOURS
from mathocr.pipeline.feedback.export import export_label_studio, export_sets
from mathocr.pipeline.feedback.label_studio import CONFIG
from mathocr.pipeline.feedback.labelled import import_set
from mathocr.pipeline.feedback.store import FeedbackStore

from .conftest import entry, png, sha256

REGIONS = [{"box": [5, 10, 25, 20], "kind": "inline", "latex": "a"},
           {"box": [30.5, 10, 50, 30], "kind": "display", "latex": None}]  # fmt: skip


def keep(store, client_id, blob, **fields):
    store.add(entry(client_id, blob, **fields), blob)


def check(store, client_id, blob, regions=REGIONS, **fields):
    keep(store, client_id, blob, action="page", box=None, corrected_latex=None, regions=regions, **fields)


@pytest.fixture
def filled(store):
    """A corrected formula on one image, a checked page on another, a record without its image."""
    keep(store, "1", png(60), corrected_latex=r"\frac{1}{2}")
    check(store, "2", png(61), width=61)
    store.add(entry("3", png(62)))
    return store


def test_crops_are_cut_where_the_formula_is(filled, tmp_path):
    done = export_sets(filled, tmp_path / "out")
    assert (done.crops, done.pages) == (2, 1)
    crops = load_crops(tmp_path / "out" / "train" / "crops")
    assert sorted((crop.tex, crop.kind, crop.source) for crop in crops) == [
        (r"\frac{1}{2}", "inline", "feedback-web"), ("a", "inline", "feedback-web"),
    ]  # fmt: skip
    for crop in crops:
        image = crop.load()
        assert image.shape == (14, 24) and (image[2:-2, 2:-2] == 0).all()  # the bar, and a margin of 2


def test_pages_are_those_that_were_checked(filled, tmp_path):
    export_sets(filled, tmp_path / "out")
    (page,) = load_pages(tmp_path / "out" / "train" / "pages")
    assert page.load().shape == (40, 61) == page.size
    assert page.boxes.tolist() == [[5, 10, 25, 20], [30.5, 10, 50, 30]]
    assert page.kinds == ("inline", "display") and page.texts == ("a", None)


def test_a_kind_has_one_colour_everywhere():
    page = (Path(mathocr.pipeline.__file__).parent / "serving" / "page" / "page.css").read_text()
    for kind, colour in COLOURS.items():
        written = f"#{bytes(colour).hex()}"
        assert f'value="{kind}" background="{written}"' in CONFIG and f"--{kind}: {written};" in page


def test_an_image_that_cannot_be_read_is_left_out_and_named(filled, tmp_path, monkeypatch, capsys):
    keep(filled, "large", png(2000, 60), corrected_latex="z")
    monkeypatch.setenv("MATHOCR_MAX_PIXELS", "100000")
    for form in ("jsonl", "label-studio"):
        command = ["feedback", "export", str(tmp_path / "store"), str(tmp_path / form), "--format", form]
        assert main(command) == 0
        said = capsys.readouterr().err
        assert f"left out: {filled.images.path(sha256(png(2000, 60)))}: " in said and "2000 x 60 pixels" in said
        assert ("wrote 2 crops and 1 pages" if form == "jsonl" else "wrote 2 tasks") in said


def test_a_checked_page_without_formulas_is_a_page(store, tmp_path):
    check(store, "1", png(), regions=[])
    done = export_sets(store, tmp_path / "out")
    (page,) = load_pages(tmp_path / "out" / "train" / "pages")
    assert (done.crops, done.pages, len(page.kinds)) == (0, 1, 0)
    assert not (tmp_path / "out" / "train" / "crops").exists()


def test_an_image_is_in_one_part_and_stays_there(store, tmp_path):
    for n in range(20):
        check(store, f"{n}", png(60 + n), width=60 + n)

    def names(out, part):
        return {json.loads(line)["image"] for line in (out / part / "pages" / "labels.jsonl").open()}

    export_sets(store, tmp_path / "a", val=0.3)
    first = {part: names(tmp_path / "a", part) for part in ("train", "val")}
    assert len(first["train"]) + len(first["val"]) == 20 and 1 <= len(first["val"]) <= 14
    check(store, "more", png(99), width=99)
    export_sets(store, tmp_path / "b", val=0.3)
    for part in ("train", "val"):
        assert first[part] <= names(tmp_path / "b", part)
        crops = {json.loads(line)["image"][7:23] for line in (tmp_path / "a" / part / "crops" / "labels.jsonl").open()}
        assert crops == {name[7:23] for name in first[part]}


def test_old_rows_are_not_mixed_with_new_ones(filled, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").touch()
    for write in (export_sets, export_label_studio):
        with pytest.raises(ValueError, match="out: not empty"):
            write(filled, tmp_path / "out")
    with pytest.raises(ValueError, match=r"val must be in \[0, 1\], got 2"):
        export_sets(filled, tmp_path / "new", val=2)


def test_label_studio_and_back(filled, tmp_path):
    assert export_label_studio(filled, tmp_path / "out").tasks == 2
    tasks = json.loads((tmp_path / "out" / "tasks.json").read_text())
    assert sorted("annotations" in task for task in tasks) == [False, True]  # what was not checked is a suggestion
    (page,) = load_pages(tmp_path / "out" / "tasks.json")
    boxes = page.boxes_on(page.load())
    np.testing.assert_allclose(boxes, [[5, 10, 25, 20], [30.5, 10, 50, 30]], atol=1e-9)
    assert page.kinds == ("inline", "display") and page.texts == ("a", None)
    assert 'toName="image"' in (tmp_path / "out" / "config.xml").read_text()

    other = FeedbackStore(tmp_path / "other")
    assert import_set(other, tmp_path / "out" / "tasks.json") == (1, 1)
    assert import_set(other, tmp_path / "out" / "tasks.json") == (1, 0)
    (one,) = other.entries()
    assert (one.action, one.owner, one.width, one.height, one.image_kept) == ("page", "import", 61, 40, True)
    for region, expected in zip(one.regions, REGIONS, strict=True):
        assert region["kind"] == expected["kind"] and region["latex"] == expected["latex"]
        np.testing.assert_allclose(region["box"], expected["box"], atol=1e-9)


def test_a_set_of_crops_is_taken_in(store, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((20, 50), 255, np.uint8))
    rows = [{"image": "a.png", "latex": "x^2", "kind": "inline"}, {"image": "a.png", "latex": "x^2", "kind": "inline"}]
    (tmp_path / "set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert import_set(store, tmp_path / "set.jsonl") == (2, 1)
    (one,) = store.entries()
    assert one.corrected_box == [0, 0, 50, 20] and (one.corrected_latex, one.corrected_kind) == ("x^2", "inline")


def test_the_command_line(filled, tmp_path, capsys):
    folder = str(tmp_path / "store")
    assert main(["feedback", "report", folder]) == 0
    assert "3 records on 2 formulas and 1 whole pages" in capsys.readouterr().out
    assert main(["feedback", "report", folder, "--json", "--days", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["records"] == 3
    assert main(["feedback", "export", folder, str(tmp_path / "out"), "--val", "1"]) == 0
    assert "wrote 2 crops and 1 pages" in capsys.readouterr().err and content_of(tmp_path / "out/val/crops") == "crops"
    assert main(["feedback", "export", folder, str(tmp_path / "ls"), "--format", "label-studio"]) == 0
    assert main(["feedback", "import", str(tmp_path / "other"), str(tmp_path / "ls" / "tasks.json")]) == 0
    assert "took 1 of 1 samples in" in capsys.readouterr().err
    assert main(["feedback", "forget", folder, "--user", "alice"]) == 0
    assert "removed 3 records" in capsys.readouterr().err
    assert main(["feedback", "forget", folder]) == 2 and "say which" in capsys.readouterr().err
    assert main(["feedback", "report", str(tmp_path / "none")]) == 2
    assert "no feedback store" in capsys.readouterr().err and not (tmp_path / "none").exists()
