import asyncio
import json
import os
import threading

import pytest

from mathocr.pipeline.serving.bodies import Upload
from mathocr.pipeline.serving.jobs import JobStore
from mathocr.pipeline.serving.keys import add_key
from mathocr.pipeline.serving.problems import Problem

from .conftest import bar, run, wait_for


def submit(client, widths=(50,), **more):
    files = [("files", (f"{w}.png", bar(w))) for w in widths]
    return client.post("/v1/jobs", files=files, data={"mode": "page"}, **more)


def status(client, job):
    return client.get(f"/v1/jobs/{job}").json()["status"]


def test_submit_poll_fetch_delete(client):
    accepted = submit(client, (50, 60))
    job = accepted.json()["id"]
    assert accepted.status_code == 202 and accepted.headers["location"] == f"/v1/jobs/{job}"
    assert accepted.json()["images"] == 2
    wait_for(lambda: status(client, job) == "done")
    result = client.get(f"/v1/jobs/{job}/result").json()
    assert [i["pages"][0]["formulas"][0]["latex"] for i in result["items"]] == ["w_{50}", "w_{60}"]
    assert client.delete(f"/v1/jobs/{job}").status_code == 204
    assert client.get(f"/v1/jobs/{job}").status_code == client.get(f"/v1/jobs/{job}/result").status_code == 404


def test_a_job_that_waits_is_not_done_and_can_be_dropped(serve, held):
    with serve(max_jobs=2) as client:
        held.go.clear()
        first, second = submit(client).json()["id"], submit(client).json()["id"]
        wait_for(lambda: status(client, first) == "running")
        assert status(client, second) == "queued"
        early = client.get(f"/v1/jobs/{first}/result")
        assert early.status_code == 409 and early.json()["detail"] == "the job is running"
        full = submit(client)
        assert full.status_code == 429 and "retry-after" in full.headers
        assert client.delete(f"/v1/jobs/{second}").status_code == 204
        held.go.set()
        wait_for(lambda: status(client, first) == "done")
        assert len(held.batches) == 1


def test_a_bad_file_is_an_item_with_a_problem(client):
    files = [("files", ("bad.png", b"hello")), ("files", ("ok.png", bar(50)))]
    job = client.post("/v1/jobs", files=files, data={"mode": "page"}).json()["id"]
    wait_for(lambda: status(client, job) == "done")
    bad, good = client.get(f"/v1/jobs/{job}/result").json()["items"]
    assert bad["problem"]["status"] == 422 and good["pages"]


def test_jobs_belong_to_their_key(serve, tmp_path):
    keys = tmp_path / "keys"
    alice, bob = ({"X-API-Key": add_key(keys, name)} for name in ("alice", "bob"))
    with serve(keys=keys) as client:
        job = submit(client, headers=alice).json()["id"]
        assert client.get(f"/v1/jobs/{job}", headers=alice).status_code == 200
        for call in (client.get, client.delete):
            assert call(f"/v1/jobs/{job}", headers=bob).status_code == 404
        assert client.get(f"/v1/jobs/{job}").status_code == 401


def test_stopping_finishes_what_was_accepted(serve, tmp_path):
    with serve(jobs=tmp_path / "jobs") as client:
        jobs = [submit(client, (50 + n,)).json()["id"] for n in range(4)]
    for job in jobs:
        assert (tmp_path / "jobs" / job / "result.json").exists()
        assert not list((tmp_path / "jobs" / job).glob("*.bin"))


def test_what_was_accepted_outlives_a_killed_server(serve, tmp_path):
    folder = tmp_path / "jobs"
    killed = JobStore(folder, most=9, ttl_s=60)
    record = run(killed.submit("anybody", {"mode": "page"}, [Upload("50.png", bar(50))]))
    (folder / (".half" + "0" * 27)).mkdir()
    with serve(jobs=folder) as client:
        wait_for(lambda: status(client, record["id"]) == "done")
        items = client.get(f"/v1/jobs/{record['id']}/result").json()["items"]
    assert items[0]["pages"][0]["formulas"][0]["latex"] == "w_{50}"
    assert not list(folder.glob(".half*"))


def test_results_are_dropped_after_their_time(serve):
    with serve(job_ttl_s=0.3) as client:
        job = submit(client).json()["id"]
        wait_for(lambda: client.get(f"/v1/jobs/{job}").status_code == 404)


@pytest.mark.parametrize("job", ["0" * 32, "x", "..%2f..%2fetc", "%2e%2e"])
def test_ids_that_are_none(client, job):
    assert client.get(f"/v1/jobs/{job}").status_code == 404


def test_a_job_that_cannot_be_worked_on_says_failed(tmp_path):
    async def explode(record, uploads):
        raise OSError("disk")

    async def go():
        store = JobStore(tmp_path, most=3, ttl_s=60)
        async with store.working(explode):
            record = await store.submit("me", {}, [Upload("a", b"1")])
            while store.unfinished:
                await asyncio.sleep(0.01)
            return store.state(record["id"]), store.record(record["id"], "you")

    assert run(go()) == ("failed", None)
    assert json.loads(next(tmp_path.glob("*/job.json")).read_text())["owner"] == "me"
    assert not list(tmp_path.glob("*/*.bin"))  # nobody reads the inputs any more

    async def later():
        store = JobStore(tmp_path, most=3, ttl_s=0.2)
        async with store.working(explode):
            found = store.unfinished, [store.state(path.parent.name) for path in tmp_path.glob("*/job.json")]
            while list(tmp_path.iterdir()):
                await asyncio.sleep(0.01)
            return found

    assert run(asyncio.wait_for(later(), 20)) == (0, ["failed"])  # it stays so, and goes in its time


def test_jobs_that_come_at_the_same_time_are_counted(tmp_path):
    async def go():
        store = JobStore(tmp_path, most=3, ttl_s=60)
        coming = [store.submit("me", {}, [Upload("a", b"1")]) for _ in range(8)]
        return await asyncio.gather(*coming, return_exceptions=True)

    answers = run(go())
    refused = [answer for answer in answers if isinstance(answer, Problem)]
    assert [problem.status for problem in refused] == [429] * 5 and len(list(tmp_path.iterdir())) == 3


def test_the_event_loop_never_waits_for_the_disk(tmp_path, monkeypatch):
    threads = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: threads.append(threading.current_thread()))

    async def work(record, uploads):
        return {"items": []}

    async def go():
        store = JobStore(tmp_path, most=3, ttl_s=60)
        async with store.working(work):
            await store.submit("me", {}, [Upload("a", b"1")])

    run(go())
    assert len(threads) == 4 and threading.main_thread() not in threads  # input, record, folder, result


def test_a_job_that_cannot_be_kept_is_not_counted(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    async def go():
        store = JobStore(tmp_path, most=1, ttl_s=60)
        with pytest.raises(OSError, match="No space"):
            await store.submit("me", {}, [Upload("a", b"1")])
        return store.unfinished

    monkeypatch.setattr(os, "fsync", full)
    assert run(go()) == 0 and list(tmp_path.iterdir()) == []
