"""The detector's loss: which cells answer for which box, and how wrong they are."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torchvision.ops import generalized_box_iou_loss, sigmoid_focal_loss

from mathocr.detector.cells import STRIDE
from mathocr.detector.model import DenseOutput, boxes_from_distances, cell_centres

CORE = 0.7  # share of a box's width and height in which cells are positive; the rim is left out of the class loss
SMALL_BOOST = 4.0  # a box of fewer than the square of this many cells counts more per cell in the class loss
REACH = 1.0  # cells; a box thinner than a cell still gets the cells whose centre is this close to its own centre


class Assignment(NamedTuple):
    """What each of the ``P = h * w`` cells of each image has to say.

    Attributes:
        owner: Index of the box that a positive cell answers for, -1 elsewhere; int64, ``(B, P)``.
        ignored: Cells on the rim of a box, which the class loss leaves out; bool, ``(B, P)``.
        weights: Weight of each positive cell's box loss, 0 elsewhere: the cells of one box together weigh the root
            of their number, so that a wide box does not drown a letter; float, ``(B, P)``.
    """

    owner: Tensor
    ignored: Tensor
    weights: Tensor


def assign(boxes: Tensor, present: Tensor, rows: int, columns: int) -> Assignment:
    """Give cells to boxes: the cells in the core of a box, and at least the nearest ones of a tiny box.

    Where two boxes claim a cell, the smaller one gets it.

    Args:
        boxes: xyxy in pixels of the network's input, float, ``(B, N, 4)``, padded.
        present: Which boxes are real, bool, ``(B, N)``; ``N`` may be 0.
        rows: Height of the map in cells.
        columns: Width of the map in cells.
    """
    batch, count = present.shape
    cells = rows * columns
    if count == 0:
        empty = torch.zeros(batch, cells, device=boxes.device)
        return Assignment(torch.full_like(empty, -1, dtype=torch.long), empty.bool(), empty)
    centres = cell_centres(rows, columns, boxes.device).unflatten(0, (rows, columns))
    points = (centres[0, :, 0], centres[:, 0, 1])  # x of the columns, y of the rows
    low, high = boxes[:, :, None, :2], boxes[:, :, None, 2:]  # (B, N, 1, 2)
    middle, size = (low + high) / 2, high - low
    reach = torch.maximum(CORE * size / 2, torch.full_like(size, REACH * STRIDE))
    near = [(points[axis] - middle[..., axis]).abs() <= reach[..., axis] for axis in (0, 1)]  # (B, N, columns or rows)
    within = [(points[axis] >= low[..., axis]) & (points[axis] < high[..., axis]) for axis in (0, 1)]
    core, inside = (
        (across[:, :, None, :] & (down & present[..., None])[..., None]).flatten(2) for across, down in (near, within)
    )  # (B, N, P)

    area = size.prod(-1)  # (B, N, 1)
    claim = torch.where(core, area, torch.inf)
    smallest, owner = claim.min(dim=1)  # (B, P)
    positive = smallest.isfinite()
    ignored = inside.any(1) & ~positive
    cells_of_box = torch.zeros_like(present, dtype=boxes.dtype)
    cells_of_box.scatter_add_(1, owner, positive.to(boxes.dtype))
    weights = torch.where(positive, cells_of_box.gather(1, owner).clamp(min=1).rsqrt(), 0.0)
    owner = torch.where(positive, owner, -1)
    return Assignment(owner, ignored, weights)


def paired_iou(boxes_a: Tensor, boxes_b: Tensor) -> Tensor:
    """IoU of the i-th box of one set with the i-th of the other: ``(N, 4)``, ``(N, 4)`` to ``(N,)``."""
    low = torch.maximum(boxes_a[:, :2], boxes_b[:, :2])
    high = torch.minimum(boxes_a[:, 2:], boxes_b[:, 2:])
    overlap = (high - low).clamp(min=0).prod(-1)
    areas = (boxes_a[:, 2:] - boxes_a[:, :2]).prod(-1) + (boxes_b[:, 2:] - boxes_b[:, :2]).prod(-1)
    return overlap / (areas - overlap).clamp(min=1e-6)


class RegionLoss(nn.Module):
    """Focal loss on kinds, generalised IoU on boxes, cross-entropy of the predicted quality with the IoU reached.

    Args:
        box_weight: Weight of the box loss.
        quality_weight: Weight of the quality loss.
        focal_alpha: Weight of positive against negative cells in the focal loss.

    Source:
        Focal loss: Lin et al., arXiv:1708.02002. Dense assignment: Tian et al. (FCOS), arXiv:1904.01355.
        IoU as quality: Wu et al. (IoU-aware detector), arXiv:1912.05992.
    """

    def __init__(self, box_weight: float = 2.0, quality_weight: float = 0.5, focal_alpha: float = 0.4) -> None:
        super().__init__()
        self.box_weight = box_weight
        self.quality_weight = quality_weight
        self.focal_alpha = focal_alpha

    def forward(self, output: DenseOutput, boxes: Tensor, kinds: Tensor, present: Tensor) -> dict[str, Tensor]:
        """Compare maps with truth.

        Args:
            output: As the network gives it for ``B`` images.
            boxes: xyxy in pixels, float, ``(B, N, 4)``, padded with anything.
            kinds: Index of the kind, int64, ``(B, N)``.
            present: Which boxes are real, bool, ``(B, N)``.

        Returns:
            ``loss`` (the weighted sum) and its parts ``class``, ``box``, ``quality``; each a scalar.
        """
        _, kind_count, rows, columns = output.class_logits.shape
        owner, ignored, weights = assign(boxes, present, rows, columns)
        positive = owner >= 0  # (B, P)
        total_weight = weights.sum().clamp(min=1.0)

        index = owner.clamp(min=0)
        targets = torch.zeros(*owner.shape, kind_count, device=boxes.device)  # (B, P, K)
        if boxes.shape[1]:
            targets = nn.functional.one_hot(kinds.gather(1, index), kind_count).float() * positive[..., None]
        logits = output.class_logits.flatten(2).transpose(1, 2)  # (B, P, K)
        focal = sigmoid_focal_loss(logits, targets, alpha=self.focal_alpha, gamma=2.0, reduction="none")
        boosted = (SMALL_BOOST * weights).clamp(min=1.0)
        cell_weight = torch.where(positive, boosted, torch.where(ignored, 0.0, 1.0))  # (B, P)
        class_loss = (focal.sum(-1) * cell_weight).sum() / (boosted * positive).sum().clamp(min=1.0)

        box_loss = output.distances.sum() * 0.0
        quality_loss = output.quality_logits.sum() * 0.0
        if positive.any():
            image = torch.arange(len(owner), device=boxes.device)[:, None].expand_as(owner)[positive]
            truth = boxes[image, owner[positive]]  # (M, 4)
            found = boxes_from_distances(output.distances)[positive]  # (M, 4)
            cell_weights = weights[positive] / total_weight
            box_loss = (generalized_box_iou_loss(found, truth, reduction="none") * cell_weights).sum()
            reached = paired_iou(found.detach(), truth)
            quality = output.quality_logits.flatten(1)[positive]
            entropy = nn.functional.binary_cross_entropy_with_logits(quality, reached, reduction="none")
            quality_loss = (entropy * cell_weights).sum()
        loss = class_loss + self.box_weight * box_loss + self.quality_weight * quality_loss
        return {"loss": loss, "class": class_loss, "box": box_loss, "quality": quality_loss}
