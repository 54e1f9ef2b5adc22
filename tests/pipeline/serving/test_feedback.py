import base64
import hashlib
import sqlite3
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mathocr.pipeline.feedback.store import DATABASE, FeedbackStore
from mathocr.pipeline.serving import page_routes
from mathocr.pipeline.serving.keys import add_key

from .conftest import bar, upload


def said(client_id="client-1", blob=None, **fields):
    """A correction of a formula on a bar's page, which has 400 x 120 pixels."""
    stated = {
        "client_id": client_id, "action": "correction", "width": 400, "height": 120, "source": "web", "kind": "display",
        "box": [20, 40, 70, 80], "latex": "w_{50}", "confidence": 0.5, "score": 0.8, "corrected_latex": "w_{51}",
        "models": {"im2latex": {"name": "reader", "sha256": "e" * 64}}, "consent": True,
    }  # fmt: skip
    if blob is not None:
        stated["image"] = base64.b64encode(blob).decode()
    return {**stated, **fields}


@pytest.fixture
def kept(serve, tmp_path):
    with serve(feedback=tmp_path / "store") as client:
        yield client


def entries(tmp_path):
    return list(FeedbackStore(tmp_path / "store").entries())


def test_a_correction_is_kept_with_its_image(kept, tmp_path):
    blob = bar(50)
    answer = kept.post("/v1/feedback", json=said(blob=blob))
    assert answer.status_code == 201, answer.text
    (one,) = entries(tmp_path)
    assert answer.json()["id"] == one.id and answer.json()["image_kept"]
    assert answer.json()["image_sha256"] == one.image == hashlib.sha256(blob).hexdigest()
    assert (one.owner, one.latex, one.corrected_latex, one.box) == ("anybody", "w_{50}", "w_{51}", [20, 40, 70, 80])
    assert FeedbackStore(tmp_path / "store").images.get(one.image) == blob


def test_sent_again_it_is_kept_once(kept, tmp_path):
    first, again = (kept.post("/v1/feedback", json=said(blob=bar(50))) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200) and first.json()["id"] == again.json()["id"]
    other = kept.post("/v1/feedback", json=said(blob=bar(50), comment="more"))
    assert other.status_code == 409 and len(entries(tmp_path)) == 1


def test_a_kept_image_need_not_be_sent_again(kept, tmp_path):
    sha256 = kept.post("/v1/feedback", json=said(blob=bar(50))).json()["image_sha256"]
    flag = said("client-2", image_sha256=sha256, action="flag", reason="unreadable", corrected_latex=None)
    assert kept.post("/v1/feedback", json=flag).json()["image_kept"]
    assert [one.image for one in entries(tmp_path)] == [sha256] * 2
    unknown = kept.post("/v1/feedback", json=said("client-3", image_sha256="0" * 64))
    assert unknown.status_code == 422 and "send the image itself" in unknown.json()["detail"]


def test_a_kept_image_has_the_size_that_the_record_states(kept, tmp_path):
    sha256 = kept.post("/v1/feedback", json=said(blob=bar(50))).json()["image_sha256"]
    wrong = said("client-2", image_sha256=sha256, width=4000, height=1200, box=[3000, 400, 3500, 800])
    answer = kept.post("/v1/feedback", json=wrong)
    assert answer.status_code == 422 and "4000 x 1200, but the image has 400 x 120 pixels" in answer.json()["detail"]
    outside = kept.post("/v1/feedback", json=said("client-3", image_sha256=sha256, box=[300, 40, 500, 80]))
    assert outside.status_code == 422 and "on a page of 400 x 120" in outside.json()["detail"]
    assert len(entries(tmp_path)) == 1


@pytest.mark.parametrize(
    ("policy", "consent", "there"),
    [("consent", True, True), ("consent", False, False), ("always", False, True), ("never", True, False)],
)
def test_images_are_kept_as_agreed(serve, tmp_path, policy, consent, there):
    with serve(feedback=tmp_path / "store", feedback_images=policy) as client:
        answer = client.post("/v1/feedback", json=said(blob=bar(50), consent=consent)).json()
    (one,) = entries(tmp_path)
    assert answer["image_kept"] is one.image_kept is there and one.image is not None
    assert (FeedbackStore(tmp_path / "store").images.get(one.image) is not None) is there


def test_a_record_names_its_user(serve, tmp_path):
    key = add_key(tmp_path / "keys", "alice")
    with serve(feedback=tmp_path / "store", keys=tmp_path / "keys") as client:
        assert client.post("/v1/feedback", json=said()).status_code == 401
        assert client.get("/").status_code == 200
        assert client.post("/v1/feedback", json=said(), headers={"X-API-Key": key}).status_code == 201
    assert [one.owner for one in entries(tmp_path)] == ["alice"]


def test_a_server_without_a_store_says_so(client):
    assert client.get("/v1/feedback").json()["enabled"] is False
    assert client.post("/v1/feedback", json=said()).status_code == 403


def test_a_store_that_fails_is_not_acknowledged(kept, tmp_path, monkeypatch):
    def full(blob):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept.app.state.service.feedback.images, "put", full)
    answer = kept.post("/v1/feedback", json=said(blob=bar(50)))
    assert answer.status_code == 503 and "retry-after" in answer.headers and entries(tmp_path) == []


@pytest.mark.parametrize("by", ["image", "image_sha256"])
def test_a_database_that_fails_is_503_and_no_trace(kept, tmp_path, by):
    sha256 = kept.post("/v1/feedback", json=said(blob=bar(50))).json()["image_sha256"]
    with sqlite3.connect(tmp_path / "store" / DATABASE) as database:
        database.execute("DROP TABLE feedback")
    more = said("client-2", blob=bar(50)) if by == "image" else said("client-2", image_sha256=sha256)
    answer = kept.post("/v1/feedback", json=more)
    assert answer.status_code == 503 and answer.headers["retry-after"] == "5", answer.text
    assert "feedback" not in answer.json()["detail"] and "sqlite" not in answer.text.lower()


PAGE = {"action": "page", "box": None, "latex": None, "corrected_latex": None}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"corrected_latex": None}, "a correction needs corrected_box"),
        ({"box": None}, "box is needed"),
        ({"action": "flag"}, "a flag needs a reason"),
        ({**PAGE}, "regions belong to the action page"),
        ({"regions": []}, "regions belong to the action page"),
        ({"box": [70, 40, 20, 80]}, "box must be [x0, y0, x1, y1] on a page of 400 x 120"),
        ({"corrected_box": [0, 0, 401, 20]}, "corrected_box must be"),
        ({**PAGE, "regions": [{"box": [0, 0, 9, 121], "kind": "inline", "latex": "x"}]}, "regions.0.box must be"),
        ({"kind": "block"}, "kind"),
        ({"client_id": "x"}, "client_id"),
        ({"comment": "a\x00b"}, "comment"),
        ({"image": "?"}, "not base64"),
        ({"image": base64.b64encode(b"hello").decode()}, "text, not an image"),
        ({"image": base64.b64encode(bar(50)).decode(), "width": 300}, "300 x 120, but the image has 400 x 120 pixels"),
        ({"mood": "bad"}, "mood"),
    ],
)
def test_what_is_not_as_documented(kept, tmp_path, fields, words):
    answer = kept.post("/v1/feedback", json=said(**fields))
    assert answer.status_code == 422 and words in answer.json()["detail"], answer.text
    assert entries(tmp_path) == []


def test_latex_is_drawn_for_a_preview(client):
    drawn = client.post("/v1/render", json={"latex": r"a \over b"}).json()
    assert "<mfrac>" in drawn["mathml"] and drawn["latex"] == r"\frac{a}{b}" and drawn["problems"] == []
    broken = client.post("/v1/render", json={"latex": r"\frac{a"}).json()
    assert broken["mathml"] is None and broken["latex"] is None and len(broken["problems"]) == 1
    unknown = client.post("/v1/render", json={"latex": r"\nonesuch x"}).json()
    assert unknown["problems"] == [r"unknown command '\\nonesuch'"]
    evil = client.post("/v1/render", json={"latex": r"\text{<img src=x onerror=alert(1)>}"}).json()
    assert evil["mathml"] is None or "<img" not in evil["mathml"]


def test_places_that_are_read_in_any_case(client):
    regions = [[200, 10, 260, 60]]
    body = {"image": base64.b64encode(bar(50)).decode(), "regions": regions, "min_score": 1}
    (page,) = client.post("/v1/predict", json=body).json()["pages"]
    assert [(f["box"], f["score"]) for f in page["formulas"]] == [([200, 10, 260, 60], 1)]
    form = {"regions": ["200,10,260,60", "300,10,360,60"], "min_score": "1"}
    (page,) = client.post("/v1/predict", files=upload(bar(50)), data=form).json()["pages"]
    assert [f["box"][0] for f in page["formulas"]] == [200, 300]
    for wrong in ("1,2,3", "9,9,1,1"):
        answer = client.post("/v1/predict", files=upload(bar(50)), data={"regions": wrong})
        assert answer.status_code == 422 and answer.json()["detail"].startswith("regions: a region must be")


def test_the_page_brings_nothing_from_outside(client):
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "page/page.css" in page.text and "page/app.js" in page.text
    for name in sorted(path.name for path in Path(page_routes.__file__).with_name("page").iterdir()):
        file = client.get(f"/page/{name}")
        assert file.status_code == 200 and file.headers["x-content-type-options"] == "nosniff"
        assert "http://" not in file.text.replace("http://www.w3.org/", "") and "https://" not in file.text
    assert "<script>" not in page.text and "style=" not in page.text and "onclick" not in page.text
    assert client.get("/page/..%2fapp.py").status_code == client.get("/page/none.js").status_code == 404


def test_a_page_of_a_tiff_as_png(client, tmp_path):
    frames = [Image.fromarray(np.full((50, 60 + n), 255, np.uint8)) for n in range(3)]
    frames[0].save(tmp_path / "three.tiff", save_all=True, append_images=frames[1:])
    blob = (tmp_path / "three.tiff").read_bytes()
    answer = client.post("/v1/image", files=upload(blob, "three.tiff"), data={"pages": "2"})
    assert answer.headers["x-page-count"] == "3" and answer.headers["content-type"] == "image/png"
    assert cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED).shape == (50, 61)
    assert client.post("/v1/image", files=upload(blob, "t.tiff"), data={"pages": "9"}).status_code == 422
    assert client.app.state.service.gate.inside == 0
