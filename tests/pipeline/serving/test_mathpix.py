import base64
import json
import re
from pathlib import Path

import pytest

from mathocr.pipeline.serving.engine import ReadAnswer
from mathocr.pipeline.serving.keys import add_key
from mathocr.pipeline.serving.mathpix import TextBody, text_answer
from mathocr.pipeline.serving.problems import MATHPIX_STATUS

from .conftest import bar, upload


def src(width=60):
    return "data:image/png;base64," + base64.b64encode(bar(width)).decode()


@pytest.fixture
def page(marked_page):
    import cv2

    return cv2.imencode(".png", marked_page)[1].tobytes()


def test_a_single_formula(client):
    formats = ["text", "data", "html", "latex_styled"]
    data = {"include_latex": True, "include_mathml": True}
    answer = client.post("/v3/text", json={"src": src(), "formats": formats, "data_options": data})
    found = answer.json()
    assert answer.status_code == 200 and "error" not in found
    assert found["text"] == "\\( w_{60} \\)" and found["latex_styled"] == "w_{60}"
    assert [d["type"] for d in found["data"]] == ["mathml", "latex"] and found["data"][1]["value"] == "w_{60}"
    assert found["html"].startswith("<div><math") and found["confidence"] == found["confidence_rate"] == 0.5
    assert (found["image_width"], found["image_height"], found["auto_rotate_degrees"]) == (400, 120, 0)
    assert found["request_id"] == answer.headers["x-request-id"] and found["version"].startswith("mathocr-")


def test_a_page_as_a_form_with_lines_and_own_delimiters(client, page):
    options = {"math_inline_delimiters": ["$", "$"], "math_display_delimiters": ["$$", "$$"], "include_line_data": True,
               "rm_spaces": True, "formats": ["text", "latex_styled"]}  # fmt: skip
    found = client.post("/v3/text", files=upload(page), data={"options_json": json.dumps(options)}).json()
    assert found["text"] == "$ w_{30} $\n$ w_{40} $\n$$\nw_{120}\n$$\n$ w_{20} $" and "latex_styled" not in found
    assert found["confidence"] == pytest.approx(0.5**4) and found["confidence_rate"] == 0.5
    line = found["line_data"][2]
    assert line["cnt"] == [[200, 200], [320, 200], [320, 240], [200, 240]] and line["type"] == "math"


def test_a_region_is_read_alone_and_told_in_pixels_of_the_whole(client, page, marked_page):
    region = {"top_left_x": 150, "top_left_y": 150, "width": 250, "height": 150}
    body = {"src": "data:image/png;base64," + base64.b64encode(page).decode(), "region": region}
    found = client.post("/v3/text", json={**body, "include_line_data": True}).json()
    assert len(found["line_data"]) == 1 and "w_{120}" in found["text"]
    height, width = marked_page.shape[:2]
    assert (found["image_width"], found["image_height"]) == (width, height) != (250, 150)
    assert found["line_data"][0]["cnt"][0] == [200, 200]
    outside = client.post("/v3/text", json={**body, "region": {**region, "top_left_x": 9000}}).json()
    assert outside["error_info"]["id"] == "image_decode_error" and "outside the image" in outside["error"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "image_missing"),
        ({"src": "data:image/png;base64,aGVsbG8="}, "image_decode_error"),
        ({"src": "!"}, "opts_bad_value"),
        ({"src": "http://example.org/a.png"}, "image_download_error"),
        ({"src": src(), "formats": ["pdf"]}, "opts_unknown_format"),
        ({"src": src(), "confidence_threshold": 0.9}, "math_confidence"),
        ({"src": src(), "confidence_threshold": "high"}, "opts_bad_value"),
        ({"src": src(0)}, "image_no_content"),
        ({"src": src(), "async": True}, "opts_conflict"),
    ],
)
def test_errors_have_mathpix_shape_and_status(client, body, error):
    answer = client.post("/v3/text", json=body)
    found = answer.json()
    assert answer.status_code == 200 and found["error_info"]["id"] == error, found
    assert found["error"] == found["error_info"]["message"] and found["request_id"]


def test_json_that_is_none_and_keys_that_are_wrong(serve, tmp_path):
    key = add_key(tmp_path / "keys", "client")
    with serve(keys=tmp_path / "keys") as client:
        refused = client.post("/v3/text", json={"src": src()}, headers={"app_id": "me", "app_key": "wrong"})
        assert refused.status_code == 401 and refused.json()["error_info"]["id"] == "http_unauthorized"
        headers = {"app_id": "me", "app_key": key}
        assert "w_{60}" in client.post("/v3/text", json={"src": src()}, headers=headers).json()["text"]
        broken = client.post("/v3/text", content=b"{", headers=headers).json()
        assert broken["error_info"]["id"] == "json_syntax"


def test_the_statuses_that_are_themselves_are_those_in_the_docs(client):
    docs = (Path(__file__).parents[3] / "docs" / "SERVING.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"status 200 except ([\d, and]+)\.", docs)
    assert set(map(int, re.findall(r"\d+", told))) == MATHPIX_STATUS
    documented = client.get("/openapi.json").json()["paths"]["/v3/text"]["post"]["responses"]
    assert {int(status) for status in documented if status not in ("200", "422")} == MATHPIX_STATUS - {404, 405}
    for method, path, status in (("post", "/v3/nothing", 404), ("get", "/v3/text", 405)):
        answer = getattr(client, method)(path)
        assert answer.status_code == status and answer.json()["error_info"]["id"].startswith("http_")


def test_a_request_as_mathpix_documents_it_needs_no_content_type(client):
    answer = client.post("/v3/text", content=json.dumps({"src": src()}))
    assert answer.json()["text"] == "\\( w_{60} \\)"


def test_broken_formulas_are_there_once_and_numbers_are_printed_as_they_stand():
    def formula(latex, kind, **fields):
        return {"latex": latex, "kind": kind, "box": [0, 0, 9, 9], "confidence": 0.5, "tag": None, "continues": None,
                **fields}  # fmt: skip

    formulas = [
        formula("a + b", "inline"), formula("a + b", "inline", continues=0),
        formula("c", "display", tag="(3.2)"), formula("d", "display", tag="(1), (2)"),
    ]  # fmt: skip
    page = {"formulas": formulas, "mode": "page", "width": 40, "height": 30}
    answer = ReadAnswer(({**page},), ({"mathml": [None] * len(formulas)},))
    body = TextBody(include_equation_tags=True, include_line_data=True)
    found = text_answer(body, answer, "id", "version")
    assert found["text"] == "\\( a + b \\)\n\\[\nc \\tag{3.2}\n\\]\n\\[\nd \\tag*{(1), (2)}\n\\]"
    assert len(found["line_data"]) == 3 and found["confidence"] == 0.5**3
