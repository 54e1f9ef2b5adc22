"""Drawing over a page: boxes at their places, labels where they cover least."""

import numpy as np
import pytest

from mathocr.data.contracts import Formula
from mathocr.pipeline.draw import COLOURS, draw_formulas


def formula(box, kind="inline"):
    return Formula(box=box, kind=kind, score=0.9, latex="x", tag=None, confidence=0.5, valid=True, stopped="end")


@pytest.mark.parametrize("shape", [(100, 200), (100, 200, 3), (30, 30), (1, 1)])
def test_drawing_marks_the_edges_and_leaves_the_page_alone(shape):
    page = np.full(shape, 255, np.uint8)
    drawn = draw_formulas(page, [formula((60, 30, 90, 45)), formula((20, 60, 180, 90), "display")])
    assert drawn.shape == (*shape[:2], 3) and drawn.dtype == np.uint8 and (page == 255).all()
    if shape[0] == 100:
        assert tuple(drawn[75, 19]) == COLOURS["display"] and tuple(drawn[91, 100]) == COLOURS["display"]
        assert tuple(drawn[37, 59]) == COLOURS["inline"] and (drawn[75, 100] == 255).all()


@pytest.mark.parametrize("ground", [255, 0])
@pytest.mark.parametrize("free", [slice(20, 49), slice(62, 90)])
def test_a_label_lies_where_no_text_is(ground, free):
    page = np.full((110, 200), ground, np.uint8)
    text = page.copy()
    text[5:105:4, 5:195:2] = 255 - ground
    text[free] = text[50:61, 80:121] = ground  # the line above or below, and the formula's own place
    drawn = draw_formulas(text, [formula((82, 50, 120, 60))])
    changed = (drawn != text[..., None]).any(2)
    changed[48:62, 80:122] = False  # the box
    assert changed.sum() > 100 and not changed[text != ground].any()


def test_a_label_is_no_larger_on_a_dense_page_than_can_be_read():
    page = np.full((1400, 200), 255, np.uint8)
    changed = (draw_formulas(page, [formula((82, 50, 120, 60))]) != 255).any(2)
    rows, columns = np.nonzero(changed)
    assert np.ptp(columns) < 45 and np.ptp(rows) < 30


def test_labels_do_not_cover_each_other():
    page = np.full((100, 200), 255, np.uint8)
    boxes = [(80, 40, 90, 50), (92, 40, 102, 50), (104, 40, 114, 50)]
    together = (draw_formulas(page, [formula(box) for box in boxes]) != 255).any(2).sum()
    alone = [(draw_formulas(page, [formula(box)]) != 255).any(2).sum() for box in boxes]
    assert together > 0.9 * sum(alone)
