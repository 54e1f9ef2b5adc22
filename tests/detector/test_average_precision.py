import numpy as np
import pytest

from mathocr.detector.average_precision import COCO_IOUS, AveragePrecision, precision_recall, split_and_merged
from mathocr.detector.decode import Detections

INLINE, DISPLAY = 0, 1


def found(boxes, scores=None, kinds=None):
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    count = len(boxes)
    scores = np.array(np.linspace(0.9, 0.5, count) if scores is None else scores, np.float32)
    return Detections(boxes, np.array([INLINE] * count if kinds is None else kinds, np.int64), scores)


def truth(boxes, kinds=None):
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    return boxes, np.array([INLINE] * len(boxes) if kinds is None else kinds, np.int64)


def random_pages(seed, pages=6, most=14):
    """Pages of flat boxes of very different sizes; predictions moved, doubled, of the wrong kind, or on nothing."""
    rng = np.random.default_rng(seed)
    for _ in range(pages):
        count = int(rng.integers(0, most))
        corner, size = rng.uniform(0, 900, (count, 2)), rng.uniform(4, 160, (count, 2)) * (2.0, 0.7)
        boxes = np.concatenate((corner, corner + size), 1).round(2)
        kinds = rng.integers(0, 2, count)
        moved = boxes + rng.normal(0, 0.09, (count, 4)) * np.tile(size, 2)
        again = boxes + rng.normal(0, 0.02, (count, 4)) * np.tile(size, 2)
        stray = np.array([[5, 5, 60, 30], [400, 9, 700, 90]])
        every = np.concatenate((moved, again[::2], stray)).round(2)
        low, high = np.minimum(every[:, :2], every[:, 2:]), np.maximum(every[:, :2], every[:, 2:])
        every = np.concatenate((low, high + 0.5), 1)
        guessed = np.concatenate((kinds, kinds[::2], [0, 1]))
        guessed = np.where(rng.random(len(guessed)) < 0.1, 1 - guessed, guessed)
        scores = rng.permutation(len(every)) / len(every) + rng.uniform(0, 0.01)  # no two alike on a page
        yield found(every, scores, guessed), truth(boxes, kinds)


def gather(pages, **options):
    metric = AveragePrecision(**options)
    for preds, targets in pages:
        metric.update(preds, *targets)
    return metric


def test_average_precision_by_hand():
    # Right, wrong, right, of four targets: recall .25 at precision 1, then .5 at 2/3; 26 recalls and then 25 of 101.
    targets = truth([(0, 0, 10, 5), (20, 0, 30, 5), (40, 0, 50, 5), (60, 0, 70, 5)])
    metric = gather([(found([(0, 0, 10, 5), (200, 0, 210, 5), (20, 0, 30, 5)]), targets)])
    assert metric.ap("inline", 0.5) == pytest.approx((26 * 1 + 25 * 2 / 3) / 101)
    assert metric.ap("inline") == pytest.approx((26 * 1 + 25 * 2 / 3) / 101)  # exact boxes: the same at every IoU
    curve = metric.curve("inline", 0.5)
    assert curve.recall.tolist() == [0.25, 0.25, 0.5]
    assert curve.precision.tolist() == pytest.approx([1, 1 / 2, 2 / 3])
    assert curve.scores.tolist() == pytest.approx([0.9, 0.7, 0.5])


def test_box_that_is_off_counts_up_to_its_iou():
    metric = gather([(found([(0, 0, 72, 10)]), truth([(0, 0, 100, 10)]))])  # IoU .72: right at .5 to .7
    assert metric.ap("inline", 0.7) == 1
    assert metric.ap("inline", 0.75) == 0
    assert metric.ap("inline") == pytest.approx(0.5)


def test_x_and_y_are_not_mixed_up():
    preds = found([(0, 10, 100, 20)])
    assert gather([(preds, truth([(0, 10, 100, 20)]))]).ap("inline", 0.5) == 1
    assert gather([(preds, truth([(10, 0, 20, 100)]))]).ap("inline", 0.5) == 0


def test_kinds_are_apart():
    metric = gather([(found([(0, 0, 9, 9)], kinds=[INLINE]), truth([(0, 0, 9, 9)] * 2, [INLINE, DISPLAY]))])
    assert metric.ap("inline", 0.5) == 1
    assert metric.ap("display", 0.5) == 0


def test_second_prediction_on_a_target_is_wrong():
    targets = truth([(0, 0, 10, 10), (50, 0, 60, 10)])
    metric = gather([(found([(0, 0, 10, 10), (0, 0, 10, 10.1), (50, 0, 60, 10)]), targets)])
    assert metric.curve("inline", 0.5).precision.tolist() == pytest.approx([1, 1 / 2, 2 / 3])


def test_nothing_found_nothing_there():
    assert gather([(found([]), truth([(0, 0, 9, 9)]))]).ap("inline") == 0
    assert gather([(found([]), truth([]))]).ap("inline") is None
    assert gather([(found([(0, 0, 9, 9)]), truth([]))]).ap("inline") is None
    assert gather([]).ap("display", 0.5) is None


def test_wrong_input_is_named():
    metric = AveragePrecision()
    with pytest.raises(ValueError, match=r"\(M, 4\)"):
        metric.update(found([]), np.zeros((4, 2)), np.zeros(4, int))
    with pytest.raises(ValueError, match=r"got 0\.6"):
        AveragePrecision((0.5,)).ap("inline", 0.6)


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_pycocotools(seed):
    pytest.importorskip("pycocotools")
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    pages = list(random_pages(seed))
    images = [{"id": n, "height": 1000, "width": 1000} for n in range(1, len(pages) + 1)]
    annotations, results = [], []
    for image, (preds, (boxes, kinds)) in enumerate(pages, 1):
        for box, kind in zip(boxes.astype(float), kinds, strict=True):
            x, y, w, h = box[0], box[1], box[2] - box[0], box[3] - box[1]
            row = {"image_id": image, "category_id": int(kind) + 1, "bbox": [x, y, w, h], "area": w * h, "iscrowd": 0}
            annotations.append({"id": len(annotations) + 1, **row})
        for box, kind, score in zip(preds.boxes.astype(float), preds.kinds, preds.scores, strict=True):
            x, y, w, h = box[0], box[1], box[2] - box[0], box[3] - box[1]
            row = {"image_id": image, "category_id": int(kind) + 1, "bbox": [x, y, w, h], "score": float(score)}
            results.append(row)
    truths = COCO()
    truths.dataset = {"images": images, "annotations": annotations, "categories": [{"id": 1}, {"id": 2}]}
    truths.createIndex()
    coco = COCOeval(truths, truths.loadRes(results), "bbox")
    coco.evaluate()
    coco.accumulate()
    precision = coco.eval["precision"]  # IoU, recall, category, area, most predictions a page
    areas = {"all": (0, 1e10), "small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 1e10)}
    for place, area in enumerate(areas.values()):
        ours = gather(pages, area=area)
        for kind, name in enumerate(("inline", "display")):
            theirs = precision[:, :, kind, place, -1]
            if (theirs == -1).all():
                assert ours.ap(name) is None
                continue
            assert ours.ap(name) == pytest.approx(theirs.mean(), abs=1e-6)
            assert ours.ap(name, 0.5) == pytest.approx(theirs[0].mean(), abs=1e-6)
            assert [ours.ap(name, iou) for iou in COCO_IOUS] == pytest.approx(theirs.mean(1), abs=1e-6)


def test_the_curve_by_hand():
    curve = precision_recall(np.array([0.2, 0.9, 0.5]), np.array([True, False, True]), 4)
    assert curve.recall.tolist() == [0, 0.25, 0.5]
    assert curve.precision.tolist() == pytest.approx([0, 1 / 2, 2 / 3])
    assert curve.scores.tolist() == [0.9, 0.5, 0.2]


def test_more_than_a_hundred_regions_a_page_count():
    boxes = [(10 * n, 0, 10 * n + 8, 8) for n in range(150)]
    assert gather([(found(boxes), truth(boxes))]).ap("inline") == 1


def test_split_and_merged_by_hand():
    whole, left, right = (0, 0, 100, 10), (0, 0, 48, 10), (52, 0, 100, 10)
    boxes = [np.array(rows, float) for rows in ([left, right], [whole])]
    assert split_and_merged(*boxes) == (1, 0)
    assert split_and_merged(*boxes[::-1]) == (0, 1)
    assert split_and_merged(boxes[0], boxes[0]) == (0, 0)
    # the same from top to bottom
    tall, upper, lower = (0, 0, 10, 100), (0, 0, 10, 48), (0, 52, 10, 100)
    assert split_and_merged(np.array([upper, lower], float), np.array([tall], float)) == (1, 0)
    # a good box and a stray inside it: found, not split
    assert split_and_merged(np.array([(0, 0, 100, 9.5), left], float), np.array([whole], float)) == (0, 0)
    assert split_and_merged(np.array([whole], float), np.array([(0, 0, 100, 9.5), left], float)) == (0, 0)
    # a part of .8 is not the whole
    parts = np.array([(0, 0, 80, 10), (82, 0, 100, 10)], float)
    assert split_and_merged(parts, np.array([whole], float)) == (1, 0)
    assert split_and_merged(np.array([whole], float), parts) == (0, 1)
    # a neighbour that only touches is not inside
    assert split_and_merged(np.array([left, (90, 0, 200, 10)], float), np.array([whole], float)) == (0, 0)
    assert split_and_merged(np.zeros((0, 4)), np.zeros((0, 4))) == (0, 0)
