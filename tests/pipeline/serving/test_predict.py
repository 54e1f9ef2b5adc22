import base64
import io
import json
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest
from PIL import Image

import mathocr.pipeline
from mathocr.data.contracts import PageResult
from mathocr.data.images import open_pages
from mathocr.pipeline.serving import worker

from .conftest import bar, upload

SCHEMA = json.loads((Path(mathocr.pipeline.__file__).parent / "mathocr-1.schema.json").read_text())


def b64(blob):
    return base64.b64encode(blob).decode()


def test_a_file_is_answered_with_documents_of_the_schema(client):
    answer = client.post("/v1/predict", files=upload(bar(120)), data={"mode": "page"})
    assert answer.status_code == 200, answer.text
    (page,) = answer.json()["pages"]
    jsonschema.validate(page, SCHEMA)
    assert page["source"] == "bar.png" and [f["latex"] for f in page["formulas"]] == ["w_{120}"]
    assert PageResult.from_json(page).formulas[0].box == (20, 40, 140, 80)
    assert answer.json()["outputs"] == [{}] and answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("image", [b64(bar(90)), "data:image/png;base64," + b64(bar(90))])
def test_base64_in_json_is_answered_as_a_file_is(client, image):
    body = {"image": image, "name": "folder/x.png", "mode": "page"}
    (page,) = client.post("/v1/predict", json=body).json()["pages"]
    assert page["source"] == "x.png" and page["formulas"][0]["latex"] == "w_{90}"


def test_the_forms_that_are_asked_for(client):
    data = {"mode": "page", "formats": "latex,text,markdown,html,mathml,typst"}
    answer = client.post("/v1/predict", files=upload(bar(70)), data=data).json()
    (outputs,) = answer["outputs"]
    assert set(outputs) == {"latex", "text", "markdown", "html", "mathml", "typst"}
    assert outputs["text"] == "w_{70}\n" and outputs["latex"].startswith("\\documentclass")
    assert outputs["html"].startswith("<!DOCTYPE html>") and "$$\nw_{70}\n$$" in outputs["markdown"]
    assert outputs["mathml"][0].startswith("<math") and "msub" in outputs["mathml"][0]
    assert outputs["typst"] == ["w_(70)"]


def test_pages_of_a_file_have_their_numbers_in_their_titles(client):
    blob = io.BytesIO()
    pages = [Image.new("L", (200, 120), 255)] * 2
    pages[0].save(blob, "TIFF", save_all=True, append_images=pages[1:])
    files = {"file": ("scan.tif", blob.getvalue(), "image/tiff")}
    answer = client.post("/v1/predict", files=files, data={"mode": "page", "formats": "markdown,latex"}).json()
    assert [one["markdown"] for one in answer["outputs"]] == ["## scan.tif#1\n\n", "## scan.tif#2\n\n"]
    assert r"\section*{scan.tif\#2}" in answer["outputs"][1]["latex"]


def test_switches_are_those_of_the_pipeline(client, finder, reader):
    form = {"mode": "page", "formulas": "inline", "min_score": "display=0.2"}
    assert client.post("/v1/predict", files=upload(bar(70)), data=form).json()["pages"][0]["formulas"] == []
    assert finder.calls[-1] == (1, {"inline": 0.1, "display": 0.2})
    body = {"image": b64(bar(70)), "mode": "page", "min_score": {"inline": 0.9}}
    assert len(client.post("/v1/predict", json=body).json()["pages"][0]["formulas"]) == 1
    assert finder.calls[-1] == (1, {"inline": 0.9, "display": 0.7})
    client.post("/v1/predict", json={"image": b64(bar(70)), "alternatives": 3})
    assert reader.alternatives == 3
    refused = client.post("/v1/predict", json={"image": b64(bar(70)), "alternatives": 21})
    assert refused.status_code == 422 and "alternatives" in refused.text


def test_named_regions_are_read(client):
    place = "20,40,140,80"
    form = {"formulas": "inline", "regions": [place, "150,10,160,20"]}
    (page,) = client.post("/v1/predict", files=upload(bar(120)), data=form).json()["pages"]
    assert page["mode"] == "page" and [20, 40, 140, 80] in [f["box"] for f in page["formulas"]]
    body = {"image": b64(bar(120)), "regions": [[20, 40, 140, 80]], "formulas": "inline"}
    (page,) = client.post("/v1/predict", json=body).json()["pages"]
    assert [(f["box"], f["score"]) for f in page["formulas"]] == [([20, 40, 140, 80], 1)]
    for wrong in ([[5, 5, 4, 9]], [[1, 2, 3]], [[5000, 5000, 5010, 5010]]):
        answer = client.post("/v1/predict", json={**body, "regions": wrong})
        assert answer.status_code == 422 and "region" in answer.json()["detail"]
    answer = client.post("/v1/predict", files=upload(bar(120)), data={"regions": "1,2,3"})
    assert answer.status_code == 422 and answer.json()["detail"].startswith("regions: ")


def test_pages_of_a_file(client, tmp_path):
    frames = [Image.fromarray(np.full((50, 60 + n), 255, np.uint8)) for n in range(4)]
    path = tmp_path / "four.tiff"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    answer = client.post("/v1/predict", files=upload(path.read_bytes(), "four.tiff"), data={"pages": "2-3"}).json()
    assert [(p["page"], p["width"]) for p in answer["pages"]] == [(2, 61), (3, 62)]


@pytest.mark.parametrize(
    ("blob", "status", "words"),
    [
        (b"", 422, "x.png: the file is empty"),
        (b"hello", 422, "x.png: text, not an image or PDF"),
        (bar(50)[:200], 422, "x.png: "),
        (b"%PDF-1.4 broken", 422, "x.png: "),
    ],
)
def test_unreadable_files_are_named_in_one_line(client, blob, status, words):
    answer = client.post("/v1/predict", files=upload(blob, "x.png"))
    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"].startswith(words) and "\n" not in problem["detail"] and "Traceback" not in answer.text


def test_too_many_pages_and_pixels_are_refused(client, tmp_path):
    frames = [Image.fromarray(np.full((50, 60), 255, np.uint8))] * 6
    path = tmp_path / "six.tiff"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    answer = client.post("/v1/predict", files=upload(path.read_bytes(), "six.tiff"))
    assert answer.status_code == 413 and answer.json()["detail"] == "six.tiff: 6 pages, at most 5 are read at once"
    Image.fromarray(np.full((2001, 2000), 255, np.uint8)).save(tmp_path / "big.png")
    answer = client.post("/v1/predict", files=upload((tmp_path / "big.png").read_bytes(), "big.png"))
    assert answer.status_code == 422 and "2000 x 2001 pixels is over the limit" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"image": "AAAA", "modus": "page"}, 422, "modus: Extra inputs are not permitted"),
        ({"image": "AAAA", "mode": "pages"}, 422, "mode: Input should be 'auto', 'page' or 'crop'"),
        ({"image": "AAAA", "min_score": 2}, 422, "min_score"),
        ({"image": "AAAA", "pages": "3-1"}, 422, "page ranges must run forwards"),
        ({}, 422, "exactly one of image and url"),
        ({"image": "AAAA", "url": "http://a.b"}, 422, "exactly one of image and url"),
        ({"image": "?", "name": "q.png"}, 422, "q.png: not base64"),
        ({"image": "data:image/png,x"}, 422, "a data: URL must be like"),
        ({"url": "http://a.b/c.png"}, 403, "this server fetches no URLs"),
        ([], 422, "valid dictionary"),
    ],
)
def test_bodies_that_are_not_as_documented(client, body, status, words):
    answer = client.post("/v1/predict", json=body)
    assert answer.status_code == status and words in answer.json()["detail"], answer.text


def test_forms_and_types_that_are_not_as_documented(client):
    assert client.post("/v1/predict", data={"mode": "page"}).status_code == 415  # urlencoded
    assert client.post("/v1/predict", content=b"{", headers={"content-type": "application/json"}).status_code == 400
    answer = client.post("/v1/predict", files={"image": ("a.png", bar(50))})
    assert answer.status_code == 422 and "one part named 'file'" in answer.json()["detail"]
    answer = client.post("/v1/predict", files=upload(bar(50)), data={"min_score": "often"})
    assert answer.status_code == 422 and answer.json()["detail"].startswith("min_score: ")
    assert client.get("/v1/predict").status_code == 405
    missing = client.get("/v2/predict")
    assert missing.status_code == 404 and missing.json()["detail"] == "no such address: /v2/predict"


def test_a_batch_goes_on_past_a_bad_file(client):
    files = [("files", (f"{w}.png", bar(w))) for w in (50, 60)] + [("files", ("bad.png", b"hello"))]
    answer = client.post("/v1/batch", files=files, data={"mode": "page"})
    assert answer.status_code == 200
    first, second, bad = answer.json()["items"]
    assert [i["pages"][0]["formulas"][0]["latex"] for i in (first, second)] == ["w_{50}", "w_{60}"]
    assert bad["name"] == "bad.png" and bad["problem"]["status"] == 422 and "pages" not in bad
    body = {"images": [{"image": b64(bar(30)), "name": "a"}, {"url": "http://x.y"}], "mode": "page"}
    items = client.post("/v1/batch", json=body).json()["items"]
    assert items[0]["pages"][0]["formulas"][0]["latex"] == "w_{30}" and items[1]["problem"]["status"] == 403


def test_an_error_of_the_models_costs_only_the_request_that_brought_it(client, held, finder):
    honest = finder.predict

    def predict(images, min_score=None):
        if any(image.shape[1] == 333 for image in images):
            raise RuntimeError("no")
        return honest(images, min_score)

    finder.predict = predict
    bad = np.full((100, 333), 255, np.uint8)
    bad[30:60, 30:60] = 0
    files = [("files", ("ok.png", bar(50))), ("files", ("bad.png", cv2.imencode(".png", bad)[1].tobytes()))]
    ok, failed = client.post("/v1/batch", files=files, data={"mode": "page"}).json()["items"]
    assert ok["pages"][0]["formulas"][0]["latex"] == "w_{50}"
    assert failed["problem"]["status"] == 500 and failed["problem"]["detail"].startswith("bad.png: ")


def test_a_page_that_cannot_be_written_costs_only_its_request(client, monkeypatch):
    honest = worker.write_output

    def write_output(name, result, page):
        if page.source == "bad.png":
            raise RecursionError("no")
        return honest(name, result, page)

    monkeypatch.setattr(worker, "write_output", write_output)
    files = [("files", ("bad.png", bar(60))), ("files", ("ok.png", bar(50)))]
    form = {"mode": "page", "formats": "text"}
    failed, ok = client.post("/v1/batch", files=files, data=form).json()["items"]
    assert ok["outputs"][0]["text"] == "w_{50}\n" and "pages" not in failed
    assert failed["problem"]["status"] == 500 and "bad.png: could not be written" in failed["problem"]["detail"]


def test_a_reader_that_fails_is_answered_and_asked_again(client, held, monkeypatch):
    def read(requests):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(held, "read", read)
        failed = client.post("/v1/predict", files=upload(bar(50)))
    assert failed.status_code == 500 and failed.json()["detail"].startswith("bar.png: ")
    assert client.post("/v1/predict", files=upload(bar(50))).status_code == 200


def test_a_decoder_that_breaks_costs_the_file_alone(client, held, monkeypatch):
    def fragile(blob, **options):
        if options["name"] == "bad.png":
            raise RuntimeError("a decoder's own bug")
        return open_pages(blob, **options)

    monkeypatch.setattr(worker, "open_pages", fragile)
    files = [("files", (name, bar(50))) for name in ("a.png", "bad.png", "c.png")]
    items = client.post("/v1/batch", files=files, data={"mode": "page"}).json()["items"]
    assert held.batches == [3] and [item.get("problem", {}).get("status") for item in items] == [None, 500, None]
    assert "own bug" not in items[1]["problem"]["detail"]
