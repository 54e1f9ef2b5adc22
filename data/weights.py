"""Reading and writing trained weights: safetensors with the network's configuration inside, checked by hash.

A weights file ``NAME.safetensors`` holds float16 tensors; its metadata holds ``format`` (``mathocr-detector/1``
or ``mathocr-im2latex/1``) and ``config`` (JSON: what the network's constructor takes, and what decoding needs,
such as the vocabulary). Beside it lies the model card ``NAME.md`` with a line ``sha256: <hex>``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from mathocr.data.files import write_atomically


class WeightsError(ValueError):
    """A weights file that cannot be used; the message names the file and the reason."""


@dataclass(frozen=True)
class Weights:
    """Trained tensors and what is needed to rebuild the network they belong to.

    Attributes:
        tensors: Parameter name to array, as stored (float16 for floating point).
        config: Constructor arguments of the network and what decoding needs.
        name: File name without its ending.
        sha256: Hash of the file.
        path: Where it was read from.
    """

    tensors: dict[str, np.ndarray]
    config: dict[str, Any]
    name: str
    sha256: str
    path: Path


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_weights(path: Path, tensors: dict[str, np.ndarray], config: dict[str, Any], format: str) -> str:
    """Write tensors as float16 safetensors, by way of a temporary file so that no half file is ever seen.

    Args:
        path: Target, ending in ``.safetensors``.
        tensors: Parameter name to array of any shape; floating point becomes float16, the rest stays.
        config: JSON-ready.
        format: Format name such as ``mathocr-im2latex/1``.

    Returns:
        sha256 of the file.
    """
    halves = {
        name: np.asarray(array, dtype=np.float16 if array.dtype.kind == "f" else None, order="C")
        for name, array in tensors.items()
    }
    blob = save(halves, metadata={"format": format, "config": json.dumps(config, ensure_ascii=False)})
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, blob)
    return hashlib.sha256(blob).hexdigest()


def format_of(path: Path) -> str | None:
    """Format name of a weights file, None where it states none.

    Raises:
        WeightsError: If the file is missing or is not safetensors.
    """
    _require(path)
    with _opened(path) as file:
        return (file.metadata() or {}).get("format")


def _require(path: Path) -> None:
    """``WeightsError`` where there is no such file."""
    if not path.is_file():
        raise WeightsError(f"{path}: no such weights file")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A weights file, open; ``WeightsError`` where it is none."""
    try:
        with safe_open(path, framework="np") as file:
            yield file
    except SafetensorError as error:
        raise WeightsError(f"{path}: not a safetensors file ({error})") from error


def read_weights(path: Path, format: str) -> Weights:
    """Read a weights file and check it against its model card, where one lies beside it.

    Raises:
        WeightsError: If the file is missing, is not safetensors, is of another format, lacks its configuration, or
            its hash is not the one in the card (the message names the file, what was expected and what was found).
    """
    _require(path)
    digest = sha256_of(path)
    card = path.with_suffix(".md")
    if card.is_file():
        stated = re.search(r"^sha256: *([0-9a-f]{64})", card.read_text(encoding="utf-8"), re.MULTILINE)
        if stated and stated.group(1) != digest:
            raise WeightsError(f"{path}: sha256 is {digest}, its model card {card.name} says {stated.group(1)}")
    with _opened(path) as file:
        metadata = file.metadata() or {}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    if metadata.get("format") != format:
        raise WeightsError(f"{path}: format must be {format!r}, got {metadata.get('format')!r}")
    try:
        config = json.loads(metadata.get("config", ""))
    except json.JSONDecodeError as error:
        raise WeightsError(f"{path}: its configuration is missing or no JSON") from error
    return Weights(tensors, config, path.stem, digest, path)
