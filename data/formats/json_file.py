"""Reads a whole JSON file, with errors that name it."""

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
