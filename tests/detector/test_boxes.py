import numpy as np
import pytest

from mathocr.detector.boxes import areas, pairwise_overlap


def test_areas_by_hand() -> None:
    boxes = np.array([[1, 2, 4, 7], [3, 3, 3, 9], [5, 5, 4, 4]], np.float32)
    assert areas(boxes).tolist() == [15, 0, 0] and areas(np.zeros((0, 4))).shape == (0,)


@pytest.mark.parametrize(("n", "m"), [(0, 3), (3, 0), (0, 0)])
def test_pairwise_overlap_of_nothing(n: int, m: int) -> None:
    iou, within = pairwise_overlap(np.zeros((n, 4)), np.zeros((m, 4)))
    assert iou.shape == within.shape == (n, m)


def test_boxes_without_area_overlap_nothing() -> None:
    iou, within = pairwise_overlap(np.array([[0.0, 0, 5, 5]]), np.array([[1.0, 1, 1, 4], [3, 3, 2, 2]]))
    assert not iou.any() and not within.any()


def test_pairwise_overlap_by_hand() -> None:
    iou, within = pairwise_overlap(
        np.array([[0, 0, 4, 2]], np.float32), np.array([[2, 0, 6, 1], [9, 9, 10, 10]], np.float32)
    )
    assert iou.tolist() == [[pytest.approx(2 / 10), 0]]
    assert within.tolist() == [[pytest.approx(0.5), 0]]
