"""The store on PostgreSQL: ``MATHOCR_TEST_DATABASE=postgresql+psycopg://user@host/name``, whose table is dropped."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from mathocr.pipeline.cli import main
from mathocr.pipeline.feedback.store import ClientIdTaken, FeedbackStore, StoreError
from mathocr.pipeline.feedback.tables import Base

from .conftest import entry, png, sha256

URL = os.environ.get("MATHOCR_TEST_DATABASE")
needs_database = pytest.mark.skipif(URL is None, reason="MATHOCR_TEST_DATABASE names no database")


@pytest.fixture
def store(tmp_path):
    store = FeedbackStore(tmp_path / "store", URL)
    Base.metadata.drop_all(store._engine)
    store = FeedbackStore(tmp_path / "store", URL)
    yield store
    Base.metadata.drop_all(store._engine)
    store._engine.dispose()


@needs_database
def test_records_come_back_are_kept_once_and_are_forgotten(store, tmp_path):
    blob = png()
    kept, new = store.add(entry("1", blob, comment="ä b", corrected_box=[1, 2, 3.5, 4]), blob)
    (found,) = FeedbackStore(tmp_path / "store", URL).entries()
    assert new and found.to_json() == kept.to_json() and found.corrected_box == [1, 2, 3.5, 4]
    assert store.sent_image("alice", sha256(blob)) == blob and store.sent_image("bob", sha256(blob)) is None
    assert not store.add(entry("1", blob, comment="ä b", corrected_box=[1, 2, 3.5, 4]), blob)[1]
    with pytest.raises(ClientIdTaken):
        store.add(entry("1", comment="another"))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: store.add(entry("2", owner="bob")), range(16)))
    assert sum(new for _, new in answers) == 1 and len({kept.id for kept, _ in answers}) == 1
    store.add(entry("3", blob, action="page", regions=[{"box": [0, 0, 9, 9], "kind": "inline", "latex": None}]), blob)
    assert store.checked() == {sha256(blob)}
    assert store.forget(owner="alice") == 2 and [one.owner for one in store.entries()] == ["bob"]


@needs_database
def test_a_table_that_is_gone_is_one_error_of_the_store(store):
    with store._engine.begin() as connection:
        connection.execute(text("DROP TABLE feedback"))
    with pytest.raises(StoreError, match='relation "feedback" does not exist'):
        store.add(entry("1"))


def test_a_driver_that_is_missing_is_named_with_its_extra(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert main(["feedback", "report", str(tmp_path), "--database", "postgresql+psycopg://nobody@127.0.0.1/none"]) == 1
    told = 'mathocr: error: psycopg is not installed, and this database needs it: pip install "mathocr[postgresql]"\n'
    assert capsys.readouterr().err == told
