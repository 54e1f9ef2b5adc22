"""What the LitServe engine decides by itself; the server as it runs is in test_process.py."""

import pytest

lit = pytest.importorskip("mathocr.pipeline.serving.lit", reason="no litserve", exc_type=ImportError)


@pytest.mark.parametrize(
    ("stated", "number", "seen"),
    [(None, "0", "0"), (None, "1", "1"), ("", "0", "0"), ("3,5", "0", "3"), ("3,5", "1", "5"), ("0", "0", "0")],
)
def test_a_worker_sees_the_device_that_is_its_own(monkeypatch, stated, number, seen):
    if stated is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", stated)
    assert lit._visible(number) == seen
