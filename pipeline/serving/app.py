"""The FastAPI app: routes, errors and the edge around one service. New routers and static files join here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from mathocr.pipeline.feedback.store import FeedbackStore
from mathocr.pipeline.serving import (
    feedback_routes,
    job_routes,
    mathpix_routes,
    page_routes,
    predict_routes,
    status_routes,
)
from mathocr.pipeline.serving.edge import Edge
from mathocr.pipeline.serving.engine import Engine, Gate
from mathocr.pipeline.serving.fetch import is_public
from mathocr.pipeline.serving.hosts import KnownHosts
from mathocr.pipeline.serving.jobs import JobStore
from mathocr.pipeline.serving.keys import KeyRing
from mathocr.pipeline.serving.metrics import Metrics
from mathocr.pipeline.serving.openapi import describe
from mathocr.pipeline.serving.problems import add_handlers
from mathocr.pipeline.serving.service import Service
from mathocr.pipeline.serving.settings import ServeSettings
from mathocr.pipeline.serving.watch import Watch

ROUTERS = (
    status_routes.router, predict_routes.router, job_routes.router, mathpix_routes.router, feedback_routes.router,
    page_routes.router,
)  # fmt: skip
Around = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    settings: ServeSettings,
    engine: Engine,
    around: Around | None = None,
    url_allowed: Callable[[str], bool] = is_public,
) -> FastAPI:
    """The service as an ASGI app.

    Args:
        settings: Of the service.
        engine: What reads.
        around: What must live as long as the app, entered before jobs are worked on and left after them.
        url_allowed: Which IP addresses images may be fetched from.

    Raises:
        KeyFileError: If the key file cannot be used.
        StoreError: If the store of corrections cannot be opened.
        OSError: If the folder of the jobs cannot be made.
    """
    gate = Gate(settings.queue, engine.workers)
    service = Service(
        settings=settings, engine=engine, keys=KeyRing(settings.keys), gate=gate, url_allowed=url_allowed,
        jobs=JobStore(settings.jobs, settings.max_jobs, settings.job_ttl_s),
        metrics=Metrics(lambda: gate.inside, engine.ready),
        feedback=_open_store(settings),
        watch=Watch(settings, lambda: gate.refused) if settings.monitor else None,
    )  # fmt: skip

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if around is not None:
                await stack.enter_async_context(around(app))
            if service.watch is not None:
                await stack.enter_async_context(service.watch.running())
            await stack.enter_async_context(service.jobs.working(job_routes.job_runner(service)))
            yield

    app = FastAPI(
        title="mathocr", version=version("mathocr"), lifespan=lifespan, redirect_slashes=False,
        description="Finds the formulas on page images and reads them as LaTeX.",
    )  # fmt: skip
    app.state.service = service
    for router in ROUTERS:
        app.include_router(router)
    add_handlers(app)
    if settings.trusted_hosts is not None:
        app.add_middleware(KnownHosts, names=settings.trusted_hosts)
    app.add_middleware(Edge, metrics=service.metrics, max_body_bytes=settings.max_body_bytes)
    describe(app)
    return app


def _open_store(settings: ServeSettings) -> FeedbackStore | None:
    """Where corrections are kept, if they are."""
    if settings.feedback is None:
        return None
    return FeedbackStore(settings.feedback, settings.feedback_database, settings.retention_days)
