"""The height of letters does not depend on how many pieces a character is printed in, nor on the resolution."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from mathocr.data.letters import letter_height
from mathocr.detector.prepare import ink_of, text_height
from mathocr.pipeline.layout import find_ink


def characters(em: int, strokes: int) -> np.ndarray:
    """Lines of square characters, solid or an upright stroke with so many bars beside it; ``(H, W)`` of 0 and 1."""
    page = np.zeros((12 * em, 30 * em), np.uint8)
    for y in range(em, 10 * em, 3 * em):
        for x in range(em, 28 * em, em):
            page[y : y + em - 2, x : x + em // 5] = 1
            cuts = np.linspace(0, em, strokes + 1).round().astype(int)
            for top, bottom in pairwise(cuts):
                page[y + top : y + bottom - 2, x + em // 5 + (2 if strokes > 1 else 0) : x + em - 2] = 1
    return page


def latin(scale: int) -> np.ndarray:
    """Lines of words in upper and lower case; ``(H, W)`` of 0 and 1."""
    page = np.zeros((200 * scale, 500 * scale), np.uint8)
    for line in range(20, 200, 30):
        cv2.putText(
            page, "The proof is by induction", (10 * scale, line * scale), cv2.FONT_HERSHEY_SIMPLEX, 0.5 * scale, 1,
            scale,
        )  # fmt: skip
    return page


def median(mask: np.ndarray) -> float:
    """Of the heights of the connected components."""
    return float(np.median(cv2.connectedComponentsWithStats(mask)[2][1:, cv2.CC_STAT_HEIGHT]))


def test_characters_in_one_piece_and_in_several_have_nearly_one_height():
    masks = [characters(24, strokes) for strokes in (1, 2, 3)]
    medians, heights = [median(mask) for mask in masks], [letter_height(mask, median(mask)) for mask in masks]
    assert max(medians) > 2.5 * min(medians)
    assert max(heights) < 1.4 * min(heights)
    assert all(0.4 * 24 < height < 0.6 * 24 for height in heights)


@pytest.mark.parametrize("strokes", [1, 3])
def test_lines_that_are_turned_are_measured_like_straight_ones(strokes):
    mask = characters(24, strokes)
    height, width = mask.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 3.0, 1.0)
    turned = (cv2.warpAffine(255 * mask, turn, (width, height)) > 127).astype(np.uint8)
    assert letter_height(turned, median(turned)) == pytest.approx(letter_height(mask, median(mask)), rel=0.3)


def test_latin_letters_are_as_high_as_their_median_at_any_resolution():
    for scale in (1, 2, 4):
        mask = latin(scale)
        assert letter_height(mask, median(mask)) == pytest.approx(median(mask), rel=0.3)


def test_frames_rules_and_brackets_do_not_count_as_lines():
    mask = latin(2)
    alone = letter_height(mask, median(mask))
    framed = np.pad(mask, 40)
    cv2.rectangle(framed, (4, 4), (framed.shape[1] - 5, framed.shape[0] - 5), 1, 2)
    for y in range(8, 36, 6):
        framed[y : y + 2, 10:-10] = 1
    for x in range(12, 36, 8):
        framed[60:200, x : x + 3] = 1
    assert letter_height(framed, median(mask)) == pytest.approx(alone, rel=0.1)


def test_capitals_alone_are_taken_for_characters():
    page = np.zeros((400, 1000), np.uint8)
    for line in range(40, 400, 60):
        cv2.putText(page, "THEOREM AND PROOF", (20, line), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 1, 2)
    assert 0.5 * median(page) < letter_height(page, median(page)) < 0.75 * median(page)


def test_pages_of_one_type_size_are_read_at_one_size():
    pages = [np.where(characters(24, strokes), 0, 255).astype(np.uint8) for strokes in (1, 3)]
    for sizes in ([text_height(ink_of(page)) for page in pages], [find_ink(page).type_scale for page in pages]):
        assert max(sizes) < 1.5 * min(sizes)
    assert [median((page == 0).astype(np.uint8)) for page in pages] == [22.0, 6.0]


def test_a_strip_of_ink_is_no_error():
    assert letter_height(np.ones((2, 300), np.uint8), 40.0) == 40.0


def test_what_has_no_lines_keeps_its_median():
    dots = np.zeros((100, 100), np.uint8)
    dots[10:13, 10:13] = dots[50:53, 50:53] = 1
    assert letter_height(dots, 3.0) == 3.0
    assert letter_height(np.zeros((50, 50), np.uint8), 7.0) == 7.0
