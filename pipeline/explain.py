"""Exceptions in one line for a person, with the package to install where one is missing."""

from __future__ import annotations

import os

# What is missing, what needs it, and the extra that brings it.
_GPU = frozenset({"torch", "torchvision", "timm"})
_EXTRAS = (
    (frozenset({"litserve", "fastapi", "starlette", "uvicorn", "pydantic", "prometheus_client", "python_multipart"})
     | {"httpx", "sqlalchemy"}, "this command needs", "serve"),
    (frozenset({"ray", "pyarrow"}), "--engine ray needs", "ray"),
    (frozenset({"psycopg"}), "this database needs", "postgresql"),
    (frozenset({"latex2mathml", "tylax"}), "this format needs", "formats"),
    (_GPU | {"albumentations", "pytorch_lightning", "lightning", "jsonargparse", "tensorboard", "onnx", "onnxscript"}
     | {"rapidfuzz", "sacrebleu", "yaml"}, "this command needs", "train"),
)  # fmt: skip
_READING = ("predict", "benchmark", "serve", "review")  # commands that run the networks and train none


def explain(error: Exception, command: str = "") -> str:
    """An exception in one line, for a person.

    Args:
        error: What went wrong.
        command: First word of the command in which it did.
    """
    if isinstance(error, ModuleNotFoundError):
        name = (error.name or "").split(".")[0]
        extras = ((_GPU, "--device cuda and --backend torch need", "gpu"), *_EXTRAS) if command in _READING else _EXTRAS
        for packages, needs, extra in extras:
            if name in packages:
                return f'{error.name} is not installed, and {needs} it: pip install "mathocr[{extra}]"'
    if isinstance(error, OSError) and error.strerror:
        file = "" if error.filename is None else os.fsencode(error.filename).decode("utf-8", "replace") + ": "
        return file + error.strerror
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, (ValueError, RuntimeError)):
        return text
    return f"{type(error).__name__}: {text} (set MATHOCR_DEBUG=1 to see where)"


def debugging() -> bool:
    """Whether the user asked for tracebacks, with ``MATHOCR_DEBUG=1``."""
    return bool(os.environ.get("MATHOCR_DEBUG"))
