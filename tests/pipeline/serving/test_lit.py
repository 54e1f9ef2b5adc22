"""What the LitServe engine decides by itself; the server as it runs is in test_process.py."""

import asyncio
import threading
import time
from queue import Queue
from types import SimpleNamespace

import pytest

from mathocr.pipeline.options import Options
from mathocr.pipeline.serving.engine import ReadAnswer, ReadRequest

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


def ask(name, alone=False, seconds=60):
    now = time.monotonic()
    return ReadRequest(name, b"", Options(), accepted=now, deadline=now + seconds, dpi=150.0, alone=alone)


def queue_of(*requests):
    queue = Queue()
    for number, request in enumerate(requests):
        queue.put((0, str(number), 0.0, request))
    return queue


def test_one_that_must_be_alone_is_and_the_others_wait_in_the_queue():
    queue = queue_of(ask("a"), ask("b"), ask("c", alone=True), ask("d"))
    loop = lit.GatheringLoop()
    batches = [[request.name for *_, request in loop._gather(queue, 16, 0.05)] for _ in range(2)]
    assert batches == [["c"], ["d", "a", "b"]] and queue.empty()
    queue = queue_of(ask("c", alone=True), ask("d"))
    assert [request.name for *_, request in loop._gather(queue, 16, 0.05)] == ["c"]


class Died(BaseException):
    """What ends a worker here, as a crash in native code would."""


class Workers:
    """Workers that die of a poisonous request, each replaced, as LitServe does; the loop and the engine are ours."""

    def __init__(self, monkeypatch, poisons):
        self.pid, self.batches, self.poisons = 1, [], poisons
        self.queue = Queue()
        self.server = SimpleNamespace(
            devices=["cpu"], workers_per_device=1, app=SimpleNamespace(response_queue_id=0), response_buffer={},
            litapi_request_queues={lit._PATH: self.queue},
        )  # fmt: skip
        monkeypatch.setattr(lit, "_lives", lambda pid: pid == self.pid)
        monkeypatch.setattr(lit, "_LOOK_AROUND_S", 0.5)

    def predict(self, requests):
        self.batches.append([request.name for request in requests])
        if self.poisons & {request.name for request in requests}:
            raise Died
        return [ReadAnswer(({"name": request.name},)) for request in requests]

    def send(self, message, consumer_id):
        uid, (data, status, _, pid) = message
        self.events.call_soon_threadsafe(self.receive, uid, data, status, pid)

    def receive(self, uid, data, status, pid):
        if (item := self.server.response_buffer.get(uid)) is None:
            return
        if status == lit.LitAPIStatus.START:
            item.worker_id = pid
        else:
            item.response = (data, status)
            item.event.set()

    def work(self):
        workers = self

        class Loop(lit.GatheringLoop):
            @property
            def worker_id(self):
                return workers.pid

        loop = Loop()
        loop._restart_workers = True
        api = SimpleNamespace(max_batch_size=16, batch_timeout=0.1, predict=self.predict)
        while not self.ended:
            try:
                loop.run(api, "cpu", 0, self.queue, self, {}, None)
            except Died:
                self.pid += 1

    async def read(self, names):
        self.ended, self.events = False, asyncio.get_running_loop()
        engine = lit.LitEngine(self.server)
        thread = threading.Thread(target=self.work, daemon=True)
        thread.start()
        try:
            return await asyncio.gather(*(engine.read(ask(name)) for name in names))
        finally:
            self.ended = True
            await asyncio.to_thread(thread.join)


@pytest.mark.parametrize("poisons", [{"bad"}, {"bad", "worse"}])
def test_what_kills_workers_fails_alone(monkeypatch, poisons):
    workers = Workers(monkeypatch, poisons)
    names = ["a", "bad", "b", "worse", "c"]
    answers = dict(zip(names, asyncio.run(workers.read(names)), strict=True))
    assert len(workers.batches[0]) > 1  # they were together at first
    for name in names:
        if name in poisons:
            assert answers[name].failure.status == 500 and name in answers[name].failure.detail
            assert workers.batches.count([name]) == 1
        else:
            assert answers[name].pages == ({"name": name},)
