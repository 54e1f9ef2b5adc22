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
from mathocr.data.cores import usable_cores
from mathocr.pipeline import MathOCR, Options
from mathocr.pipeline.inputs import BadInput, PageImage
from mathocr.pipeline.stream import default_jobs, read_stream

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


def test_errors_of_the_source_and_of_loading_end_the_stream(pages, finder, reader):
    def items():
        yield pages[0]
        raise OSError("disk gone")

    def load():
        raise ValueError("no weights")

    with pytest.raises(OSError, match="disk gone"):
        list(read_stream(items(), lambda: MathOCR(finder, reader), PAGE, 2))
    with pytest.raises(ValueError, match="no weights"):
        list(read_stream(iter(pages), load, PAGE, 2))


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_page_that_cannot_be_searched_costs_no_other(marked_page, finder, reader, jobs):
    images = [marked_page, marked_page[:380], marked_page]
    items = [PageImage(f"{number}.png", 1, 1, image, 0.0) for number, image in enumerate(images)]
    low = Options(mode="page", regions=((10, 400, 50, 420),))
    first, bad, last = read_stream(iter(items), lambda: MathOCR(finder, reader), low, jobs)
    assert bad == BadInput(f"1.png: region {low.regions[0]} is outside the page of 500 x 380 pixels")
    for page, result in (first, last):
        (alone,) = MathOCR(finder, reader).predict_pages([page], low)
        assert result.formulas == alone.formulas


class FailingReader:
    """Reads as another does, but fails with every call that holds a crop 121 to 130 pixels wide."""

    def __init__(self, reader, error):
        self.identity, self._reader, self._error, self.calls = reader.identity, reader, error, 0

    def predict(self, crops, scale=None, alternatives=0):
        self.calls += 1
        if any(121 <= crop.shape[1] <= 130 for crop in crops):
            raise self._error
        return self._reader.predict(crops, scale, alternatives)


def failing(marked_page, reader, error):
    """Ten pages of which the fifth, the second of a file with three, fails when it is read."""
    items = [PageImage(f"{number}.png", 1, 1, marked_page[:100], 0.0) for number in range(10)]
    wide = np.full((100, 300), 255, np.uint8)
    wide[30:50, 30:151] = 0  # with its margin 125 wide
    items[4] = PageImage("scan.pdf", 2, 3, wide, 0.0)
    return items, FailingReader(reader, error)


def test_a_group_that_fails_is_read_page_by_page(marked_page, finder, reader, monkeypatch, capsys):
    monkeypatch.delenv("MATHOCR_DEBUG", raising=False)
    items, fails = failing(marked_page, reader, KeyError("x"))
    answers = list(read_stream(iter(items), lambda: MathOCR(finder, fails), PAGE, 1))
    assert answers.pop(4) == BadInput("scan.pdf: page 2: KeyError: 'x' (set MATHOCR_DEBUG=1 to see where)")
    assert [page.source for page, _ in answers] == [f"{number}.png" for number in (0, 1, 2, 3, 5, 6, 7, 8, 9)]
    assert all(len(result.formulas) == 2 for _, result in answers)
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("MATHOCR_DEBUG", "1")
    assert len(list(read_stream(iter(items), lambda: MathOCR(finder, fails), PAGE, 1))) == 10
    said = capsys.readouterr().err
    assert said.startswith("Traceback") and said.count("KeyError: 'x'") == 1 and "in predict" in said


@pytest.mark.parametrize("jobs", [1, 2])
def test_too_little_memory_ends_the_stream(marked_page, finder, reader, jobs):
    items, fails = failing(marked_page, reader, MemoryError("full"))
    with pytest.raises(MemoryError, match="full"):
        list(read_stream(iter(items), lambda: MathOCR(finder, fails), PAGE, jobs))


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
