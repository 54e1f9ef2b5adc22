"""Page image to page result: both stages chained, in batches, with the time of each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from mathocr.data.contracts import KINDS, Kind, ModelIdentity, PageResult, Reading, Region
from mathocr.data.images import DEFAULT_DPI, open_pages
from mathocr.pipeline.assemble import Plan, plan_page
from mathocr.pipeline.cut import cut_places
from mathocr.pipeline.inputs import PageImage
from mathocr.pipeline.layout import Ink, find_ink
from mathocr.pipeline.options import Mode, Options
from mathocr.pipeline.page_or_crop import is_page, surely_page

Stage = Literal["detector", "im2latex"]
CALL_PIXELS = 24_000_000
"""Pages of one call share batches of the recogniser; more pixels than this gain little and hold more memory."""


class RegionFinder(Protocol):
    """The first stage, as ``mathocr.detector.predictor.RegionPredictor``."""

    identity: ModelIdentity
    min_score: dict[Kind, float]

    def predict(
        self, images: Sequence[np.ndarray], min_score: float | Mapping[Kind, float] | None = None
    ) -> list[list[Region]]:
        """Regions of each page image of at least the score given, or of ``self.min_score``."""


class CropReader(Protocol):
    """The second stage, as ``mathocr.im2latex.predictor.LatexPredictor``."""

    identity: ModelIdentity

    def predict(
        self, crops: Sequence[np.ndarray], scale: float | Sequence[float | None] | None = None, alternatives: int = 0
    ) -> list[Reading]:
        """A reading of each crop; ``scale`` magnifies its type to 10 pt at 100 dpi, where that is known."""


_DEFAULTS = Options()


class MathOCR:
    """Finds the formulas of a page image and reads each as LaTeX.

    Args:
        detector: First stage; None where only crops are read.
        im2latex: Second stage.
    """

    def __init__(self, detector: RegionFinder | None, im2latex: CropReader) -> None:
        self._detector = detector
        self._im2latex = im2latex
        self.models = {"im2latex": im2latex.identity}
        if detector is not None:
            self.models = {"detector": detector.identity, **self.models}

    @classmethod
    def load(
        cls,
        detector: Path | None = None,
        im2latex: Path | None = None,
        device: str = "auto",
        backend: str = "auto",
        stages: Sequence[Stage] = ("detector", "im2latex"),
        threads: int | None = None,
    ) -> MathOCR:
        """Open the released weights of both stages, or others.

        Args:
            detector: Weights file of the first stage; None for the released one.
            im2latex: Weights file of the second stage; None for the released one.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
            backend: ``auto``, ``onnx`` or ``torch``.
            stages: Without ``detector`` here it is not opened, which saves time where only crops are read.
            threads: Threads within one operator of ONNX Runtime, one for each core if None; PyTorch has its own.

        Raises:
            WeightsError: If weights are missing or cannot be used.
            ValueError: If device or backend is not known or cannot be had.
        """
        from mathocr.im2latex.predictor import LatexPredictor

        finder = None
        if "detector" in stages:
            from mathocr.detector.predictor import RegionPredictor

            finder = RegionPredictor.load(detector, device=device, backend=backend, threads=threads)
        return cls(finder, LatexPredictor.load(im2latex, device=device, backend=backend, threads=threads))

    def predict(self, image: str | Path | np.ndarray, options: Options = _DEFAULTS) -> PageResult:
        """Read the formulas of one page or crop.

        Args:
            image: A file with one page, or an array ``uint8 (H, W)`` or ``(H, W, 3)`` RGB.
            options: What to look for.

        Raises:
            ImageError: If the file cannot be read.
            ValueError: If the file has several pages (``predict_file`` reads them), or the array is no image.
        """
        return self.predict_batch([image], options)[0]

    def predict_batch(
        self, images: Sequence[str | Path | np.ndarray], options: Options = _DEFAULTS
    ) -> list[PageResult]:
        """Read several pages or crops; each answer is the same as it is alone, but crops share batches.

        Args:
            images: As in ``predict``, of any sizes.
            options: What to look for.

        Returns:
            One result an image, in order. Of what a batch shares, each page's ``timing_ms`` holds its part: detector
            time by pixels, im2latex time by formulas.

        Raises:
            ImageError: If a file cannot be read.
            ValueError: As in ``predict``.
        """
        return self.predict_pages([_page_of(image) for image in images], options)

    def predict_file(
        self, path: str | Path, options: Options = _DEFAULTS, dpi: float = DEFAULT_DPI
    ) -> Iterator[PageResult]:
        """Read a file page by page: a PDF or multi-page TIFF gives a result a page.

        Args:
            path: An image or PDF.
            options: What to look for.
            dpi: Resolution at which PDF pages are drawn, dots per inch.

        Raises:
            ImageError: If the file or the page at hand cannot be read.
        """
        with open_pages(path, dpi=dpi) as pages:
            for number in range(1, pages.count + 1):
                begin = time.perf_counter()
                image = pages.read(number)
                page = PageImage(pages.name, number, pages.count, image, _ms_since(begin))
                yield self.predict_pages([page], options)[0]

    def predict_pages(self, pages: Sequence[PageImage], options: Options = _DEFAULTS) -> list[PageResult]:
        """As ``predict_batch``, for pages that ``iter_pages`` has read."""
        return self.read(self.find(pages, options), options)

    def find(self, pages: Sequence[PageImage], options: Options = _DEFAULTS) -> list[PageWork]:
        """The first half of ``predict_pages``: what is to be read on each page, up to and with the detector."""
        works = [_look(page, options) for page in pages]
        self._detect([work for work in works if work.mode != "crop"], options)
        for work in works:
            self._settle(work, options)
        return works

    def read(self, works: Sequence[PageWork], options: Options = _DEFAULTS) -> list[PageResult]:
        """The second half of ``predict_pages``: read what one or several calls of ``find`` found."""
        readings = self._read(works, options.alternatives)
        return [self._result(work, reading) for work, reading in zip(works, readings, strict=True)]

    def _detect(self, works: Sequence[PageWork], options: Options) -> None:
        """Fill in the regions of pages; of an image that may be either it is settled whether it is a page."""
        if not works:
            return
        if self._detector is None:
            raise ValueError("the detector was not loaded, so mode must be 'crop'")
        begin = time.perf_counter()
        asked = _asked(options, self._detector)
        pages, undecided = ([work for work in works if (work.mode == "auto") == auto] for auto in (False, True))
        self._fill(undecided, None)  # page or crop is told by what the detector itself stands by
        for work in undecided:
            work.mode = "page" if is_page(work.ink, work.regions) else "crop"
        if asked is not None:
            # A region below its threshold must not take the place of another, so the detector is asked again.
            pages += [work for work in undecided if work.mode == "page"]
        self._fill(pages, asked)
        elapsed, pixels = _ms_since(begin), [work.page.image.shape[0] * work.page.image.shape[1] for work in works]
        for work, own_pixels in zip(works, pixels, strict=True):
            work.timing_ms["detector"] = elapsed * own_pixels / sum(pixels)

    def _fill(self, works: Sequence[PageWork], least: dict[Kind, float] | None) -> None:
        """Have the detector look at images; ``least`` as ``RegionFinder.predict`` has it."""
        if works and self._detector is not None:
            found = self._detector.predict([work.page.image for work in works], min_score=least)
            for work, regions in zip(works, found, strict=True):
                work.regions = regions

    def _settle(self, work: PageWork, options: Options) -> None:
        """Choose what was asked for, put the regions in reading order."""
        begin = time.perf_counter()
        if work.mode == "crop":
            height, width = work.page.image.shape[:2]
            whole = Region((0.0, 0.0, float(width), float(height)), "display", 1.0)
            work.plan = Plan([whole] if work.ink.letters else [])
        else:
            wanted = [region for region in work.regions if options.formulas in ("all", region.kind)]
            work.plan = plan_page(wanted, options.regions, work.ink, work.page)
        work.timing_ms["layout"] += _ms_since(begin)

    def _read(self, works: Sequence[PageWork], alternatives: int) -> list[list[Reading]]:
        """Read all regions of all pages in one call, so that pages share batches."""
        begin = time.perf_counter()
        crops = [crop for work in works for crop in _cut(work)]
        # A lone letter does not tell its size (x or X?), the text around it does.
        scales = [scale for work in works for scale in _scales(work)]
        more = {"alternatives": alternatives} if alternatives else {}  # readers that know no others still serve
        answers = iter(self._im2latex.predict(crops, scales, **more) if crops else [])
        readings = [[next(answers) for _ in work.plan.places()] for work in works]
        elapsed = _ms_since(begin)
        for work in works:
            work.timing_ms["im2latex"] = elapsed * len(work.plan.places()) / max(1, len(crops))
        return readings

    def _result(self, work: PageWork, readings: list[Reading]) -> PageResult:
        begin = time.perf_counter()
        formulas = work.plan.formulas(readings)
        work.timing_ms["layout"] += _ms_since(begin)
        height, width = work.page.image.shape[:2]
        parts = {name: round(work.timing_ms.get(name, 0.0), 3) for name in ("read", "layout", "detector", "im2latex")}
        return PageResult(
            source=work.page.source,
            page=work.page.page,
            width=width,
            height=height,
            formulas=formulas,
            models=self.models,
            timing_ms={**parts, "total": round(sum(parts.values()), 3)},
            mode="crop" if work.mode == "crop" else "page",
        )


@dataclass
class PageWork:
    """A page on its way through the stages; ``mode`` is ``auto`` until that is settled."""

    page: PageImage
    ink: Ink
    mode: Mode
    timing_ms: dict[str, float]
    regions: list[Region] = field(default_factory=list)
    plan: Plan = field(default_factory=lambda: Plan([]))


def _page_of(image: str | Path | np.ndarray) -> PageImage:
    """Read a file of one page, or take an array."""
    begin = time.perf_counter()
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.size == 0 or not (image.ndim == 2 or image.shape[2:] == (3,)):
            raise ValueError(f"image must be uint8 (H, W) or (H, W, 3), got {image.dtype} {image.shape}")
        return PageImage("-", 1, 1, image, 0.0)
    with open_pages(image) as pages:
        if pages.count > 1:
            raise ValueError(f"{pages.name}: has {pages.count} pages, predict_file reads them one by one")
        return PageImage(pages.name, 1, 1, pages.read(1), _ms_since(begin))


def _look(page: PageImage, options: Options) -> PageWork:
    """Find the ink, and with it what is surely a page."""
    begin = time.perf_counter()
    ink, mode = find_ink(page.image), options.mode
    if mode == "auto" and (options.regions or surely_page(ink) or ink.letters == 0):
        mode = "page"
    return PageWork(page, ink, mode, {"read": page.read_ms, "layout": _ms_since(begin)})


def _asked(options: Options, detector: RegionFinder) -> dict[Kind, float] | None:
    """Least score of each kind that was asked for; None for the detector's own."""
    least = options.min_score
    if least is None:
        return None
    return {**detector.min_score, **least} if isinstance(least, Mapping) else dict.fromkeys(KINDS, least)


def _cut(work: PageWork) -> list[np.ndarray]:
    """Crops of what is to be read, with a margin; a crop is the image itself."""
    image, places = work.page.image, work.plan.places()
    if work.mode == "crop":
        return [image] * len(places)
    return cut_places(image, places, [region.box for region in work.plan.regions])


def _scales(work: PageWork) -> list[float | None]:
    """Magnification of each crop to nominal type, None where it is not known."""
    return [None if work.mode == "crop" else work.ink.type_scale] * len(work.plan.places())


def _ms_since(begin: float) -> float:
    return (time.perf_counter() - begin) * 1000
