"""Processor cores of this process, and work that is spread over them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

Result = TypeVar("Result")


def usable_cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(
    work: Callable[..., Result],
    jobs: Iterable[tuple[Any, ...]],
    workers: int,
    start: Callable[..., None],
    *arguments: Any,
) -> Generator[Result, None, None]:
    """Results of jobs that processes do, in the order of the jobs; only a few are begun before they are asked for.

    Args:
        work: Does a job; at the top of its module, as processes are spawned: a fork would take the locks of this
            process's other threads with it.
        jobs: Arguments of each call.
        workers: Number of processes, at least 1.
        start: What each process calls first.
        arguments: Of that call.

    Raises:
        BrokenProcessPool: If a process is lost. On any error, and where no more results are asked for, the jobs that
            are not under way are given up.
    """
    pool = ProcessPoolExecutor(workers, get_context("spawn"), start, arguments)
    pending: deque[Future[Result]] = deque()
    try:
        for job in jobs:
            pending.append(pool.submit(work, *job))
            if len(pending) > 2 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
