from itertools import pairwise

import numpy as np
import pytest

from mathocr.detector.prepare import (
    MAX_TILE,
    OVERLAP,
    TEXT_HEIGHT,
    ink_of,
    pad,
    text_height,
    tiles,
    to_gray,
    to_working,
)


def lines_of_letters(height: int, pixels: tuple[int, int] = (400, 600)) -> np.ndarray:
    """A white page with rows of dark boxes of the height of letters."""
    page = np.full(pixels, 255, np.uint8)
    for y in range(20, pixels[0] - 2 * height, 3 * height):
        for x in range(20, pixels[1] - 2 * height, 2 * height):
            page[y : y + height, x : x + max(2, height * 2 // 3)] = 20
    return page


def test_ink_is_the_same_on_light_and_dark_paper() -> None:
    page = lines_of_letters(8)
    np.testing.assert_allclose(ink_of(page), ink_of(255 - page), atol=1e-6)
    assert ink_of(page)[0, 0] == 0
    assert ink_of(page).max() == 1


def test_faint_ink_is_stretched_but_noise_is_not() -> None:
    faint = np.where(lines_of_letters(8) < 128, 150, 240).astype(np.uint8)
    assert ink_of(faint).max() == 1
    noise = np.random.default_rng(0).integers(250, 256, (50, 50)).astype(np.uint8)
    assert ink_of(noise).max() < 0.1


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_page_of_one_colour_has_no_ink(value: int) -> None:
    assert ink_of(np.full((5, 7), value, np.uint8)).max() == 0


@pytest.mark.parametrize("height", [7, 14, 28])
def test_text_height(height: int) -> None:
    assert text_height(ink_of(lines_of_letters(height))) == height


def test_text_height_of_an_empty_page_is_unknown() -> None:
    assert text_height(np.zeros((100, 100), np.float32)) is None


def test_large_type_is_brought_to_the_working_scale_and_boxes_come_back() -> None:
    page = lines_of_letters(21, (900, 1205))
    working = to_working(ink_of(page))
    assert working.scale_x == pytest.approx(TEXT_HEIGHT / 21, rel=0.01)
    height, width = working.ink.shape
    corners = working.to_page(np.array([[0, 0, width, height]], np.float32))
    assert corners.tolist() == [[0, 0, 1205, 900]]


def test_type_that_is_near_is_left_as_it_is() -> None:
    ink = ink_of(lines_of_letters(8))
    assert to_working(ink).ink is ink


def test_padding_is_paper_to_the_right_and_below() -> None:
    padded = pad(np.ones((33, 64), np.float32))
    assert padded.shape == (64, 64)
    assert padded[:33].min() == 1 and padded[33:].max() == 0


@pytest.mark.parametrize("size", [(10, 10), (MAX_TILE, MAX_TILE + 1), (5000, 3000)])
def test_tiles_cover_the_page_and_overlap(size: tuple[int, int]) -> None:
    seen = np.zeros(size, bool)
    spans = set()
    for tile in tiles(*size):
        assert tile.y1 - tile.y0 <= MAX_TILE and tile.x1 - tile.x0 <= MAX_TILE
        seen[tile.y0 : tile.y1, tile.x0 : tile.x1] = True
        spans.add((tile.x0, tile.x1))
    assert seen.all()
    ordered = sorted(spans)
    assert all(left[1] - right[0] >= OVERLAP for left, right in pairwise(ordered))


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4), np.float32), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4), np.uint8)]
)
def test_what_is_no_page_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="a page must be uint8"):
        to_gray(image)
