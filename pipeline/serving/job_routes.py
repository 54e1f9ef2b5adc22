"""``/v1/jobs``: hand in images now, fetch the answers later."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from mathocr.pipeline.serving.access import KEYED, Owner, Shared
from mathocr.pipeline.serving.bodies import Switches, Upload, read_body
from mathocr.pipeline.serving.openapi import body, problems
from mathocr.pipeline.serving.predict_routes import check_count, in_time, read_item
from mathocr.pipeline.serving.problems import Problem
from mathocr.pipeline.serving.schemas import Job, JobResult
from mathocr.pipeline.serving.service import Service

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], dependencies=KEYED)


@router.post(
    "", status_code=202, response_model=Job, responses=problems(401, 413, 415, 422, 429),
    openapi_extra=body("BatchBody", "files", many=True), summary="Hand in a job",
)  # fmt: skip
async def submit(request: Request, service: Shared, owner: Owner) -> JSONResponse:
    """The body is that of ``/v1/batch``; what is answered with 202 is on disk."""
    service.jobs.check_room()  # before the body is read; and again after it, as others come meanwhile
    uploads, switches = await in_time(read_body(request, many=True), service.deadline(request))
    check_count(service, uploads)
    switches.options()
    switches.page_ranges()  # a mistake is told now, not by the job
    record = await service.jobs.submit(owner, switches.model_dump(include=set(Switches.model_fields)), uploads)
    return JSONResponse(_job(service, record), 202, headers={"Location": f"/v1/jobs/{record['id']}"})


@router.get("/{job_id}", response_model=Job, responses=problems(401, 404, 422), summary="Ask how far a job is")
async def status(job_id: str, service: Shared, owner: Owner) -> JSONResponse:
    """``queued``, ``running``, ``done`` or ``failed``."""
    return JSONResponse(_job(service, _record(service, job_id, owner)))


@router.get(
    "/{job_id}/result", response_model=JobResult, responses=problems(401, 404, 409, 422), summary="Fetch the answers"
)
async def result(job_id: str, service: Shared, owner: Owner) -> JSONResponse:
    """As ``/v1/batch`` answers; 409 while the job is not done."""
    _record(service, job_id, owner)
    if (state := service.jobs.state(job_id)) != "done":
        raise Problem(409, f"the job is {state}")
    return JSONResponse(await asyncio.to_thread(service.jobs.result, job_id))


@router.delete("/{job_id}", status_code=204, responses=problems(401, 404, 422), summary="Forget a job")
async def delete(job_id: str, service: Shared, owner: Owner) -> Response:
    """Its inputs and answers are removed; one that waits is not read any more."""
    _record(service, job_id, owner)
    await service.jobs.delete(job_id)
    return Response(status_code=204)


def job_runner(service: Service) -> Callable[[dict[str, Any], list[Upload]], Awaitable[dict[str, Any]]]:
    """What works on a job: as many of its images at once as workers read together."""
    at_once = asyncio.Semaphore(service.settings.batch_size)

    async def run(record: dict[str, Any], uploads: list[Upload]) -> dict[str, Any]:
        switches = Switches.model_validate(record["switches"])

        async def one(upload: Upload) -> dict[str, Any]:
            async with at_once:
                return await read_item(service, upload, switches)

        return {"job_id": record["id"], "items": await asyncio.gather(*map(one, uploads))}

    return run


def _record(service: Service, job_id: str, owner: str) -> dict[str, Any]:
    """One's own job; others' are not there."""
    record = service.jobs.record(job_id, owner)
    if record is None:
        raise Problem(404, "no such job")
    return record


def _job(service: Service, record: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": record["id"], "status": service.jobs.state(record["id"]), "created": record["created"],
        "images": len(record["names"]),
    }  # fmt: skip
