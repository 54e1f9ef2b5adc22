import numpy as np

from mathocr.detector.snap import snap

INLINE, DISPLAY = np.array([False]), np.array([True])


def page(*glyphs: tuple[int, int, int, int]) -> np.ndarray:
    """Ink with rectangles at xyxy."""
    ink = np.zeros((100, 240), np.float32)
    for x0, y0, x1, y1 in glyphs:
        ink[y0:y1, x0:x1] = 1
    return ink


def snapped(box, kind, *glyphs):
    return snap(np.array([box], np.float32), kind, page(*glyphs), 1.0).tolist()[0]


def test_edges_move_to_the_ink_of_the_glyphs_inside() -> None:
    formula, beside = [(20, 20, 26, 30), (30, 22, 38, 30)], (46, 20, 52, 30)
    assert snapped([18, 21, 40, 32], INLINE, *formula, beside) == [20, 20, 38, 30]


def test_an_edge_that_would_move_far_stays() -> None:
    assert snapped([21, 20, 45, 30], INLINE, (20, 20, 100, 30)) == [21, 20, 45, 30]


def test_an_inline_box_takes_in_the_letter_that_it_left_out_but_not_the_word_beyond() -> None:
    letters = [(x, 20, x + 8, 30) for x in (40, 50, 60)]  # white of 2 between them
    assert snapped([45, 20, 68, 30], INLINE, *letters) == [40, 20, 68, 30]  # most of the first is outside
    assert snapped([50, 20, 68, 30], INLINE, *letters) == [40, 20, 68, 30]
    assert snapped([60, 20, 68, 30], INLINE, *letters) == [60, 20, 68, 30]  # two more: the text goes on
    index = (37, 20, 39, 30)  # as narrow as a box may grow, at a white of 3
    assert snapped([42, 20, 66, 30], INLINE, index, *[(x + 2, *rest) for x, *rest in letters])[0] == 42
    word = [(x, 20, x + 8, 30) for x in range(0, 48, 11)]  # as near as letters of a word are: text
    assert snapped([55, 20, 63, 30], INLINE, *word, (55, 20, 63, 30)) == [55, 20, 63, 30]


def test_an_inline_box_takes_in_the_accents_over_it_but_not_the_line_above() -> None:
    letters = [(40, 40, 48, 50), (50, 40, 58, 50), (60, 40, 68, 50)]
    hat, comma, above = (51, 34, 57, 37), (62, 26, 65, 29), (40, 19, 48, 29)
    assert snapped([40, 40, 68, 50], INLINE, *letters, hat, comma, above) == [40, 34, 68, 50]
    assert snapped([40, 40, 68, 50], INLINE, *letters, comma, above) == [40, 40, 68, 50]
    assert snapped([40, 40, 68, 50], INLINE, *letters, above) == [40, 40, 68, 50]
    rule = (10, 36, 120, 38)
    assert snapped([40, 40, 68, 50], INLINE, *letters, rule) == [40, 40, 68, 50]
    assert snapped([40, 40, 68, 50], INLINE, *letters, (40, 36, 68, 38)) == [40, 36, 68, 50]
    high = (50, 25, 56, 50)  # a stroke that the upper edge cuts
    assert snapped([40, 40, 68, 50], INLINE, *letters[::2], high)[1] == 40  # too far
    assert snapped([40, 34, 68, 50], INLINE, *letters[::2], high)[1] == 25


def test_an_inline_box_reaches_further_for_a_bracket_than_for_a_letter() -> None:
    letters = [(40, 40, 48, 50), (50, 40, 58, 50), (60, 37, 68, 54)]
    opening, closing, letter, stop = (33, 37, 37, 54), (71, 37, 75, 54), (33, 40, 37, 50), (71, 47, 73, 50)
    text = [(81, 40, 89, 50), (92, 40, 100, 50)]
    assert snapped([40, 37, 68, 54], INLINE, *letters, opening, closing, *text) == [33, 37, 75, 54]
    assert snapped([40, 37, 68, 54], INLINE, *letters, letter, stop, *text) == [40, 37, 68, 54]


def test_a_full_stop_is_of_the_sentence_after_an_inline_formula_and_of_the_display_after_one() -> None:
    glyphs = [(20, 20, 28, 30), (31, 20, 39, 30), (41, 28, 43, 30)]
    assert snapped([20, 20, 43, 30], INLINE, *glyphs) == [20, 20, 39, 30]
    assert snapped([20, 20, 39, 30], INLINE, *glyphs) == [20, 20, 39, 30]
    assert snapped([20, 20, 39, 30], DISPLAY, *glyphs) == [20, 20, 43, 30]


def test_a_display_takes_in_its_limits_and_what_stands_left_of_the_relation_but_not_its_number() -> None:
    body = [(60, 40, 70, 50), (75, 40, 85, 50), (90, 40, 100, 50)]
    limit, left, number = (61, 30, 69, 37), (40, 40, 50, 50), (200, 40, 210, 50)
    assert snapped([58, 39, 101, 51], DISPLAY, *body, limit, left, number) == [40, 30, 100, 50]


def test_ink_that_is_all_rules_changes_nothing() -> None:
    assert snapped([10, 40, 60, 48], INLINE, (0, 40, 240, 45)) == [10, 40, 60, 48]


def test_every_side_grows_alike() -> None:
    ink = page((60, 40, 70, 50), (75, 40, 85, 50), (66, 52, 84, 62))
    box, display = np.array([[60, 40, 72, 50]], np.float32), DISPLAY
    straight = snap(box, display, ink, 1.0)
    assert straight.tolist() == [[60, 40, 85, 62]]
    turned = snap(box[:, [1, 0, 3, 2]], display, np.ascontiguousarray(ink.T), 1.0)
    assert turned[:, [1, 0, 3, 2]].tolist() == straight.tolist()
    width = ink.shape[1]
    mirrored = snap(np.array([[width - 72, 40, width - 60, 50]], np.float32), display, ink[:, ::-1].copy(), 1.0)
    assert mirrored.tolist() == [[width - 85, 40, width - 60, 62]]


def test_a_blank_page_and_no_boxes_change_nothing() -> None:
    boxes = np.array([[1, 2, 3, 4]], np.float32)
    assert snap(boxes, INLINE, np.zeros((9, 9), np.float32), 1.0) is boxes
    assert len(snap(boxes[:0], INLINE[:0], np.ones((9, 9), np.float32), 1.0)) == 0
