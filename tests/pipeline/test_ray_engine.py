"""A local Ray cluster of two workers, of which one is killed: no page is lost, none is there twice, runs can go on."""

import json
import os
import signal
import time

import pytest
from PIL import Image

pytest.importorskip("ray", reason="Ray is not installed")
pytest.importorskip("pyarrow", reason="Ray Data is not installed")
pytestmark = pytest.mark.timeout(600)  # Ray runs its workers at low priority: beside other work they start late
os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # else Ray writes a token to the home folder

from mathocr.pipeline import Options, predict_command
from mathocr.pipeline.cli import main
from mathocr.pipeline.inputs import BadInput
from mathocr.pipeline.read_task import ReadTask
from mathocr.pipeline.written_page import PageForm


@pytest.fixture(scope="module")
def cluster():
    import ray

    try:
        ray.init(
            num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=80 * 2**20,
            _node_ip_address="127.0.0.1",
        )  # fmt: skip
    except Exception as error:  # Ray gives its own processes half a minute to start
        pytest.skip(f"Ray does not start here: {error}")
    yield
    ray.shutdown()


def stand_in(log, kill_at):
    """What loads stages that note each page they read; the first worker that comes to one of that width dies."""

    def load(threads):
        from pathlib import Path

        from mathocr.data.contracts import ModelIdentity, Reading
        from mathocr.pipeline.ocr import MathOCR

        class Reader:
            identity = ModelIdentity("reader", "e" * 64)

            def predict(self, crops, scale=None, alternatives=0):
                for crop in crops:
                    width = crop.shape[1]
                    with Path(log).open("a") as notes:
                        notes.write(f"{os.getpid()} {width}\n")
                    killed = Path(f"{log}.killed")
                    if width == kill_at and not killed.exists():
                        killed.touch()
                        os.kill(os.getpid(), signal.SIGKILL)
                    time.sleep(0.05)  # so that both workers have something to do
                return [Reading(f"w_{{{crop.shape[1]}}}", ("w",), 0.5, True, "end") for crop in crops]

        return MathOCR(None, Reader())

    return load


@pytest.fixture
def scans(tmp_path):
    """Forty crops, told apart by their width, and a broken one."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for number in range(40):
        image = Image.new("L", (60 + number, 30), 255)
        image.paste(0, (10, 8, 40, 22))
        image.save(folder / f"{number:02}.png")
    (folder / "07b.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    return folder


def test_a_killed_worker_loses_no_page_and_repeats_none(cluster, scans, tmp_path, monkeypatch, capsys):
    log, out = tmp_path / "log", tmp_path / "out"
    load = stand_in(str(log), 60 + 20)
    monkeypatch.setattr(predict_command, "partial", lambda function, args: load)
    argv = ["predict", str(scans), "--crop", "--engine", "ray", "--jobs", "2", "--output", str(out), "--format", "json"]
    assert main(argv) == 1
    assert "07b.png: " in capsys.readouterr().err
    assert log.with_name("log.killed").exists() and len({line.split()[0] for line in log.read_text().splitlines()}) >= 2
    answers = {path.stem: json.loads(path.read_text())["formulas"][0]["latex"] for path in out.glob("*.json")}
    assert answers == {f"{number:02}": f"w_{{{60 + number}}}" for number in range(40)}
    record = [json.loads(line)["source"] for line in (out / ".mathocr.jsonl").read_text().splitlines()]
    assert record == [str(path) for path in sorted(scans.iterdir()) if path.name != "07b.png"]

    (out / "11.json").unlink()
    log.unlink()
    assert main([*argv, "--resume"]) == 1  # the broken one is tried again
    assert [line.split()[1] for line in log.read_text().splitlines()] == ["71"]
    assert "39 of 41 files were read before" in capsys.readouterr().err and (out / "11.json").exists()


def test_a_worker_answers_a_block_and_keeps_its_stages(scans, tmp_path):
    import pyarrow as pa

    from mathocr.pipeline.ray_engine import _answer, _Worker

    loads = []
    stages = stand_in(str(tmp_path / "log"), 0)(1)
    task = ReadTask(
        lambda threads: loads.append(threads) or stages, PageForm("text", False, True), Options(mode="crop")
    )
    worker = _Worker(task, os.fsencode(os.getcwd()))  # noqa: PTH109
    for names in (["07.png", "07b.png", "08.png"], ["09.png"]):
        table = pa.table({"file": [os.fsencode(scans / name) for name in names]})
        answers = [_answer(row) for row in worker(table).to_pylist()]
        said = [a.message if isinstance(a, BadInput) else a.text for a in answers]
        assert [line.split(":")[0].split("\t")[0] for line in said] == [str(scans / name) for name in names]
    assert said == [f"{scans / '09.png'}\tw_{{69}}\n"] and loads == [1]


def test_what_stops_a_run_stops_it_in_its_own_words(cluster, scans, tmp_path):
    from mathocr.pipeline.ray_engine import read_on_ray

    def load(threads):
        raise ValueError("weights.safetensors: no such file")

    task = ReadTask(load, PageForm("text", alone=False, several=True), Options(mode="crop"))
    with pytest.raises(RuntimeError, match=r"^weights.safetensors: no such file$"):
        list(read_on_ray(task, [scans / "00.png"], jobs=1))
    gone = list(read_on_ray(task, [BadInput("x: no file matches"), scans / "gone.png"], jobs=1))
    assert [bad.message for bad in gone] == ["x: no file matches", f"{scans / 'gone.png'}: no such file"]
