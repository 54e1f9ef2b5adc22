"""Answers as OpenAPI describes them; a page is described by the schema file that ships with the package."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class Outputs(BaseModel):
    """Further forms of one page; those that were asked for."""

    latex: str | None = None
    text: str | None = None
    markdown: str | None = None
    html: str | None = None
    mathml: list[str | None] | None = Field(None, description="One a formula; null where it cannot be written so.")
    typst: list[str | None] | None = Field(None, description="One a formula; null where it cannot be written so.")


class Read(BaseModel):
    """What was read in one file."""

    pages: list[dict[str, Any]] = Field(json_schema_extra={"items": {"$ref": "#/components/schemas/Page"}})
    outputs: list[Outputs] = Field(description="As many as pages.")


class PredictAnswer(Read):
    """Answer of ``/v1/predict``."""

    request_id: str


class ProblemDocument(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str


class ReadItem(Read):
    """A file of a batch that was read."""

    name: str


class FailedItem(BaseModel):
    """A file of a batch that was not read."""

    name: str
    problem: ProblemDocument


class BatchAnswer(BaseModel):
    """Answer of ``/v1/batch``."""

    request_id: str
    items: list[ReadItem | FailedItem]


class Job(BaseModel):
    """A job; ``created`` in seconds since 1970."""

    id: str
    status: Literal["queued", "running", "done", "failed"]
    created: float
    images: int


class JobResult(BaseModel):
    """What a job answered."""

    job_id: str
    items: list[ReadItem | FailedItem]


class Health(BaseModel):
    """The process lives."""

    status: Literal["ok"]


class Readiness(BaseModel):
    """Requests can be sent."""

    status: Literal["ready"]
    workers_ready: int
    workers: int
