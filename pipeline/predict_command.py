"""``mathocr predict``: read files, write results as they come, and say at the end what failed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mathocr.data.images import DEFAULT_DPI, pixel_limit, readable_name
from mathocr.data.onnx_session import BACKENDS, DEVICES
from mathocr.pipeline.inputs import CLIPBOARD, STDIN, BadInput, expand_paths, parse_page_ranges
from mathocr.pipeline.options import (
    FORMULAS,
    MOST_ALTERNATIVES,
    Options,
    UsageError,
    parse_min_score,
    parse_region,
    refuse,
)
from mathocr.pipeline.output_folder import OutputFolder
from mathocr.pipeline.outputs import FORMAT_NAMES
from mathocr.pipeline.read_task import File, ReadTask
from mathocr.pipeline.stream import default_jobs
from mathocr.pipeline.written_page import FolderOutput, PageForm, StandardOutput, WrittenPage

if TYPE_CHECKING:
    from mathocr.pipeline.ocr import MathOCR, Stage

ENGINES = ("local", "ray")
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
        nargs="*",
        metavar="PATH",
        help="image, PDF, folder (searched below), pattern such as 'scans/*.png', or -",
    )
    parser.add_argument("--files-from", type=Path, metavar="FILE", help="read these too: a list with one PATH a line")
    parser.add_argument(
        "--clipboard", action="store_true", help="read the image in the clipboard, such as a screenshot"
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
    parser.add_argument("--resume", action="store_true", help="leave out what is written in --output DIR already")
    parser.add_argument("--draw", action="store_true", help="also write the page with its boxes (needs --output)")
    parser.add_argument(
        "--pages", type=_typed(parse_page_ranges), metavar="1-3,7", help="pages of PDFs and multi-page TIFFs (all)"
    )
    parser.add_argument("--dpi", type=_typed(_positive), default=DEFAULT_DPI, help=f"for PDFs ({DEFAULT_DPI:.0f})")
    parser.add_argument(
        "--max-pixels", type=_typed(_pixels), metavar="N",
        help="largest page in pixels (MATHOCR_MAX_PIXELS, or 100 million)",
    )  # fmt: skip
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where it runs (auto)")
    parser.add_argument("--backend", choices=BACKENDS, default="auto", help="what runs it (auto)")
    parser.add_argument(
        "--engine", choices=ENGINES, default="local", help="this machine, or a Ray cluster: RAY_ADDRESS, else one here"
    )
    parser.add_argument(
        "--jobs", type=_typed(_jobs), metavar="N",
        help="pages read at once (one a core, at most 8; with ray as many workers as it has cores or GPUs)",
    )  # fmt: skip
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
        UsageError: If the options do not go together.
        OSError: If an output cannot be written.
        WeightsError: If weights cannot be used.
    """
    options = _options(args)
    files: list[File] = [*expand_paths(args.paths), *expand_paths(_listed(args.files_from))]
    files += [CLIPBOARD] if args.clipboard else []
    form = PageForm(args.format, alone=args.output is not None, several=len(files) > 1, draw=args.draw)
    folder = None if args.output is None else OutputFolder(args.output, form.endings, args.resume)
    output = StandardOutput(args.format) if folder is None else FolderOutput(folder)
    left = files if folder is None else _left(files, folder, args.pages)
    done = {source: frozenset(pages) for source, pages in folder.written.items()} if folder and args.resume else {}
    task = ReadTask(partial(_load, args), form, options, args.pages, args.dpi, args.max_pixels, done)
    bad = 0
    with closing(_answers(args, task, left)) as answers:
        for answer in answers:
            if isinstance(answer, BadInput):
                bad += 1
                print(f"mathocr: {answer.message}", file=sys.stderr)
            else:
                output.put(answer)
    output.finish()
    if bad and len(files) > 1:
        print(f"mathocr: {bad} inputs could not be read", file=sys.stderr)
    return 1 if bad else 0


def _options(args: argparse.Namespace) -> Options:
    """What to look for, once it is known that the options go together."""
    if not args.paths and args.files_from is None and not args.clipboard:
        raise UsageError("the following arguments are required: PATH, --files-from FILE, or --clipboard")
    for name in ("draw", "resume"):
        if getattr(args, name) and args.output is None:
            raise UsageError(f"--{name} needs --output DIR")
    if args.mode == "crop":
        refuse(args, "detector-weights", "not with --crop")
    if args.engine == "ray" and (STDIN in args.paths or args.clipboard):
        raise UsageError("--engine ray reads files, not standard input or the clipboard")
    if args.engine == "local" and (args.jobs or 1) > 1 and default_jobs(args.backend, args.device, cores=2) == 1:
        raise UsageError("--jobs must be 1 with PyTorch, which shares its cores between all calls by itself")
    try:
        return Options(args.mode, args.formulas, args.min_score, tuple(args.regions), args.alternatives)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _listed(file: Path | None) -> Iterator[str]:
    """Paths of a list, a line each; bytes that are not UTF-8 are kept as file names have them."""
    if file is not None:
        with file.open(encoding="utf-8-sig", errors="surrogateescape") as lines:
            yield from (line.rstrip("\r\n") for line in lines if line.strip())


def _left(files: list[File], folder: OutputFolder, pages: tuple[range, ...] | None) -> list[File]:
    """Files of which a page is still to be read."""
    left = [file for file in files if not isinstance(file, Path) or not folder.complete(readable_name(file), pages)]
    if len(left) < len(files):
        print(f"mathocr: {len(files) - len(left)} of {len(files)} files were read before", file=sys.stderr)
    return left


def _answers(
    args: argparse.Namespace, task: ReadTask, files: list[File]
) -> Generator[WrittenPage | BadInput, None, None]:
    """Written pages, from the engine that was asked for."""
    if args.engine == "ray":
        from mathocr.pipeline.ray_engine import read_on_ray

        return read_on_ray(task, files, args.jobs, gpu=args.device == "cuda")
    return task.read_here(_with_progress(files), args.jobs or default_jobs(args.backend, args.device))


def _load(args: argparse.Namespace, threads: int | None) -> MathOCR:
    from mathocr.pipeline.ocr import MathOCR

    stages: tuple[Stage, ...] = ("im2latex",) if args.mode == "crop" else ("detector", "im2latex")
    return MathOCR.load(args.detector_weights, args.im2latex_weights, args.device, args.backend, stages, threads)


def _with_progress(files: list[File]) -> Iterable[File]:
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


def _jobs(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ValueError(f"must be a whole number from 1 on, got {text!r}")
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
