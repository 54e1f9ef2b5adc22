"""A server under load: many clients at once, every answer checked, against what one client gets with batches."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

from mathocr.pipeline.latency.server import Server
from mathocr.pipeline.latency.timing import summary

MOST_OVER_OPTIMUM = 1.3  # median under load, as a multiple of the time of a full batch
MOST_GROWTH = 1.1  # memory in the last third, as a multiple of the middle third
_BATCHES = 3  # batches that one client sends for the optimum, after one to warm up


@dataclass(frozen=True)
class Load:
    """How much to ask.

    Attributes:
        clients: Clients at once, each with one request under way.
        seconds: How long.
    """

    clients: int = 32
    seconds: float = 120.0

    def __post_init__(self) -> None:
        if self.clients < 1 or self.seconds <= 0:
            raise ValueError(f"clients and seconds must be above 0, got {self}")


@dataclass
class _Seen:
    """What clients met."""

    times_ms: list[float] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    mixed_up: int = 0
    lost: int = 0


def measure_load(server: Server, images: Sequence[bytes], mode: Literal["page", "crop"], load: Load) -> dict[str, Any]:
    """Ask a server with many clients at once.

    Each image is first read alone; under load every answer must be that one. A client that is told 429 waits as long
    as it was told, at most a second, and asks again.

    Args:
        server: A server that nobody else asks; its queue must have room for as many images as there are clients.
        images: Image files, different from each other.
        mode: What they are.
        load: How much to ask.

    Returns:
        JSON-ready: ``what``, ``clients``, ``seconds``, ``per_s`` (answers with 200), their ``summary``, ``codes``,
        ``mixed_up`` (answers that belong to another image), ``lost`` (no answer), ``batch_optimum_ms`` (median of one
        client's batch with an image for each client), ``median_over_optimum``, ``memory_mib`` (start, middle and last
        third of the time; None where not known).

    Raises:
        RuntimeError: If an image alone cannot be read, or no request was answered.
    """
    expected = [_read_alone(server.port, image, mode) for image in images]
    optimum = _batch_optimum(server.port, images, mode, load.clients)
    memory: list[float | None] = [server.memory_mib()]
    seen = _Seen()
    begin = time.monotonic()
    stop = threading.Event()
    watcher = threading.Thread(target=_watch_memory, args=(server, memory, stop))
    watcher.start()
    try:
        with ThreadPoolExecutor(load.clients) as pool:
            clients = [
                pool.submit(_client, server.port, n, images, expected, mode, begin + load.seconds)
                for n in range(load.clients)
            ]
            for client in clients:
                _add(seen, client.result())
    finally:
        stop.set()
        watcher.join()
    elapsed = time.monotonic() - begin
    if not seen.times_ms:
        raise RuntimeError(f"no request was answered: {dict(seen.codes)}, {seen.lost} lost")
    times = summary(seen.times_ms)
    return {
        "what": mode, "clients": load.clients, "seconds": round(elapsed, 1),
        "per_s": round(len(seen.times_ms) / elapsed, 3), **times, "codes": dict(seen.codes),
        "mixed_up": seen.mixed_up, "lost": seen.lost, "batch_optimum_ms": round(optimum, 1),
        "median_over_optimum": round(times["median_ms"] / optimum, 3), "memory_mib": _thirds(memory),
    }  # fmt: skip


def judge(row: dict[str, Any], least_per_s: float | None) -> list[tuple[str, bool]]:
    """What a service must hold under load, and whether it did.

    Args:
        row: As ``measure_load`` gives it.
        least_per_s: Target of the service file; None for none.
    """
    errors = {code: count for code, count in row["codes"].items() if code not in ("200", "429")}
    over, memory = row["median_over_optimum"], row["memory_mib"]
    verdicts = [
        (f"no error but 429 ({errors or 'none'}, {row['lost']} lost)", not errors and not row["lost"]),
        (f"no mixed-up answer ({row['mixed_up']})", row["mixed_up"] == 0),
        (f"median at most {MOST_OVER_OPTIMUM} times a single client's batch ({over})", over <= MOST_OVER_OPTIMUM),
    ]
    if memory is not None:
        _, middle, last = memory
        verdicts.append((f"memory flat ({middle} to {last} MiB)", last <= MOST_GROWTH * middle))
    if least_per_s is not None:
        verdicts.append((f"at least {least_per_s:g} a second ({row['per_s']})", row["per_s"] >= least_per_s))
    return verdicts


def _client(port: int, number: int, images: Sequence[bytes], expected: Sequence[Any], mode: str, end: float) -> _Seen:
    """One client, asking until the end."""
    seen = _Seen()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    while time.monotonic() < end:
        place = number % len(images)
        number += 1
        begin = time.perf_counter()
        try:
            status, headers, content = _post(connection, "/v1/predict", "file", [images[place]], mode)
        except (OSError, http.client.HTTPException):
            seen.lost += 1
            connection.close()
            time.sleep(0.1)  # a server that is gone must not be asked a thousand times a second
            continue
        seen.codes[str(status)] += 1
        if status == 200:
            seen.times_ms.append((time.perf_counter() - begin) * 1000)
            seen.mixed_up += _told(content["pages"][0]) != expected[place]
        elif status == 429:
            time.sleep(min(1.0, float(headers["Retry-After"])))
    connection.close()
    return seen


def _add(total: _Seen, more: _Seen) -> None:
    total.times_ms += more.times_ms
    total.codes += more.codes
    total.mixed_up += more.mixed_up
    total.lost += more.lost


def _read_alone(port: int, image: bytes, mode: str) -> Any:
    """What an image is read as when nobody else asks."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    status, _, content = _post(connection, "/v1/predict", "file", [image], mode)
    connection.close()
    if status != 200:
        raise RuntimeError(f"an image could not be read: {content}")
    return _told(content["pages"][0])


def _batch_optimum(port: int, images: Sequence[bytes], mode: str, size: int) -> float:
    """Median time of a batch with ``size`` images, from one client, milliseconds."""
    batch = [images[n % len(images)] for n in range(size)]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    times = []
    for number in range(_BATCHES + 1):
        begin = time.perf_counter()
        status, _, content = _post(connection, "/v1/batch", "files", batch, mode)
        if status != 200 or any("problem" in item for item in content["items"]):
            raise RuntimeError(f"a batch could not be read: {str(content)[:200]}")
        if number:
            times.append((time.perf_counter() - begin) * 1000)
    connection.close()
    return sorted(times)[len(times) // 2]


def _told(page: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What must be the same in every answer to an image."""
    return [(formula["latex"], formula["kind"], tuple(formula["box"])) for formula in page["formulas"]]


def _post(
    connection: http.client.HTTPConnection, path: str, part: str, images: Sequence[bytes], mode: str
) -> tuple[int, http.client.HTTPMessage, Any]:
    """Send a form with images; status, headers and JSON of the answer.

    By hand: 32 clients with httpx ask a server that does nothing 250 times a second, these 4,000 times (one core), and
    services with GPUs must answer 1,000.
    """
    mark = "mathocr-load-7f3a9c"
    lines = [
        b'--%s\r\nContent-Disposition: form-data; name="%s"; filename="%d.png"\r\n\r\n%s\r\n'
        % (mark.encode(), part.encode(), number, image)
        for number, image in enumerate(images)
    ]
    switch = f'--{mark}\r\nContent-Disposition: form-data; name="mode"\r\n\r\n{mode}\r\n--{mark}--\r\n'
    headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
    connection.request("POST", path, b"".join(lines) + switch.encode(), headers)
    response = connection.getresponse()
    return response.status, response.headers, json.loads(response.read())


def _watch_memory(server: Server, found: list[float | None], stop: threading.Event) -> None:
    while not stop.wait(0.5):
        found.append(server.memory_mib())


def _thirds(found: Sequence[float | None]) -> list[float] | None:
    """Memory at the start, and the most in the middle and last third of the time."""
    known = [value for value in found if value is not None]
    if len(known) != len(found) or len(known) < 4:
        return None
    third = len(known) // 3
    return [round(value, 1) for value in (known[0], max(known[third : 2 * third]), max(known[2 * third :]))]
