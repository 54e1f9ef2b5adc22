"""The server as it runs: LitServe's processes, the released weights, signals."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from mathocr.pipeline import MathOCR
from mathocr.pipeline.latency.load import Load, judge, measure_load
from mathocr.pipeline.latency.server import family, started
from mathocr.pipeline.serving.keys import add_key

EXAMPLES = Path(__file__).parents[3] / "examples"
PROC = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to find the workers")


def ask(server, name="crop.png", **more):
    files = {"file": (name, (EXAMPLES / name).read_bytes())}
    return httpx.post(f"http://127.0.0.1:{server.port}/v1/predict", files=files, timeout=120, **more)


def metrics(server):
    return httpx.get(f"http://127.0.0.1:{server.port}/metrics", timeout=60).text


def workers(server):
    """Process ids of the workers, which LitServe spawns."""
    found = []
    for task in Path(f"/proc/{server.process.pid}/task").glob("*/children"):
        for pid in map(int, task.read_text().split()):
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def alive(pid):
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    keys = tmp_path_factory.mktemp("service") / "keys"
    key = add_key(keys, "test")
    with started(["--workers_per_device", "2", "--keys", str(keys), "--timeout_s", "120"], wait_s=300) as server:
        yield server, {"X-API-Key": key}


def test_the_answer_is_that_of_the_package(service):
    server, key = service
    (page,) = ask(server, "page.png", headers=key).json()["pages"]
    expected = MathOCR.load().predict(EXAMPLES / "page.png")
    assert [f["latex"] for f in page["formulas"]] == [f.latex for f in expected.formulas]
    assert [f["box"] for f in page["formulas"]] == [list(f.box) for f in expected.formulas]


def test_a_mathpix_client_changes_host_and_key_alone(service):
    mathpix = pytest.importorskip("mpxpy.mathpix_client", reason="mpxpy, Mathpix's own client, is not installed")
    server, key = service
    client = mathpix.MathpixClient(app_id="me", app_key=key["X-API-Key"], api_url=f"http://127.0.0.1:{server.port}")
    image = client.image_new(file_path=str(EXAMPLES / "crop.png"), include_line_data=True)
    assert "\\zeta" in image.mmd() and image.lines_json()[0]["type"] == "math"


@PROC
def test_a_killed_worker_is_replaced_and_the_other_answers(service):
    server, key = service
    wait_for(lambda: len(workers(server)) == 2)
    victims = workers(server)
    with ThreadPoolExecutor(6) as pool:  # both are reading, and requests wait
        answers = [pool.submit(ask, server, "page.png", headers=key) for _ in range(6)]
        wait_for(lambda: "mathocr_queue_length 6.0" in metrics(server))
        os.kill(victims[0], signal.SIGKILL)
        assert [answer.result().status_code for answer in answers] == [200] * 6
    wait_for(lambda: len(set(workers(server)) - {victims[0]}) == 2)


def test_clients_at_once_get_their_own_answers(tmp_path):
    images = [(EXAMPLES / name).read_bytes() for name in ("crop.png", "crop_dark.png")]
    with started(["--timeout_s", "120"], wait_s=300) as server:
        row = measure_load(server, images, "crop", Load(clients=6, seconds=3))
    assert row["codes"] == {"200": len(images) and row["codes"]["200"]} and row["codes"]["200"] >= 6
    assert row["mixed_up"] == row["lost"] == 0 and row["median_ms"] > 0 and row["batch_optimum_ms"] > 0
    verdicts = dict(judge(row, least_per_s=1e6))
    assert not verdicts[f"at least 1e+06 a second ({row['per_s']})"]


def test_sigterm_finishes_what_was_accepted(tmp_path):
    log = tmp_path / "log"
    arguments = ["--timeout_s", "120", "--drain_s", "120", "--jobs", str(tmp_path / "jobs")]
    with log.open("wb") as file, started(arguments, wait_s=300, log=file) as server, ThreadPoolExecutor(4) as pool:
        base = f"http://127.0.0.1:{server.port}"
        files = [("files", ("crop.png", (EXAMPLES / "crop.png").read_bytes()))] * 2
        job = httpx.post(f"{base}/v1/jobs", files=files, timeout=60).json()["id"]
        answers = [pool.submit(ask, server, "page.png") for _ in range(4)]
        wait_for(lambda: "mathocr_queue_length 4.0" in metrics(server))
        server.process.send_signal(signal.SIGTERM)
        assert [answer.result().status_code for answer in answers] == [200] * 4
        assert server.process.wait(120) == 0
    items = json.loads((tmp_path / "jobs" / job / "result.json").read_text())["items"]
    assert all("\\zeta" in item["pages"][0]["formulas"][0]["latex"] for item in items)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"level", "message", "request_id", "time"} <= set(lines[0])
    assert sum(line["message"] == "POST /v1/predict 200" for line in lines) == 4
    assert not any("exception" in line for line in lines)


@PROC
def test_a_killed_server_leaves_no_process_that_answers_or_reads():
    with started(wait_s=300) as server:
        others = [pid for pid in family(server.process.pid) if pid != server.process.pid]
        server.process.kill()
        server.process.wait()

        def gone():
            try:
                httpx.get(f"http://127.0.0.1:{server.port}/health", timeout=5)
            except httpx.TransportError:
                return not any(map(alive, others))
            return False

        wait_for(gone, 60)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--port", "80"], 1, "port must be in 1024 to 65535, got 80"),
        (["--quue", "3"], 2, "--quue"),
        (["--im2latex_weights", "none.safetensors"], 1, "none.safetensors: no such weights file"),
        (["--keys", "nokeys"], 1, "nokeys: No such file or directory; make one with"),
        (["--config", "{folder}/odd.yaml"], 2, "prot"),
    ],
)
def test_wrong_settings_end_in_one_line(tmp_path, arguments, status, words):
    (tmp_path / "odd.yaml").write_text("prot: 8000\n")
    arguments = [argument.format(folder=tmp_path) for argument in arguments]
    command = [sys.executable, "-m", "mathocr.pipeline.cli", "serve", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert ended.returncode == status and words in ended.stderr and "Traceback" not in ended.stderr, ended.stderr


def test_a_key_is_made_and_shown_once(tmp_path):
    command = [sys.executable, "-m", "mathocr.pipeline.cli", "serve", "key", "alice", "--keys", "keys"]
    made = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert made.returncode == 0 and made.stdout.startswith("mocr_")
    assert (
        made.stdout.strip() not in (tmp_path / "keys").read_text()
        and "alice sha256:" in (tmp_path / "keys").read_text()
    )
