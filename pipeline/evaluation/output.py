"""Writes reports: JSON, Markdown and HTML, each whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mathocr.pipeline.evaluation.gallery import crop_cases, page_cases
from mathocr.pipeline.evaluation.html_report import to_html
from mathocr.pipeline.evaluation.markdown import to_markdown
from mathocr.pipeline.evaluation.measure import Outcome
from mathocr.pipeline.evaluation.records import read_records
from mathocr.pipeline.evaluation.region_errors import errors
from mathocr.pipeline.evaluation.rendering import crops_of
from mathocr.pipeline.latency.report import to_markdown as speed_to_markdown


def write_report(folder: Path, report: Mapping[str, Any]) -> str:
    """Write ``report.json`` and ``report.md``.

    Returns:
        The Markdown.

    Raises:
        OSError: If they cannot be written.
    """
    text = to_markdown(report) + _speed(report)
    write_text(folder / "report.json", json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    write_text(folder / "report.md", text)
    return text


def write_page(folder: Path, report: Mapping[str, Any], text: str, outcome: Outcome) -> None:
    """Write ``report.html``.

    Args:
        folder: Where to.
        report: As ``write_report`` was given it.
        text: Its Markdown.
        outcome: The run that it is of.

    Raises:
        OSError: If it cannot be written.
    """
    cases = crop_cases(crops_of(outcome.records), outcome.selection)
    pages: Iterator[Any] = iter(())
    if outcome.selection.content == "pages":
        rated = ((errors(record), record) for record in read_records(outcome.records) if "fault" not in record)
        pages = page_cases(rated, outcome.selection)
    write_text(folder / "report.html", to_html(report, text, cases, pages))


def _speed(report: Mapping[str, Any]) -> str:
    """The part about speed, without the benchmark's own head."""
    if "speed" not in report or "missing" in report["speed"]:
        return ""
    part = {**report, **report["speed"]}
    _, _, rest = speed_to_markdown(part).partition("\n\n")
    return "\n" + rest.replace("## ", "## Speed: ")


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 by way of a temporary file.

    Raises:
        OSError: If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
