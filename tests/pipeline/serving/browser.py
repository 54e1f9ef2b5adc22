"""What the tests in a real browser share: an app that is served, and what a person does and sees on its page."""

import os
import shutil
import socket
import threading
import time
from contextlib import contextmanager

import cv2
import numpy as np
import pytest
import uvicorn

from mathocr.pipeline.feedback.store import FeedbackStore

sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright to drive a browser with")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
WAIT_MS = 60_000


@contextmanager
def serving(app):
    """An app on a port of this machine."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    end = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < end and thread.is_alive(), "the server did not start"
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


def marks(path):
    """A page with an inline mark, 40 wide, and a display mark, 120 wide."""
    image = np.full((300, 400), 255, np.uint8)
    image[40:60, 30:70] = 40
    image[150:190, 100:220] = 0
    cv2.imwrite(str(path), image)
    return path


def wait_for_status(page, words):
    sync_api.expect(page.locator("#status")).to_contain_text(words, timeout=WAIT_MS)


def card(page, number):
    return page.locator(".card").nth(number - 1)


def entries(tmp_path):
    return list(FeedbackStore(tmp_path / "store").entries())


def screenshot(page, name):
    """For a person to look at, where a folder is named."""
    if folder := os.environ.get("MATHOCR_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
