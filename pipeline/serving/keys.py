"""API keys: made at random, kept as SHA-256 digests in a text file, a name and a digest a line."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LINE = re.compile(r"([A-Za-z0-9._-]{1,64})\s+sha256:([0-9a-f]{64})")
PREFIX = "mocr_"  # so that a leaked key is recognised as one by scanners and people


class KeyFileError(ValueError):
    """A key file that cannot be used; the message names it and the line."""


def digest(key: str) -> str:
    """SHA-256 of a key. A slow hash guards passwords that can be guessed; 256 random bits cannot."""
    return hashlib.sha256(key.encode()).hexdigest()


def add_key(path: Path, name: str) -> str:
    """Make a key and add its digest to a file, which only its owner can read.

    Args:
        path: The key file; made where there is none.
        name: Whose key it is, for logs: letters, digits, ``.``, ``_`` and ``-``.

    Returns:
        The key. It is nowhere kept.

    Raises:
        KeyFileError: If the name is not of that form or taken, or the file is no key file.
        OSError: If the file cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise KeyFileError(f"name must be 1 to 64 letters, digits, '.', '_' or '-', got {name!r}")
    if path.exists() and name in read_keys(path).values():
        raise KeyFileError(f"{path}: has a key named {name!r} already; remove its line to revoke it")
    key = PREFIX + secrets.token_urlsafe(32)
    joint = "" if not path.exists() or path.read_bytes()[-1:] in (b"", b"\n") else "\n"  # editors may leave a line open
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:  # noqa: PTH123
        file.write(f"{joint}{name} sha256:{digest(key)}\n")
    return key


def read_keys(path: Path) -> dict[str, str]:
    """Digests and names of a key file.

    Raises:
        KeyFileError: If it is missing or has a line that is neither empty, a comment, nor a key.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise KeyFileError(f"{path}: {reason}; make one with `mathocr serve key NAME --keys {path}`") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise KeyFileError(f"{path}, line {number}: expected `NAME sha256:DIGEST`")
        found[match[2]] = match[1]
    return found


class KeyRing:
    """Who is let in; the file is read again when it changes, so that a key can be revoked at run time.

    Args:
        path: The key file; None lets everybody in.

    Raises:
        KeyFileError: As ``read_keys``.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._keys: dict[str, str] = {}
        if path is not None:
            self._keys, self._stamp = read_keys(path), self._stat()

    @property
    def needed(self) -> bool:
        """Whether a key is asked for at all."""
        return self._path is not None

    def owner(self, key: str | None) -> str | None:
        """Whose key it is; None for one that is not let in.

        Raises:
            KeyFileError: If the file was changed to one that cannot be used; nobody is let in then.
        """
        if self._path is None:
            return "anybody"
        if (stamp := self._stat()) != self._stamp:
            self._keys, self._stamp = read_keys(self._path), stamp
        return self._keys.get(digest(key)) if key else None

    def _stat(self) -> tuple[int, int] | None:
        """What changes when the file does; None where it is gone."""
        try:
            status = self._path.stat() if self._path else None
        except OSError:
            return None
        return None if status is None else (status.st_mtime_ns, status.st_size)
