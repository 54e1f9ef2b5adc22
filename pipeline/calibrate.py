"""``mathocr calibrate``: make a recogniser's confidences mean what they say, on crops with known answers."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mathocr.data.formats import load_crops
from mathocr.data.latex import LatexError, tokenize
from mathocr.data.negatives import draw_negative
from mathocr.data.weights import read_weights, write_weights
from mathocr.im2latex.calibration import fit
from mathocr.im2latex.evidence import Evidence
from mathocr.im2latex.predictor import FORMAT, LatexPredictor, open_backend

_CHUNK = 256
_NEGATIVES_SEED = 1_000_000  # far from those that evaluations draw


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mathocr calibrate``."""
    parser.description = (
        "Read crops with known answers and fit how the recogniser's probabilities become confidences. The result is "
        "written into the weights file, whose hash changes: update its model card."
    )
    parser.add_argument("weights", type=Path, metavar="FILE", help="weights of the recogniser, rewritten in place")
    parser.add_argument("--data", required=True, metavar="SET", help="crops that neither training nor evaluation uses")
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="crops to read (1000)")
    parser.add_argument(
        "--negatives", type=int, default=200, metavar="N",
        help="images without a formula to read besides, on which every answer is wrong (200)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Fit and write.

    Raises:
        WeightsError: If the weights cannot be used.
        FormatError: If the set cannot be opened.
        ValueError: If no reading ended.
    """
    weights = read_weights(args.weights, FORMAT)
    predictor = LatexPredictor(weights, open_backend(weights, "auto", "auto"))
    crops = load_crops(args.data)
    numbers = np.random.default_rng(0).permutation(len(crops))[: args.count]
    evidence: list[Evidence] = []
    right: list[bool] = []
    for start in tqdm(range(0, len(numbers), _CHUNK), unit="batch", disable=None):
        samples = [crops[int(number)] for number in numbers[start : start + _CHUNK]]
        truths = [_tokens(sample.tex) for sample in samples]
        answers = predictor.examine([sample.load() for sample in samples])
        for truth, (reading, found) in zip(truths, answers, strict=True):
            if truth is not None and found is not None:
                evidence.append(found)
                right.append(reading.tokens == truth)
    for start in range(0, args.negatives, _CHUNK):
        seeds = range(_NEGATIVES_SEED + start, _NEGATIVES_SEED + min(start + _CHUNK, args.negatives))
        for reading, found in predictor.examine([draw_negative(seed) for seed in seeds]):
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


def _tokens(tex: str) -> tuple[str, ...] | None:
    """Canonical tokens, or None where the truth does not parse."""
    try:
        return tuple(tokenize(tex))
    except LatexError:
        return None
