"""A `mathocr serve` in processes of its own on this machine, to be measured or tested, and stopped for certain."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_MIB = 2**20


@dataclass(frozen=True)
class Server:
    """A server that answers.

    Attributes:
        port: Where, on 127.0.0.1.
        process: Its first process.
    """

    port: int
    process: subprocess.Popen[bytes]

    def memory_mib(self) -> float | None:
        """Resident memory of all its processes, MiB (pages that they share count for each); None where not known."""
        try:
            return sum(map(_resident_mib, family(self.process.pid)))
        except OSError:
            return None


@contextmanager
def started(arguments: Sequence[str] = (), wait_s: float = 120.0, log: IO[bytes] | None = None) -> Iterator[Server]:
    """Start a server on a free port of this machine, and stop it in the end.

    Args:
        arguments: What comes after ``mathocr serve``, without the port.
        wait_s: Longest time until it is ready, seconds.
        log: Where it writes its log; nowhere by default.

    Raises:
        RuntimeError: If it ends or is not ready in time.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mathocr.pipeline.cli", "serve", "--port", str(port), *arguments]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log or subprocess.DEVNULL)
    try:
        _wait_until_ready(process, port, wait_s)
        yield Server(port, process)
    finally:
        processes = list(family(process.pid)) if process.poll() is None else []
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            for pid in processes:  # its own processes, by their ids
                _kill(pid)
            process.wait(10)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, wait_s: float) -> None:
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"mathocr serve ended with status {process.returncode} before it was ready")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/ready")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):  # not listening yet
            pass
        finally:
            connection.close()
        time.sleep(0.2)
    raise RuntimeError(f"mathocr serve was not ready within {wait_s:g} s")


def family(pid: int) -> Iterator[int]:
    """Ids of a process and of those below it, where the system tells (Linux); else its own."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text(encoding="ascii").split():
            yield from family(int(child))


def _resident_mib(pid: int) -> float:
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / _MIB


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:  # ended by itself
        return
