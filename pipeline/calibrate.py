"""``mathocr calibrate``: fit to a set with known answers what weights say of themselves.

A recogniser's confidences are made to mean what they say, a detector's thresholds to miss little at nearly the best F1.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from tqdm import tqdm

from mathocr.data.formats import content_of, load_crops, load_pages
from mathocr.data.latex import tokens_or_none
from mathocr.data.negatives import draw_negative
from mathocr.data.samples import CropSample, FormatError, Image, PageSample, cut
from mathocr.data.weights import format_of, read_weights, write_weights
from mathocr.detector.predictor import FORMAT as DETECTOR_FORMAT
from mathocr.detector.predictor import RegionPredictor
from mathocr.detector.predictor import open_backend as open_detector
from mathocr.im2latex.calibration import fit
from mathocr.im2latex.evidence import Evidence
from mathocr.im2latex.predictor import FORMAT, LatexPredictor, open_backend
from mathocr.pipeline.layout import find_ink
from mathocr.pipeline.options import refuse
from mathocr.pipeline.thresholds import PAGE_SCORES, choose_thresholds

Sample = TypeVar("Sample", CropSample, PageSample)

_CHUNK = 256
_NEGATIVES = 200
_NEGATIVES_SEED = 1_000_000  # far from those that evaluations draw


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mathocr calibrate``."""
    parser.description = (
        "Recogniser: read crops, or the true boxes of pages, with known answers and fit how its evidence becomes "
        "confidences. Detector: look at pages with known answers and choose for each kind the least threshold "
        "with nearly the best F1 at IoU 0.5. The result "
        "is written into the weights file, whose hash changes: update its model card."
    )
    parser.add_argument("weights", type=Path, metavar="FILE", help="weights of either stage, rewritten in place")
    parser.add_argument(
        "--data", required=True, action="append", metavar="SET",
        help="crops or pages that neither training nor evaluation uses; repeatable",
    )  # fmt: skip
    parser.add_argument(
        "--count", type=int, default=1000, metavar="N",
        help="crops or pages to take of each set; of pages the recogniser takes so many formulas (1000)",
    )  # fmt: skip
    parser.add_argument(
        "--without-math", metavar="SET",
        help="detector: pages without formulas, where all that is found is false: with them it is also fitted how sure "
        "the best region of a page must be, for the others to be believed",
    )  # fmt: skip
    parser.add_argument(
        "--negatives", type=int, metavar="N",
        help=f"recogniser: images without a formula to read besides, on which every answer is wrong ({_NEGATIVES})",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Fit and write.

    Raises:
        UsageError: If an option is for weights of the other stage.
        WeightsError: If the weights cannot be used.
        FormatError: If the set cannot be opened.
        ValueError: If no reading ended, or pages are not as ``choose_thresholds`` needs them.
    """
    if format_of(args.weights) == DETECTOR_FORMAT:
        refuse(args, "negatives", "is for weights of the recogniser")
        return _detector(args)
    refuse(args, "without-math", "is for weights of the detector")
    return _recogniser(args)


def _detector(args: argparse.Namespace) -> int:
    """Choose thresholds and write them."""
    weights = read_weights(args.weights, DETECTOR_FORMAT)
    predictor = RegionPredictor(weights, open_detector(weights, "auto", "auto"))
    pages = itertools.chain.from_iterable(_drawn(load_pages(path), args.count) for path in args.data)
    plain: Iterable[PageSample] = ()
    page_scores: Sequence[float] = (predictor.page_score,)
    if args.without_math is not None:
        plain, page_scores = _drawn(load_pages(args.without_math), args.count), PAGE_SCORES
    predictor.page_score = 0.0
    chosen = choose_thresholds(predictor, pages, plain, page_scores)
    config = {**weights.config, "min_score": chosen.min_score, "page_score": chosen.page_score}
    digest = write_weights(args.weights, weights.tensors, config, DETECTOR_FORMAT)
    for kind, scores in chosen.scores.items():
        print(
            f"{args.weights}: {kind} from {chosen.min_score[kind]:.3f} on: precision {scores.precision:.3f}, "
            f"recall {scores.recall:.3f}, F1 {scores.f1:.3f}"
        )
    if chosen.false_per_page is not None:
        print(
            f"{args.weights}: {chosen.false_per_page:.3f} regions a page without math, "
            f"where a page's best of 100 candidates is expected at {chosen.page_score:g}"
        )
    print(f"sha256: {digest}")
    return 0


def _drawn(samples: Sequence[Sample], count: int) -> Iterator[Sample]:
    """So many samples, drawn at random but the same on every call."""
    numbers = np.random.default_rng(0).permutation(len(samples))[:count]
    return (samples[int(number)] for number in tqdm(numbers, unit="sample", disable=None))


def _recogniser(args: argparse.Namespace) -> int:
    """Fit confidences and write them."""
    weights = read_weights(args.weights, FORMAT)
    predictor = LatexPredictor(weights, open_backend(weights, "auto", "auto"))
    asked = itertools.chain.from_iterable(_questions(path, args.count) for path in args.data)
    evidence: list[Evidence] = []
    right: list[bool] = []
    while questions := list(itertools.islice(asked, _CHUNK)):
        answers = predictor.examine([one.crop for one in questions], [one.scale for one in questions])
        for question, (reading, found) in zip(questions, answers, strict=True):
            if found is not None:
                evidence.append(found)
                right.append(reading.tokens == question.truth)
    count = _NEGATIVES if args.negatives is None else args.negatives
    for start in range(0, count, _CHUNK):
        seeds = range(_NEGATIVES_SEED + start, _NEGATIVES_SEED + min(start + _CHUNK, count))
        scales = [1.0 if seed % 2 else None for seed in seeds]  # as crops of pages, and alone
        for reading, found in predictor.examine([draw_negative(seed) for seed in seeds], scales):
            if reading.tokens and found is not None:
                evidence.append(found)
                right.append(False)
    found_weights = fit(evidence, np.array(right))
    config = {**weights.config, "calibration": found_weights._asdict()}
    digest = write_weights(args.weights, weights.tensors, config, FORMAT)
    fitted = ", ".join(f"{name} {value:.3f}" for name, value in found_weights._asdict().items())
    print(f"{args.weights}: {fitted} from {len(right)} crops")
    print(f"sha256: {digest}")
    return 0


class _Question(NamedTuple):
    """A crop to read, its canonical tokens, and its magnification to 10 pt at 100 dpi where a page tells it."""

    crop: Image
    truth: tuple[str, ...]
    scale: float | None


def _questions(path: str, count: int) -> Iterator[_Question]:
    """So many crops of a set, or formulas in the true boxes of its pages; those whose LaTeX does not parse left out."""
    if content_of(path) == "pages":
        yield from itertools.islice(_on_pages(path), count)
        return
    for sample in _drawn(load_crops(path), count):
        if (truth := tokens_or_none(sample.tex)) is not None:
            yield _Question(sample.load(), truth, None)


def _on_pages(path: str) -> Iterator[_Question]:
    """The formulas of pages.

    Raises:
        FormatError: If the pages have no LaTeX, or a box is not on its page.
    """
    pages = load_pages(path)
    for page in _drawn(pages, len(pages)):
        if page.texts is None:
            raise FormatError(f"{page.where}: the page's formulas have no LaTeX: nothing to compare with")
        image = page.load()
        scale = find_ink(image).type_scale
        for box, tex in zip(page.boxes_on(image).tolist(), page.texts, strict=True):
            if tex is None or (truth := tokens_or_none(tex)) is None:
                continue
            try:
                yield _Question(cut(image, box), truth, scale)
            except ValueError as error:
                raise FormatError(f"{page.where}: {error}") from None
