"""Writes reports: JSON, Markdown and HTML, each whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mathocr.data.files import write_atomically
from mathocr.pipeline.evaluation.gallery import crop_cases, page_cases
from mathocr.pipeline.evaluation.html_report import to_html
from mathocr.pipeline.evaluation.markdown import picture_lines, to_markdown
from mathocr.pipeline.evaluation.measure import Outcome
from mathocr.pipeline.evaluation.plots import as_file
from mathocr.pipeline.evaluation.records import read_records
from mathocr.pipeline.evaluation.region_errors import errors
from mathocr.pipeline.evaluation.rendering import crops_of
from mathocr.pipeline.evaluation.report_plots import plots_of
from mathocr.pipeline.latency.report import speed_blocks


def write_report(folder: Path, report: Mapping[str, Any], copy: Path | None = None) -> str:
    """Write ``report.json``, and ``report.md`` with its plots beside it.

    Args:
        folder: Where to.
        report: As ``assemble`` makes it, with what was measured besides.
        copy: Another Markdown file to write, with plots of its own.

    Returns:
        The Markdown without plots.

    Raises:
        OSError: If they cannot be written.
    """
    write_json(folder / "report.json", report)
    for path in (folder / "report.md", copy):
        if path is not None:
            write_markdown(path, plots_of(report), lambda pictures: _text(report, pictures))
    return _text(report, {})


def write_json(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report as it is.

    Raises:
        OSError: If it cannot be written.
    """
    write_text(path, json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def write_markdown(path: Path, plots: Mapping[str, str], text: Callable[[Mapping[str, str]], str]) -> None:
    """Write a report's Markdown, and its plots to a folder beside it.

    Args:
        path: Of the Markdown.
        plots: Name to SVG.
        text: Gives the Markdown for the paths of the pictures, by name.

    Raises:
        OSError: If they cannot be written.
    """
    pictures = {name: f"{path.stem}-plots/{name}.svg" for name in plots}
    for name, plot in plots.items():
        write_text(path.parent / pictures[name], as_file(plot))
    write_text(path, text(pictures))


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


def _text(report: Mapping[str, Any], pictures: Mapping[str, str]) -> str:
    """The report as Markdown, with the part about speed where that was measured."""
    text, part = to_markdown(report, pictures), report.get("speed")
    if part is None:
        return text
    said = [f"Not measured: {part['missing']}"] if "missing" in part else speed_blocks(part, "### ")
    return text + "\n" + "\n\n".join(["## Speed", *said, *picture_lines(pictures, "latency")]) + "\n"


def write_text(path: Path, text: str) -> None:
    """Write UTF-8, whole or not at all.

    Raises:
        OSError: If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode())
