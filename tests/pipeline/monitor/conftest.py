"""Answers, looks and stores that are made up."""

import cv2
import numpy as np
import pytest

from mathocr.pipeline.monitor.answers import answer_rows
from mathocr.pipeline.monitor.store import MonitorStore

MODELS = {"im2latex": {"name": "reader", "sha256": "e" * 64}}


def formula(latex="x", confidence=0.9, kind="display", box=(0, 0, 20, 10), **more):
    return {"latex": latex, "confidence": confidence, "kind": kind, "score": 0.8, "valid": True, "stopped": "end",
            "box": list(box), **more}  # fmt: skip


def page(formulas, mode="page", ms=100.0, number=1):
    timing = {"read": 1.0, "layout": 2.0, "detector": ms / 2, "im2latex": ms / 2, "total": ms + 3}
    return {"page": number, "mode": mode, "width": 200, "height": 100, "timing_ms": timing, "models": MODELS,
            "formulas": formulas}  # fmt: skip


def told(created=1_000_000.0, **more):
    return {"created": created, "total_ms": 120.0, "queued_ms": 5.0, "batch": 1, **more}


def written(text="x + y", scale=1.0):
    """A crop with text drawn by OpenCV."""
    image = np.full((int(60 * scale), int(260 * scale)), 255, np.uint8)
    cv2.putText(image, text, (10, int(40 * scale)), cv2.FONT_HERSHEY_SIMPLEX, scale, 0, 2, cv2.LINE_AA)
    return image


@pytest.fixture
def store(tmp_path):
    return MonitorStore(tmp_path / "store")


@pytest.fixture
def filled(store):
    """A store with 120 crops answered within an hour, two formulas each."""
    for number in range(120):
        formulas = [formula("x^2", 0.95), formula("y", 0.35, valid=number % 10 > 0)]
        store.add(answer_rows(told(1_000_000.0 + 30 * number), [page(formulas, "crop", 50.0 + number)]))
    return store
