"""How well the self-check tells right answers from wrong ones, on a set with known answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mathocr.data.latex import tokens_or_none
from mathocr.data.samples import CropSample
from mathocr.data.synthesis.tex import TexMissing
from mathocr.pipeline.monitor.self_check import PASSES, self_check
from mathocr.pipeline.ocr import CropReader

_BATCH = 32


def measure_power(samples: Sequence[CropSample], reader: CropReader) -> dict[str, Any]:
    """Read crops, draw the answers, and hold both against the truth.

    Args:
        samples: With their truth.
        reader: The recogniser.

    Returns:
        ``count``, ``right`` (exactly), ``least`` (match that passes), shares ``right_pass`` and ``wrong_fail``, and
        ``auc`` of the match and ``auc_confidence`` of the confidence (chance that a right answer has more of it than a
        wrong one); None where there are no answers of a kind.

    Raises:
        TexMissing: If no TeX is installed.
        ValueError: If a sample cannot be read.
    """
    rows: list[tuple[bool, float, float]] = []
    for start in range(0, len(samples), _BATCH):
        batch = samples[start : start + _BATCH]
        crops = [sample.load() for sample in batch]
        readings = reader.predict(crops)
        answers = [
            {"latex": reading.latex, "kind": sample.kind or "display", "confidence": reading.confidence}
            for sample, reading in zip(batch, readings, strict=True)
        ]
        checked, skipped = self_check(crops, answers)
        if skipped is not None:
            raise TexMissing(skipped)
        for sample, reading, row in zip(batch, readings, checked, strict=True):
            truth = tokens_or_none(sample.tex)
            if truth is not None and row["match"] is not None:
                rows.append((truth == reading.tokens, row["match"], reading.confidence))
    right = np.array([row[0] for row in rows], bool)
    match, confidence = (np.array([row[column] for row in rows], np.float64) for column in (1, 2))
    return {
        "count": len(rows), "right": int(right.sum()), "least": PASSES,
        "right_pass": float((match[right] >= PASSES).mean()) if right.any() else None,
        "wrong_fail": float((match[~right] < PASSES).mean()) if (~right).any() else None,
        "auc": _auc(match, right), "auc_confidence": _auc(confidence, right),
    }  # fmt: skip


def _auc(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> float | None:
    """Area under the ROC curve (Mann-Whitney), ties counting half."""
    a, b = scores[right], scores[~right]
    if not len(a) or not len(b):
        return None
    above = (a[:, None] > b[None]).mean() + 0.5 * (a[:, None] == b[None]).mean()
    return float(above)
