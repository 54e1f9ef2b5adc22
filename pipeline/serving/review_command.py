"""``mathocr review``: the page of the server for a folder of images, to correct what the models read in them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from mathocr.data.images import DEFAULT_DPI
from mathocr.data.onnx_session import DEVICES
from mathocr.pipeline.inputs import BadInput, expand_paths
from mathocr.pipeline.ocr import MathOCR
from mathocr.pipeline.options import MODES, Options, UsageError

_MAX_PAGES, _MAX_PIXELS, _TIMEOUT_S = 1000, 200_000_000, 600.0  # its only client is the person who started it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mathocr review``."""
    parser.description = (
        "Read all images of a folder, then show them in the browser, least confident first, to be corrected. What is "
        "saved goes to the store: see `mathocr feedback`."
    )
    parser.add_argument("folder", nargs="+", metavar="PATH", help="folder (searched below), images, PDFs")
    parser.add_argument("--store", type=Path, required=True, metavar="DIR", help="where corrections are kept")
    parser.add_argument("--database", metavar="URL", help="database of the records (SQLite in the folder)")
    parser.add_argument("--mode", choices=MODES, default="auto", help="take images as pages or as one formula (auto)")
    parser.add_argument("--dpi", type=float, default=DEFAULT_DPI, help=f"for PDFs ({DEFAULT_DPI:.0f})")
    parser.add_argument("--port", type=int, default=8000, help="of this machine, at which the page is (8000)")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where it runs (auto)")
    parser.add_argument("--detector-weights", type=Path, metavar="FILE", help="of the detector (the released ones)")
    parser.add_argument("--im2latex-weights", type=Path, metavar="FILE", help="of the recogniser (the released ones)")


def run(args: argparse.Namespace) -> int:
    """Read the folder, then serve until Ctrl-C.

    Returns:
        Exit status 0.

    Raises:
        UsageError: If there is nothing to review.
        StoreError: If the store cannot be opened.
        WeightsError: If weights cannot be used.
        OSError: If the port cannot be had.
    """
    import uvicorn

    app = make_app(args, MathOCR.load(args.detector_weights, args.im2latex_weights, args.device))
    print(f"mathocr: review at http://127.0.0.1:{args.port}, Ctrl-C ends it", file=sys.stderr)
    uvicorn.run(app, host="127.0.0.1", port=args.port, log_level="warning")
    return 0


def make_app(args: argparse.Namespace, ocr: MathOCR):  # type: ignore[no-untyped-def]  # FastAPI is imported when used
    """The server's app with the pages to review.

    Args:
        args: Options of the command.
        ocr: Both stages.

    Raises:
        UsageError: If there is nothing to review.
        StoreError: If the store cannot be opened.
    """
    from mathocr.pipeline.serving import review
    from mathocr.pipeline.serving.app import create_app
    from mathocr.pipeline.serving.in_process import ThreadEngine
    from mathocr.pipeline.serving.settings import ServeSettings
    from mathocr.pipeline.serving.worker import BatchReader

    settings = ServeSettings(
        port=args.port, feedback=args.store, feedback_database=args.database, feedback_images="always", dpi=args.dpi,
        timeout_s=_TIMEOUT_S, max_pixels=_MAX_PIXELS, max_body_mb=200.0,
    )  # fmt: skip
    app = create_app(settings, ThreadEngine(BatchReader(ocr, _MAX_PAGES, _MAX_PIXELS), settings.batch_size))
    files = tqdm(list(expand_paths(args.folder)), desc="reading", unit="file", disable=None)
    pages = []
    for page in review.read_pages(ocr, files, Options(mode=args.mode), args.dpi):
        if isinstance(page, BadInput):
            print(f"mathocr: {page.message}", file=sys.stderr)
        else:
            pages.append(page)
    if not pages:
        raise UsageError(f"{', '.join(args.folder)}: no page to review")
    app.state.review = review.ReviewQueue(pages, args.dpi)
    app.include_router(review.router)
    return app
