"""An app in this process around the stand-ins for both stages, whose answers can be read off the image."""

import asyncio
import io
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from mathocr.pipeline import MathOCR
from mathocr.pipeline.serving.app import create_app
from mathocr.pipeline.serving.in_process import ThreadEngine
from mathocr.pipeline.serving.settings import ServeSettings
from mathocr.pipeline.serving.worker import BatchReader


def bar(width, height=40):
    """PNG of a page with one dark bar of a width; the stand-ins read it as ``w_{width}``."""
    image = np.full((120, 400), 255, np.uint8)
    image[40 : 40 + height, 20 : 20 + width] = 0
    return cv2.imencode(".png", image)[1].tobytes()


class HeldReader:
    """A reader that waits until it is let go, to fill queues with."""

    def __init__(self, reader):
        self._reader = reader
        self.go = threading.Event()
        self.go.set()
        self.batches = []

    def read(self, requests):
        self.batches.append(len(requests))
        self.go.wait(20)
        return self._reader.read(requests)


@pytest.fixture
def held(finder, reader):
    return HeldReader(BatchReader(MathOCR(finder, reader), max_pages=5, max_pixels=4_000_000))


@pytest.fixture
def serve(held):
    """Starts an app with settings: ``with serve(queue=2) as client``."""

    @contextmanager
    def start(url_allowed=None, **settings):
        stated = replace(ServeSettings(timeout_s=20), **settings)
        more = {} if url_allowed is None else {"url_allowed": url_allowed}
        app = create_app(stated, ThreadEngine(held, stated.batch_size), **more)
        with TestClient(app, "http://127.0.0.1", raise_server_exceptions=False) as client:
            yield client

    return start


@pytest.fixture
def client(serve):
    with serve() as client:
        yield client


def upload(blob, name="bar.png"):
    return {"file": (name, io.BytesIO(blob), "image/png")}


def wait_for(condition, seconds=20):
    """Poll until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def run(coroutine):
    return asyncio.run(coroutine)


@pytest.fixture(scope="module")
def chromium():
    from . import browser as shared

    if shared.CHROMIUM is None:
        pytest.skip("no Chromium to open the page with")
    with shared.sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shared.CHROMIUM, args=shared.FLAGS, chromium_sandbox=False)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    """A tab that fails the test when the page has an error."""
    from .browser import WAIT_MS

    context = chromium.new_context(color_scheme="light", viewport={"width": 1300, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = context.new_page()
    tab.set_default_timeout(WAIT_MS)
    problems = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    tab.problems = problems
    yield tab
    context.close()
    assert not problems
