"""Asynchronous jobs, a folder each, so that an accepted job outlives its server.

A job's folder holds ``job.json`` (owner, times, switches, names), its inputs as ``0.bin``, ``1.bin``, ..., and in the
end ``result.json``, or ``failed`` where it could not be worked on. Folders and results appear whole or not at all
(written aside, flushed, renamed). Threads write, so that the event loop never waits for the disk.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from mathocr.pipeline.serving.bodies import Upload
from mathocr.pipeline.serving.logs import log
from mathocr.pipeline.serving.problems import Problem

State = Literal["queued", "running", "done", "failed"]
_ID = re.compile(r"[0-9a-f]{32}")
_CLEAN_EVERY_S = 60.0
_ENDS = ("result.json", "failed")

Runner = Callable[[dict[str, Any], list[Upload]], Awaitable[dict[str, Any]]]


class JobStore:
    """Jobs on disk, and the task that works through them one by one.

    Args:
        folder: Where they are kept; None for a temporary folder that goes with the store.
        most: Most jobs that wait or run.
        ttl_s: How long a job is kept after it is done or failed, seconds.
    """

    def __init__(self, folder: Path | None, most: int, ttl_s: float) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="mathocr-jobs-") if folder is None else None
        self.folder = Path(self._temporary.name) if self._temporary else folder or Path()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._most, self._ttl_s = most, ttl_s
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._running: str | None = None
        self._open: set[str] = set()

    @property
    def unfinished(self) -> int:
        """Jobs that wait or run."""
        return len(self._open)

    def check_room(self) -> None:
        """Refuse a further job where there are enough.

        Raises:
            Problem: 429.
        """
        if len(self._open) >= self._most:
            told = f"{len(self._open)} jobs wait or run, no more are taken"
            raise Problem(429, told, headers={"Retry-After": "30"})

    async def submit(self, owner: str, switches: dict[str, Any], uploads: list[Upload]) -> dict[str, Any]:
        """Keep a job; it is on disk when this returns.

        Returns:
            Its record: ``id``, ``owner``, ``created`` (seconds since 1970), ``switches``, ``names``.

        Raises:
            Problem: 429 where there are enough.
            OSError: If it cannot be written.
        """
        self.check_room()
        job_id = secrets.token_hex(16)
        record = {
            "id": job_id, "owner": owner, "created": time.time(), "switches": switches,
            "names": [upload.name for upload in uploads], "urls": [upload.url for upload in uploads],
        }  # fmt: skip
        self._open.add(job_id)  # before anything is awaited: those that come meanwhile must count it
        try:
            await asyncio.to_thread(self._keep, record, uploads)
        except BaseException:
            self._open.discard(job_id)
            raise
        self._queue.put_nowait(job_id)
        return record

    def _keep(self, record: dict[str, Any], uploads: list[Upload]) -> None:
        """Have a job on the disk."""
        aside = self.folder / f".{record['id']}"
        try:
            aside.mkdir(mode=0o700)
            for number, upload in enumerate(uploads):
                _write(aside / f"{number}.bin", upload.blob)
            _write(aside / "job.json", json.dumps(record, ensure_ascii=False).encode())
            aside.rename(self.folder / record["id"])
        except OSError:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        _flush_folder(self.folder)

    def record(self, job_id: str, owner: str) -> dict[str, Any] | None:
        """The record of one's own job, None where there is none."""
        if not _ID.fullmatch(job_id):
            return None
        try:
            record = json.loads((self.folder / job_id / "job.json").read_bytes())
        except (OSError, ValueError):
            return None
        return record if record["owner"] == owner else None

    def state(self, job_id: str) -> State:
        """How far a job is."""
        if (self.folder / job_id / "result.json").exists():
            return "done"
        if job_id not in self._open:
            return "failed"  # the log says why; it stays so
        return "running" if job_id == self._running else "queued"

    def result(self, job_id: str) -> dict[str, Any]:
        """What a finished job answered."""
        return json.loads((self.folder / job_id / "result.json").read_bytes())

    async def delete(self, job_id: str) -> None:
        """Forget a job; one that runs is dropped when it ends."""
        self._open.discard(job_id)
        await asyncio.to_thread(shutil.rmtree, self.folder / job_id, ignore_errors=True)

    @asynccontextmanager
    async def working(self, run: Runner) -> AsyncIterator[None]:
        """Work through jobs while the service lives; at the end what was accepted is finished first."""
        for path in sorted(self.folder.iterdir(), key=lambda path: path.stat().st_mtime):
            if path.name.startswith("."):  # a server was killed while it took this one, and never acknowledged it
                shutil.rmtree(path, ignore_errors=True)
            elif _ID.fullmatch(path.name) and not _ended(path):
                self._open.add(path.name)
                self._queue.put_nowait(path.name)
        tasks = [asyncio.create_task(self._work(run)), asyncio.create_task(self._clean())]
        try:
            yield
        finally:
            if self._open:
                log.info("finishing %d jobs", len(self._open))
            await self._queue.join()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._temporary:
                self._temporary.cleanup()

    async def _work(self, run: Runner) -> None:
        while True:
            job_id = await self._queue.get()
            try:
                if job_id in self._open:
                    self._running = job_id
                    await self._do(job_id, run)
            except Exception:
                if job_id in self._open:  # else it was deleted under our hands
                    log.exception("job %s failed", job_id)
                    await asyncio.to_thread(_mark_failed, self.folder / job_id)
            finally:
                self._running = None
                self._open.discard(job_id)
                self._queue.task_done()

    async def _do(self, job_id: str, run: Runner) -> None:
        path = self.folder / job_id
        record = json.loads(await asyncio.to_thread((path / "job.json").read_bytes))
        uploads = [
            Upload(name, await asyncio.to_thread((path / f"{number}.bin").read_bytes), url)
            for number, (name, url) in enumerate(zip(record["names"], record["urls"], strict=True))
        ]
        result = await run(record, uploads)
        if job_id in self._open:  # not deleted meanwhile
            await asyncio.to_thread(_keep_result, path, result)

    async def _clean(self) -> None:
        """Drop jobs that ended longer ago than they are kept."""
        while True:
            await asyncio.sleep(min(_CLEAN_EVERY_S, self._ttl_s))
            try:
                await asyncio.to_thread(self._drop_old, frozenset(self._open))
            except OSError as error:
                log.error("old jobs could not be removed: %s", error)

    def _drop_old(self, unfinished: frozenset[str]) -> None:
        """Remove folders that ended and were not touched since for longer than they are kept."""
        for path in self.folder.iterdir():
            if _ID.fullmatch(path.name) and path.name not in unfinished and _ended(path):
                try:
                    old = time.time() - path.stat().st_mtime > self._ttl_s
                except FileNotFoundError:  # its owner was faster
                    continue
                if old:
                    shutil.rmtree(path, ignore_errors=True)


def _ended(path: Path) -> bool:
    return any((path / name).exists() for name in _ENDS)


def _keep_result(path: Path, result: dict[str, Any]) -> None:
    """Put the result in the place of the inputs."""
    _write(path / "result.tmp", json.dumps(result, ensure_ascii=False).encode())
    (path / "result.tmp").replace(path / "result.json")
    _drop_inputs(path)


def _mark_failed(path: Path) -> None:
    """Have a job stay failed, for a server that comes later too; first make room, as the disk may be full."""
    try:
        (path / "result.tmp").unlink(missing_ok=True)
        _drop_inputs(path)
        (path / "failed").touch()
    except OSError as error:
        log.error("job %s could not be marked as failed: %s", path.name, error)


def _drop_inputs(path: Path) -> None:
    for file in path.glob("*.bin"):
        file.unlink(missing_ok=True)


def _write(path: Path, blob: bytes) -> None:
    """Write and flush to the disk."""
    with path.open("wb") as file:
        file.write(blob)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make renames in a folder last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
