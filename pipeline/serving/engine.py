"""What the HTTP side and the workers hand to each other, and the gate that bounds how much is under way."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Protocol

from mathocr.pipeline.options import Options
from mathocr.pipeline.serving.problems import Problem


@dataclass(frozen=True)
class ReadRequest:
    """One file to read.

    Attributes:
        name: What the file is called in answers.
        blob: The file's bytes.
        options: What to look for.
        accepted: When it was accepted, seconds of the monotonic clock, which processes of a machine share.
        deadline: When nobody waits for the answer any more, on the same clock.
        dpi: Resolution at which PDF pages are drawn, dots per inch.
        formats: Further forms of the answer, of ``OUTPUT_NAMES``.
        area: ``(x0, y0, x1, y1)`` of the only part of each page to look at, in page pixels; None for all.
        pages: Page numbers from 1 as ``parse_page_ranges`` gives them; None for all.
        alone: Whether it must not share a batch: it was in one whose worker died.
    """

    name: str
    blob: bytes
    options: Options
    accepted: float
    deadline: float
    dpi: float
    formats: tuple[str, ...] = ()
    area: tuple[int, int, int, int] | None = None
    pages: tuple[range, ...] | None = None
    alone: bool = False


@dataclass(frozen=True)
class Failure:
    """Why a file was not read: HTTP status, and one line that names the file."""

    status: int
    detail: str


@dataclass(frozen=True)
class ReadAnswer:
    """What a worker answers to a ``ReadRequest``.

    Attributes:
        pages: One document of schema ``mathocr/1`` a page.
        outputs: For each page, the forms that were asked for, by name.
        failure: Why there is no answer; None where there is.
        queued_s: Time from acceptance until a worker began, seconds.
        batch: How many requests the worker read together.
    """

    pages: tuple[dict[str, Any], ...] = ()
    outputs: tuple[dict[str, Any], ...] = ()
    failure: Failure | None = None
    queued_s: float = 0.0
    batch: int = 1


class Engine(Protocol):
    """What reads files: worker processes, or a thread of this one.

    Attributes:
        workers: How many read at the same time, once all are ready.
    """

    workers: int

    async def read(self, request: ReadRequest) -> ReadAnswer:
        """The answer to one request; raises ``TimeoutError`` once its deadline has passed."""

    def ready(self) -> int:
        """How many workers can read now."""


@dataclass
class Gate:
    """Counts images under way and refuses more than the limit.

    Attributes:
        limit: Most images at once.
        workers: How many read at the same time; for the estimate of the wait.
        inside: Images under way.
        refused: Times that somebody was told 429.
    """

    limit: int
    workers: int = 1
    inside: int = 0
    refused: int = 0
    _seconds: float = field(default=0.5, repr=False)  # running mean of the time a worker is busy with an image

    def enter(self, images: int = 1) -> None:
        """Take places.

        Raises:
            Problem: 413 for more than can ever be let in, 429 with ``Retry-After`` where the queue is full.
        """
        if images > self.limit:
            raise Problem(413, f"at most {self.limit} images at once, got {images}")
        if self.inside + images > self.limit:
            self.refused += 1
            raise Problem(
                429,
                f"the queue is full: {self.inside} of {self.limit} images are waiting or being read",
                headers={"Retry-After": str(self.retry_after())},
            )
        self.inside += images

    def leave(self, images: int = 1, busy_s: float | None = None) -> None:
        """Give places back; ``busy_s`` is how long a worker was busy with one of them, seconds."""
        self.inside -= images
        if busy_s is not None:
            self._seconds += 0.1 * (busy_s - self._seconds)

    def retry_after(self) -> int:
        """Seconds until half of what is inside should be done, at least 1."""
        return max(1, math.ceil(0.5 * self.inside * self._seconds / max(1, self.workers)))
