"""Reading image files and PDFs into arrays, whatever their kind; what cannot be read is said in one line.

Pillow does the decoding and not OpenCV, for three reasons that were tried: it tells the size from the header
before any pixel is decoded (needed against decompression bombs), it says that a file is truncated where OpenCV
may fill the rest with gray, and it reads GIF at every version in our range. File names never reach a C
library, so names that are not UTF-8 work.
"""

from __future__ import annotations

import io
import os
import unicodedata
import warnings
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mathocr.data.pixels import to_array

if TYPE_CHECKING:
    from mathocr.data.pdf import PdfPages

DEFAULT_DPI = 150.0
DEFAULT_MAX_PIXELS = 100_000_000
"""10,000 x 10,000, or A3 at 800 dpi: 300 MB as RGB. Raised by an argument or by ``MATHOCR_MAX_PIXELS``."""
_UNREADABLE = ("Cc", "Cs", "Zl", "Zp")  # Unicode categories: control characters, half pairs, line and paragraph ends

IMAGE_ENDINGS = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".webp"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".avif"}
)
FILE_ENDINGS = IMAGE_ENDINGS | {".pdf"}
# Named, because Pillow's other formats start outside programs (EPS) or are no pictures of pages.
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "DIB", "TIFF", "WEBP", "PPM", "JPEG2000") + (
    ("AVIF",) if find_spec("PIL.AvifImagePlugin") else ()  # Pillow 11.3 and later
)


class ImageError(ValueError):
    """An image or PDF that cannot be read; the message is one line with the file's name and the reason."""


class Pages:
    """The pages of one opened file; read one at a time, so that memory holds one page.

    Attributes:
        name: The file's name as it appears in messages and results.
        count: Number of pages: of a PDF or a multi-page TIFF; an animation counts as its first frame alone.
    """

    def __init__(self, name: str, decoder: _ImagePages | PdfPages) -> None:
        self.name = name
        self.count = decoder.count
        self._decoder = decoder

    def read(self, page: int) -> np.ndarray:
        """Decode one page.

        Args:
            page: Page number from 1.

        Returns:
            ``uint8 (H, W)`` gray or ``(H, W, 3)`` RGB, upright (EXIF applied), transparency composited.

        Raises:
            ImageError: If there is no such page, it is damaged, or it has more pixels than the limit.
        """
        if not 1 <= page <= self.count:
            raise ImageError(f"{self.name}: no page {page}, the file has {self.count}")
        return self._decoder.read(page)

    def close(self) -> None:
        """Free what the file holds."""
        self._decoder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_pages(
    source: str | Path | bytes, *, name: str | None = None, dpi: float = DEFAULT_DPI, max_pixels: int | None = None
) -> Pages:
    """Open an image or PDF; the kind is told from the content, never from the file's ending.

    Args:
        source: A path, or the file's bytes.
        name: Name for messages; the path by default, ``-`` for bytes.
        dpi: Resolution in dots per inch at which PDF pages are drawn; images keep their pixels.
        max_pixels: Largest page in pixels, checked before decoding. Default: ``MATHOCR_MAX_PIXELS`` or 100 million.

    Raises:
        ImageError: If the file is missing, empty, encrypted, no image, or its header is damaged.
        ValueError: If ``dpi`` or ``max_pixels`` is not positive.
    """
    if dpi <= 0:
        raise ValueError(f"dpi must be above 0, got {dpi}")
    limit = pixel_limit(max_pixels)
    name = name or ("-" if isinstance(source, bytes) else readable_name(source))
    blob = source if isinstance(source, bytes) else _read_bytes(Path(source), name)
    if not blob:
        raise ImageError(f"{name}: the file is empty")
    if b"%PDF-" in blob[:1024]:
        from mathocr.data.pdf import PdfPages

        return Pages(name, PdfPages(blob, name, dpi, limit))
    return Pages(name, _ImagePages(blob, name, limit))


def read_image(source: str | Path | bytes, *, max_pixels: int | None = None) -> np.ndarray:
    """Read the one page of an image file (the first, where there are several).

    Args:
        source: A path, or the file's bytes.
        max_pixels: As in ``open_pages``.

    Returns:
        ``uint8 (H, W)`` gray or ``(H, W, 3)`` RGB.

    Raises:
        ImageError: As in ``open_pages`` and ``Pages.read``.
    """
    with open_pages(source, max_pixels=max_pixels) as pages:
        return pages.read(1)


def readable_name(path: str | Path) -> str:
    """A path as one line that any terminal or JSON file can hold: what is not UTF-8, line ends and control characters
    become ``\ufffd``.
    """
    decoded = os.fsencode(path).decode("utf-8", "replace")
    return "".join("\ufffd" if unicodedata.category(c) in _UNREADABLE else c for c in decoded)


def pixel_limit(max_pixels: int | None = None) -> int:
    """The limit in force: the argument, else ``MATHOCR_MAX_PIXELS``, else 100 million.

    Raises:
        ValueError: If it is not a whole number above 0.
    """
    stated = os.environ.get("MATHOCR_MAX_PIXELS", "") if max_pixels is None else str(max_pixels)
    if not stated:
        return DEFAULT_MAX_PIXELS
    if not stated.isdecimal() or int(stated) == 0:
        raise ValueError(f"the pixel limit must be a whole number above 0, got {stated!r}")
    return int(stated)


def check_size(name: str, width: int, height: int, limit: int) -> None:
    """Refuse a page with more pixels than the limit.

    Raises:
        ImageError: With the size, the limit and how to raise it.
    """
    if width * height > limit:
        raise ImageError(
            f"{name}: {width} x {height} pixels is over the limit of {limit:,} "
            "(raise it with --max-pixels or MATHOCR_MAX_PIXELS)"
        )


def _read_bytes(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ImageError(f"{name}: no such file") from error
    except IsADirectoryError as error:
        raise ImageError(f"{name}: is a folder, expected a file") from error
    except OSError as error:
        raise ImageError(f"{name}: {error.strerror or error}") from error
    except ValueError as error:  # a name that no file can have
        raise ImageError(f"{name}: {error}") from error


class _ImagePages:
    """Pages of a raster image held in memory as its undecoded bytes.

    ``except Exception`` here is meant: what Pillow's decoders raise on hostile bytes (``struct.error``,
    ``zlib.error``, ``SyntaxError``, ``IndexError``, ...) has no common base below it, and whatever it is,
    the file is the reason, and it is named.
    """

    def __init__(self, blob: bytes, name: str, limit: int) -> None:
        self._name, self._limit = name, limit
        self._image = _open_header(blob, name, limit)
        try:
            self.count = int(getattr(self._image, "n_frames", 1)) if self._image.format == "TIFF" else 1
        except Exception as error:
            raise ImageError(f"{name}: damaged image ({_one_line(error)})") from error

    def read(self, page: int) -> np.ndarray:
        try:
            if self.count > 1:
                self._image.seek(page - 1)
            check_size(self._name, *self._image.size, self._limit)
            return to_array(ImageOps.exif_transpose(self._image))
        except ImageError:
            raise
        except Exception as error:
            where = f"page {page}: " if self.count > 1 else ""
            raise ImageError(f"{self._name}: {where}truncated or damaged image ({_one_line(error)})") from error

    def close(self) -> None:
        self._image.close()


def _open_header(blob: bytes, name: str, limit: int) -> Image.Image:
    """Read the header alone; the pixels are not decoded."""
    if Image.MAX_IMAGE_PIXELS is not None and limit > 2 * Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = limit  # Pillow's own limit knows no argument; ours is checked below
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(blob), formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise ImageError(f"{name}: {_what_it_is(blob)}") from error
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"{name}: more pixels than the limit of {limit:,} (raise it with --max-pixels or MATHOCR_MAX_PIXELS)"
        ) from error
    except Exception as error:
        raise ImageError(f"{name}: damaged image ({_one_line(error)})") from error
    check_size(name, *image.size, limit)
    return image


def _what_it_is(blob: bytes) -> str:
    """A guess that helps, for bytes that are no image we read."""
    head = blob[:512]
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"hevc"):
        return "a HEIC photo, which is not supported: save it as JPEG or PNG"
    if head[:2] == b"PK":
        return "a ZIP or Office file, expected an image or PDF"
    try:
        text = blob[:4096].decode("utf-8", "ignore" if len(blob) > 4096 else "strict")
    except UnicodeDecodeError:
        return "not an image or PDF (unknown or damaged format)"
    if "<svg" in text:
        return "an SVG drawing, which is not supported: save it as PNG or PDF"
    if text.isprintable() or not any(ord(c) < 9 for c in text):
        return "text, not an image or PDF"
    return "not an image or PDF (unknown or damaged format)"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
