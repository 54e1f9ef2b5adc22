"""Checks an export against PyTorch: the same numbers, the same LaTeX; and says how large and how fast it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mathocr.data.network_part import NetworkPart

Arrays = list[NDArray]
Runner = Callable[[Arrays], Arrays]
_ROUNDS = 5
# Largest difference, as a share of the largest number, that is taken for rounding. 8-bit graphs are held to their
# LaTeX, not to their numbers.
TOLERANCES = {"fp32": 1e-3, "fp16": 2e-2}


@dataclass(frozen=True)
class Check:
    """What was found of one exported piece.

    Attributes:
        file: That was written.
        megabytes: Its size, 10^6 bytes.
        difference: Largest difference from PyTorch's numbers, as a share of the largest of them.
        allowed: How much of that is taken for rounding; None where it is not judged.
        ms: Of one run on the example inputs, milliseconds, median of 5.
        torch_ms: Of the same by PyTorch.
    """

    file: str
    megabytes: float
    difference: float
    allowed: float | None
    ms: float
    torch_ms: float

    @property
    def passed(self) -> bool:
        """Whether the numbers are the same up to rounding."""
        return self.allowed is None or self.difference <= self.allowed

    def line(self) -> str:
        """For a person."""
        verdict = "not judged" if self.allowed is None else "ok" if self.passed else f"FAILED, allowed {self.allowed:g}"
        return (
            f"{self.file}: {self.megabytes:.2f} MB, {self.ms:.2f} ms (torch {self.torch_ms:.2f}), "
            f"largest difference {self.difference:.2g} ({verdict})"
        )


def check(part: NetworkPart, path: Path, run: Runner, allowed: float | None) -> Check:
    """Run an exported piece, and hold it against PyTorch.

    Args:
        part: The piece with the inputs to check on: other ones than it was exported with, and of another size where
            that may change.
        path: File or folder that was written.
        run: The exported piece: its inputs in, its outputs out.
        allowed: See ``Check.allowed``.
    """
    wanted = [tensor.numpy() for tensor in part.run(part.args)]
    arrays = [arg.numpy() for arg in part.args]
    found = run(arrays)
    difference = max(
        float(np.abs(a.astype(np.float64) - b).max() / max(np.abs(b).max(), 1e-9))
        for a, b in zip(found, wanted, strict=True)
    )
    ms, torch_ms = _median_ms(lambda: run(arrays)), _median_ms(lambda: part.run(part.args))
    return Check(path.name, megabytes(path), difference, allowed, ms, torch_ms)


def megabytes(path: Path) -> float:
    """Size of a file, or of all in a folder, 10^6 bytes; an OpenVINO graph's numbers lie beside it."""
    files = [*path.rglob("*")] if path.is_dir() else [path, *path.parent.glob(f"{path.stem}.bin")]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def _median_ms(call: Callable[[], object]) -> float:
    times = []
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        call()
        times.append((time.perf_counter() - begin) * 1000)
    return float(np.median(times))


def differences(first: Sequence[str], second: Sequence[str]) -> list[int]:
    """Numbers of the answers that are not the same."""
    return [number for number, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1]]
