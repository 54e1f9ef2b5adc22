"""Time calls so that the time is the call's: devices waited for, warm runs apart, percentiles over single calls."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

Answer = TypeVar("Answer")
PERCENTILES = {"median_ms": 50, "p95_ms": 95, "p99_ms": 99}


@dataclass(frozen=True)
class Plan:
    """How long to measure.

    Attributes:
        warmup: Calls of each kind before any counts: sessions settle, memory is claimed, clocks rise.
        rounds: Most times that each sample is timed.
        seconds: Longest time for one measurement (of a stage, of a batch size); one round is always finished.
        batches: Batch sizes to try.
        threads: Numbers of requests at once to try.
        cold_runs: Fresh processes to start; 0 for none.
    """

    warmup: int = 2
    rounds: int = 20
    seconds: float = 20.0
    batches: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    threads: tuple[int, ...] = (1, 2, 4)
    cold_runs: int = 5

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.warmup < 0 or self.cold_runs < 0 or self.seconds <= 0:
            raise ValueError(f"rounds and seconds must be positive, warmup and cold runs not negative, got {self}")
        for name in ("batches", "threads"):
            if any(number < 1 for number in getattr(self, name)):
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")


def synchronise(device: str) -> None:
    """Wait until a device has done all that it was given; the processor is never behind."""
    torch = sys.modules.get("torch")
    if torch is None or device in ("auto", "cpu"):
        return
    (torch.cuda if device == "cuda" else torch.mps).synchronize()


def timed(call: Callable[[], Answer], device: str) -> tuple[Answer, float]:
    """Call, and give the answer and the milliseconds until the device was done with it."""
    synchronise(device)
    begin = time.perf_counter()
    answer = call()
    synchronise(device)
    return answer, (time.perf_counter() - begin) * 1000


def repeat(call: Callable[[Any, bool], None], samples: Sequence[Any], plan: Plan) -> None:
    """Call with each sample in turn, round by round, until there were enough or time is up.

    Args:
        call: Takes a sample and whether it counts; it does not while warming up.
        samples: One or more.
        plan: How often and how long.
    """
    for number in range(plan.warmup):
        call(samples[number % len(samples)], False)
    begin = time.perf_counter()
    for _ in range(plan.rounds):
        for sample in samples:
            call(sample, True)
        if time.perf_counter() - begin >= plan.seconds:
            return


def summary(times_ms: Sequence[float]) -> dict[str, float | int]:
    """Count, mean, least, median, p95 and p99 of single calls, milliseconds.

    Percentiles between two calls are interpolated; of fewer than 100 calls the p99 is little more than the slowest.

    Raises:
        ValueError: If there are none.
    """
    if not len(times_ms):
        raise ValueError("no calls were timed")
    values = np.asarray(times_ms, np.float64)
    found = {name: round(float(np.percentile(values, q)), 3) for name, q in PERCENTILES.items()}
    least, mean = round(float(values.min()), 3), round(float(values.mean()), 3)
    return {"calls": len(values), "least_ms": least, "mean_ms": mean, **found}
