import numpy as np
import pytest

from mathocr.detector.decode import LEAST_SCORE, Detections, decode, doubted, drop_nested, suppress


def detections(*rows: tuple[float, float, float, float, int, float]) -> Detections:
    array = np.array(rows, np.float32).reshape(-1, 6)
    return Detections(array[:, :4], array[:, 4].astype(np.int64), array[:, 5])


def maps(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        np.full((2, rows, columns), -20, np.float32),
        np.ones((4, rows, columns), np.float32),
        np.zeros((1, rows, columns), np.float32),
    )


def test_one_lit_cell_is_one_box() -> None:
    classes, distances, quality = maps(4, 8)
    classes[1, 2, 5] = 20  # display; centre at x = 22, y = 10
    distances[:, 2, 5] = (2, 4, 6, 8)
    quality[0, 2, 5] = 20
    boxes, kinds, scores = decode(classes, distances, quality, 0.3)
    assert boxes.tolist() == [[20, 6, 28, 18]]
    assert kinds.tolist() == [1]
    assert scores.tolist() == pytest.approx([1.0])


def test_score_is_the_root_of_probability_times_quality() -> None:
    classes, distances, quality = maps(1, 2)
    classes[0, 0, 0] = np.log(0.9 / 0.1)
    quality[0, 0, 0] = np.log(0.4 / 0.6)
    assert decode(classes, distances, quality, 0.1).scores == pytest.approx([0.6])


def test_nothing_lit_is_nothing_found() -> None:
    found = decode(*maps(4, 4), min_score=0.1)
    assert found.boxes.shape == (0, 4)
    assert len(suppress(found).boxes) == 0


def test_one_nms_serves_both_kinds() -> None:
    found = suppress(detections((0, 0, 40, 10, 0, 0.6), (1, 0, 41, 10, 1, 0.9), (0, 50, 9, 58, 0, 0.5)))
    assert found.kinds.tolist() == [1, 0]
    assert found.scores.tolist() == pytest.approx([0.9, 0.5])


def test_close_candidates_vote_on_the_edges() -> None:
    found = suppress(detections((0, 0, 40, 10, 0, 0.8), (2, 0, 42, 10, 0, 0.8)))
    assert len(found.boxes) == 1
    assert 0 < found.boxes[0, 0] < 2 and 40 < found.boxes[0, 2] < 42


def test_the_score_is_the_mean_of_those_that_the_looks_give() -> None:
    rows = (0, 0, 40, 10, 0, 0.9), (1, 0, 41, 10, 1, 0.7), (10, 0, 50, 10, 0, 0.8), (0, 50, 9, 58, 0, 0.85)
    found = suppress(detections(*rows), np.array([0, 1, 1, 0]))
    # Of the second look the third candidate is the surest that is near the first; it saw nothing of the last.
    assert found.scores.tolist() == pytest.approx([(0.9 + 0.8) / 2, (0.85 + LEAST_SCORE) / 2])
    assert found.kinds.tolist() == [0, 0] and found.boxes[0, 0] < 1
    swapped = suppress(detections(*rows[::-1]), np.array([0, 1, 1, 0]))
    assert swapped.scores.tolist() == pytest.approx(found.scores.tolist())
    display = suppress(detections((0, 0, 40, 10, 1, 0.9), (0, 0, 40, 10, 0, 0.7)), np.array([0, 1]))
    assert display.scores.tolist() == pytest.approx([0.9]) and display.kinds.tolist() == [1]
    low_first = suppress(detections((0, 0, 40, 10, 0, 0.6), (100, 0, 109, 9, 0, 0.9)), np.array([0, 0]))
    assert low_first.scores.tolist() == pytest.approx([0.9, 0.6])


def test_a_part_of_a_better_box_is_dropped_and_a_better_part_keeps_its_whole() -> None:
    assert len(suppress(detections((0, 0, 100, 20, 1, 0.9), (40, 5, 50, 15, 0, 0.5))).boxes) == 1
    assert len(suppress(detections((0, 0, 100, 20, 1, 0.5), (40, 5, 50, 15, 0, 0.9))).boxes) == 2


def test_a_region_and_better_ones_that_it_holds_do_not_both_stay() -> None:
    part = (0, 0, 20, 10, 0, 0.9)
    whole = (0, 0, 100, 12, 0, 0.78)
    other = (200, 0, 220, 10, 0, 0.8)
    assert drop_nested(detections(part, other, whole)).scores.tolist() == pytest.approx([0.8, 0.78])
    second = (60, 0, 80, 10, 0, 0.85)
    assert drop_nested(detections(part, second, other, whole)).scores.tolist() == pytest.approx([0.9, 0.85, 0.8])
    junk = (0, 0, 100, 12, 0, 0.4)
    assert len(drop_nested(detections(part, other, junk)).scores) == 3
    assert len(drop_nested(detections()).scores) == 0


def test_order_of_candidates_does_not_matter() -> None:
    rows = [(0, 0, 40, 10, 0, 0.8), (2, 0, 42, 10, 0, 0.7), (100, 0, 120, 9, 1, 0.6), (101, 0, 121, 9, 1, 0.9)]
    forward, backward = suppress(detections(*rows)), suppress(detections(*rows[::-1]))
    np.testing.assert_allclose(forward.boxes, backward.boxes, rtol=1e-5)


def test_large_formulas_do_not_crowd_out_a_letter() -> None:
    classes, distances, quality = maps(100, 100)
    for cells, box in ((np.s_[:80], (0, 0, 400, 320)), (np.s_[90:92, 10:12], (40, 360, 48, 368))):
        lit = np.zeros((100, 100), bool)
        lit[cells] = True
        ys, xs = np.nonzero(lit)
        x, y = 4 * xs + 2, 4 * ys + 2
        classes[0, lit] = 20 if box[0] == 0 else 0  # 8,000 cells are better than those of the letter
        distances[:, lit] = np.stack((x - box[0], y - box[1], box[2] - x, box[3] - y))
        quality[0, lit] = 20
    found = suppress(decode(classes, distances, quality, 0.3))
    assert found.boxes.tolist() == [[0, 0, 400, 320], [40, 360, 48, 368]]


def test_each_box_is_voted_on_by_its_own_cells_among_many() -> None:
    rng = np.random.default_rng(0)
    corners = np.stack(np.meshgrid(np.arange(10) * 60, np.arange(30) * 20), -1).reshape(-1, 2).astype(np.float32)
    boxes = np.concatenate((corners, corners + np.float32([40, 12])), axis=1)
    noise = rng.normal(0, 0.5, (300, 5, 4)).astype(np.float32)
    rows = (boxes[:, None] + noise).reshape(-1, 4)
    order = rng.permutation(len(rows))
    found = suppress(Detections(rows[order], np.zeros(len(rows), np.int64), np.full(len(rows), 0.5, np.float32)))
    nearest = [np.abs(found.boxes - box).max(1).argmin() for box in boxes]
    assert sorted(nearest) == list(range(300))
    np.testing.assert_allclose(found.boxes[nearest], boxes + noise.mean(1), atol=0.25)


def found(*scores: float) -> Detections:
    return Detections(np.zeros((len(scores), 4), np.float32), np.zeros(len(scores), np.int64), np.float32(scores))


def test_a_page_without_a_sure_region_is_doubted() -> None:
    low, sure = found(0.7, *[0.5] * 99), found(0.901, *[0.5] * 99)
    assert doubted(sure, 0.9) is sure and doubted(low, 0.0) is low
    odds = 9 * (3 / 7)  # what the best one lacks: odds of 9 to 1, and it has 7 to 3
    assert doubted(low, 0.9).scores[:2] == pytest.approx([7 / (7 + 3 * odds**2), 1 / (1 + odds**2)], abs=1e-5)


def test_of_few_candidates_a_lower_best_one_is_expected() -> None:
    few, many = doubted(found(0.7, 0.5), 0.9), doubted(found(0.7, *[0.5] * 99), 0.9)
    assert 0.7 > few.scores[0] > many.scores[0]
    assert doubted(found(), 0.9).scores.shape == (0,) and doubted(found(1.0), 0.9).scores[0] == 1.0


def test_doubt_keeps_the_order_of_a_page() -> None:
    scores = doubted(found(0.62, 0.6, 0.5, 0.3, 0.26), 0.93).scores
    assert (np.diff(scores) < 0).all() and scores.dtype == np.float32
