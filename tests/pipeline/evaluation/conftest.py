"""Sets and stand-ins whose right and wrong answers are known."""

import json
from functools import partial
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from mathocr.data.contracts import ModelIdentity, Reading, Region
from mathocr.data.latex import LatexError, canonicalize


class Answers:
    """A recogniser that reads the number of grey columns at the left of a crop as the number of its answer."""

    identity = ModelIdentity("answers", "a" * 64)

    def __init__(self, answers, broken=()):
        self.answers, self.broken, self.calls = answers, set(broken), []

    def predict(self, crops, scale=None, alternatives=0):
        numbers = [int((crop if crop.ndim == 2 else crop[..., 0])[0].searchsorted(128)) for crop in crops]
        self.calls.append(numbers)
        if self.broken.intersection(numbers):
            raise RuntimeError("the network fell over")
        return [self._reading(self.answers[number]) for number in numbers]

    @staticmethod
    def _reading(tex):
        try:
            return Reading(tex, canonicalize(tex).tokens, 0.9, True, "end")
        except LatexError:
            return Reading(tex, tuple(tex.split()), 0.1, False, "length")


class Boxes:
    """A detector that gives the regions it was told, by the height of the page.

    As with the real one a region that lies on a better one is left out, where the better one is not below what is
    asked for.
    """

    identity = ModelIdentity("boxes", "b" * 64)

    def __init__(self, pages):
        self.min_score = {"inline": 0.5, "display": 0.4}
        self.pages, self.asked, self.looks = pages, [], 0

    def predict(self, images, min_score=None):
        return [self.look(image).regions(min_score) for image in images]

    def look(self, image):
        self.looks += 1
        candidates = sorted(self.pages[image.shape[0]], key=lambda one: -one[2])
        return SimpleNamespace(regions=partial(self._regions, candidates))

    def _regions(self, candidates, min_score=None):
        least = self.min_score if min_score is None else dict.fromkeys(self.min_score, min_score)
        self.asked.append(min_score)
        regions = []
        for box, kind, score in candidates:
            if score >= least[kind] and box not in [region.box for region in regions]:
                regions.append(Region(box, kind, score))
        return regions


def numbered(number, height=20, width=80):
    """A crop whose first row has ``number`` dark pixels."""
    image = np.full((height, width), 255, np.uint8)
    image[0, :number] = 0
    return image


@pytest.fixture
def crop_set(tmp_path):
    """Writes a set of crops: ``crop_set([tex, ...])``; the crop of row n has n dark pixels. None: no image file."""

    def write(texts, kinds=None, missing=(), name="letters"):
        folder = tmp_path / name
        folder.mkdir()
        rows = []
        for number, tex in enumerate(texts):
            row = {"image": f"{number}.png", "latex": tex}
            if kinds:
                row["kind"] = kinds[number]
            rows.append(json.dumps(row))
            if number not in missing:
                cv2.imwrite(str(folder / f"{number}.png"), numbered(number))
        (folder / "labels.jsonl").write_text("\n".join(rows) + "\n")
        return folder

    return write


@pytest.fixture
def answers():
    return Answers


@pytest.fixture
def boxes():
    return Boxes
