import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mathocr.pipeline.serving.fetch import fetch, is_public
from mathocr.pipeline.serving.problems import Problem

from .conftest import bar, run, wait_for


@contextmanager
def site(pages):
    """A web server on this machine: path to (status, headers, body)."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["Host"]))
            status, headers, body = pages[self.path]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()


def only_this(address):
    return address == "127.0.0.1"


PRIVATE = """127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1
::1 :: fe80::1%eth0 fc00::1 ::ffff:127.0.0.1 64:ff9b::a00:1 2002:7f00:1:: ff02::1"""


@pytest.mark.parametrize("address", PRIVATE.split())
def test_addresses_that_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_that_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_this_machine_is_never_asked(host):
    with site({"/": (200, {}, b"secret")}) as (port, asked):
        with pytest.raises(Problem, match=r"not on the public internet|host is not known") as refused:
            run(fetch(f"http://{host}:{port}/", 100, 5))
        assert refused.value.status in (403, 502) and not asked


def test_what_is_allowed_is_fetched_by_its_own_name():
    with site({"/a.png?x=1": (200, {}, b"bytes")}) as (port, asked):
        assert run(fetch(f"http://localhost:{port}/a.png?x=1", 100, 5, lambda address: True)) == b"bytes"
        assert asked == [("/a.png?x=1", f"localhost:{port}")]


def test_redirects_are_followed_and_each_is_checked():
    pages = {
        "/1": (302, {"Location": "/2"}, b""),
        "/2": (200, {}, b"here"),
        "/out": (302, {"Location": "http://127.0.0.2:1/"}, b""),
        "/file": (302, {"Location": "file:///etc/passwd"}, b""),
        "/loop": (302, {"Location": "/loop"}, b""),
    }
    with site(pages) as (port, _):
        base = f"http://127.0.0.1:{port}"
        assert run(fetch(f"{base}/1", 100, 5, only_this)) == b"here"
        for path, status, words in (
            ("/out", 403, "not on the public internet"), ("/file", 422, "must begin with http"),
            ("/loop", 502, "more than 3 redirects"),
        ):  # fmt: skip
            with pytest.raises(Problem, match=words) as refused:
                run(fetch(base + path, 100, 5, only_this))
            assert refused.value.status == status


def test_size_status_and_form_are_checked():
    with site({"/big": (200, {}, bytes(500)), "/gone": (404, {}, b"")}) as (port, _):
        base = f"http://127.0.0.1:{port}"
        for url, status, words in (
            (f"{base}/big", 413, "larger than"), (f"{base}/gone", 502, "answered 404"),
            ("http://127.0.0.1:1/", 502, "could not be fetched"), ("ftp://a/b", 422, "must begin"),
            ("http://user:pw@127.0.0.1/", 422, "user name"), ("http:///x", 422, "must begin"),
        ):  # fmt: skip
            with pytest.raises(Problem, match=words) as refused:
                run(fetch(url, 100, 5, only_this))
            assert refused.value.status == status


def test_the_server_reads_what_it_fetched(serve):
    with site({"/bar.png": (200, {}, bar(80))}) as (port, _), serve(allow_urls=True, url_allowed=only_this) as client:
        body = {"url": f"http://127.0.0.1:{port}/bar.png", "mode": "page"}
        (page,) = client.post("/v1/predict", json=body).json()["pages"]
        assert page["source"] == "bar.png" and page["formulas"][0]["latex"] == "w_{80}"
        text = client.post("/v3/text", json={"src": body["url"], "formats": ["text"]}).json()
        assert "w_{80}" in text["text"]


def test_a_flood_of_urls_waits_in_no_longer_queue_than_images(serve):
    go = threading.Event()

    class Held(dict):
        def __getitem__(self, path):
            go.wait(20)
            return (200, {}, bar(80))

    with (
        site(Held()) as (port, asked),
        serve(allow_urls=True, url_allowed=only_this, queue=2) as client,
        ThreadPoolExecutor(2) as pool,
    ):
        url = f"http://127.0.0.1:{port}/bar.png"
        first = [pool.submit(client.post, "/v1/predict", json={"url": url, "mode": "page"}) for _ in range(2)]
        wait_for(lambda: len(asked) == 2)
        for path, body in (
            ("/v1/predict", {"url": url}), ("/v1/batch", {"images": [{"url": url}]}), ("/v1/image", {"url": url}),
            ("/v3/text", {"src": url}),
        ):  # fmt: skip
            assert client.post(path, json=body).status_code == 429, path
        assert len(asked) == 2
        go.set()
        assert [answer.result().status_code for answer in first] == [200, 200]
        items = client.post("/v1/batch", json={"images": [{"url": url}, {"url": "ftp://a"}], "mode": "page"}).json()
        assert client.app.state.service.gate.inside == 0
    good, bad = items["items"]
    assert good["pages"][0]["formulas"][0]["latex"] == "w_{80}" and bad["problem"]["status"] == 422


def test_the_server_does_not_read_from_itself(serve):
    with site({"/": (200, {}, bar(80))}) as (port, asked), serve(allow_urls=True) as client:
        answer = client.post("/v1/predict", json={"url": f"http://localhost:{port}/"})
        assert answer.status_code == 403 and not asked
