"""What the server tells the monitor, and that no answer notices."""

import json
import time
from dataclasses import replace
from pathlib import Path
from queue import Full

import httpx
import pytest

from mathocr.pipeline import MathOCR
from mathocr.pipeline.latency.server import started
from mathocr.pipeline.monitor.store import MonitorStore
from mathocr.pipeline.options import Options
from mathocr.pipeline.serving import watcher
from mathocr.pipeline.serving.engine import Failure, ReadAnswer, ReadRequest
from mathocr.pipeline.serving.settings import ServeSettings
from mathocr.pipeline.serving.watch import Watch
from mathocr.pipeline.serving.watcher import Job, Looker
from mathocr.pipeline.serving.worker import BatchReader

from .conftest import bar, upload, wait_for

ROOT = Path(__file__).parents[3]
WEIGHTS = ROOT / "im2latex" / "weights" / "im2latex.safetensors"


def request(blob):
    now = time.monotonic()
    options = Options(mode="page")
    return ReadRequest(name="bar.png", blob=blob, options=options, accepted=now, deadline=now + 60, dpi=150.0)


@pytest.fixture
def settings(tmp_path):
    return ServeSettings(feedback=tmp_path / "store", monitor=True, monitor_share=1.0, monitor_nice=0)


class Queue:
    """A queue with room for so many."""

    def __init__(self, room):
        self.room, self.items = room, []

    def put_nowait(self, item):
        if len(self.items) >= self.room:
            raise Full
        self.items.append(item)


@pytest.fixture
def watch(settings):
    watch = Watch(settings, lambda: watch.refusals)
    watch.refusals, watch._process, watch._rows, watch._jobs = 0, object(), Queue(2), Queue(1)
    return watch


def test_what_finds_no_room_is_dropped_and_counted(watch):
    answer = ReadAnswer(pages=({"formulas": []},), queued_s=0.25, batch=3)
    for refusals in (2, 5):
        watch.refusals = refusals
        watch.observe(request(b""), answer)
    (first, pages), (second, _) = watch._rows.items
    assert pages == answer.pages and first["queued_ms"] == 250 and first["batch"] == 3 and first["failure"] is None
    assert (first["refused"], first["dropped"], second["refused"], second["dropped"]) == (2, 0, 3, 1)
    watch.observe(request(b""), answer)  # no room even for the row
    watch._rows.room = 3
    watch.observe(request(b""), ReadAnswer(failure=Failure(504, "late")))
    last, _ = watch._rows.items[-1]
    assert (last["lost"], last["dropped"], last["failure"]) == (1, 1, 504) and len(watch._jobs.items) == 1


def test_shares_decide_what_is_looked_at_again(watch, settings):
    watch._rows.room = watch._jobs.room = 10_000
    watch._settings = replace(settings, monitor_share=0.0, shadow=WEIGHTS, shadow_share=0.25)
    for _ in range(2000):
        watch.observe(request(b""), ReadAnswer())
    assert 400 < len(watch._jobs.items) < 600 and all(job.shadow and not job.look for job in watch._jobs.items)


def test_a_second_look_keeps_statistics_and_the_shadows_word(settings, finder, reader, monkeypatch):
    store = MonitorStore(settings.feedback)
    live = BatchReader(MathOCR(finder, reader), 5, 10**7)
    asked = request(bar(50))
    (answer,) = live.read([asked])
    look = Looker(store, settings)
    monkeypatch.setattr(look, "_load", lambda: live)
    monkeypatch.setattr(watcher, "self_check", lambda crops, formulas: ([{"shape": crops[0].shape}], None))
    look(Job(replace(asked, deadline=0.0), answer.pages, True, True))
    looks = {one.kind: one for one in store.looks()}
    (stats,) = looks["inputs"].rows
    assert stats["paper"] == 0 and stats["contrast"] == 1  # a bar with a rim of a pixel: mostly ground, by its median
    assert looks["self_check"].rows == [{"shape": [42, 52]}]
    assert [row["same"] for row in looks["shadow"].rows] == [True] and looks["shadow"].more["live_only"] == 0


def test_a_second_look_opens_what_the_server_does(settings, monkeypatch):
    monkeypatch.setenv("MATHOCR_MAX_PIXELS", "100")  # the limit of others; the server has its own
    monkeypatch.setattr(watcher, "self_check", lambda crops, formulas: ([], None))
    store = MonitorStore(settings.feedback)
    page = {"formulas": [{"box": [20, 40, 70, 80]}], "page": 1, "mode": "page"}
    Looker(store, settings)(Job(request(bar(50)), (page,), True, False))
    assert [len(one.rows) for one in store.looks() if one.kind == "inputs"] == [1]


def test_a_look_that_fails_costs_no_other(settings, monkeypatch, caplog):
    store = MonitorStore(settings.feedback)
    look = Looker(store, settings)
    monkeypatch.setattr(look, "_load", lambda: (_ for _ in ()).throw(ValueError("no such weights")))
    look(Job(request(b"no image"), ({"formulas": [{}], "page": 1, "mode": "page"},), True, True))
    assert caplog.text.count("a second look failed") == 2 and not list(store.looks())


def test_answers_are_written_by_a_process_of_its_own(serve, tmp_path):
    with serve(feedback=tmp_path / "store", monitor=True, monitor_share=0.0, monitor_nice=0) as client:
        answers = [client.post("/v1/predict", files=upload(bar(50))) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert client.post("/v1/predict", files=upload(b"no image")).status_code == 422
        store = MonitorStore(tmp_path / "store")
        wait_for(lambda: len(list(store.answers())) == 4, 200)
    rows = list(store.answers())
    assert [row.failure for row in rows] == [None] * 3 + [422]
    assert rows[0].formulas[0]["confidence"] == 0.5 and rows[0].total_ms >= rows[0].queued_ms >= 0


def test_off_by_default_nothing_is_recorded(serve, tmp_path):
    with serve(feedback=tmp_path / "store") as client:
        assert client.post("/v1/predict", files=upload(bar(50))).status_code == 200
        assert client.app.state.service.watch is None
    assert not list(MonitorStore(tmp_path / "store").answers())


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ({"monitor": True}, "monitor needs feedback"),
        ({"shadow": Path("x")}, "shadow needs monitor"),
        ({"monitor_share": 1.5}, r"monitor_share must be in \[0, 1\], got 1.5"),
        ({"monitor_nice": 20}, "monitor_nice must be in 0 to 19, got 20"),
    ],
)
def test_settings_that_make_no_sense(stated, words):
    with pytest.raises(ValueError, match=words):
        ServeSettings(**stated)


def test_a_shadow_reads_a_share_of_a_real_servers_traffic(tmp_path):
    image = (ROOT / "examples" / "crop.png").read_bytes()
    log = tmp_path / "log"
    arguments = ["--feedback", str(tmp_path / "store"), "--monitor", "true", "--monitor_share", "1", "--monitor_nice",
                 "0", "--shadow", str(WEIGHTS), "--shadow_share", "1", "--timeout_s", "120"]  # fmt: skip
    with log.open("wb") as file, started(arguments, wait_s=200, log=file) as server:
        url = f"http://127.0.0.1:{server.port}/v1/predict"
        answer = httpx.post(url, files={"file": ("crop.png", image)}, timeout=120).json()
        store = MonitorStore(tmp_path / "store")
        wait_for(lambda: {one.kind for one in store.looks()} == {"inputs", "self_check", "shadow"}, 200)
    (row,) = store.answers()
    (formula,) = answer["pages"][0]["formulas"]
    assert row.formulas[0]["confidence"] == pytest.approx(formula["confidence"], abs=1e-6)
    (shadow,) = (one for one in store.looks() if one.kind == "shadow")
    assert shadow.rows[0]["same"] and shadow.rows[0]["live"] == pytest.approx(shadow.rows[0]["shadow"], abs=1e-4)
    assert shadow.more["models"] == row.models
    assert not [line for line in map(json.loads, log.read_text().splitlines()) if line["level"] == "error"]
