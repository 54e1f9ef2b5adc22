"""Writing files so that none is ever there in part."""

from __future__ import annotations

from pathlib import Path


def write_atomically(path: Path, blob: bytes) -> None:
    """Write a file beside its place, then put it there: who looks sees what was there before or the whole of it.

    Args:
        path: Target; its folder must be there.
        blob: What the file holds.

    Raises:
        OSError: If it cannot be written.
    """
    part = path.with_name(path.name + ".part")
    part.write_bytes(blob)
    part.replace(path)
