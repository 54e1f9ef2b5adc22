"""Cold start: how long ``mathocr predict`` takes from the shell to the answer, and the memory that it needs."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mathocr.pipeline.latency.samples import Samples, in_file
from mathocr.pipeline.latency.timing import summary

_PEAK = "peak memory, MiB: "
# The command, which at its end tells its own peak: what the system tells of a child includes its parent's.
_PROGRAM = f"""
import sys
from mathocr.pipeline.cli import main
status = main()
if status == 0:
    from mathocr.pipeline.latency.memory import peak_mib
    print("{_PEAK}", peak_mib(), sep="", file=sys.stderr)
sys.exit(status)
"""


def measure_cold(samples: Samples, runs: int, arguments: Callable[[Path, str], list[str]]) -> dict[str, Any]:
    """Cold start on the middle one of the crops and the middle one of the pages, by size.

    Args:
        samples: Crops, pages, or both.
        runs: Number of processes for each; 0 to measure nothing.
        arguments: Takes a file and ``crop`` or ``page``, gives what comes after ``mathocr predict``.

    Returns:
        What :func:`measure_cold_start` gives, by ``crop`` and ``page``.

    Raises:
        RuntimeError: As :func:`measure_cold_start`.
    """
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="mathocr-cold-") as folder:
        for mode, candidates in (("crop", samples.crops), ("page", samples.pages)) if runs else ():
            if candidates:
                middle = sorted(candidates, key=lambda sample: sample.image.size)[len(candidates) // 2]
                path = in_file(middle, Path(folder) / f"{mode}.png").path
                assert path is not None  # it has one now
                found[mode] = measure_cold_start(arguments(path, mode), runs)
    return found


def measure_cold_start(arguments: Sequence[str], runs: int) -> dict[str, Any]:
    """Start ``mathocr predict`` in fresh processes, one after the other.

    The files that it reads are in the system's cache after the first run, as on a machine in use.

    Args:
        arguments: What comes after ``mathocr predict``, as :func:`predict_arguments` gives it.
        runs: Number of processes.

    Returns:
        JSON-ready: :func:`~mathocr.pipeline.latency.timing.summary` of the times; ``parts``, such a summary for the
        first call of each stage in its process (``detector``, ``im2latex``, ...) and for what is before and after, the
        ``start``: imports, loading of weights, the end of the process; and ``peak_memory_mib``, the largest.

    Raises:
        RuntimeError: If a process fails (the message has the last line that it wrote).
    """
    times: list[float] = []
    peaks: list[float] = []
    parts: dict[str, list[float]] = {"start": []}
    for _ in range(runs):
        ms, peak, said = _one_run([sys.executable, "-c", _PROGRAM, "predict", *arguments])
        spent = json.loads(said)["timing_ms"]
        total = spent.pop("total")
        times.append(ms)
        peaks += [] if peak is None else [peak]
        for name, value in {"start": ms - total, **spent}.items():
            parts.setdefault(name, []).append(value)
    found = {**summary(times), "parts": {name: summary(values) for name, values in parts.items() if any(values)}}
    return found | {"peak_memory_mib": max(peaks, default=None)}


def _one_run(command: Sequence[str]) -> tuple[float, float | None, str]:
    """Milliseconds from start to end of a process, the peak memory that it tells, and what it wrote."""
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
        tempfile.TemporaryFile("w+", encoding="utf-8") as answer,
    ):
        begin = time.perf_counter()
        process = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=answer, stderr=errors)
        ms = (time.perf_counter() - begin) * 1000
        errors.seek(0)
        lines = errors.read().strip().splitlines()
        if process.returncode != 0:
            last = lines[-1] if lines else "nothing on standard error"
            raise RuntimeError(f"mathocr predict ended with status {process.returncode}: {last}")
        answer.seek(0)
        told = [line.removeprefix(_PEAK) for line in lines if line.startswith(_PEAK)]
        return ms, float(told[-1]) if told and told[-1] != "None" else None, answer.read()


def predict_arguments(
    image: Path, mode: str, detector: Path | None, im2latex: Path | None, device: str, backend: str
) -> list[str]:
    """Arguments with which ``mathocr predict`` reads an image by the models that are measured."""
    arguments = [str(image), f"--{mode}", "--format", "json", "--device", device, "--backend", backend]
    for option, path in (("--detector-weights", detector), ("--im2latex-weights", im2latex)):
        if path is not None and not (mode == "crop" and option.startswith("--detector")):
            arguments += [option, str(path)]
    return arguments
