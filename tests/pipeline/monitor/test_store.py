import time

import pytest

from mathocr.pipeline.feedback.store import StoreError
from mathocr.pipeline.monitor import store as module
from mathocr.pipeline.monitor.answers import answer_rows
from mathocr.pipeline.monitor.store import MonitorStore
from mathocr.pipeline.monitor.tables import Look

from .conftest import MODELS, formula, page, told


def test_an_answer_is_kept_as_numbers_alone(store):
    pages = [page([formula(r"\frac{a}{b}", 0.5, box=(3.2, 4, 60.4, 30))]), page([], number=2)]
    store.add(answer_rows(told(refused=3), pages))
    first, second = store.answers()
    assert first.formulas == [
        {"kind": "display", "score": 0.8, "confidence": 0.5, "valid": True, "stopped": "end", "tokens": 7, "width": 57,
         "height": 26}
    ]  # fmt: skip
    assert (first.page, first.refused, second.page, second.refused) == (1, 3, 2, 0)
    assert first.models == MODELS and first.timing_ms["detector"] == 50 and second.formulas == []
    assert "frac" not in str(first)


def test_a_request_that_failed_is_a_row_and_odd_latex_has_no_length(store):
    store.add([*answer_rows(told(failure=504), []), *answer_rows(told(), [page([formula("{")])])])
    failed, odd = store.answers()
    assert (failed.failure, failed.page, failed.mode) == (504, 0, None) and odd.formulas[0]["tokens"] is None


def test_the_oldest_go(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_TRIM_EVERY_S", -1.0)
    bounded = MonitorStore(tmp_path, most=3)
    for number in range(5):
        bounded.add(answer_rows(told(float(number)), []))
    assert [one.created for one in bounded.answers()] == [2.0, 3.0, 4.0]
    kept = MonitorStore(tmp_path, retention_days=1)
    kept.add([Look(created=time.time(), kind="shadow"), Look(created=time.time() - 90_000, kind="shadow")])
    assert not list(kept.answers()) and len(list(kept.looks())) == 1
    assert not list(kept.looks(since=time.time() + 1))


def test_a_store_that_cannot_be_opened_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file.*cannot be opened"):
        MonitorStore(tmp_path / "file")
