import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mathocr.data.contracts import PageResult
from mathocr.data.images import ImageError
from mathocr.pipeline import MathOCR, Options


@pytest.fixture
def ocr(finder, reader):
    return MathOCR(finder, reader)


def latex(result):
    return [formula.latex for formula in result.formulas]


def test_page_gives_formulas_in_reading_order_each_with_its_own_reading(ocr, marked_page):
    result = ocr.predict(marked_page)
    assert result.mode == "page" and (result.width, result.height) == (500, 600)
    assert latex(result) == ["w_{30}", "w_{40}", "w_{120}", "w_{20}"]
    assert [f.kind for f in result.formulas] == ["inline", "inline", "display", "inline"]
    assert result.formulas[2].box == (200, 200, 320, 240)
    assert (result.formulas[2].score, result.formulas[2].confidence, result.formulas[2].tag) == (0.8, 0.5, None)


def test_models_and_times_are_told(ocr, marked_page):
    result = ocr.predict(marked_page)
    assert result.models["detector"].name == "finder" and result.models["im2latex"].sha256 == "e" * 64
    times = result.timing_ms
    assert set(times) == {"read", "layout", "detector", "im2latex", "total"}
    assert times["detector"] > 0 and times["im2latex"] > 0
    assert times["total"] == pytest.approx(sum(v for k, v in times.items() if k != "total"), abs=0.01)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (Options(formulas="inline"), ["w_{30}", "w_{40}", "w_{20}"]),
        (Options(formulas="display"), ["w_{120}"]),
        (Options(min_score=0.85), ["w_{30}", "w_{40}"]),
        (Options(min_score={"inline": 0.95, "display": 0.5}), ["w_{120}"]),
        (Options(min_score={"inline": 0.5}), ["w_{30}", "w_{40}", "w_{120}"]),
    ],
)
def test_kinds_and_thresholds(ocr, marked_page, options, expected):
    assert latex(ocr.predict(marked_page, options)) == expected


def test_a_named_place_is_read_whatever_the_detector_says(ocr, marked_page):
    result = ocr.predict(marked_page, Options(formulas="display", min_score=1.0, regions=((60, 400, 80, 412),)))
    (formula,) = result.formulas
    assert (formula.latex, formula.box, formula.kind, formula.score) == ("w_{20}", (60, 400, 80, 412), "inline", 1.0)
    tiny = ocr.predict(marked_page[195:245, 195:325], Options(regions=((5, 5, 125, 45),)))
    assert tiny.mode == "page" and tiny.formulas[0].box == (5, 5, 125, 45)


def test_thresholds_by_kind_fill_up_with_the_detectors_own(ocr, finder, marked_page):
    ocr.predict(marked_page, Options(min_score={"inline": 0.3}))
    ocr.predict(marked_page)
    assert finder.calls == [(1, {"inline": 0.3, "display": 0.7}), (1, None)]


@pytest.mark.parametrize("score", [0.0, 0.85, 1.0])
def test_least_scores_do_not_change_how_an_image_is_taken(ocr, marked_page, score):
    rows = np.full((170, 320), 255, np.uint8)  # six rows of signs, each a display by itself with a score of 0.8
    for y in range(20, 164, 24):
        for x in range(20, 300, 14):
            rows[y : y + 10, x : x + 8] = 0
    lines = marked_page[20:150]  # two lines of text with formulas
    options = Options(min_score=score)
    assert ocr.predict(rows).mode == ocr.predict(rows, options).mode == "crop"
    assert ocr.predict(rows, options).formulas == ocr.predict(rows).formulas
    assert ocr.predict(lines).mode == ocr.predict(lines, options).mode == "page"
    together = ocr.predict_batch([marked_page, rows, lines], options)
    assert [result.mode for result in together] == ["page", "crop", "page"]
    found = {0.0: 4, 0.85: 2, 1.0: 0}[score]
    assert [len(result.formulas) for result in together] == [found, 1, min(found, 2)]


def test_a_region_below_its_threshold_takes_no_place_of_another(finder, reader, marked_page):
    class Twofold:
        """Takes each inline mark for a display as well, with a lower score, and gives the better one of both."""

        identity, min_score = finder.identity, finder.min_score

        def predict(self, images, min_score=None):
            least = min_score or self.min_score
            looks = [
                [[region, replace(region, kind="display", score=0.8)] for region in found if region.kind == "inline"]
                for found in finder.predict(images, 0.5)
            ]
            return [
                [given[0] for both in page if (given := [one for one in both if one.score >= least[one.kind]])]
                for page in looks
            ]

    ocr, lines = MathOCR(Twofold(), reader), marked_page[20:150]
    auto, page = (ocr.predict(lines, Options(mode=mode, min_score={"inline": 0.95})) for mode in ("auto", "page"))
    assert auto.mode == "page" and auto.formulas == page.formulas
    assert [formula.kind for formula in page.formulas] == ["display"] * 2


def test_crop_is_read_whole_without_asking_the_detector(ocr, finder, marked_page):
    result = ocr.predict(marked_page, Options(mode="crop"))
    (formula,) = result.formulas
    assert result.mode == "crop" and formula.box == (0, 0, 500, 600) and formula.kind == "display"
    assert formula.score == 1 and not finder.calls


def test_the_size_of_the_text_tells_the_scale_of_its_formulas(ocr, reader, marked_page):
    ocr.predict(marked_page)
    assert reader.scales == pytest.approx([7 / 8] * 4)  # its letters are 8 pixels tall
    larger = np.kron(marked_page, np.ones((2, 2), np.uint8))
    ocr.predict(larger)
    assert reader.scales == pytest.approx([7 / 16] * 4, rel=0.05)
    ocr.predict(marked_page, Options(mode="crop"))
    assert reader.scales == [None]


def test_crops_alone_need_no_detector(reader, marked_page):
    ocr = MathOCR(None, reader)
    assert ocr.predict(marked_page, Options(mode="crop")).mode == "crop"
    with pytest.raises(ValueError, match="detector was not loaded"):
        ocr.predict(marked_page, Options(mode="page"))


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (40, 60)])
@pytest.mark.parametrize("mode", ["auto", "page", "crop"])
def test_blank_image_has_no_formulas(ocr, size, mode):
    assert ocr.predict(np.full(size, 255, np.uint8), Options(mode=mode)).formulas == ()


def test_batch_gives_the_same_as_each_alone_and_shares_calls(ocr, reader, marked_page):
    small = np.full((50, 90, 3), 255, np.uint8)
    small[15:30, 20:70] = 0
    images = [marked_page, small, marked_page[:300]]
    together = ocr.predict_batch(images)
    assert len(reader.calls) == 1
    for image, result in zip(images, together, strict=True):
        alone = ocr.predict(image)
        assert (alone.formulas, alone.mode, alone.width) == (result.formulas, result.mode, result.width)
    assert [result.mode for result in together] == ["page", "crop", "page"]
    assert ocr.predict_batch([]) == []


def test_file_of_one_page_and_of_several(ocr, tmp_path, marked_page):
    Image.fromarray(marked_page).save(tmp_path / "one.png")
    result = ocr.predict(tmp_path / "one.png")
    assert (result.source, result.page) == (str(tmp_path / "one.png"), 1) and result.timing_ms["read"] > 0
    frames = [Image.fromarray(marked_page), Image.fromarray(marked_page[:150])]
    frames[0].save(tmp_path / "two.tif", save_all=True, append_images=frames[1:])
    with pytest.raises(ValueError, match=r"two.tif: has 2 pages, predict_file"):
        ocr.predict(tmp_path / "two.tif")
    results = list(ocr.predict_file(tmp_path / "two.tif"))
    assert [(r.page, r.height, len(r.formulas)) for r in results] == [(1, 600, 4), (2, 150, 2)]


def test_what_is_no_image_is_refused(ocr, tmp_path):
    with pytest.raises(ImageError, match="no such file"):
        ocr.predict(tmp_path / "gone.png")
    for array in (np.zeros((4, 4)), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4), np.uint8)):
        with pytest.raises(ValueError, match=r"must be uint8 \(H, W\)"):
            ocr.predict(array)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "book"}, "mode must be auto, page or crop, got 'book'"),
        ({"formulas": "both"}, "formulas must be all, inline or display, got 'both'"),
        ({"min_score": 1.5}, r"min_score must be in \[0, 1\] .*got 1.5"),
        ({"min_score": {"block": 0.5}}, "got 0.5 for block"),
        ({"regions": ((5, 5, 4, 9),)}, "x0 < x1 and y0 < y1"),
        ({"alternatives": 21}, "alternatives must be 0 to 20, got 21"),
        ({"alternatives": True}, "alternatives must be 0 to 20, got True"),
    ],
)
def test_options_that_mean_nothing(arguments, message):
    with pytest.raises(ValueError, match=message):
        Options(**arguments)


def test_result_survives_json(ocr, marked_page):
    result = ocr.predict(marked_page)
    assert PageResult.from_json(json.loads(json.dumps(result.to_json()))) == result
