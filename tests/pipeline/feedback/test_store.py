import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text, update

from mathocr.pipeline.feedback.images import YOUNG_S, ImageFolder
from mathocr.pipeline.feedback.store import ClientIdTaken, FeedbackStore, StoreError
from mathocr.pipeline.feedback.tables import Feedback

from .conftest import entry, png, sha256

WRITER = """
import sys
from pathlib import Path
from mathocr.pipeline.feedback.store import FeedbackStore
from mathocr.pipeline.feedback.tables import Feedback
import hashlib
store = FeedbackStore(Path(sys.argv[1]))
for n in range(100_000):
    blob = b"image %d" % n
    said = Feedback(client_id=f"c{n}", owner="o", action="flag", reason="wrong", width=1, height=1, source="web",
                    image=hashlib.sha256(blob).hexdigest())
    store.add(said, blob)
    print(f"c{n}", flush=True)
"""


def test_a_record_comes_back_as_it_was(store, tmp_path):
    blob = png()
    kept, new = store.add(entry("1", blob, comment="a b", corrected_box=[1, 2, 3.5, 4]), blob)
    assert new and kept.image_kept and len(kept.id) == 32
    (found,) = FeedbackStore(tmp_path / "store").entries()
    assert found.to_json() == kept.to_json()
    assert found.corrected_box == [1, 2, 3.5, 4] and found.models["im2latex"]["sha256"] == "e" * 64
    assert store.images.get(sha256(blob)) == store.sent_image("alice", sha256(blob)) == blob
    assert store.sent_image("bob", sha256(blob)) is None


def test_the_database_writes_ahead_and_syncs(store):
    with store._engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL


def test_the_same_twice_is_kept_once(store):
    first, _ = store.add(entry("1"))
    again, new = store.add(entry("1"))
    assert not new and again.id == first.id and len(list(store.entries())) == 1
    with pytest.raises(ClientIdTaken, match="'1' was used for something else"):
        store.add(entry("1", corrected_latex="z"))
    assert store.add(entry("1", owner="bob"))[1]


def test_the_same_twice_at_the_same_time_is_kept_once(store):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: store.add(entry("1", png()), png()), range(16)))
    assert len({kept.id for kept, _ in answers}) == 1 and sum(new for _, new in answers) == 1


def test_what_was_acknowledged_outlives_a_kill(tmp_path):
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    acknowledged = [writer.stdout.readline().strip() for _ in range(20)]
    os.kill(writer.pid, signal.SIGKILL)
    acknowledged += writer.stdout.read().split()
    writer.wait(60)
    assert writer.returncode == -signal.SIGKILL and len(set(acknowledged)) >= 20
    store = FeedbackStore(tmp_path)
    found = {one.client_id: one for one in store.entries()}
    assert set(acknowledged) <= set(found)
    for name, one in found.items():
        assert store.images.get(one.image) == b"image " + name[1:].encode()


def test_an_image_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    folder = ImageFolder(tmp_path)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        folder.put(b"blob")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_retention_removes_records_and_images(tmp_path):
    store = FeedbackStore(tmp_path)
    old, shared, fresh = (png(width) for width in (60, 61, 62))
    store.add(entry("old", old), old)
    store.add(entry("old too", shared), shared)
    with store._session.begin() as session:
        session.execute(update(Feedback).values(created=time.time() - 10 * 86_400))
    store.add(entry("new", shared), shared)
    store.add(entry("newer", fresh), fresh)
    for blob in (old, shared, fresh):
        past = time.time() - YOUNG_S - 60
        os.utime(store.images.path(sha256(blob)), (past, past))
    kept = FeedbackStore(tmp_path, retention_days=9)
    assert [one.client_id for one in kept.entries()] == ["new", "newer"]
    assert [kept.images.get(sha256(blob)) is not None for blob in (old, shared, fresh)] == [False, True, True]


def test_a_user_is_forgotten(store):
    for owner in ("alice", "bob"):
        store.add(entry("1", owner=owner))
    assert store.forget(owner="alice") == 1 and [one.owner for one in store.entries()] == ["bob"]


def test_a_young_image_waits_for_its_record(store):
    blob = png()
    store.images.put(blob)
    store.forget(before=0)
    assert store.images.get(sha256(blob)) == blob


def test_a_database_that_fails_is_one_error_of_the_store(store, tmp_path):
    store.add(entry("1", png()), png())
    with store._engine.begin() as connection:
        connection.execute(text("DROP TABLE feedback"))
    for doing in (
        lambda: list(store.entries()), lambda: store.sent_image("alice", sha256(png())), store.checked, store.forget,
        lambda: store.add(entry("2")),
    ):  # fmt: skip
        with pytest.raises(StoreError, match="no such table: feedback") as raised:
            doing()
        assert "SELECT" not in str(raised.value)


def test_a_store_that_cannot_be_opened_says_why(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match="file: the feedback store cannot be opened"):
        FeedbackStore(tmp_path / "file")
    with pytest.raises(StoreError, match="cannot be opened: unable to open database file"):
        FeedbackStore(tmp_path / "s", "sqlite:////nowhere/at/all.sqlite")
