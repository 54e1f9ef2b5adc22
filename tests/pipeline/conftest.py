"""Stand-ins for both stages: what they answer can be read off the image, so that mix-ups show."""

import json
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
import pytest
from PIL import Image

from mathocr.data.contracts import ModelIdentity, Reading, Region
from mathocr.data.images import open_pages
from mathocr.pipeline import MathOCR

EXAMPLES = Path(__file__).parents[2] / "examples"


class MarkFinder:
    """Finds filled rectangles: gray 40 is inline, gray 0 display, gray 20 inline with a score of 0.2."""

    identity = ModelIdentity("finder", "f" * 64)
    min_score = MappingProxyType({"inline": 0.1, "display": 0.7})
    looks = ((40, "inline", 0.9), (0, "display", 0.8), (20, "inline", 0.2))

    def __init__(self):
        self.calls = []

    def predict(self, images, min_score=None):
        self.calls.append((len(images), min_score))
        least = min_score if isinstance(min_score, dict) else dict.fromkeys(("inline", "display"), min_score or 0.1)
        pages = []
        for image in images:
            gray = image if image.ndim == 2 else image[..., 0]
            regions = []
            for level, kind, score in self.looks:
                _, _, stats, _ = cv2.connectedComponentsWithStats((gray == level).astype(np.uint8))
                for x, y, w, h, area in stats[1:].tolist():
                    if area == w * h and w >= 8 and h >= 8 and score >= least[kind]:
                        regions.append(Region((x, y, x + w, y + h), kind, score))
            pages.append(regions[::-1])
        return pages


class SizeReader:
    """Reads the size of the dark part of a crop, as ``w_{60}``."""

    identity = ModelIdentity("reader", "e" * 64)

    def __init__(self):
        self.calls = []

    def predict(self, crops, scale=None, alternatives=0):
        self.calls.append([crop.shape for crop in crops])
        self.alternatives = alternatives
        self.scales = scale
        answers = []
        for crop in crops:
            gray = crop if crop.ndim == 2 else crop[..., 0]
            width = int((gray < 128).any(0).sum())
            answers.append(Reading(f"w_{{{width}}}", ("w", "_", "{", str(width), "}"), 0.5, True, "end", ("w",)))
        return answers


class TruthFinder:
    """Finds the formulas of the example pages, shuffled, told by the size of the image."""

    identity = ModelIdentity("truth", "d" * 64)
    min_score = MappingProxyType({"inline": 0.5, "display": 0.5})

    def __init__(self):
        self._known = {}
        for path in EXAMPLES.glob("*.json"):
            record = json.loads(path.read_text())
            for page in record["pages"]:
                regions = [Region(tuple(f["box"]), f["kind"], 0.9) for f in page["formulas"]]
                self._known.setdefault((page["height"], page["width"]), []).append(regions)

    def predict(self, images, min_score=None):
        rng = np.random.default_rng(3)
        return [[r[i] for i in rng.permutation(len(r))] for image in images for r in [self._known[image.shape[:2]][0]]]


@pytest.fixture
def finder():
    return MarkFinder()


@pytest.fixture
def reader():
    return SizeReader()


@pytest.fixture
def truth_finder():
    return TruthFinder()


@pytest.fixture
def example():
    """Reads an example and its truth: ``example("page.png")``."""

    def read(name, page=1):
        record = json.loads((EXAMPLES / name).with_suffix(".json").read_text())
        with open_pages(EXAMPLES / name) as pages:
            return pages.read(page), record["pages"][page - 1]

    return read


@pytest.fixture
def marked_page():
    """A page of dashes for text, with marks for formulas: two inline on a line, a display, one doubtful inline."""
    page = np.full((600, 500), 255, np.uint8)
    for y in range(40, 560, 24):
        for x in range(40, 450, 12):
            page[y : y + 8, x : x + 6] = 90

    def put(x0, y0, x1, y1, level):
        page[y0 - 6 : y1 + 6, x0 - 6 : x1 + 6] = 255
        page[y0:y1, x0:x1] = level

    put(300, 40, 340, 52, 40)
    put(100, 40, 130, 52, 40)
    put(200, 200, 320, 240, 0)
    put(60, 400, 80, 412, 20)
    return page


@pytest.fixture
def loads(monkeypatch, finder, reader):
    """``MathOCR.load`` gives the stand-ins; the list holds what it was called with."""
    calls = []

    def load(
        detector=None, im2latex=None, device="auto", backend="auto", stages=("detector", "im2latex"), threads=None
    ):
        calls.append((detector, im2latex, device, backend, tuple(stages), threads))
        return MathOCR(finder if "detector" in stages else None, reader)

    monkeypatch.setattr(MathOCR, "load", load)
    return calls


@pytest.fixture
def folder(tmp_path, marked_page):
    """Two good pages and a broken one between them, a two-page TIFF."""
    inputs = tmp_path / "in"
    inputs.mkdir()
    Image.fromarray(marked_page).save(inputs / "a.png")
    (inputs / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    frames = [Image.fromarray(marked_page[:100]), Image.fromarray(marked_page)]
    frames[0].save(inputs / "c.tif", save_all=True, append_images=frames[1:])
    return inputs
