"""Names what went wrong with each region of a page: missed, false, merged, split, misplaced, wrong kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from mathocr.detector.average_precision import INSIDE
from mathocr.detector.boxes import pairwise_overlap
from mathocr.detector.metrics import MATCH_IOU
from mathocr.pipeline.evaluation.matching import boxes_of, pairs
from mathocr.pipeline.evaluation.records import Record

_TOUCH = 0.1  # IoU from which a box is the formula's, though badly placed
Verdict = Literal["right", "wrong kind", "missed", "false", "merged", "split", "misplaced"]


def judge_regions(
    found: Sequence[Mapping[str, Any]], targets: Sequence[Mapping[str, Any]]
) -> tuple[list[Verdict], list[Verdict]]:
    """A word for each found region and for each true one.

    Args:
        found: With ``box`` and ``kind``, best first.
        targets: With ``box`` and ``kind``.

    Returns:
        Of the found: ``right``, ``wrong kind``, ``merged`` (holds several formulas), ``split`` (one of several pieces
        of a formula), ``misplaced`` (overlaps a formula, too little) or ``false``. Of the true ones the same, with
        ``missed`` for ``false``.
    """
    of_found: list[Verdict] = ["false"] * len(found)
    of_targets: list[Verdict] = ["missed"] * len(targets)
    there, wanted = boxes_of(found), boxes_of(targets)
    iou, inside_found = pairwise_overlap(there, wanted)
    inside_target = pairwise_overlap(wanted, there)[1].T
    for number, target in pairs(found, targets, MATCH_IOU):
        verdict: Verdict = "right" if found[number]["kind"] == targets[target]["kind"] else "wrong kind"
        of_found[number] = of_targets[target] = verdict
    for number in _open(of_found, "false"):
        held = np.flatnonzero(inside_found[number] >= INSIDE)
        if len(held) > 1:
            of_found[number] = "merged"
            for target in held.tolist():
                of_targets[target] = "merged" if of_targets[target] == "missed" else of_targets[target]
    for target in _open(of_targets, "missed"):
        pieces = [n for n in np.flatnonzero(inside_target[:, target] >= INSIDE).tolist() if of_found[n] == "false"]
        if len(pieces) > 1:
            of_targets[target] = "split"
            for number in pieces:
                of_found[number] = "split"
    for number in _open(of_found, "false"):
        if len(targets) and iou[number].max() >= _TOUCH:
            of_found[number] = "misplaced"
    for target in _open(of_targets, "missed"):
        if len(found) and iou[:, target].max() >= _TOUCH:
            of_targets[target] = "misplaced"
    return of_found, of_targets


def errors(record: Record) -> int:
    """Number of regions of a page's record that are not right, found and true ones."""
    found, targets = judge_regions([region for region in record["regions"] if region["kept"]], record["targets"])
    return sum(verdict != "right" for verdict in (*found, *targets))


def _open(verdicts: Sequence[str], word: str) -> list[int]:
    """Numbers of those that no error has been found for yet."""
    return [number for number, verdict in enumerate(verdicts) if verdict == word]
