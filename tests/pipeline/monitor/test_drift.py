import json
import math

import numpy as np
import pytest

from mathocr.data.samples import CropSample, FormatError
from mathocr.pipeline.monitor.drift import (
    drift,
    histogram,
    load_profile,
    make_profile,
    psi,
    psi_by_chance,
)
from mathocr.pipeline.monitor.input_stats import STATISTICS, crop_stats

from .conftest import written


def samples(texts, scale=1.0):
    return [
        CropSample(image=lambda text=text: written(text, scale), tex="x + 1", kind="inline", source="s", where="w")
        for text in texts
    ]


TEXTS = [f"x + {n * n}" for n in range(80)]


def test_psi_by_hand():
    # shares (.5, .5) and (.25, .75), with half a sample in each bin of 1,000
    p, q = (500.5 / 1001, 500.5 / 1001), (250.5 / 1001, 750.5 / 1001)
    expected = sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))
    assert psi(np.array([500, 500]), np.array([250, 750])) == pytest.approx(expected) == pytest.approx(0.274, abs=1e-3)
    assert psi(np.array([3, 1]), np.array([300, 100])) == pytest.approx(0, abs=0.02)
    assert math.isfinite(psi(np.array([5, 0]), np.array([0, 5])))


def test_chance_is_what_equal_samples_stay_under():
    rng = np.random.default_rng(0)
    shares = np.full(10, 0.1)
    drawn = [psi(rng.multinomial(2000, shares), rng.multinomial(300, shares)) for _ in range(1000)]
    assert np.mean(np.array(drawn) < psi_by_chance(10, 2000, 300)) == pytest.approx(0.95, abs=0.025)
    assert psi_by_chance(1, 5, 5) == 0


def test_statistics_do_not_depend_on_margins_and_follow_the_size():
    image = written("a + b")
    wide = np.pad(image, 40, constant_values=255)
    a, b = crop_stats(image), crop_stats(wide)
    for name in set(STATISTICS) - {"tokens", "sharpness", "contrast"}:
        assert a[name] == pytest.approx(b[name]), name
    large = crop_stats(written("a + b", 2.0))
    assert large["height"] / a["height"] == pytest.approx(2, rel=0.15) and large["type"] > 1.5 * a["type"]
    assert crop_stats(255 - image)["paper"] == 0 and a["paper"] == 1
    assert crop_stats(np.full((20, 30), 255, np.uint8)) is None


def test_the_reference_itself_is_stable_and_another_size_drifts(tmp_path):
    profile = make_profile(samples(TEXTS), "set")
    path = tmp_path / "p.json"
    path.write_text(json.dumps(profile))
    assert load_profile(path) == profile and profile["count"] == 80 and profile["kinds"] == {"inline": 1.0}
    same = drift(profile, [crop_stats(written(text)) for text in TEXTS])
    assert {one["verdict"] for name, one in same.items() if name != "tokens"} == {"stable"}
    assert same["tokens"]["verdict"] == "too few" and same["tokens"]["chance"] is None
    other = drift(profile, [crop_stats(written(text, 2.0)) for text in TEXTS])
    assert other["height"]["verdict"] == other["type"]["verdict"] == "drifted" and other["paper"]["verdict"] == "stable"
    few = drift(profile, [crop_stats(written("a", 2.0))] * 10)
    assert {one["verdict"] for one in few.values()} == {"too few"}


def test_a_constant_has_one_bin_and_lies_in_it():
    assert histogram(np.ones(30)) == {"edges": [1.0], "shares": [1.0, 0.0]}


def test_bad_samples_are_left_out():
    def broken():
        raise ValueError("no image")

    bad = CropSample(image=broken, tex="x", kind=None, source="s", where="w")
    assert make_profile([*samples(["a"]), bad], "set")["skipped"] == 1
    with pytest.raises(ValueError, match="set: no crop with ink"):
        make_profile([bad], "set")


@pytest.mark.parametrize(
    ("text", "words"), [(None, "mathocr monitor profile` writes"), ("{", "not JSON"), ("{}", "schema must be")]
)
def test_what_is_no_profile_is_refused(tmp_path, text, words):
    path = tmp_path / "p.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(FormatError, match=words):
        load_profile(path)
