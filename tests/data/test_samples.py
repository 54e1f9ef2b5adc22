"""What is cut out of a page is what the box holds, with a margin that neighbours are kept out of."""

import numpy as np
import pytest

from mathocr.data.samples import cut


def page(dark: bool = False, colour: bool = False) -> np.ndarray:
    """A sign at (20, 20) to (30, 32), a comma behind it that goes on below, and a dot over it."""
    image = np.full((60, 80), 250, np.uint8)
    image[20:32, 20:30] = 10
    image[30:40, 31:35] = 10
    image[17:18, 24:26] = 10
    image = 255 - image if dark else image
    return np.stack([image] * 3, axis=2) if colour else image


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("colour", [False, True])
def test_a_neighbour_in_the_margin_is_painted_over(dark, colour):
    image = page(dark, colour)
    before = image.copy()
    crop = cut(image, (20, 20, 30, 32), 4)
    clean = before.copy()
    clean[30:40, 31:35] = clean[0, 0]
    assert crop.shape[:2] == (20, 18)
    assert (crop == clean[16:36, 16:34]).all()  # the dot is there: it does not go on outside
    assert (image == before).all()


def test_what_goes_on_from_inside_stays():
    image = page()
    image[30:40, 26:31] = 10  # joins sign and comma
    crop = cut(image, (20, 20, 30, 32), 4)
    assert (crop == image[16:36, 16:34]).all()


def test_a_sign_that_fills_its_box_keeps_its_white_margin():
    image = np.full((60, 80), 250, np.uint8)
    image[20:50, 20:70] = 10
    assert (cut(image, (20, 20, 70, 50), 2) == image[18:52, 18:72]).all()


def test_without_neighbours_it_is_a_view():
    image = page()
    assert cut(image, (20, 20, 30, 32), 0).base is image


def test_a_soft_edge_goes_with_its_neighbour():
    image = page()
    image[29, 31:35] = 200
    image[30:34, 30] = 215
    assert cut(image, (20, 20, 30, 32), 4)[13:, 14:].min() == 250


def test_a_box_outside_is_an_error():
    with pytest.raises(ValueError, match="outside the page of 80 x 60 pixels"):
        cut(page(), (90, 10, 99, 20))
