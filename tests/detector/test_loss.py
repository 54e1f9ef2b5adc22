import pytest
import torch

from mathocr.detector.loss import RegionLoss, assign, paired_iou
from mathocr.detector.model import DenseOutput, RegionNetwork


def as_batch(*boxes: tuple[float, float, float, float]) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor([boxes], dtype=torch.float32), torch.ones(1, len(boxes), dtype=torch.bool)


def test_cells_in_the_core_belong_to_the_box_and_its_rim_is_ignored() -> None:
    # 8x8 cells of 4 px; the box covers cells 1..6 in x and y, its core (70 %) cells 2..5.
    boxes, present = as_batch((4, 4, 28, 28))
    owner, ignored, weights = assign(boxes, present, 8, 8)
    owner, ignored, weights = owner.view(8, 8), ignored.view(8, 8), weights.view(8, 8)
    assert (owner[2:6, 2:6] == 0).all()
    assert (owner >= 0).sum() == 16
    assert ignored[1, 1] and not ignored[0, 0] and not ignored[3, 3]
    assert weights.sum() == pytest.approx(4.0)  # the root of 16 cells


@pytest.mark.parametrize("x", [0.0, 1.3, 2.0, 3.7])
def test_a_single_letter_gets_cells_wherever_it_lies(x: float) -> None:
    boxes, present = as_batch((8 + x, 8 + x, 8 + x + 6, 8 + x + 6))
    assert (assign(boxes, present, 8, 8).owner == 0).sum() >= 2


def test_a_minus_sign_thinner_than_a_cell_gets_cells() -> None:
    boxes, present = as_batch((9.0, 11.5, 15.0, 12.3))
    assert (assign(boxes, present, 8, 8).owner == 0).any()


def test_a_very_wide_flat_box_gets_cells_along_most_of_its_width() -> None:
    boxes, present = as_batch((2, 10, 398, 20))
    owner = assign(boxes, present, 8, 100).owner.view(8, 100)
    assert (owner == 0).any(0).sum() >= 65


def test_the_smaller_of_two_boxes_gets_the_cell_that_both_claim() -> None:
    boxes, present = as_batch((0, 0, 32, 32), (12, 12, 20, 20))
    assert assign(boxes, present, 8, 8).owner.view(8, 8)[3, 3] == 1


def test_axes_are_not_swapped() -> None:
    boxes, present = as_batch((40, 0, 60, 8))  # at the right of a map of 4 rows and 16 columns
    owner = assign(boxes, present, 4, 16).owner.view(4, 16)
    assert owner[0, 12] == 0 or owner[1, 12] == 0
    assert (owner[:, :9] == -1).all()


def test_absent_boxes_and_no_boxes_give_no_positive_cell() -> None:
    boxes, present = as_batch((4, 4, 28, 28))
    assert (assign(boxes, ~present, 8, 8).owner == -1).all()
    assert (assign(boxes[:, :0], present[:, :0], 8, 8).owner == -1).all()


def test_paired_iou_by_hand() -> None:
    first = torch.tensor([[0.0, 0, 2, 2], [0, 0, 1, 1]])
    second = torch.tensor([[1.0, 0, 3, 2], [2, 2, 3, 3]])
    assert paired_iou(first, second).tolist() == pytest.approx([2 / 6, 0.0])


def perfect(boxes: torch.Tensor, kinds: torch.Tensor, rows: int, columns: int) -> DenseOutput:
    """Maps that say exactly what is there."""
    from mathocr.detector.model import cell_centres

    present = torch.ones(boxes.shape[:2], dtype=torch.bool)
    owner = assign(boxes, present, rows, columns).owner
    points = cell_centres(rows, columns)
    own = boxes[0][owner[0].clamp(min=0)]
    distances = torch.cat((points - own[:, :2], own[:, 2:] - points), dim=1).T.reshape(1, 4, rows, columns)
    classes = torch.full((1, 2, rows * columns), -12.0)
    for cell in torch.nonzero(owner[0] >= 0).ravel().tolist():
        classes[0, kinds[0, owner[0, cell]], cell] = 12.0
    quality = torch.full((1, 1, rows, columns), 12.0)
    return DenseOutput(classes.reshape(1, 2, rows, columns), distances, quality)


def test_the_truth_has_no_loss_and_an_error_in_any_part_has() -> None:
    boxes, present = as_batch((4, 4, 28, 12), (40, 8, 46, 14))
    kinds = torch.tensor([[1, 0]])
    loss = RegionLoss()
    right = perfect(boxes, kinds, 8, 16)
    parts = loss(right, boxes, kinds, present)
    assert {name: float(value) for name, value in parts.items()} == pytest.approx(
        {"loss": 0.0, "class": 0.0, "box": 0.0, "quality": 0.0}, abs=1e-3
    )
    assert loss(right, boxes, 1 - kinds, present)["class"] > 1
    assert loss(right._replace(distances=right.distances + 4), boxes, kinds, present)["box"] > 0.1
    assert loss(right._replace(quality_logits=-right.quality_logits), boxes, kinds, present)["quality"] > 1


def test_a_page_without_formulas_has_a_finite_loss_and_reaches_every_head() -> None:
    network = RegionNetwork("mobilenetv4_conv_small", width=8)
    output = network(torch.rand(2, 1, 64, 64))
    none = torch.zeros(2, 0, 4)
    losses = RegionLoss()(output, none, torch.zeros(2, 0, dtype=torch.long), torch.zeros(2, 0, dtype=torch.bool))
    losses["loss"].backward()
    assert torch.isfinite(losses["loss"])
    assert all(p.grad is not None for p in network.parameters())
