"""Mathpix's ``v3/text``: its options and its answer's fields, so that a client changes host and key and nothing else.

Fields after https://docs.mathpix.com/reference/post-v3-text. What needs more than formulas (text, tables, chemistry,
handwriting) is not there; options that ask for it are taken and have no effect, as with an image that has none of it.
What differs from Mathpix's own answers is listed in docs/SERVING.md.
"""

from __future__ import annotations

from html import escape
from math import prod
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mathocr.pipeline.outputs import tag_command
from mathocr.pipeline.serving.engine import ReadAnswer
from mathocr.pipeline.serving.problems import Problem

Probability = Annotated[float, Field(ge=0, le=1)]
_FORMATS = frozenset({"text", "data", "html", "latex_styled"})


class Area(BaseModel):
    """The part of the image to read, pixels."""

    top_left_x: Annotated[float, Field(ge=0, le=1e6)] = 0
    top_left_y: Annotated[float, Field(ge=0, le=1e6)] = 0
    width: Annotated[float, Field(gt=0, le=1e6)]
    height: Annotated[float, Field(gt=0, le=1e6)]

    def box(self) -> tuple[int, int, int, int]:
        """Corners ``(x0, y0, x1, y1)``, whole pixels."""
        x, y = round(self.top_left_x), round(self.top_left_y)
        return x, y, x + max(1, round(self.width)), y + max(1, round(self.height))


class DataOptions(BaseModel):
    """What ``data`` holds for each formula."""

    include_latex: bool = False
    include_mathml: bool = False
    include_asciimath: bool = False


class TextBody(BaseModel):
    """Options of ``v3/text`` that have an effect here; others are ignored."""

    model_config = ConfigDict(extra="ignore")

    src: str | None = Field(None, description="URL, or base64 as a data: URL.")
    formats: list[str] | None = Field(None, description="Of text, data, html, latex_styled.")
    data_options: DataOptions = DataOptions()
    region: Area | None = None
    confidence_threshold: Probability | None = None
    confidence_rate_threshold: Probability | None = None
    math_inline_delimiters: tuple[str, str] = ("\\(", "\\)")
    math_display_delimiters: tuple[str, str] = ("\\[", "\\]")
    include_line_data: bool = False
    include_equation_tags: bool = False
    metadata: dict[str, Any] | None = None
    tags: list[str] | None = None
    is_async: bool = Field(False, alias="async")

    def wanted(self) -> frozenset[str]:
        """Formats of the answer.

        Raises:
            Problem: For one that Mathpix has not, or an asynchronous request.
        """
        if self.is_async:
            raise Problem(422, "async is not served here, use /v1/jobs", mathpix_id="opts_conflict")
        formats = frozenset(("text", "latex_styled") if self.formats is None else self.formats)
        if odd := sorted(formats - _FORMATS):
            raise Problem(422, f"unknown format {odd[0]!r}", mathpix_id="opts_unknown_format")
        data = self.data_options
        asked = data.include_latex or data.include_mathml or data.include_asciimath
        return formats | {"data"} if asked and self.formats is None else formats


def text_answer(body: TextBody, answer: ReadAnswer, request_id: str, version: str) -> dict[str, Any]:
    """The answer to ``v3/text``, from a read with the output ``mathml``.

    Args:
        body: The client's options.
        answer: Of one page.
        request_id: Id of the request.
        version: Of the service.

    Raises:
        Problem: Where there is no formula, or it is read with less confidence than asked for.
    """
    wanted = body.wanted()
    page, mathml = answer.pages[0], answer.outputs[0]["mathml"]
    # A formula broken over two lines is there once: its first part has the whole LaTeX.
    whole = [pair for pair in zip(page["formulas"], mathml, strict=True) if pair[0]["continues"] is None]
    found = [(f, m) for f, m in whole if f["latex"].strip()]
    if not found:
        raise Problem(422, "No content found in image", mathpix_id="image_no_content")
    confidence = prod(f["confidence"] for f, _ in found)
    rate = sum(f["confidence"] for f, _ in found) / len(found)
    for value, least in ((confidence, body.confidence_threshold), (rate, body.confidence_rate_threshold)):
        if least is not None and value < least:
            raise Problem(422, "Low confidence", mathpix_id="math_confidence")
    alone = page["mode"] == "crop"  # a single equation stands in running text, as Mathpix has it
    texts = [_delimited(f, body, alone) for f, _ in found]
    content: dict[str, Any] = {
        "request_id": request_id, "version": version, "image_width": page["width"], "image_height": page["height"],
        "is_printed": True, "is_handwritten": False,  # what the models were trained to read, not a finding
        "auto_rotate_confidence": 0.0, "auto_rotate_degrees": 0,  # nothing is rotated
        "confidence": confidence, "confidence_rate": rate,
    }  # fmt: skip
    if "text" in wanted:
        content["text"] = "\n".join(texts)
    if "latex_styled" in wanted and len(found) == 1:
        content["latex_styled"] = found[0][0]["latex"]
    if "html" in wanted:
        content["html"] = "\n".join(f"<div>{m or '<code>' + escape(f['latex']) + '</code>'}</div>" for f, m in found)
    if "data" in wanted:
        content["data"] = _data(body.data_options, found)
    if body.include_line_data:
        content["line_data"] = [_line(f, text) for (f, _), text in zip(found, texts, strict=True)]
    content |= {name: value for name in ("metadata", "tags") if (value := getattr(body, name)) is not None}
    return content


def _delimited(formula: dict[str, Any], body: TextBody, alone: bool) -> str:
    """A formula between the delimiters of its kind, with its number where that is asked for."""
    inline = alone or formula["kind"] == "inline"
    begin, end = body.math_inline_delimiters if inline else body.math_display_delimiters
    tag = formula["tag"] if body.include_equation_tags and not inline else None
    latex = formula["latex"] + (f" {tag_command(tag)}" if tag else "")
    return f"{begin} {latex} {end}" if inline else f"{begin}\n{latex}\n{end}"


def _data(options: DataOptions, found: list[tuple[dict[str, Any], str | None]]) -> list[dict[str, str]]:
    items = []
    for formula, mathml in found:
        if options.include_mathml and mathml:
            items.append({"type": "mathml", "value": mathml})
        if options.include_latex:
            items.append({"type": "latex", "value": formula["latex"]})
    return items


def _line(formula: dict[str, Any], text: str) -> dict[str, Any]:
    x0, y0, x1, y1 = (round(edge) for edge in formula["box"])
    return {
        "type": "math", "cnt": [[x0, y0], [x1, y0], [x1, y1], [x0, y1]], "included": True, "is_printed": True,
        "is_handwritten": False, "text": text, "confidence": formula["confidence"],
        "confidence_rate": formula["confidence"],
    }  # fmt: skip
