"""A folder of images by their SHA-256; each is there whole or not at all."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from uuid import uuid4

YOUNG_S = 3600.0
"""Files that were written or asked for within this time stay: the record that needs them may still be on its way."""


class ImageFolder:
    """Image files as they came, under ``FOLDER/ab/abcdef...``.

    Args:
        folder: Made where it is missing.

    Raises:
        OSError: If it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def put(self, blob: bytes) -> str:
        """Keep an image; it is on the disk when this returns.

        Args:
            blob: The file's bytes.

        Returns:
            SHA-256 of the bytes, in hexadecimal.

        Raises:
            OSError: If it cannot be written.
        """
        sha256 = hashlib.sha256(blob).hexdigest()
        path = self.path(sha256)
        try:
            os.utime(path)  # young again
            return sha256
        except FileNotFoundError:
            pass
        path.parent.mkdir(exist_ok=True)
        part = self._folder / f"{uuid4().hex}.part"
        try:
            with part.open("xb") as file:
                file.write(blob)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        for folder in (path.parent, self._folder):
            _sync_folder(folder)
        return sha256

    def path(self, sha256: str) -> Path:
        """Where an image is, if it is kept."""
        return self._folder / sha256[:2] / sha256

    def get(self, sha256: str) -> bytes | None:
        """The image's bytes, None where it is not kept."""
        try:
            return self.path(sha256).read_bytes()
        except FileNotFoundError:
            return None

    def keep_only(self, needed: set[str]) -> int:
        """Remove images that no record names, and what a killed process left half written.

        Returns:
            How many images were removed; young ones stay.
        """
        removed = 0
        for path in [*self._folder.glob("??/*"), *self._folder.glob("*.part")]:
            try:
                if path.name not in needed and path.stat().st_mtime < time.time() - YOUNG_S:
                    path.unlink()
                    removed += path.suffix != ".part"
            except FileNotFoundError:  # another process was faster
                continue
        return removed


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder written to the disk, where the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:  # Windows opens no folders, and has no need to
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
