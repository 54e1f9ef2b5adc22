"""From the command's options to shards, and from shards to drawings with boxes in their pixels."""

import argparse
import json
import pickle

import numpy as np
import pytest

from mathocr.data.page_shards import PageShards
from mathocr.data.synthesis.pages import add_arguments, run
from mathocr.pipeline.cli import main


def options(*words):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args([*map(str, words)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("shards")
    tex = path / "src" / "owner+book"
    tex.mkdir(parents=True)
    text = r"We show that $x_1 + y = z$ is small, if $f$ is. \[ a = b \] " + "Many plain words follow here. " * 8
    (tex / "a.tex").write_text("\n\n".join([text + "."] * 12))
    words = ["--output", path / "out", "--count", 3, "--tex", path / "src", "--seed", 4, "--workers", 1,
             "--other-scripts", 0]  # fmt: skip
    assert run(options(*words, "--layouts", "article", "two-columns", "--fonts", "computer-modern")) == 0
    return path / "out"


@pytest.mark.tex
def test_rows_and_manifest(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["format"], manifest["pages"]) == ("mathocr-pages/1", 3)
    shards = PageShards(folder)
    assert len(shards) == 3
    rows = [shards.row(i) for i in range(3)]
    assert sum(len(row["formulas"]) for row in rows) == manifest["formulas"] > 5
    assert {row["source"] for row in rows} == {"owner/book"}
    languages = [row["language"] for row in rows]
    assert manifest["languages"] == {name: languages.count(name) for name in set(languages)}
    assert manifest["other_scripts"] == 0.0
    for row in rows:
        for formula in row["formulas"]:
            x0, y0, x1, y1 = formula["box"]
            assert 0 <= x0 < x1 <= row["size"][0] and 0 <= y0 < y1 <= row["size"][1]
    with pytest.raises(IndexError, match="page 3 of 3"):
        shards.row(3)


@pytest.mark.tex
@pytest.mark.parametrize("dpi", [72, 150])
def test_regions_are_in_pixels_of_the_drawing(folder, dpi):
    shards = pickle.loads(pickle.dumps(PageShards(folder)))  # as a worker process gets it
    for index in range(3):
        image, regions = shards.render(index, dpi), shards.regions(index, dpi)
        assert image.dtype == np.uint8 and image.ndim == 2
        assert regions.boxes.dtype == np.float32 and regions.boxes.shape == (len(regions.kinds), 4)
        for x0, y0, x1, y1 in regions.boxes:
            assert image[int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1))].min() < 200
    assert shards.render(0, dpi, color=True).shape == (*shards.render(0, dpi).shape, 3)


@pytest.mark.tex
def test_the_same_seed_gives_the_same_pages(folder, tmp_path):
    words = ["--output", tmp_path, "--count", 3, "--tex", folder.parent / "src", "--seed", 4, "--workers", 2,
             "--other-scripts", 0]  # fmt: skip
    assert run(options(*words, "--layouts", "article", "two-columns", "--fonts", "computer-modern")) == 0
    first, again = PageShards(folder), PageShards(tmp_path)
    assert [first.row(i) for i in range(3)] == [again.row(i) for i in range(3)]


@pytest.mark.parametrize(
    "words, message",
    [
        (["--count", 0], "--count"),
        (["--other-scripts", 1.5], "--other-scripts must be in [0, 1], got 1.5"),
        (["--layouts", "poster"], "unknown layout poster"),
        (["--fonts", "handwriting"], "unknown font set-up handwriting"),
        (["--tex", "nowhere"], "nowhere"),
        (["--corpus", "nowhere.jsonl"], "nowhere.jsonl"),
    ],
)
@pytest.mark.tex
def test_wrong_options_get_one_line(tmp_path, capsys, words, message):
    assert main(["data", "build", "pages", "--output", str(tmp_path), *map(str, words)]) == 1
    error = capsys.readouterr().err.strip()
    assert message in error and "\n" not in error


@pytest.mark.tex
def test_a_set_is_not_overwritten(folder):
    before = (folder / "manifest.json").read_bytes()
    with pytest.raises(ValueError, match="already holds a set"):
        run(options("--output", folder, "--count", 1))
    assert (folder / "manifest.json").read_bytes() == before


def test_missing_and_foreign_folders_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"manifest\.json"):
        PageShards(tmp_path)
    (tmp_path / "manifest.json").write_text('{"format": "other", "shards": []}')
    with pytest.raises(ValueError, match="expected format 'mathocr-pages/1', got 'other'"):
        PageShards(tmp_path)
