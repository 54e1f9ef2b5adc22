import hashlib

import cv2
import numpy as np
import pytest

from mathocr.pipeline.feedback.store import FeedbackStore
from mathocr.pipeline.feedback.tables import Feedback


def png(width=60, height=40):
    """A page with a dark bar."""
    image = np.full((height, width), 255, np.uint8)
    image[10:20, 5:25] = 0
    return cv2.imencode(".png", image)[1].tobytes()


def sha256(blob):
    return hashlib.sha256(blob).hexdigest()


def entry(client_id, blob=None, **fields):
    """A correction from x to y, unless said otherwise."""
    stated = {
        "owner": "alice", "action": "correction", "width": 60, "height": 40, "source": "web", "kind": "inline",
        "box": [5, 10, 25, 20], "latex": "x", "confidence": 0.25, "score": 0.75, "corrected_latex": "y",
        "models": {"im2latex": {"name": "m", "sha256": "e" * 64}},
    }  # fmt: skip
    return Feedback(**{**stated, **fields}, client_id=client_id, image=sha256(blob) if blob else None)


@pytest.fixture
def store(tmp_path):
    return FeedbackStore(tmp_path / "store")
