"""Writes reports: JSON and Markdown, each whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mathocr.pipeline.evaluation.markdown import to_markdown


def write_report(folder: Path, report: Mapping[str, Any]) -> str:
    """Write ``report.json`` and ``report.md``.

    Returns:
        The Markdown.

    Raises:
        OSError: If they cannot be written.
    """
    text = to_markdown(report)
    write_text(folder / "report.json", json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    write_text(folder / "report.md", text)
    return text


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 by way of a temporary file.

    Raises:
        OSError: If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
