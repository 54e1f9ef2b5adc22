"""Files of an output folder: a name for each page, never the same twice, written whole or not at all, and remembered.

A hidden file in the folder has a line for each page that was written, so that a later run can go on from there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from mathocr.data.files import write_atomically
from mathocr.pipeline.inputs import selected_pages

RECORD = ".mathocr.jsonl"


class _Named(NamedTuple):
    """How the pages of a source are called, and how many it has."""

    base: str
    pages: int

    def page(self, number: int) -> str:
        return self.base if self.pages == 1 else f"{self.base}-{number}"


class OutputFolder:
    """Writes what was made of each page to ``DIR/NAME.ENDING``, page 3 of a PDF to ``DIR/NAME-3.ENDING``.

    Two inputs of the same name (``a/1.png`` and ``b/1.png``, or ``1.png`` and ``1.jpg``) become ``1`` and ``1_2``, in
    the order in which they are written.

    Args:
        folder: Made where it is missing.
        endings: Of the files of a page, with the dot.
        resume: Keep to the names of the run before, and tell what it wrote.

    Raises:
        OSError: If it cannot be made, or what was written before cannot be read.
    """

    def __init__(self, folder: Path, endings: Sequence[str], resume: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._endings = folder, tuple(endings)
        self._names: dict[str, _Named] = {}
        self._taken: dict[str, str] = {}  # name of a page's files, without ending, to its source
        self._written: dict[str, set[int]] = {}
        record = folder / RECORD
        if resume and record.exists():
            lines = record.read_text(encoding="utf-8", errors="replace").split("\n")
            for line in lines[:-1]:  # behind the last line end is nothing, or a line that was cut
                self._recall(line)
            kept = [line for line in lines[:-1] if line]
            write_atomically(record, "".join(f"{line}\n" for line in kept).encode())
        else:
            record.unlink(missing_ok=True)
        self._record = record

    @property
    def written(self) -> dict[str, set[int]]:
        """Page numbers by source that are written and need not be read again."""
        return self._written

    def complete(self, source: str, pages: Iterable[range] | None) -> bool:
        """Whether all pages of a source that are asked for are written, see ``selected_pages``."""
        if source not in self._written:
            return False
        wanted = selected_pages(self._names[source].pages, pages)
        return bool(wanted) and self._written[source].issuperset(wanted)

    def write(self, source: str, page: int, count: int, files: Sequence[bytes]) -> None:
        """Write the files of one page, one for each ending; each appears whole, and the last thing is to remember it.

        Raises:
            OSError: If a file cannot be written.
        """
        named = self._name(source, count)
        for ending, content in zip(self._endings, files, strict=True):
            write_atomically(self._folder / (named.page(page) + ending), content)
        entry = {"source": source, "page": page, "count": count, "base": named.base}
        with self._record.open("a", encoding="utf-8") as record:
            record.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self._written.setdefault(source, set()).add(page)

    def _name(self, source: str, count: int) -> _Named:
        """The first name that is free for all pages of a source."""
        if source in self._names and self._names[source].pages == count:
            return self._names[source]
        base = "stdin" if source == "-" else Path(source).stem
        number = 1
        named = _Named(base, count)
        while any(self._taken.get(named.page(page), source) != source for page in range(1, count + 1)):
            number += 1
            named = _Named(f"{base}_{number}", count)
        self._claim(source, named)
        return named

    def _claim(self, source: str, named: _Named) -> None:
        self._names[source] = named
        for page in range(1, named.pages + 1):
            self._taken[named.page(page)] = source

    def _recall(self, line: str) -> None:
        """Take over one line of the record; what is damaged, or whose files are gone, is to be read again."""
        try:
            entry = json.loads(line)
            source, page, named = entry["source"], entry["page"], _Named(entry["base"], entry["count"])
        except (ValueError, KeyError, TypeError):
            return
        if source not in self._names or self._names[source] != named:
            self._claim(source, named)
            self._written.pop(source, None)
        if source != "-" and all((self._folder / (named.page(page) + ending)).is_file() for ending in self._endings):
            self._written.setdefault(source, set()).add(page)
