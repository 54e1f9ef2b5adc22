"""Request bodies of ``/v1``: JSON and multipart forms with the same fields, checked by the same models."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.datastructures import FormData, UploadFile

from mathocr.data.contracts import KINDS, Kind
from mathocr.pipeline.inputs import parse_page_ranges
from mathocr.pipeline.options import MOST_ALTERNATIVES, Options, parse_min_score, parse_region
from mathocr.pipeline.serving.problems import Problem, explain_invalid
from mathocr.pipeline.serving.worker import OUTPUT_NAMES

Score = Annotated[float, Field(ge=0, le=1)]
Output = Literal["latex", "text", "markdown", "html", "mathml", "typst"]
assert set(OUTPUT_NAMES) == set(Output.__args__)  # type: ignore[attr-defined]  # one list for people, one for pydantic


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Scores(_Strict):
    """Least detector scores by kind."""

    inline: Score | None = None
    display: Score | None = None


class Switches(_Strict):
    """What to look for, and how to write it."""

    mode: Literal["auto", "page", "crop"] = Field("auto", description="Whether the image is a page or one formula.")
    formulas: Literal["all", "inline", "display"] = Field("all", description="Kinds to report.")
    min_score: Score | Scores | None = Field(None, description="Least detector score; the detector's own by default.")
    regions: list[tuple[float, float, float, float]] = Field(
        [], max_length=1000, description="Places to read in any case: x0, y0, x1, y1 in pixels of the page."
    )
    alternatives: int = Field(0, ge=0, le=MOST_ALTERNATIVES, description="Most other readings of each formula.")
    formats: list[Output] = Field([], description="Further forms of the answer.", max_length=len(OUTPUT_NAMES))
    pages: str | None = Field(
        None, pattern=r"^[1-9][0-9]{0,5}(-([1-9][0-9]{0,5})?)?(,[1-9][0-9]{0,5}(-([1-9][0-9]{0,5})?)?)*$",
        max_length=200, description="Pages of PDFs and multi-page TIFFs, like 1-3,7.",
    )  # fmt: skip
    dpi: Annotated[float, Field(gt=0, le=600)] | None = Field(None, description="Resolution for PDF pages.")

    def options(self) -> Options:
        """The switches as the pipeline takes them."""
        least: float | dict[Kind, float] | None
        if isinstance(self.min_score, Scores):
            stated = {kind: score for kind in KINDS if (score := getattr(self.min_score, kind)) is not None}
            least = stated or None
        else:
            least = self.min_score
        try:
            return Options(self.mode, self.formulas, least, tuple(self.regions), self.alternatives)
        except ValueError as error:
            raise Problem(422, f"regions: {error}") from error

    def page_ranges(self) -> tuple[range, ...] | None:
        """The pages asked for."""
        try:
            return None if self.pages is None else parse_page_ranges(self.pages)
        except ValueError as error:
            raise Problem(422, str(error)) from error


class Source(_Strict):
    """An image or PDF: its bytes in base64, or where to fetch it."""

    image: str | None = Field(
        None, description="Base64, or a data: URL.", json_schema_extra={"contentEncoding": "base64"}
    )
    url: str | None = Field(None, description="Where to fetch it, where the server allows that.", max_length=2000)
    name: str | None = Field(None, description="What to call it in answers.", max_length=255)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.image is None) == (self.url is None):
            raise ValueError("exactly one of image and url is needed")
        return self


class PredictBody(Switches, Source):
    """An image with what to look for."""


class BatchBody(Switches):
    """Several images with what to look for in all of them."""

    images: list[Source] = Field(min_length=1)


@dataclass(frozen=True)
class Upload:
    """A file that came with the request, or a URL that is still to be fetched."""

    name: str
    blob: bytes = b""
    url: str | None = None


async def read_body(request: Request, many: bool) -> tuple[list[Upload], Switches]:
    """The images and switches of a request.

    Args:
        request: With a JSON or multipart body.
        many: Whether it is a batch: parts named ``files``, a list ``images``.

    Raises:
        Problem: 415 for another type of body, 422 for one that is not as documented (the message names the field).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            return _from_json(await request.body(), many)
        if kind == "multipart/form-data":
            async with request.form(max_files=10_000, max_fields=100) as form:
                return await _from_form(form, "files" if many else "file")
    except ValidationError as error:
        raise Problem(422, explain_invalid(error.errors())) from error
    raise Problem(415, f"the body must be application/json or multipart/form-data, got {kind or 'none'}")


def decode_base64(text: str, name: str) -> bytes:
    """Bytes of base64 or of a ``data:`` URL with it.

    Raises:
        Problem: 422 if it is neither.
    """
    if text.startswith("data:"):
        head, comma, text = text.partition(",")
        if not comma or not head.endswith(";base64"):
            raise Problem(422, f"{name}: a data: URL must be like data:image/png;base64,...")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Problem(422, f"{name}: not base64") from error


def parse_json(text: bytes | str) -> Any:
    """JSON of a client.

    Raises:
        Problem: 400 if it is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "the body is not JSON", mathpix_id="json_syntax") from error


def _from_json(blob: bytes, many: bool) -> tuple[list[Upload], Switches]:
    content = parse_json(blob)
    if many:
        batch = BatchBody.model_validate(content)
        return [_upload(source, f"image {n}") for n, source in enumerate(batch.images, 1)], batch
    body = PredictBody.model_validate(content)
    return [_upload(body, "image")], body


def _upload(source: Source, number: str) -> Upload:
    name = clean_name(source.name or source.url or number)
    return Upload(name, url=source.url) if source.image is None else Upload(name, decode_base64(source.image, name))


async def _from_form(form: FormData, part: str) -> tuple[list[Upload], Switches]:
    files = [value for key, value in form.multi_items() if key == part and isinstance(value, UploadFile)]
    if not files or (part == "file" and len(files) > 1):
        count = "one part" if part == "file" else "at least one part"
        raise Problem(422, f"the form must have {count} named {part!r} with a file name, got {len(files)}")
    if odd := next((k for k, v in form.multi_items() if isinstance(v, UploadFile) and k != part), None):
        raise Problem(422, f"unexpected file {odd!r}, expected {part!r}")
    uploads = [Upload(clean_name(file.filename or f"{part} {n}"), await file.read()) for n, file in enumerate(files, 1)]
    return uploads, Switches.model_validate(_fields(form))


def _fields(form: FormData) -> Mapping[str, Any]:
    """Text fields of a form as the JSON body has them."""
    found: dict[str, Any] = {key: value for key, value in form.multi_items() if isinstance(value, str)}
    if "formats" in found:
        texts = [value for value in form.getlist("formats") if isinstance(value, str)]
        found["formats"] = [word.strip() for text in texts for word in text.split(",") if word.strip()]
    try:
        if "min_score" in found:
            found["min_score"] = parse_min_score(found["min_score"])
    except ValueError as error:
        raise Problem(422, f"min_score: {error}") from error
    try:
        if "regions" in found:
            found["regions"] = [parse_region(text) for text in form.getlist("regions") if isinstance(text, str)]
    except ValueError as error:
        raise Problem(422, f"regions: {error}") from error
    return found


def clean_name(name: str) -> str:
    """A client's file name as one short line of printable text without its folder."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1] or name
    return "".join(c if c.isprintable() else "\ufffd" for c in last)[:255] or "image"
