"""The results of a run, one JSON line a sample, written as they come: a stopped run goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self

Record = dict[str, Any]


def run_id(**what: Any) -> str:
    """Twelve hex digits that are the same for two runs of the same models on the same samples."""
    text = json.dumps(what, sort_keys=True, ensure_ascii=True, default=str)
    return sha256(text.encode()).hexdigest()[:12]


class RecordFile:
    """Records of one run in ``FOLDER/NAME.jsonl``, keyed by the row of the sample.

    Memory holds the numbers of the rows that are done, nothing of the records.

    Args:
        path: The file; what it holds already is kept, but for a last line that was not finished.

    Raises:
        OSError: If it cannot be read or written.
        ValueError: If a line in it is no record (the message names file and line).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        _drop_torn_line(path)
        self.done: frozenset[int] = frozenset(record["row"] for record in self)
        self._file = path.open("a", encoding="utf-8")

    def append(self, records: list[Record]) -> None:
        """Write records; they are on disk when this returns."""
        self._file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        self._file.flush()

    def __iter__(self) -> Iterator[Record]:
        """All records in the order in which they were written."""
        return read_records(self.path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def read_records(path: Path) -> Iterator[Record]:
    """The records of a file, one at a time; none where there is no file.

    Raises:
        ValueError: If a line is no record (the message names file and line).
    """
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                record = json.loads(line)
                record["row"]
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path}: line {number} is no record; delete the file to start anew") from error
            yield record


def _drop_torn_line(path: Path) -> None:
    """Cut off a last line that a killed run did not finish."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        size = file.seek(0, 2)
        place = size
        while place > 0:
            start = max(0, place - 65536)
            file.seek(start)
            found = file.read(place - start).rfind(b"\n")
            if found >= 0:
                file.truncate(start + found + 1)
                return
            place = start
        file.truncate(0)
