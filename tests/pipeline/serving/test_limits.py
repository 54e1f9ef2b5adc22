import asyncio
import json
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from mathocr.pipeline.serving.engine import Gate
from mathocr.pipeline.serving.keys import KeyFileError, KeyRing, add_key, read_keys
from mathocr.pipeline.serving.logs import JsonFormatter
from mathocr.pipeline.serving.problems import Problem
from mathocr.pipeline.serving.settings import ServeSettings

from .conftest import bar, upload, wait_for


def ask(client, width=50, **more):
    return client.post("/v1/predict", files=upload(bar(width)), data={"mode": "page"}, **more)


def inside(client):
    return client.app.state.service.gate.inside


def test_a_full_queue_answers_429_and_says_when_to_come_again(serve, held):
    with serve(queue=2) as client, ThreadPoolExecutor(3) as pool:
        held.go.clear()
        first = [pool.submit(ask, client) for _ in range(2)]
        wait_for(lambda: inside(client) == 2)
        refused = ask(client)
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) >= 1
        assert "2 of 2 images" in refused.json()["detail"]
        assert client.get("/ready").status_code == 503 and client.get("/health").status_code == 200
        held.go.set()
        assert [answer.result().status_code for answer in first] == [200, 200]
        assert inside(client) == 0 and ask(client).status_code == 200


def test_a_batch_is_let_in_whole_or_not_at_all(serve):
    with serve(queue=2, max_images=4) as client:
        files = [("files", (f"{n}.png", bar(50))) for n in range(5)]
        assert client.post("/v1/batch", files=files).status_code == 413
        answer = client.post("/v1/batch", files=files[:3])
        assert answer.status_code == 413 and "at most 2 images at once" in answer.json()["detail"]
        assert inside(client) == 0


def test_the_wait_that_is_told_grows_with_the_queue():
    gate = Gate(limit=100, workers=2)
    gate.enter(100)
    for _ in range(100):
        gate.leave(0, busy_s=4.0)
    assert gate.retry_after() == pytest.approx(100, abs=2)  # half of 100 images, 4 s each, two workers
    with pytest.raises(Problem, match="100 of 100"):
        gate.enter()


def test_requests_that_wait_are_read_together(serve, held):
    with serve(batch_size=4) as client, ThreadPoolExecutor(7) as pool:
        held.go.clear()
        answers = [pool.submit(ask, client, 40)]
        wait_for(lambda: held.batches == [1])
        answers += [pool.submit(ask, client, 50 + n) for n in range(6)]
        wait_for(lambda: inside(client) == 7)
        held.go.set()
        assert [a.result().status_code for a in answers] == [200] * 7
        assert held.batches == [1, 4, 2]


def test_many_clients_each_get_their_own_answer(serve):
    with serve(queue=64) as client, ThreadPoolExecutor(16) as pool:
        widths = [10 + 2 * n for n in range(60)]
        answers = list(pool.map(lambda w: (w, ask(client, w, headers={"X-Request-Id": f"r{w}"})), widths))
    for width, answer in answers:
        assert answer.json()["pages"][0]["formulas"][0]["latex"] == f"w_{{{width}}}"
        assert answer.json()["request_id"] == f"r{width}"


def test_time_is_limited_while_waiting_and_the_worker_skips_what_nobody_awaits(serve, held):
    with serve(timeout_s=0.3, queue=8) as client:
        held.go.clear()
        late = ask(client)
        assert late.status_code == 504 and late.json()["detail"] == "bar.png: not read within the time limit of 0.3 s"
        held.go.set()
        wait_for(lambda: ask(client).status_code == 200)


def test_bodies_are_limited_whatever_their_header_says(serve):
    with serve(max_body_mb=0.01) as client:
        answer = client.post("/v1/predict", files=upload(bytes(20_000)))
        assert answer.status_code == 413 and "larger than 0.01 MB" in answer.json()["detail"]
        parts = (b"x" * 1000 for _ in range(20))
        answer = client.post("/v1/predict", content=parts, headers={"content-type": "application/json"})
        assert answer.status_code == 413


def test_request_ids_come_back_and_odd_ones_are_replaced(client):
    assert ask(client, headers={"X-Request-Id": "abc-1"}).headers["x-request-id"] == "abc-1"
    made = client.get("/nowhere", headers={"X-Request-Id": "a b\tc"})
    assert len(made.headers["x-request-id"]) == 16 and made.json()["request_id"] == made.headers["x-request-id"]


def test_log_lines_are_json_with_the_request_id(client, caplog):
    with caplog.at_level(logging.INFO, "mathocr.serving"):
        ask(client, headers={"X-Request-Id": "logged"})
    record = next(r for r in caplog.records if r.getMessage() == "POST /v1/predict 200")
    line = json.loads(JsonFormatter().format(record))
    assert line["status"] == 200 and line["ms"] > 0 and line["owner"] == "anybody" and line["level"] == "info"


def test_a_crash_is_one_line_for_the_client_and_a_traceback_for_the_log(client, caplog):
    client.app.state.service.gate.enter = None
    answer = ask(client, headers={"X-Request-Id": "boom"})
    assert answer.status_code == 500 and answer.headers["x-request-id"] == "boom"
    assert answer.json()["detail"].startswith("internal error") and "NoneType" not in answer.text
    assert any(r.exc_info for r in caplog.records)


def test_metrics_count_answers_stages_and_confidences(client):
    ask(client)
    client.get("/v1/jobs/" + "0" * 32)
    text = client.get("/metrics").text
    assert 'mathocr_requests_total{code="200",route="/v1/predict"} 1.0' in text
    assert 'mathocr_requests_total{code="404",route="/v1/jobs/{job_id}"} 1.0' in text
    for stage in ("queue", "read", "layout", "detector", "im2latex"):
        assert f'mathocr_stage_seconds_count{{stage="{stage}"}} 1.0' in text
    assert 'mathocr_confidence_bucket{kind="display",le="0.5"} 1.0' in text
    assert 'mathocr_confidence_bucket{kind="display",le="0.4"} 0.0' in text
    assert "mathocr_queue_length 0.0" in text and "mathocr_workers_ready 1.0" in text


def test_keys_let_in_and_can_be_revoked_while_running(serve, tmp_path):
    path = tmp_path / "keys"
    alice, bob = add_key(path, "alice"), add_key(path, "bob")
    assert alice not in path.read_text() and path.stat().st_mode & 0o077 == 0
    with serve(keys=path) as client:
        refused = ask(client)
        assert refused.status_code == 401 and refused.headers["www-authenticate"] == "Bearer"
        assert ask(client, headers={"X-API-Key": alice + "x"}).status_code == 401
        for header in ({"X-API-Key": alice}, {"Authorization": f"Bearer {bob}"}, {"app_key": alice, "app_id": "any"}):
            assert ask(client, headers=header).status_code == 200
        assert client.get("/health").status_code == client.get("/metrics").status_code == 200
        path.write_text("\n".join(line for line in path.read_text().splitlines() if line.startswith("bob")))
        assert ask(client, headers={"X-API-Key": alice}).status_code == 401
        assert ask(client, headers={"X-API-Key": bob}).status_code == 200
        path.unlink()
        assert ask(client, headers={"X-API-Key": bob}).status_code == 401


def test_a_key_joins_a_file_whose_last_line_is_open(tmp_path):
    path = tmp_path / "keys"
    alice = add_key(path, "alice")
    path.write_text(path.read_text().rstrip("\n"))
    bob, carol = add_key(path, "bob"), add_key(path, "carol")
    assert [KeyRing(path).owner(key) for key in (alice, bob, carol)] == ["alice", "bob", "carol"]
    assert len(path.read_text().splitlines()) == 3


def test_key_files_that_cannot_be_used(tmp_path):
    path = tmp_path / "keys"
    with pytest.raises(KeyFileError, match="make one with"):
        KeyRing(path)
    add_key(path, "a")
    with pytest.raises(KeyFileError, match="has a key named 'a'"):
        add_key(path, "a")
    with pytest.raises(KeyFileError, match="name must be"):
        add_key(path, "a b")
    path.write_text("# ours\n\na sha256:12\n")
    with pytest.raises(KeyFileError, match="line 3: expected"):
        read_keys(path)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"port": 80}, "port must be in 1024"),
        ({"queue": 0}, "queue must be above 0"),
        ({"devices": -1}, "devices"),
        ({"hosts": ("https://a.org",)}, "hosts must be names without port .* got 'https://a.org'"),
    ],
)
def test_settings_that_make_no_sense(wrong, words):
    with pytest.raises(ValueError, match=words):
        ServeSettings(**wrong)


@pytest.mark.parametrize(
    ("settings", "answered", "refused"),
    [
        ({}, ("127.0.0.1:8000", "localhost"), ("evil.example", "127.0.0.1.evil.example", "")),
        ({"hosts": ("ocr.example.org",)}, ("localhost", "ocr.example.org:8000"), ("www.ocr.example.org",)),
        ({"hosts": ("*.example.org",), "host": "0.0.0.0"}, ("a.example.org",), ("example.com",)),
        ({"hosts": ("*",)}, ("evil.example",), ()),
        ({"host": "0.0.0.0"}, ("evil.example",), ()),
    ],
)
def test_only_names_of_this_machine_are_answered_to_where_anybody_on_it_is_let_in(serve, settings, answered, refused):
    with serve(**settings) as client:
        for host in (*answered, *refused):
            expected = 200 if host in answered else 400
            for path in ("/", "/v1/feedback"):
                assert client.get(path, headers={"Host": host}).status_code == expected, host


def test_a_request_to_another_name_gets_the_error_that_every_other_gets(serve):
    with serve() as client:
        answer = client.get("/health", headers={"Host": "evil.example"})
        assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"
        assert "not called 'evil.example'" in answer.json()["detail"]
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
        assert client.post("/v3/text", headers={"Host": "evil.example"}).json()["error_info"]["id"] == "opts_bad_value"
        assert client.get("/health", headers={"Host": "LOCALHOST:80"}).status_code == 200


def test_keys_guard_by_themselves_whatever_the_name(serve, tmp_path):
    add_key(tmp_path / "keys", "alice")
    with serve(keys=tmp_path / "keys") as client:
        assert client.get("/health", headers={"Host": "ocr.example.org"}).status_code == 200


def test_slow_senders_hold_nothing_for_ever(serve):
    sent = []

    async def receive():
        await asyncio.sleep(30)

    async def send(message):
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"host", b"127.0.0.1")]
    scope = {"type": "http", "method": "POST", "path": "/v1/predict", "headers": headers, "query_string": b"",
             "raw_path": b"/v1/predict", "http_version": "1.1", "root_path": "", "scheme": "http"}  # fmt: skip
    with serve(timeout_s=0.2) as client:
        asyncio.run(client.app(scope, receive, send))
        assert inside(client) == 0
    assert sent[0]["status"] == 408
