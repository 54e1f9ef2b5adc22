import cv2
import numpy as np
import pytest

from mathocr.data.page_view import random_view, view_boxes, view_image

SIZE = (256, 448)


@pytest.fixture(scope="module")
def page():
    """A page with a slanted stroke, a triangle, a wide flat bar and a letter, and their exact boxes."""
    image = np.full((700, 900), 255, np.uint8)
    cv2.line(image, (330, 260), (430, 300), 0, 3)
    cv2.fillPoly(image, [np.array([[500, 320], [540, 320], [520, 280]])], 0)
    image[380:386, 300:620] = 0
    cv2.putText(image, "f", (600, 330), cv2.FONT_HERSHEY_COMPLEX, 1, 0, 2, cv2.LINE_AA)
    count, _, stats, _ = cv2.connectedComponentsWithStats((image < 215).astype(np.uint8))
    boxes = np.array([[x, y, x + w, y + h] for x, y, w, h, _ in stats[1:count]], np.float32)
    assert len(boxes) == 4
    return image, boxes


def ink_boxes(image):
    """Boxes of the shapes in a tile, by the half-dark pixels, in the order of their left edges."""
    count, _, stats, _ = cv2.connectedComponentsWithStats((image < 128).astype(np.uint8))
    return sorted([x, y, x + w, y + h] for x, y, w, h, _ in stats[1:count])


@pytest.mark.parametrize("seed", range(6))
def test_boxes_follow_the_ink_within_a_pixel(page, seed):
    image, boxes = page
    matrix = random_view(np.random.default_rng(seed), (270, 200), SIZE, degrees=3.0)
    tile = view_image(image, matrix, SIZE, outside=255)
    found = np.array(ink_boxes(tile))
    shown = np.array(sorted(view_boxes(image, boxes, matrix, SIZE)[0].tolist()))
    assert found.shape == shown.shape
    assert np.abs(found - shown).max() < 1.3  # half-dark pixels: up to a pixel less than the ink at either side
    assert np.abs((found - shown).mean(0)).max() < 0.7


def test_the_box_of_a_turned_box_would_not_do(page):
    image, boxes = page
    matrix = np.vstack([cv2.getRotationMatrix2D((450, 300), 10, 1), [0, 0, 1]])
    stroke = boxes[boxes[:, 0].argsort()[1]]  # from its upper left to its lower right: turning makes it flatter
    around = cv2.perspectiveTransform(stroke[[0, 1, 2, 1, 2, 3, 0, 3]].reshape(1, 4, 2).astype(float), matrix)[0]
    (exact,), (cut,) = view_boxes(image, stroke[None], matrix, image.shape)
    assert not cut
    assert (around.max(0) - around.min(0)).sum() > (exact[2:] - exact[:2]).sum() + 10


def test_a_cut_formula_keeps_the_box_of_its_visible_ink(page):
    image, boxes = page
    bar = boxes[boxes[:, 0].argmin()]
    turn = np.vstack([cv2.getRotationMatrix2D((450, 300), 3, 1), [0, 0, 1]])
    matrix = np.array([[1, 0, -500], [0, 1, -250], [0, 0, 1]]) @ turn
    tile = view_image(image, matrix, SIZE, outside=255)
    (shown,), (cut,) = view_boxes(image, bar[None], matrix, SIZE)
    assert cut
    ys, xs = np.nonzero(tile[100:] < 128)  # the other shapes are above
    assert np.abs(shown - [xs.min(), ys.min() + 100, xs.max() + 1, ys.max() + 101]).max() < 1.3


def test_without_an_angle_it_is_a_plain_cut(page):
    image, boxes = page
    matrix = random_view(np.random.default_rng(0), (270, 200), SIZE, degrees=0.0)
    np.testing.assert_array_equal(view_image(image, matrix, SIZE, 255), image[200:456, 270:718])
    np.testing.assert_allclose(view_boxes(image, boxes, matrix, SIZE)[0], boxes - [270, 200, 270, 200], atol=1e-4)


def test_no_ink_no_boxes_and_the_outside():
    blank = np.full((100, 100), 255, np.uint8)
    turn = random_view(np.random.default_rng(3), (0, 0), (100, 100), degrees=3.0)
    assert view_boxes(blank, np.zeros((0, 4), np.float32), turn, (100, 100))[0].shape == (0, 4)
    (whole, gone), _ = view_boxes(blank, np.array([[10, 30, 90, 40], [300, 9, 320, 20]], np.float32), turn, (100, 100))
    assert whole[2] - whole[0] > 75
    assert gone.tolist() == [0, 0, 0, 0]
    assert set(np.unique(view_image(blank, turn, (300, 300), 90))) >= {90, 255}
