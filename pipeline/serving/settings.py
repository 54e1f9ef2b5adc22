"""Settings of ``mathocr serve``: a field is a flag, a key of the YAML file and an environment variable."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_HOST = re.compile(r"\*|(\*\.)?[A-Za-z0-9.-]+")


@dataclass(frozen=True)
class ServeSettings:
    """Where the service listens, what it runs on, and what it refuses.

    Attributes:
        host: Interface to listen on; 127.0.0.1 for this machine alone, 0.0.0.0 or :: for all.
        port: Port to listen on, from 1024.
        hosts: Names by which clients may call it (header Host) beside localhost, "*" for any. Checked where they are
            given, and where there are no keys and host is 127.0.0.1, against web pages that rebind their name.
        device: Where the networks run; auto takes the GPUs where PyTorch is installed.
        devices: How many of these devices; 0 for all there are.
        workers_per_device: Processes for each device, each with its own copy of the models.
        backend: What runs the networks.
        detector_weights: Weights of the detector; the released ones by default.
        im2latex_weights: Weights of the recogniser; the released ones by default.
        batch_size: Most requests that a worker reads together.
        batch_wait_ms: How long a worker waits for further requests after the first, milliseconds.
        queue: Most images accepted and not yet answered; beyond it the answer is 429 with Retry-After.
        timeout_s: Longest time for a request, seconds; beyond it the answer is 504.
        drain_s: Longest time that stopping waits for what was accepted, seconds.
        max_body_mb: Largest request body, 10^6 bytes; beyond it the answer is 413.
        max_pixels: Largest page in pixels.
        max_pages: Most pages of one file.
        max_images: Most images in one batch or job.
        dpi: Resolution at which PDF pages are drawn, dots per inch.
        keys: File with the API keys that are let in (see mathocr serve key); without it everybody is.
        allow_urls: Fetch images by URL; never from private addresses.
        jobs: Folder of the asynchronous jobs, which then outlive the server; a temporary one by default.
        max_jobs: Most jobs that wait or run; beyond it the answer is 429.
        job_ttl_s: How long a finished job is kept, seconds.
        feedback: Folder where corrections of users are kept; without it they are refused.
        feedback_database: URL of a database for them instead of SQLite in that folder, as SQLAlchemy reads it.
        feedback_images: When the image of a correction is kept: if the user agrees, always, or never.
        retention_days: Days after which corrections and their images go; kept for good by default.
        monitor: Record each answer (numbers alone) beside the corrections, for mathocr monitor report.
        monitor_share: Share of the requests that are looked at again later: their inputs, and a self-check by TeX.
        monitor_rows: Most answers that are kept; beyond it the oldest go.
        monitor_nice: How far second looks and the shadow stand back for answers, as nice; 19 is furthest.
        shadow: Weights of either stage that read a share of the requests again, unseen, to be compared; on the CPU.
        shadow_share: Share of the requests that the shadow reads.
        log_level: Least severity that is logged.
    """

    host: Literal["127.0.0.1", "0.0.0.0", "::"] = "127.0.0.1"
    port: int = 8000
    hosts: tuple[str, ...] = ()
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    devices: int = 0
    workers_per_device: int = 1
    backend: Literal["auto", "onnx", "torch"] = "auto"
    detector_weights: Path | None = None
    im2latex_weights: Path | None = None
    batch_size: int = 16
    batch_wait_ms: float = 5.0
    queue: int = 64
    timeout_s: float = 30.0
    drain_s: float = 30.0
    max_body_mb: float = 20.0
    max_pixels: int = 50_000_000
    max_pages: int = 50
    max_images: int = 64
    dpi: float = 150.0
    keys: Path | None = None
    allow_urls: bool = False
    jobs: Path | None = None
    max_jobs: int = 100
    job_ttl_s: float = 3600.0
    feedback: Path | None = None
    feedback_database: str | None = None
    feedback_images: Literal["consent", "always", "never"] = "consent"
    retention_days: float | None = None
    monitor: bool = False
    monitor_share: float = 0.05
    monitor_rows: int = 1_000_000
    monitor_nice: int = 19
    shadow: Path | None = None
    shadow_share: float = 0.1
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def __post_init__(self) -> None:
        if odd := [name for name in self.hosts if not _HOST.fullmatch(name)]:
            raise ValueError(
                f"hosts must be names without port such as ocr.example.org or *.example.org, got {odd[0]!r}"
            )
        if not 1024 <= self.port <= 65535:
            raise ValueError(f"port must be in 1024 to 65535, got {self.port}")
        above_zero = (
            "workers_per_device", "batch_size", "queue", "timeout_s", "drain_s", "max_body_mb", "max_pixels",
            "max_pages", "max_images", "dpi", "max_jobs", "job_ttl_s", "monitor_rows",
        )  # fmt: skip
        for name in above_zero:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if self.retention_days is not None and self.retention_days <= 0:
            raise ValueError(f"retention_days must be above 0, got {self.retention_days}")
        if self.feedback_database is not None and self.feedback is None:
            raise ValueError("feedback_database needs feedback, the folder for the images")
        if self.monitor and self.feedback is None:
            raise ValueError("monitor needs feedback, the folder of its records")
        if self.shadow is not None and not self.monitor:
            raise ValueError("shadow needs monitor, which keeps what it said")
        if not 0 <= self.monitor_nice <= 19:
            raise ValueError(f"monitor_nice must be in 0 to 19, got {self.monitor_nice}")
        for name in ("monitor_share", "shadow_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")
        for name in ("devices", "batch_wait_ms"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")

    @property
    def trusted_hosts(self) -> list[str] | None:
        """Names that requests may have in ``Host``; None where any may.

        Without keys, whoever reaches the port is let in, on 127.0.0.1 this machine alone. But a browser on it runs
        pages of anybody, and one whose name resolves to 127.0.0.1 a moment later could ask and read.
        """
        if self.hosts or (self.keys is None and self.host == "127.0.0.1"):
            return ["127.0.0.1", "localhost", *self.hosts]
        return None

    @property
    def max_body_bytes(self) -> int:
        """``max_body_mb`` in bytes."""
        return int(self.max_body_mb * 1e6)
