"""Cold start: how long ``mathocr predict`` takes from the shell to the answer, and the memory that it needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mathocr.pipeline.latency.memory import peak_mb
from mathocr.pipeline.latency.timing import summary


def measure_cold_start(arguments: Sequence[str], runs: int) -> dict[str, Any]:
    """Start ``mathocr predict`` in fresh processes, one after the other.

    The files that it reads are in the system's cache after the first run, as on a machine in use.

    Args:
        arguments: What comes after ``mathocr predict``, as :func:`predict_arguments` gives it.
        runs: Number of processes.

    Returns:
        JSON-ready: :func:`~mathocr.pipeline.latency.timing.summary` of the times; ``parts``, such a summary for the
        first call of each stage in its process (``detector``, ``im2latex``, ...) and for what is before and after, the
        ``start``: imports, loading of weights, the end of the process; and ``peak_memory_mb``, the largest.

    Raises:
        RuntimeError: If a process fails (the message has the last line that it wrote).
    """
    times: list[float] = []
    peaks: list[float] = []
    parts: dict[str, list[float]] = {"start": []}
    for _ in range(runs):
        ms, peak, said = _one_run([sys.executable, "-m", "mathocr.pipeline.cli", "predict", *arguments])
        spent = json.loads(said)["timing_ms"]
        total = spent.pop("total")
        times.append(ms)
        peaks += [] if peak is None else [peak]
        for name, value in {"start": ms - total, **spent}.items():
            parts.setdefault(name, []).append(value)
    found = {**summary(times), "parts": {name: summary(values) for name, values in parts.items() if any(values)}}
    return found | {"peak_memory_mb": max(peaks, default=None)}


def _one_run(command: Sequence[str]) -> tuple[float, float | None, str]:
    """Milliseconds from start to end of a process, its peak memory, and what it wrote."""
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
        tempfile.TemporaryFile("w+", encoding="utf-8") as answer,
    ):
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=answer, stderr=errors)
        usage = None
        if hasattr(os, "wait4"):
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        process.wait()
        ms = (time.perf_counter() - begin) * 1000
        if process.returncode != 0:
            errors.seek(0)
            said = errors.read().strip().splitlines() or ["nothing on standard error"]
            raise RuntimeError(f"mathocr predict ended with status {process.returncode}: {said[-1]}")
        answer.seek(0)
        return ms, peak_mb(usage) if usage is not None else None, answer.read()


def predict_arguments(
    image: Path, mode: str, detector: Path | None, im2latex: Path | None, device: str, backend: str
) -> list[str]:
    """Arguments with which ``mathocr predict`` reads an image by the models that are measured."""
    arguments = [str(image), f"--{mode}", "--format", "json", "--device", device, "--backend", backend]
    for option, path in (("--detector-weights", detector), ("--im2latex-weights", im2latex)):
        if path is not None and not (mode == "crop" and option.startswith("--detector")):
            arguments += [option, str(path)]
    return arguments
