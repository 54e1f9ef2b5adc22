"""``mathocr predict``: read files, write results as they come, and say at the end what failed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mathocr.data.images import DEFAULT_DPI, pixel_limit
from mathocr.pipeline.inputs import BadInput, PageImage, expand_paths, iter_pages, parse_page_ranges
from mathocr.pipeline.options import FORMULAS, MOST_ALTERNATIVES, Options, UsageError, parse_min_score, parse_region
from mathocr.pipeline.outputs import FORMAT_NAMES, Format, get_format, page_name

if TYPE_CHECKING:
    from mathocr.data.contracts import PageResult
    from mathocr.pipeline.ocr import MathOCR, Stage
    from mathocr.pipeline.output_folder import OutputFolder

# Pages share batches of the recogniser; more of them gain little and hold more memory.
_BATCH_PAGES = 8
_BATCH_PIXELS = 24_000_000
_MANY_FILES = 4

Parsed = TypeVar("Parsed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mathocr predict``."""
    parser.description = "Read the formulas of pages and crops as LaTeX."
    parser.epilog = (
        "text writes one formula a line, after the file's name and a tab where there are several pages; "
        "json writes one document a page and a line (schema mathocr/1). "
        "Exit status: 0 all read, 1 some inputs failed, 2 wrong usage."
    )
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="image, PDF, folder (searched below), pattern such as 'scans/*.png', or -",
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--page", dest="mode", action="store_const", const="page", help="take every image as a page")
    mode.add_argument("--crop", dest="mode", action="store_const", const="crop", help="take every image as one formula")
    parser.set_defaults(mode="auto")
    parser.add_argument("--formulas", choices=FORMULAS, default="all", help="kinds to report (all)")
    parser.add_argument(
        "--min-score", type=_typed(parse_min_score), metavar="SCORE",
        help="least detector score: 0.4, or by kind inline=0.3,display=0.5 (the detector's own)",
    )  # fmt: skip
    parser.add_argument(
        "--region", dest="regions", action="append", default=[], type=_typed(parse_region), metavar="X0,Y0,X1,Y1",
        help="read this place of every page, in pixels, whatever the detector says; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--alternatives", type=_typed(_count), default=0, metavar="N",
        help="also give up to N other readings of each formula, in JSON; slower (0)",
    )  # fmt: skip
    parser.add_argument("--format", choices=FORMAT_NAMES, default="text", help="how results are written (text)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write a file a page there, not to standard output")
    parser.add_argument("--draw", action="store_true", help="also write the page with its boxes (needs --output)")
    parser.add_argument(
        "--pages", type=_typed(parse_page_ranges), metavar="1-3,7", help="pages of PDFs and multi-page TIFFs (all)"
    )
    parser.add_argument("--dpi", type=_typed(_positive), default=DEFAULT_DPI, help=f"for PDFs ({DEFAULT_DPI:.0f})")
    parser.add_argument(
        "--max-pixels", type=_typed(_pixels), metavar="N",
        help="largest page in pixels (MATHOCR_MAX_PIXELS, or 100 million)",
    )  # fmt: skip
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="where it runs (auto)")
    parser.add_argument("--backend", choices=("auto", "onnx", "torch"), default="auto", help="what runs it (auto)")
    parser.add_argument(
        "--detector-weights", type=Path, metavar="FILE", help="weights of the detector (the released ones)"
    )
    parser.add_argument(
        "--im2latex-weights", type=Path, metavar="FILE", help="weights of the recogniser (the released ones)"
    )


def run(args: argparse.Namespace) -> int:
    """Read all inputs.

    Returns:
        Exit status: 0 all read, 1 some inputs failed.

    Raises:
        OSError: If an output cannot be written.
        WeightsError: If weights cannot be used.
    """
    if args.draw and args.output is None:
        raise UsageError("--draw needs --output DIR to write the pages to")
    try:
        options = Options(args.mode, args.formulas, args.min_score, tuple(args.regions), args.alternatives)
    except ValueError as error:
        raise UsageError(str(error)) from error
    files = list(expand_paths(args.paths))
    writer = _Writer(args, several=len(files) > 1)
    bad = 0
    items = iter_pages(_with_progress(files), pages=args.pages, dpi=args.dpi, max_pixels=args.max_pixels)
    ocr = None
    for batch in _batches(items):
        pages = [item for item in batch if isinstance(item, PageImage)]
        bad += len(batch) - len(pages)
        for item in batch:
            if isinstance(item, BadInput):
                print(f"mathocr: {item.message}", file=sys.stderr)
        if pages:
            ocr = ocr or _load(args)
            for page, result in zip(pages, ocr.predict_pages(pages, options), strict=True):
                writer.write(page, result)
    writer.finish()
    if bad and len(files) > 1:
        print(f"mathocr: {bad} inputs could not be read", file=sys.stderr)
    return 1 if bad else 0


class _Writer:
    """Writes results to standard output, or to a folder."""

    def __init__(self, args: argparse.Namespace, several: bool) -> None:
        self._format: Format = get_format(args.format)
        self._draw, self._several = args.draw, several
        self._folder: OutputFolder | None = None
        self._begun = False
        if args.output is not None:
            from mathocr.pipeline.output_folder import OutputFolder

            self._folder = OutputFolder(args.output)

    def write(self, page: PageImage, result: PageResult) -> None:
        """Write one page."""
        name = page_name(result, page.count)
        if self._folder is None:
            if not self._begun:
                sys.stdout.write(self._format.head)
            self._begun = True
            sys.stdout.write(self._format.page(result, page.image, name, self._several or page.count > 1))
            sys.stdout.flush()
            return
        stem = self._folder.stem(result, page.count)
        text = self._format.head + self._format.page(result, page.image, name, False) + self._format.foot
        self._folder.write_text(stem.with_name(stem.name + self._format.ending), text)
        if self._draw:
            from mathocr.pipeline.draw import draw_formulas

            drawn = draw_formulas(page.image, result.formulas)
            self._folder.write_image(stem.with_name(stem.name + ".boxes.png"), drawn)

    def finish(self) -> None:
        """Close the document on standard output."""
        if self._begun:
            sys.stdout.write(self._format.foot)
            sys.stdout.flush()


def _load(args: argparse.Namespace) -> MathOCR:
    from mathocr.pipeline.ocr import MathOCR

    stages: tuple[Stage, ...] = ("im2latex",) if args.mode == "crop" else ("detector", "im2latex")
    return MathOCR.load(args.detector_weights, args.im2latex_weights, args.device, args.backend, stages)


def _batches(items: Iterable[PageImage | BadInput]) -> Iterator[list[PageImage | BadInput]]:
    """Items in their order, as many as may share a batch."""
    batch: list[PageImage | BadInput] = []
    pixels = 0
    for item in items:
        size = item.image.shape[0] * item.image.shape[1] if isinstance(item, PageImage) else 0
        if batch and (len(batch) == _BATCH_PAGES or pixels + size > _BATCH_PIXELS):
            yield batch
            batch, pixels = [], 0
        batch.append(item)
        pixels += size
    if batch:
        yield batch


def _with_progress(files: list[Path | str | BadInput]) -> Iterable[Path | str | BadInput]:
    """A bar on standard error where a person waits for many files."""
    if len(files) < _MANY_FILES or not sys.stderr.isatty():
        return files
    from tqdm import tqdm

    return tqdm(files, desc="mathocr", unit="file", file=sys.stderr)


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value <= 2400:
        raise ValueError(f"resolution must be above 0 and at most 2400 dpi, got {text}")
    return value


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) > MOST_ALTERNATIVES:
        raise ValueError(f"must be a whole number up to {MOST_ALTERNATIVES}, got {text!r}")
    return int(text)


def _pixels(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"must be a whole number of pixels, got {text!r}")
    return pixel_limit(int(text))


def _typed(parse: Callable[[str], Parsed]) -> Callable[[str], Parsed]:
    """A parser for argparse whose own words reach the user."""

    def typed(text: str) -> Parsed:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return typed
