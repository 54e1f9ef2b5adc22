"""Reads whole JSON files, with errors that name them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mathocr.data.samples import FormatError


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        FormatError: If it cannot be opened or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise FormatError(f"{path}:{error.lineno}: not JSON: {error.msg}") from error


def read_document(path: Path, schema: str, made_by: str) -> dict[str, Any]:
    """A JSON file that states its schema.

    Args:
        path: Of the file.
        schema: What its key ``schema`` must be.
        made_by: The command that writes such files, for messages.

    Raises:
        FormatError: If it cannot be opened, is not JSON, or is of another schema.
    """
    if not path.exists():
        raise FormatError(f"{path}: no such file; `{made_by}` writes it")
    content = read_json(path)
    found = content.get("schema") if isinstance(content, dict) else None
    if found != schema:
        raise FormatError(f"{path}: its schema must be {schema}, got {found!r}; `{made_by}` writes such files")
    return content
