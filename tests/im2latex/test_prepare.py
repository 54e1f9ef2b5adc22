"""From crops of any look to ink maps."""

import cv2
import numpy as np
import pytest

from mathocr.im2latex.prepare import (
    MARGIN,
    ink_box,
    narrowed,
    pad,
    padded_size,
    prepare_crop,
    rescale,
    text_scale,
    to_ink,
    trimmed_ink,
    type_size,
)


def drawn(height=60, width=200, ink=0, paper=255):
    image = np.full((height, width), paper, np.uint8)
    cv2.rectangle(image, (20, 10), (29, 49), ink, -1)  # x 20..29, y 10..49
    cv2.rectangle(image, (150, 20), (169, 29), ink, -1)  # x 150..169, y 20..29
    return image


def test_dark_on_light_and_light_on_dark_give_the_same_ink():
    light, dark = to_ink(drawn()), to_ink(drawn(ink=255, paper=0))
    np.testing.assert_array_equal(light, dark)
    assert light[30, 25] == 255 and light[5, 5] == 0


def test_weak_contrast_is_stretched_and_none_is_empty():
    np.testing.assert_array_equal(to_ink(drawn(ink=100, paper=180)), to_ink(drawn()))
    assert not to_ink(np.full((10, 10), 200, np.uint8)).any()
    assert prepare_crop(np.full((10, 10), 200, np.uint8)) is None


def test_colours_without_luminance_contrast_are_seen():
    image = np.zeros((40, 60, 3), np.uint8)
    image[...] = (90, 90, 90)
    image[10:30, 20:40] = (60, 60, 255)  # blue on gray: luminance differs by 2
    ink = to_ink(image)
    assert ink[20, 30] == 255 and ink[5, 5] == 0


def test_ink_box_is_x_before_y():
    assert ink_box(to_ink(drawn())) == (20, 10, 170, 50)
    assert ink_box(np.zeros((5, 9), np.uint8)) == (0, 0, 0, 0)


def test_sizes_are_few_height_before_width():
    assert padded_size(20, 100) == (32, 128)
    assert padded_size(20 + 1, 128 - 2 * MARGIN) == (48, 128)
    assert padded_size(5000, 5000) == (512, 1536)
    assert all(
        h % 16 == 0 and w % 16 == 0
        for h, w in (padded_size(a, b) for a in range(1, 500, 7) for b in range(1, 1500, 31))
    )


def test_pad_puts_ink_at_its_offset():
    canvas = pad(np.full((4, 7), 9, np.uint8), (32, 64), (3, 5))
    assert canvas.shape == (32, 64) and canvas.sum() == 4 * 7 * 9
    assert ink_box(canvas, 1) == (3, 5, 10, 9)


def test_large_crops_are_shrunk_to_fit():
    assert rescale(np.zeros((100, 6000), np.uint8), 1.0).shape[1] == 1536 - 2 * MARGIN
    assert prepare_crop(drawn(2000, 8000)).shape <= (512, 1536)


@pytest.mark.parametrize("scale", [0.5, 1.0, 4.0])
def test_gaps_are_no_wider_than_is_usual_and_no_ink_is_lost(scale):
    ink = np.zeros((5, 400), np.uint8)
    ink[:, :2], ink[2, 150:153], ink[4, 160], ink[:, 399] = 255, 255, 200, 90
    most = round(40 / scale)
    narrow = narrowed(ink, scale)
    gaps = [min(gap, most) for gap in (148, 7, 238)]
    assert narrow.shape == (5, 7 + sum(gaps)) and narrow.sum() == ink.sum()
    assert narrow[2, 2 + gaps[0]] == 255 and narrow[1, 2 + gaps[0]] == 0
    assert narrowed(ink[:, :2], scale).shape == (5, 2)


def letters(height):
    image = np.full((4 * height, 12 * height), 255, np.uint8)
    for place in range(6):
        cv2.rectangle(
            image,
            (height + 2 * place * height, height),
            (height + int((2 * place + 0.8) * height), 2 * height - 1),
            0,
            -1,
        )
    return image


@pytest.mark.parametrize("height", [4, 30, 80])
def test_scale_brings_type_to_the_height_that_is_read_best(height):
    assert text_scale(trimmed_ink(letters(height))) * height == pytest.approx(1.35 * 8, abs=0.6)


def test_scale_of_type_of_about_the_usual_size_goes_half_of_the_way():
    small, large = (text_scale(trimmed_ink(letters(height))) for height in (6, 11))
    assert (small / 1.35) ** 2 * 6 == pytest.approx(8, abs=0.5) and small > 1.35
    assert (large / 1.35) ** 2 * 11 == pytest.approx(8, abs=0.5) and 1.35 / 11 * 8 < large < 1.35
    assert text_scale(np.zeros((9, 9), np.uint8)) == 1.0 and type_size(np.zeros((9, 9), np.uint8)) is None


def sum_over_n(zoom):
    """A word with a subscript, a fraction bar and a dot, drawn at some zoom."""
    image = np.full((50, 150), 255, np.uint8)
    cv2.putText(image, "Ax+b", (4, 30), cv2.FONT_HERSHEY_COMPLEX, 0.7, 0, 1, cv2.LINE_AA)
    cv2.putText(image, "i", (86, 38), cv2.FONT_HERSHEY_COMPLEX, 0.4, 0, 1, cv2.LINE_AA)
    cv2.line(image, (2, 44), (140, 44), 0, 1)
    cv2.circle(image, (120, 28), 1, 0, -1)
    return cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC)


def test_size_of_type_grows_with_the_zoom():
    sizes = {zoom: type_size(trimmed_ink(sum_over_n(zoom))) for zoom in (0.5, 1, 2, 4)}
    for zoom, size in sizes.items():
        assert size == pytest.approx(zoom * sizes[1], rel=0.2)  # at 0.5 strokes blur together


def test_bars_specks_and_paper_do_not_change_the_size_of_type():
    plain = type_size(trimmed_ink(sum_over_n(2)))
    speckled = sum_over_n(2)
    speckled[3::20, 5::30] = 0
    assert type_size(trimmed_ink(speckled)) == pytest.approx(plain, rel=0.1)
    padded = np.pad(sum_over_n(2), 40, constant_values=255)
    assert type_size(trimmed_ink(padded)) == plain


@pytest.mark.parametrize("bad", [np.zeros((3, 3), np.float32), np.zeros((3, 3, 4), np.uint8), np.zeros(3, np.uint8)])
def test_wrong_arrays_are_refused(bad):
    with pytest.raises(ValueError, match=r"uint8 \(H, W\) or \(H, W, 3\), got"):
        to_ink(bad)
    with pytest.raises(ValueError, match="at least one pixel"):
        to_ink(np.zeros((0, 4), np.uint8))
