"""Exceptions in one line for a person, with the package to install where one is missing."""

from __future__ import annotations

import os

_TRAIN = frozenset(
    {"torch", "torchvision", "timm", "albumentations", "pytorch_lightning", "lightning", "jsonargparse"}
    | {"tensorboard", "onnx", "onnxscript", "rapidfuzz", "sacrebleu", "scipy", "yaml"}
)
_OUTPUT = frozenset({"latex2mathml", "tylax"})
_SERVE = frozenset(
    {"litserve", "fastapi", "starlette", "uvicorn", "pydantic", "prometheus_client", "python_multipart", "httpx"}
    | {"sqlalchemy"}
)
_DATABASE = frozenset({"psycopg"})
_RAY = frozenset({"ray", "pyarrow"})


def explain(error: Exception) -> str:
    """An exception in one line, for a person."""
    missing = (error.name or "").split(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if missing in _SERVE:
        return f'{missing} is not installed, and this command needs it: pip install "mathocr[serve]"'
    if missing in _RAY:
        return f'{missing} is not installed, and --engine ray needs it: pip install "mathocr[ray]"'
    if missing in _DATABASE:
        return f'{missing} is not installed, and this database needs it: pip install "mathocr[postgresql]"'
    if missing in _OUTPUT:
        return f'{missing} is not installed, and this format needs it: pip install "mathocr[formats]"'
    if isinstance(error, ModuleNotFoundError) and missing in _TRAIN:
        return f'{error.name} is not installed, and this command needs it: pip install "mathocr[train]"'
    if isinstance(error, OSError) and error.strerror:
        name = "" if error.filename is None else os.fsencode(error.filename).decode("utf-8", "replace") + ": "
        return name + error.strerror
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, (ValueError, RuntimeError)):
        return text
    return f"{type(error).__name__}: {text} (set MATHOCR_DEBUG=1 to see where)"


def debugging() -> bool:
    """Whether the user asked for tracebacks, with ``MATHOCR_DEBUG=1``."""
    return bool(os.environ.get("MATHOCR_DEBUG"))
