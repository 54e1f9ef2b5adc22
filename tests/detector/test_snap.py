import numpy as np

from mathocr.detector.snap import snap


def test_edges_move_to_the_ink_of_the_glyphs_inside() -> None:
    ink = np.zeros((60, 100), np.float32)
    ink[20:30, 20:26] = ink[22:30, 30:38] = 1  # two glyphs of the formula
    ink[20:30, 46:52] = 1  # a letter of the text beside it
    boxes = np.array([[18, 21, 40, 32]], np.float32)
    assert snap(boxes, ink, 1.0).tolist() == [[20, 20, 38, 30]]


def test_an_edge_that_would_move_far_stays() -> None:
    ink = np.zeros((60, 100), np.float32)
    ink[20:30, 20:60] = 1  # the glyph is joined to a long stroke
    boxes = np.array([[21, 20, 45, 30]], np.float32)
    assert snap(boxes, ink, 1.0).tolist() == [[20, 20, 45, 30]]


def test_a_blank_page_and_no_boxes_change_nothing() -> None:
    boxes = np.array([[1, 2, 3, 4]], np.float32)
    assert snap(boxes, np.zeros((9, 9), np.float32), 1.0) is boxes
    assert len(snap(boxes[:0], np.ones((9, 9), np.float32), 1.0)) == 0
