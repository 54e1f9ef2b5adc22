"""Changes of images do what they say, the same each time; sweeps measure every degree once."""

import json
from functools import partial

import cv2
import numpy as np
import pytest

from mathocr.data.contracts import Reading
from mathocr.data.negatives import KINDS, draw_negative
from mathocr.data.samples import PageSample
from mathocr.data.synthesis import fonts, tex
from mathocr.pipeline.evaluation import perturbations as change
from mathocr.pipeline.evaluation.inventions import measure_inventions
from mathocr.pipeline.evaluation.markdown_stages import inventions_part
from mathocr.pipeline.evaluation.measure import Request
from mathocr.pipeline.evaluation.robustness import changed, measure_robustness
from mathocr.pipeline.evaluation.selection import Selection


def picture():
    """A dark bar of 4 x 30 pixels near the top left of 20 x 60 light ones."""
    image = np.full((20, 60), 240, np.uint8)
    image[4:8, 5:35] = 10
    return image


def test_sizes_are_height_by_width():
    assert change.scale(0.5, picture(), 0).shape == (10, 30)
    assert change.scale(2.0, np.zeros((3, 5, 3), np.uint8), 0).shape == (6, 10, 3)
    assert change.pad(0.5, picture(), 0).shape == (40, 80)
    assert change.rotate(90, picture(), 0).shape == pytest.approx((60, 20), abs=1)


def test_background_is_continued():
    assert change.pad(0.5, picture(), 0)[0, 0] == 240
    assert change.rotate(3, picture(), 0)[0, 0] == 240
    colour = np.full((8, 8, 3), (250, 240, 20), np.uint8)
    assert change.pad(0.25, colour, 0)[0, 0].tolist() == [250, 240, 20]


def test_rotation_is_counter_clockwise():
    turned = change.rotate(90, picture(), 0)
    dark = np.argwhere(turned < 100).mean(0)
    assert dark[0] > turned.shape[0] / 2 and dark[1] < turned.shape[1] / 2  # the bar at the left is now at the bottom


def test_inversion_and_degrees():
    assert np.array_equal(change.invert(1, picture(), 0), 255 - picture())
    losses = [
        [np.abs(make(level, picture(), 0).astype(int) - picture()).mean() for level in levels]
        for make, levels in ((change.jpeg, (90, 30, 10)), (change.blur, (0, 0.5, 1.5)), (change.noise, (0, 10, 50)))
    ]
    assert all(loss == sorted(loss) for loss in losses) and losses[1][0] == losses[2][0] == 0


def test_the_same_seed_gives_the_same_image():
    for name, levels in change.sweeps().items():
        for level, make in levels.items():
            if make is not None:
                first, again = make(picture(), 3), make(picture(), 3)
                assert np.array_equal(first, again), (name, level)
                assert first.dtype == np.uint8 and not np.array_equal(first, picture()), (name, level)
    assert not np.array_equal(change.noise(10, picture(), 1), change.noise(10, picture(), 2))


def test_sweeps_over_a_set(crop_set, answers, tmp_path, monkeypatch):
    monkeypatch.setattr(tex.shutil, "which", lambda name: None)
    fonts._missing_files.cache_clear()

    class Dark(answers):
        """Reads an x on light background alone."""

        def predict(self, crops, scale=None, alternatives=1):
            self.calls.append(len(crops))
            return [self._reading("x" if np.median(crop) > 128 else "y") for crop in crops]

    reader = Dark([])
    request = Request(str(crop_set(["x"] * 5)), count=4)
    found = measure_robustness(request, tmp_path / "out", {"im2latex": reader})["im2latex"]
    assert found["samples"] == 4 and list(found["sweeps"]) == list(change.UNITS)
    assert found["missing"].startswith("TeX is not installed")
    assert [row["exact_match"] for row in found["sweeps"]["inversion"]["levels"]] == [1.0, 0.0]
    assert [row["exact_match"] for row in found["sweeps"]["scale"]["levels"]] == [1.0] * 6
    calls = len(reader.calls)
    assert calls == 1 + sum(make is not None for levels in change.sweeps().values() for make in levels.values())
    assert measure_robustness(request, tmp_path / "out", {"im2latex": reader}) == {"im2latex": found}
    assert len(reader.calls) == calls  # all from the records


def test_boxes_grow_with_the_page():
    sizes = []
    for relative in (False, True):
        boxes = np.array([[5, 4, 35, 8.0]]) / ([60, 20, 60, 20] if relative else 1)
        sample = PageSample(picture, boxes, ("inline",), None, "s", "w", relative=relative)
        selection = Selection("s", "jsonl", "pages", [sample], (0,), "s")
        grown = changed(partial(change.scale, 2.0), selection).samples[0]
        image = grown.load()
        x0, y0, x1, y1 = grown.boxes_on(image)[0].astype(int)
        sizes.append(grown.boxes_on(image).tolist())
        assert image.shape == (40, 120) and image[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2].max() < 100
        same = changed(partial(change.blur, 2.0), selection).samples[0]
        assert same.boxes_on(same.load()).tolist() == [[5, 4, 35, 8]]
    assert sizes == [[[10, 8, 70, 16]]] * 2


def test_boxes_are_carried_along():
    image = np.full((40, 100), 255, np.uint8)
    image[10:14, 20:60] = 0
    box = np.array([[20.0, 10, 60, 14]])
    for name, level in (("scale", 0.5), ("scale", 2.0), ("padding", 0.25), ("rotation", 3.0), ("rotation", -3.0)):
        make = change.sweeps()[name][level]
        altered = make(image, 0)
        x0, y0, x1, y1 = change.carried(make, box, *image.shape)[0]
        rows, columns = np.nonzero(altered < 128)
        ink = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert [x0, y0, x1, y1] == pytest.approx(ink, abs=1.5), (name, level)
    assert change.carried(change.sweeps()["blur"][1.0], box, *image.shape).tolist() == box.tolist()
    assert change.carried(change.sweeps()["rotation"][1.0], np.zeros((0, 4)), *image.shape).shape == (0, 4)


def test_sweeps_over_pages(boxes, tmp_path):
    cv2.imwrite(str(tmp_path / "p.png"), np.full((120, 150), 255, np.uint8))
    regions = [{"box": [10, 10, 30, 20], "kind": "inline"}]
    (tmp_path / "labels.jsonl").write_text(json.dumps({"image": "p.png", "regions": regions}) + "\n")
    finder = boxes({height: [((10, 10, 30, 20), "inline", 0.9)] for height in (60, 85, 120, 169, 240, 320)})
    request = Request(str(tmp_path / "labels.jsonl"), module="detector")
    found = measure_robustness(request, tmp_path / "out", {"detector": finder})
    assert list(found) == ["detector"] and list(found["detector"]["sweeps"]) == list(change.UNITS)
    assert [row["f1"] for row in found["detector"]["sweeps"]["scale"]["levels"]] == [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]
    assert [row["recall"] for row in found["detector"]["sweeps"]["blur"]["levels"]] == [1.0] * 4


def test_inventions_are_counted_by_kind():
    class Reader:
        """Sees a formula in tall images, is sure of it in light ones."""

        def predict(self, crops, scale=None, alternatives=0):
            return [
                Reading("x" * (crop.shape[0] > 60), ("x",), 0.5 + 0.1 * (crop.mean() > 150), True, "end")
                for crop in crops
            ]

    found = measure_inventions(Reader(), 80)
    expected = dict.fromkeys(KINDS, 0)
    for seed in range(80):
        image = draw_negative(seed, KINDS[seed % 4])
        expected[KINDS[seed % 4]] += image.shape[0] > 60 and image.mean() > 150
    assert {kind: part["invented"] for kind, part in found["kinds"].items()} == expected
    assert found["invented"] == sum(expected.values()) > 0 and found["share"] == found["invented"] / 80
    assert sum(part["count"] for part in found["kinds"].values()) == found["count"] == 80
    assert f"Of 80 images without a formula {found['invented']} (" in inventions_part(found)
