"""Many pages at once: order, the same answers, what is asked of the stages, memory, and leaving at once."""

import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mathocr.data.contracts import ModelIdentity, Reading
from mathocr.pipeline import MathOCR, Options
from mathocr.pipeline.inputs import BadInput, PageImage
from mathocr.pipeline.stream import default_jobs, read_stream, usable_cores

PAGE = Options(mode="page")


@pytest.fixture
def pages(marked_page):
    """Twenty pages, each with its own formulas, and two that could not be read."""
    rng = np.random.default_rng(5)
    items = []
    for number in range(20):
        image = np.roll(marked_page, int(rng.integers(0, 40)), axis=0)[: int(rng.integers(300, 601))]
        items.append(PageImage(f"{number}.png", 1, 1, image, 0.0))
    items.insert(3, BadInput("b.png: broken"))
    items.append(BadInput("last: broken"))
    return items


def names(answers):
    return [answer.message if isinstance(answer, BadInput) else answer[0].source for answer in answers]


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_order_and_answers_are_those_of_one_by_one(pages, finder, reader, jobs):
    ocr = MathOCR(finder, reader)
    answers = list(read_stream(iter(pages), lambda: ocr, PAGE, jobs))
    assert names(answers) == [item.message if isinstance(item, BadInput) else item.source for item in pages]
    read = [answer for answer in answers if not isinstance(answer, BadInput)]
    assert sum(len(result.formulas) for _, result in read) > 40
    for page, result in read:
        (alone,) = ocr.predict_pages([page], PAGE)
        assert (result.formulas, result.height, result.mode) == (alone.formulas, alone.height, alone.mode)


def test_pages_share_calls_of_the_recogniser(pages, finder, reader):
    list(read_stream(iter(pages), lambda: MathOCR(finder, reader), PAGE, 1))
    assert len(reader.calls) <= 10 < 20  # twenty pages, of which the first may have come alone


def test_nothing_to_read_loads_nothing():
    def load():
        raise AssertionError("loaded")

    assert list(read_stream(iter([]), load, PAGE, 2)) == []
    assert names(read_stream(iter([BadInput("x")]), load, PAGE, 2)) == ["x"]


def test_memory_is_bounded_by_what_is_under_way(marked_page, finder, reader):
    """Of 300 pages no more than three groups of eight are alive, however fast files are decoded."""
    alive, most = set(), 0

    def items():
        nonlocal most
        for number in range(300):
            page = PageImage(f"{number}", 1, 1, marked_page[:80, :120].copy(), 0.0)
            alive.add(number)
            weakref.finalize(page, alive.remove, number)
            most = max(most, len(alive))
            yield page
            del page

    count = sum(1 for _ in read_stream(items(), lambda: MathOCR(finder, reader), PAGE, 2))
    assert count == 300 and 8 < most <= 3 * 8 + 8 + 2  # a group that was read is handed out, one more page is decoded


def test_detection_goes_on_while_formulas_are_read(pages, finder):
    """The second page comes when the first is being read, and that ends when the second has been searched."""
    reading, searched = threading.Event(), threading.Event()

    def items():
        yield pages[0]
        assert reading.wait(60)
        yield pages[1]

    class Finder:
        identity, min_score = finder.identity, finder.min_score

        def predict(self, images, min_score=None):
            if reading.is_set():
                searched.set()
            return finder.predict(images, min_score)

    class Reader:
        identity = ModelIdentity("waiting", "a" * 64)

        def predict(self, crops, scale=None, alternatives=0):
            reading.set()
            assert searched.wait(60)
            return [Reading("x", ("x",), 1.0, True, "end")] * len(crops)

    answers = list(read_stream(items(), lambda: MathOCR(Finder(), Reader()), PAGE, 2))
    assert [page.source for page, _ in answers] == ["0.png", "1.png"]


def test_errors_come_after_the_pages_before_and_end_the_stream(pages, finder, reader):
    def items():
        yield pages[0]
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        list(read_stream(items(), lambda: MathOCR(finder, reader), PAGE, 2))
    with pytest.raises(ValueError, match="outside the page"):
        far = Options(mode="page", regions=((9000, 0, 9001, 5),))
        list(read_stream(iter(pages), lambda: MathOCR(finder, reader), far, 2))


def test_jobs_are_the_cores_and_one_with_pytorch():
    assert default_jobs("auto", "auto") == min(8, usable_cores())
    assert default_jobs("onnx", "cpu", cores=64) == 8
    assert default_jobs("torch", "cpu") == default_jobs("auto", "cuda") == 1


def test_interrupt_leaves_at_once(tmp_path, marked_page):
    for number in range(6):
        Image.fromarray(marked_page).save(tmp_path / f"{number}.png")
    code = (
        "import os, signal, sys, time; sys.path.insert(0, sys.argv[1]); import conftest, mathocr.pipeline.ocr as o\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent in the background has it off\n"
        "class Slow(conftest.MarkFinder):\n"
        "    def predict(self, *a, **k): os.write(1, b'busy\\n'); time.sleep(300)\n"
        "o.MathOCR.load = lambda *a, **k: o.MathOCR(Slow(), conftest.SizeReader())\n"
        "from mathocr.pipeline.cli import main\n"
        "sys.exit(main(['predict', '--page', sys.argv[2]]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "busy\n"
    begin = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "mathocr: interrupted\n")
    assert time.monotonic() - begin < 30
