import argparse
import base64

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from mathocr.pipeline import MathOCR
from mathocr.pipeline.feedback.store import FeedbackStore
from mathocr.pipeline.options import UsageError
from mathocr.pipeline.serving.review_command import add_arguments, make_app

from .conftest import bar


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "scans"
    place.mkdir()
    (place / "b.png").write_bytes(bar(50))
    (place / "a.png").write_bytes(cv2.imencode(".png", np.full((120, 400), 255, np.uint8))[1].tobytes())
    (place / "broken.png").write_text("hello")
    return place


def start(folder, tmp_path, finder, reader):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    args = parser.parse_args([str(folder), "--store", str(tmp_path / "store"), "--mode", "page"])
    return TestClient(make_app(args, MathOCR(finder, reader)), "http://127.0.0.1")


def test_pages_come_least_confident_first(folder, tmp_path, finder, reader, capsys):
    with start(folder, tmp_path, finder, reader) as client:
        assert client.get("/v1/feedback").json()["review"] is True
        listed = client.get("/v1/review").json()
        assert [(one["name"], one["confidence"], one["done"]) for one in listed] == [
            ("b.png", 0.5, False), ("a.png", None, False),
        ]  # fmt: skip
        first = client.get("/v1/review/0").json()
        assert [f["latex"] for f in first["page"]["formulas"]] == ["w_{50}"] and "<math" in first["mathml"][0]
        png = client.get("/v1/review/0/image").content
        shown = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert (shown == cv2.imdecode(np.frombuffer(bar(50), np.uint8), cv2.IMREAD_GRAYSCALE)).all()
        assert client.get("/v1/review/2").status_code == client.get("/v1/review/-1/image").status_code == 404
        (folder / "b.png").unlink()
        gone = client.get("/v1/review/0/image")
        assert gone.status_code == 422 and "b.png" in gone.json()["detail"]
    assert "broken.png: text, not an image" in capsys.readouterr().err


def test_a_page_at_which_a_stage_fails_leaves_the_others_to_be_reviewed(folder, tmp_path, finder, reader, capsys):
    (folder / "c.png").write_bytes(bar(60))

    class Choking(type(reader)):
        def predict(self, crops, *args, **kwargs):
            if any(crop.shape[1] < 60 for crop in crops):
                raise RuntimeError("choked")
            return super().predict(crops, *args, **kwargs)

    with start(folder, tmp_path, finder, Choking()) as client:
        assert [one["name"] for one in client.get("/v1/review").json()] == ["c.png", "a.png"]
    assert "b.png: choked" in capsys.readouterr().err


def test_what_was_checked_stays_checked(folder, tmp_path, finder, reader):
    with start(folder, tmp_path, finder, reader) as client:
        png = client.get("/v1/review/0/image").content
        said = {
            "client_id": "reviewer-1", "action": "page", "width": 400, "height": 120, "source": "review",
            "name": "b.png", "image": base64.b64encode(png).decode(),
            "regions": [{"box": [20, 40, 70, 80], "kind": "display", "latex": "w"}],
        }  # fmt: skip
        assert client.post("/v1/feedback", json=said).status_code == 201
    with start(folder, tmp_path, finder, reader) as client:
        assert [one["done"] for one in client.get("/v1/review").json()] == [True, False]
    (one,) = FeedbackStore(tmp_path / "store").entries()
    assert one.image_kept and one.source == "review"


def test_an_empty_folder_is_said(tmp_path, finder, reader):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="empty: no page to review"):
        start(tmp_path / "empty", tmp_path, finder, reader)


def test_a_server_without_review_has_no_pages(client):
    assert client.get("/v1/review").status_code == 404
    assert client.get("/v1/feedback").json()["review"] is False
