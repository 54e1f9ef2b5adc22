"""Paths, folders, globs, standard input and the clipboard to a lazy stream of page images; bad ones become items."""

from __future__ import annotations

import glob
import os
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from mathocr.data.images import DEFAULT_DPI, FILE_ENDINGS, ImageError, Pages, open_pages, readable_name
from mathocr.data.pixels import encode_png, to_array

STDIN = "-"
DRAWING = ".boxes.png"  # ending of the pictures that are written beside what was read
CLIPBOARD = "clipboard"
"""Among files: what is in the clipboard. A file of that name is a ``Path``."""


@dataclass(frozen=True)
class PageImage:
    """One page, read.

    Attributes:
        source: The file's name, ``-`` for standard input.
        page: Page number from 1.
        count: Number of pages of the file.
        image: ``uint8 (H, W)`` or ``(H, W, 3)`` RGB.
        read_ms: Time that reading and decoding took, milliseconds.
    """

    source: str
    page: int
    count: int
    image: np.ndarray
    read_ms: float


@dataclass(frozen=True)
class BadInput:
    """A file, folder, glob or page that could not be read; ``message`` is one line that names it."""

    message: str


def expand_paths(paths: Iterable[str | Path]) -> Iterator[Path | str | BadInput]:
    """Files that the arguments mean, in the order given.

    A file stands for itself whatever its ending; a folder for the images and PDFs in it and below, sorted by name,
    hidden ones and drawings of results left out; a pattern such as ``scans/*.png`` for its matches, sorted; ``-``
    for standard input.

    Yields:
        A path, ``-``, or a ``BadInput`` where an argument leads to nothing.
    """
    for argument in paths:
        path, text = Path(argument), str(argument)
        try:
            folder, there = path.is_dir(), path.exists()
        except OSError as error:  # a name too long, a folder that may not be entered
            yield BadInput(f"{readable_name(argument)}: {error.strerror}")
            continue
        if text == STDIN:
            yield STDIN
        elif folder:
            yield from _in_folder(path)
        elif not there and "://" in text:
            yield BadInput(f"{readable_name(argument)}: is a URL; download it, or send it to `mathocr serve`")
        elif not there and glob.has_magic(text):
            yield from _matches(text)
        else:
            yield path


def iter_pages(
    files: Iterable[Path | str | BadInput],
    *,
    pages: Iterable[range] | None = None,
    dpi: float = DEFAULT_DPI,
    max_pixels: int | None = None,
    stdin: BinaryIO | None = None,
    done: Mapping[str, Collection[int]] | None = None,
) -> Iterator[PageImage | BadInput]:
    """Read pages one after the other; memory holds one page at a time.

    Args:
        files: What ``expand_paths`` gave, and ``CLIPBOARD``.
        pages: Ranges of page numbers from 1 (``parse_page_ranges``); applied to each file. Default: all pages.
        dpi: Resolution at which PDF pages are drawn, dots per inch.
        max_pixels: Largest page in pixels; default as in ``open_pages``.
        stdin: Where ``-`` is read from; the process's standard input by default.
        done: Page numbers by file name that are left out.

    Yields:
        A ``PageImage``, or a ``BadInput`` for a file or page that could not be read; the rest goes on.
    """
    chosen = None if pages is None else tuple(pages)
    for file in files:
        if isinstance(file, BadInput):
            yield file
            continue
        begin = time.perf_counter()
        try:
            opened = _open(file, dpi, max_pixels, stdin)
        except ImageError as error:
            yield BadInput(str(error))
            continue
        with opened:
            yield from _read_selected(opened, chosen, begin, (done or {}).get(opened.name, ()))


def parse_page_ranges(text: str) -> tuple[range, ...]:
    """Read page numbers as people write them: ``1-3,7`` or ``5-`` (to the end).

    Returns:
        Ranges of page numbers from 1, in the given order; an open end is ``sys.maxsize``.

    Raises:
        ValueError: If the text is not of this form, or a range runs backwards.
    """
    ranges = []
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        if not first.isdecimal() or (last and not last.isdecimal()) or int(first) < 1:
            raise ValueError(f"pages must be like 1-3,7 or 5-, got {text!r}")
        end = int(last) if last else (sys.maxsize - 1 if dash else int(first))
        if end < int(first):
            raise ValueError(f"page ranges must run forwards, got {part.strip()!r}")
        ranges.append(range(int(first), end + 1))
    return tuple(ranges)


def _in_folder(folder: Path) -> Iterator[Path | BadInput]:
    failures: list[OSError] = []
    found = False
    for root, folders, names in os.walk(folder, onerror=failures.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and not name.endswith(DRAWING) and Path(name).suffix.lower() in FILE_ENDINGS:
                found = True
                yield Path(root, name)
    for failure in failures:
        yield BadInput(f"{readable_name(failure.filename)}: {failure.strerror}")
    if not found and not failures:
        yield BadInput(f"{readable_name(folder)}: no images or PDFs in this folder")


def _matches(pattern: str) -> Iterator[Path | BadInput]:
    matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 (patterns may be absolute)
    if not matches:
        yield BadInput(f"{readable_name(pattern)}: no file matches")
    for match in matches:
        if Path(match).is_dir():
            yield from _in_folder(Path(match))
        else:
            yield Path(match)


def _open(file: Path | str, dpi: float, max_pixels: int | None, stdin: BinaryIO | None) -> Pages:
    if file == CLIPBOARD:
        return _open_clipboard(dpi, max_pixels)
    if file != STDIN:
        return open_pages(file, dpi=dpi, max_pixels=max_pixels)
    blob = (stdin or sys.stdin.buffer).read()
    if not blob:
        raise ImageError(f"{STDIN}: standard input is empty")
    return open_pages(blob, name=STDIN, dpi=dpi, max_pixels=max_pixels)


def _open_clipboard(dpi: float, max_pixels: int | None) -> Pages:
    """The image in the clipboard, or the one file that was copied there."""
    from PIL import ImageGrab

    try:
        found = ImageGrab.grabclipboard()
    except NotImplementedError as error:
        raise ImageError(f"{CLIPBOARD}: install wl-clipboard (Wayland) or xclip (X11) to have it read") from error
    except Exception as error:  # of the program that was asked, or of what it gave
        raise ImageError(f"{CLIPBOARD}: cannot be read ({' '.join(str(error).split())})") from error
    if isinstance(found, list):
        if len(found) != 1:
            raise ImageError(f"{CLIPBOARD}: holds {len(found)} files, expected an image or one file")
        return open_pages(found[0], dpi=dpi, max_pixels=max_pixels)
    if found is None:
        raise ImageError(f"{CLIPBOARD}: holds no image")
    return open_pages(encode_png(to_array(found)), name=CLIPBOARD, max_pixels=max_pixels)


def _read_selected(
    opened: Pages, chosen: tuple[range, ...] | None, begin: float, done: Collection[int]
) -> Iterator[PageImage | BadInput]:
    """Pages of one file; ``begin`` is when opening it started, so that the first page bears its cost."""
    numbers = selected_pages(opened.count, chosen)
    if not numbers:
        yield BadInput(f"{opened.name}: none of the pages asked for, the file has {opened.count}")
    for number in numbers:
        if number in done:
            continue
        try:
            image = opened.read(number)
        except ImageError as error:
            yield BadInput(str(error))
        else:
            yield PageImage(opened.name, number, opened.count, image, (time.perf_counter() - begin) * 1000)
        begin = time.perf_counter()


def selected_pages(count: int, ranges: Iterable[range] | None) -> list[int]:
    """Page numbers of a file with ``count`` pages that the ranges select, ascending and each once."""
    if ranges is None:
        return list(range(1, count + 1))
    return sorted({page for span in ranges for page in range(span.start, min(span.stop, count + 1))})
