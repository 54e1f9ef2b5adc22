"""What the service tells Prometheus, in a registry of its own, so that several apps in a process do not mix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 12.0, 30.0)
_SHARES = tuple(n / 10 for n in range(1, 11))


class Metrics:
    """Counters and histograms of one app.

    Args:
        queue: How many images are under way, asked when Prometheus asks.
        workers: How many workers are ready, asked likewise.
    """

    def __init__(self, queue: Callable[[], float], workers: Callable[[], float]) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.requests = Counter(
            "mathocr_requests", "Requests answered.", ("route", "code"), registry=registry
        )  # exposed as mathocr_requests_total
        self.seconds = Histogram(
            "mathocr_request_seconds", "Time of a request, from its first byte to its last.", ("route",),
            registry=registry, buckets=_SECONDS,
        )  # fmt: skip
        self.stages = Histogram(
            "mathocr_stage_seconds", "Time of a stage: queue (a file), read, layout, detector, im2latex (a page).",
            ("stage",), registry=registry, buckets=_SECONDS,
        )  # fmt: skip
        self.batch = Histogram(
            "mathocr_batch_size", "Files that were read together with this one, and itself.", registry=registry,
            buckets=(1, 2, 4, 8, 16, 32, 64),
        )  # fmt: skip
        self.confidence = Histogram(
            "mathocr_confidence", "Confidence of formulas.", ("kind",), registry=registry, buckets=_SHARES
        )
        self.formulas = Counter("mathocr_formulas", "Formulas read.", ("kind", "valid", "stopped"), registry=registry)
        self.jobs = Gauge("mathocr_jobs", "Jobs that wait or run.", registry=registry)
        Gauge("mathocr_queue_length", "Images waiting or being read.", registry=registry).set_function(queue)
        Gauge("mathocr_workers_ready", "Workers that can read.", registry=registry).set_function(workers)

    def observe_answer(self, pages: tuple[dict[str, Any], ...], queued_s: float, batch: int) -> None:
        """Count what a worker answered."""
        self.stages.labels("queue").observe(queued_s)
        self.batch.observe(batch)
        for page in pages:
            for stage, ms in page["timing_ms"].items():
                if stage != "total":
                    self.stages.labels(stage).observe(ms / 1000)
            for formula in page["formulas"]:
                self.confidence.labels(formula["kind"]).observe(formula["confidence"])
                self.formulas.labels(formula["kind"], str(formula["valid"]).lower(), formula["stopped"]).inc()
