"""How alike two drawings of formulas are: CDM with positions, and whether they are the same drawing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mathocr.im2latex.glyphs import RULE, Drawing

CLOSE_EM = 0.25  # how far an offset may be off; a superscript is raised by .36 em or more, a subscript lowered by .15
APART_EM = 0.5  # from here on only the side counts: what stands there moves with the size of its neighbours
STACKED_EM = 1.0  # how far what is centred above or below may be off sideways: it moves with its own width
SAME_PT = 0.5  # a glyph of the same drawing is this close, in points; type is 10 points
MAX_PAIRS = 1500  # pairs considered; those most alike in place where a formula has more


class LayoutScore(NamedTuple):
    """Outcome of comparing two drawings.

    Attributes:
        cdm: F1 of glyphs in the right place, in [0, 1].
        right: Glyphs (and rules) of the prediction that count as right; a whole number.
        preds: Glyphs of the prediction.
        targets: Glyphs of the target.
        same: Whether both are the same drawing.
    """

    cdm: float
    right: int
    preds: int
    targets: int
    same: bool


def compare_drawings(pred: Drawing, target: Drawing) -> LayoutScore:
    """CDM with positions of two drawings, and whether they are the same.

    Glyphs of the prediction are assigned to glyphs of the target of the same name, one to one and in the order in
    which TeX drew them. A link between an assigned glyph and the next one assigned holds when the second stands in
    the same place beside the first in both drawings. The assignment is taken that has most glyphs less links that do
    not hold, and

        right = assigned glyphs - links that do not hold - rules that span other glyphs
        CDM = 2 right / (glyphs of the prediction + glyphs of the target)

    So a glyph that is wrong, missing, too much or displaced costs one, and so does a part that is displaced as a
    whole, where that is less than all its glyphs; what stands before and after it still counts. Places are compared
    as follows, in units of the larger type size of the two glyphs, horizontally between their centres and vertically
    between their baselines: both offsets agree within .25, or both are .5 or more to the same side. What stands .5 or
    more above or below may be off sideways by 1. A rule is not compared sideways; instead, of the assigned glyphs drawn
    next to it, it must span the same in both drawings.

    Args:
        pred: Drawing of the prediction.
        target: Drawing of the target, at the same type size.

    Source:
        After CDM (Wang et al., arXiv:2409.03643), whose affine fit hides where a script stands: ``2^2`` and ``2_2``
        score 1 there.
    """
    counts = len(pred.names), len(target.names)
    if same_drawing(pred, target):
        return LayoutScore(1.0, counts[0], *counts, True)
    right = _most_right(pred, target)
    return LayoutScore(2 * right / max(1, sum(counts)), right, *counts, False)


def same_drawing(pred: Drawing, target: Drawing) -> bool:
    """Whether two drawings have the same glyphs and rules in the same places, within half a point, in any order.

    The places are taken from the corner of the ink, so that white around a formula does not matter.
    """
    if sorted(pred.names) != sorted(target.names):
        return False
    if not pred.names:
        return True
    boxes = [drawing.boxes - np.tile(drawing.boxes[:, :2].min(0), 2) for drawing in (pred, target)]
    near = np.abs(boxes[0][:, None] - boxes[1][None]).max(-1) <= SAME_PT
    near &= np.array(pred.names, object)[:, None] == np.array(target.names, object)[None]
    return bool(near.any(0).all() and near.any(1).all())


def _most_right(pred: Drawing, target: Drawing) -> int:
    """Glyphs that count as right, by the best of all assignments in order."""
    pairs = _pairs(pred, target)
    if not len(pairs):
        return 0
    agrees = _agree(_links(pred, pairs[:, 0]), _links(target, pairs[:, 1]))
    rows, columns = pairs[:, 0], pairs[:, 1]
    before = (rows[:, None] < rows[None]) & (columns[:, None] < columns[None])
    gain = np.where(before, np.where(agrees, 0.0, -1.0), -np.inf)
    best, previous = np.ones(len(pairs)), np.full(len(pairs), -1)
    for place in range(1, len(pairs)):
        ways = best[:place] + gain[:place, place]
        way = int(ways.argmax())
        if ways[way] > 0:
            best[place], previous[place] = ways[way] + 1, way
    last = int(best.argmax())
    chosen = [last]
    while previous[chosen[-1]] >= 0:
        chosen.append(int(previous[chosen[-1]]))
    return max(0, int(best[last]) - _misfit_rules(pred, target, pairs[chosen[::-1]]))


def _pairs(pred: Drawing, target: Drawing) -> NDArray[np.intp]:
    """Pairs of a glyph of the prediction and one of the target of the same name, ``(P, 2)``, in order."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys((*pred.names, *target.names)))}
    ids = [np.array([numbers[name] for name in drawing.names], np.intp) for drawing in (pred, target)]
    pairs = np.argwhere(ids[0][:, None] == ids[1][None])
    if len(pairs) > MAX_PAIRS:
        shares = pairs / np.array([len(pred.names), len(target.names)])
        near = np.argsort(np.abs(shares[:, 0] - shares[:, 1]), kind="stable")[:MAX_PAIRS]
        pairs = pairs[np.sort(near)]
    return pairs


def _links(drawing: Drawing, glyphs: NDArray[np.intp]) -> tuple[NDArray, NDArray, NDArray[np.bool_]]:
    """Offsets ``(2, P, P)`` from each glyph to each in type sizes, x and y, and what is a rule ``(P, P)``."""
    x = drawing.boxes[:, 0::2].mean(1)[glyphs].astype(np.float32)
    y = drawing.baselines[glyphs].astype(np.float32)
    ems = drawing.ems[glyphs].astype(np.float32)
    em = np.maximum(ems[:, None], ems[None])
    rule = np.array([name == RULE for name in drawing.names], bool)[glyphs]
    return (x[None] - x[:, None]) / em, (y[None] - y[:, None]) / em, rule[:, None] | rule[None]


def _agree(pred: tuple[NDArray, ...], target: tuple[NDArray, ...]) -> NDArray[np.bool_]:
    """Whether the offsets of both drawings are those of the same layout, ``(P, P)``."""
    (dx, dy, rule), (dx_target, dy_target, _) = pred, target
    stacked = _far(dy, dy_target)
    sideways = (np.abs(dx - dx_target) <= np.where(stacked, STACKED_EM, CLOSE_EM)) | _far(dx, dx_target)
    return (sideways | rule) & ((np.abs(dy - dy_target) <= CLOSE_EM) | stacked)


def _far(offset: NDArray, other: NDArray) -> NDArray[np.bool_]:
    """Whether both offsets are large, to the same side."""
    return (np.abs(offset) >= APART_EM) & (np.abs(other) >= APART_EM) & (np.sign(offset) == np.sign(other))


def _misfit_rules(pred: Drawing, target: Drawing, pairs: NDArray[np.intp]) -> int:
    """Number of assigned rules that do not span the same assigned glyphs in both drawings."""
    count = 0
    for rule, target_rule in pairs.tolist():
        if pred.names[rule] == RULE:
            spanned, wanted = _spanned(pred, rule), _spanned(target, target_rule)
            count += any((glyph in spanned) != (other in wanted) for glyph, other in pairs.tolist())
    return count


def _spanned(drawing: Drawing, rule: int) -> set[int]:
    """Glyphs drawn next before and after a rule, as far as their centres are within its width."""
    left, right = drawing.boxes[rule, 0::2]
    centres = drawing.boxes[:, 0::2].mean(1)
    within = (centres >= left) & (centres <= right)
    spanned: set[int] = set()
    for places in (range(rule - 1, -1, -1), range(rule + 1, len(centres))):
        for place in places:
            if not within[place]:
                break
            spanned.add(place)
    return spanned
