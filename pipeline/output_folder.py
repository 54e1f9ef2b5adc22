"""Files of an output folder: a name for each page, never the same twice, written whole or not at all, and remembered.

A hidden file in the folder has a line for each page that was written, so that a later run can go on from there, and
knows which files it may write over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from mathocr.data.files import write_atomically
from mathocr.pipeline.inputs import selected_pages

RECORD = ".mathocr.jsonl"
_LONGEST = 200  # bytes of a name before its page number and endings; file systems take 255


class _Named(NamedTuple):
    """How the pages of a source are called, and how many it has."""

    base: str
    pages: int

    def page(self, number: int) -> str:
        return self.base if self.pages == 1 else f"{self.base}-{number}"


class OutputFolder:
    """Writes what was made of each page to ``DIR/NAME.ENDING``, page 3 of a PDF to ``DIR/NAME-3.ENDING``.

    Two inputs of the same name (``a/1.png`` and ``b/1.png``, or ``1.png`` and ``1.jpg``) become ``1`` and ``1_2``, in
    the order in which they are written. Files of the folder that no run before wrote stay as they are: ``1.tex`` of
    one's own makes ``1_2.tex``.

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
        self._own: set[str] = set()  # files that runs before wrote
        record = folder / RECORD
        text = record.read_text(encoding="utf-8", errors="replace") if record.exists() else ""
        kept = [line for line in text.split("\n")[:-1] if line]  # behind the last line end is one that was cut, if any
        for line in kept:
            self._recall(line, resume)
        if not resume:
            kept = [json.dumps({"files": sorted(self._own)}, ensure_ascii=False)] if self._own else []
        write_atomically(record, "".join(f"{line}\n" for line in kept).encode())
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
        names = [named.page(page) + ending for ending in self._endings]
        for name, content in zip(names, files, strict=True):
            write_atomically(self._folder / name, content)
        entry = {"source": source, "page": page, "count": count, "base": named.base, "files": names}
        with self._record.open("a", encoding="utf-8") as record:
            record.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self._written.setdefault(source, set()).add(page)
        self._own.update(names)

    def _name(self, source: str, count: int) -> _Named:
        """The first name that is free for all pages of a source."""
        if source in self._names and self._names[source].pages == count:
            return self._names[source]
        base = "stdin" if source == "-" else Path(source).stem
        base = base.encode()[:_LONGEST].decode(errors="ignore")
        number = 1
        named = _Named(base, count)
        while any(not self._free(named.page(page), source) for page in range(1, count + 1)):
            number += 1
            named = _Named(f"{base}_{number}", count)
        self._claim(source, named)
        return named

    def _free(self, name: str, source: str) -> bool:
        """Whether a page's files may be called so: no other source's are, and none that no run wrote is there."""
        files = (name + ending for ending in self._endings)
        return self._taken.get(name, source) == source and not any(
            file not in self._own and (self._folder / file).exists() for file in files
        )

    def _claim(self, source: str, named: _Named) -> None:
        self._names[source] = named
        for page in range(1, named.pages + 1):
            self._taken[named.page(page)] = source

    def _recall(self, line: str, resume: bool) -> None:
        """Take over one line of the record: which files are one's own and, to go on from there, what they were made of.
        What is damaged, or whose files are gone, is to be read again.
        """
        try:
            entry = json.loads(line)
            self._own.update(file for file in entry["files"] if (self._folder / file).is_file())
            if not resume:
                return
            source, page, named = entry["source"], entry["page"], _Named(entry["base"], entry["count"])
        except (ValueError, KeyError, TypeError):
            return
        if source not in self._names or self._names[source] != named:
            self._claim(source, named)
            self._written.pop(source, None)
        if source != "-" and all((self._folder / (named.page(page) + ending)).is_file() for ending in self._endings):
            self._written.setdefault(source, set()).add(page)
