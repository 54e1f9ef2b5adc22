"""What FastAPI cannot tell by itself: bodies that are JSON or a form, problem documents, the page's schema."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from mathocr.pipeline.serving.bodies import BatchBody, PredictBody, Switches
from mathocr.pipeline.serving.feedback_bodies import FeedbackBody, RenderBody
from mathocr.pipeline.serving.mathpix import TextBody
from mathocr.pipeline.serving.problems import MEDIA_TYPE
from mathocr.pipeline.serving.schemas import ProblemDocument

_MODELS = (PredictBody, BatchBody, Switches, ProblemDocument, TextBody, FeedbackBody, RenderBody)
_REF = "#/components/schemas/{model}"
_WORDS = {
    400: "The body is not JSON", 401: "No valid API key", 403: "URLs are not fetched, or not from there",
    404: "No such thing", 408: "The body came too slowly", 409: "Not done yet, or otherwise before",
    413: "Too large", 415: "Another type of body", 422: "Not as documented, or not readable",
    429: "Too much under way; see Retry-After", 502: "The URL could not be fetched", 503: "Not ready",
    504: "Not read within the time limit",
}  # fmt: skip


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problem documents as answers, for a route's ``responses``."""
    content = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="ProblemDocument")}}}
    more = (400, 408) if 415 in statuses else ()
    return {status: {"description": _WORDS[status], "content": content} for status in sorted({*statuses, *more})}


def body(model: str, part: str, many: bool) -> dict[str, Any]:
    """A request body that is JSON after a model, or a form with files and the same switches."""
    file = {"type": "string", "format": "binary"}
    files = {"type": "array", "items": file, "minItems": 1} if many else file
    form = {
        "allOf": [{"$ref": _REF.format(model="FormSwitches")}],
        "type": "object", "properties": {part: files}, "required": [part],
    }  # fmt: skip
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"$ref": _REF.format(model=model)}},
                "multipart/form-data": {"schema": form},
            },
        }
    }


def json_body(model: str) -> dict[str, Any]:
    """A request body that is JSON after a model."""
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": _REF.format(model=model)}}},
        }
    }


def describe(app: FastAPI) -> None:
    """Give the app an OpenAPI document with the schemas that its routes refer to."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes, tags=None
            )
            schemas = found.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(_schemas())
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


@cache
def _schemas() -> dict[str, Any]:
    """Schemas of bodies, problems and pages by name."""
    models = [(m, "validation") for m in _MODELS]
    _, described = models_json_schema(models, ref_template=_REF)  # type: ignore[arg-type]
    schemas = dict(described["$defs"])
    # Exactly one of the two: the model checks it, but no type says so.
    for name in ("PredictBody", "Source"):
        schemas[name]["oneOf"] = [
            {"required": [field], "properties": {field: {"type": "string"}}} for field in ("image", "url")
        ]
    form = {name: _as_text(schema) for name, schema in schemas["Switches"]["properties"].items()}
    schemas["FormSwitches"] = {"type": "object", "properties": form}
    page = json.loads(resources.files("mathocr.pipeline").joinpath("mathocr-1.schema.json").read_text("utf-8"))
    text = json.dumps({key: value for key, value in page.items() if key not in ("$schema", "$id", "$defs")})
    schemas["Page"] = json.loads(text.replace("#/$defs/formula", _REF.format(model="Formula")))
    for name, model in (("formula", "Formula"), ("probability", "Probability")):
        text = json.dumps(page["$defs"][name]).replace("#/$defs/probability", _REF.format(model="Probability"))
        schemas[model] = json.loads(text)
    return schemas


def _as_text(schema: dict[str, Any]) -> dict[str, Any]:
    """A switch as a field of a form."""
    if schema.get("type") == "array" and schema["items"].get("type") == "array":
        return {"type": "string", "description": "Like 10,20,110,40; the field may be repeated."}
    if schema.get("type") == "array":
        return {"type": "string", "description": "Separated by commas."}
    if "$ref" in json.dumps(schema):
        return {"type": "string", "description": "Like 0.4 or inline=0.3,display=0.5."}
    return schema
