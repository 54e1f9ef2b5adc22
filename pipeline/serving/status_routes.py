"""Routes for machines that watch the service: ``/health``, ``/ready``, ``/metrics``."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from mathocr.pipeline.serving.access import Shared
from mathocr.pipeline.serving.openapi import problems
from mathocr.pipeline.serving.problems import Problem
from mathocr.pipeline.serving.schemas import Health, Readiness

router = APIRouter(tags=["status"])


@router.get("/health", response_model=Health, summary="Whether the process lives")
async def health() -> JSONResponse:
    """Always 200 while the process can answer; restart it where it cannot."""
    return JSONResponse({"status": "ok"})


@router.get("/ready", response_model=Readiness, responses=problems(503), summary="Whether requests should be sent here")
async def ready(service: Shared) -> JSONResponse:
    """503 while no worker has loaded its models, or the queue is full."""
    able, workers = service.engine.ready(), service.engine.workers
    if not able:
        raise Problem(503, f"none of {workers} workers is ready", headers={"Retry-After": "1"})
    if service.gate.inside >= service.gate.limit:
        retry = str(service.gate.retry_after())
        raise Problem(503, "the queue is full", headers={"Retry-After": retry})
    return JSONResponse({"status": "ready", "workers_ready": able, "workers": workers})


@router.get("/metrics", response_class=Response, summary="Prometheus metrics",
            responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})  # fmt: skip
async def metrics(service: Shared) -> Response:
    """Counters and histograms in Prometheus' text format."""
    service.metrics.jobs.set(service.jobs.unfinished)
    return Response(generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_LATEST)
