"""The detector's network: a page becomes dense maps of class logits, box distances and quality logits."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mathocr.data.backbone import create_backbone
from mathocr.data.contracts import KINDS
from mathocr.detector.cells import STRIDE

# Distances are exp(t) - OFFSET cells: positive for any cell inside a box, and down to -OFFSET for a cell just
# beside one that is thinner than a cell.
OFFSET = 0.5
BACKBONE_STRIDES = (4, 8, 16, 32)
PRIOR = 0.02
MAX_LOG_DISTANCE = math.log(512.0)  # cells; 2048 px, wider than any line of text at the working resolution


class DenseOutput(NamedTuple):
    """What the network says of every cell.

    Attributes:
        class_logits: Shape ``(B, K, H/4, W/4)``, one logit per kind.
        distances: Shape ``(B, 4, H/4, W/4)``, pixels from the cell's centre to left, top, right, bottom.
        quality_logits: Shape ``(B, 1, H/4, W/4)``, logit of the IoU that this cell's box has with the truth.
    """

    class_logits: Tensor
    distances: Tensor
    quality_logits: Tensor


def conv_block(channels_in: int, channels_out: int, kernel: int = 1, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class FeaturePyramid(nn.Module):
    """Gathers features of all strides on one map at stride 8.

    Args:
        channels: Of the features, finest (stride 4) first.
        width: Channels of the fused map.
    """

    def __init__(self, channels: list[int], width: int) -> None:
        super().__init__()
        self.fine = conv_block(channels[0], width, kernel=3, stride=2)
        self.lateral = nn.ModuleList(conv_block(c, width) for c in channels[1:])
        self.smooth = nn.ModuleList(conv_block(width, width, kernel=3) for _ in channels[1:])

    def forward(self, features: list[Tensor]) -> Tensor:
        """Fuse maps, top down.

        Args:
            features: Finest first, each of half the size of the one before: ``(B, C_0, H/4, W/4)``, ``(B, C_1, H/8,
                W/8)``, ...

        Returns:
            Shape ``(B, width, H/8, W/8)``.
        """
        fused = self.smooth[-1](self.lateral[-1](features[-1]))  # (B, D, H/32, W/32)
        for index in reversed(range(len(self.lateral) - 1)):
            level = self.lateral[index](features[index + 1])  # (B, D, H/s, W/s)
            if index == 0:
                level = level + self.fine(features[0])
            coarser = nn.functional.interpolate(fused, scale_factor=2.0, mode="nearest")
            fused = self.smooth[index](level + coarser)
        return fused


class RegionNetwork(nn.Module):
    """Fully convolutional backbone, feature pyramid and an anchor-free head with cells of 4 pixels.

    The head works at stride 8 and each place of it answers for 2x2 cells (a pixel shuffle): the same resolution as a
    head at stride 4, at half of its cost on a CPU.

    Args:
        backbone: Name of a fully convolutional timm model with features at strides 4, 8, 16 and 32 (the cells of the
            last see a whole line of text).
        width: Channels of pyramid and head.
        head_layers: 3x3 layers in each of the two branches of the head.
        pretrained: Start from timm's ImageNet weights (downloads them) instead of random ones.
    """

    def __init__(
        self, backbone: str = "mobilenetv4_conv_small", width: int = 96, head_layers: int = 1, pretrained: bool = False
    ) -> None:
        super().__init__()
        self.backbone = create_backbone(backbone, BACKBONE_STRIDES, pretrained)
        self.pyramid = FeaturePyramid(self.backbone.feature_info.channels(), width)
        self.class_branch = nn.Sequential(*(conv_block(width, width, kernel=3) for _ in range(head_layers)))
        self.box_branch = nn.Sequential(*(conv_block(width, width, kernel=3) for _ in range(head_layers)))
        self.class_head = nn.Conv2d(width, 4 * len(KINDS), 1)
        self.box_head = nn.Conv2d(width, 4 * 4, 1)
        self.quality_head = nn.Conv2d(width, 4, 1)
        for head in (self.class_head, self.box_head, self.quality_head):
            nn.init.normal_(head.weight, std=0.01)
        # Prior probability of a formula in a cell, so that the first steps are not all about the empty ones:
        # Lin et al., arXiv:1708.02002.
        nn.init.constant_(self.class_head.bias, -math.log((1 - PRIOR) / PRIOR))
        nn.init.zeros_(self.quality_head.bias)
        nn.init.constant_(self.box_head.bias, math.log(2.0))

    def forward(self, pages: Tensor) -> DenseOutput:
        """Look at pages.

        Args:
            pages: Float, ``(B, 1, H, W)``, ink 1 on paper 0; ``H`` and ``W`` multiples of ``SIZE_MULTIPLE``.

        Returns:
            Maps at stride 4, distances in pixels of ``pages``.
        """
        fused = self.pyramid(self.backbone(pages))  # (B, D, H/8, W/8)
        classes = self.class_branch(fused)
        boxes = self.box_branch(fused)
        class_logits = nn.functional.pixel_shuffle(self.class_head(classes).float(), 2)  # (B, K, H/4, W/4)
        log_distances = nn.functional.pixel_shuffle(self.box_head(boxes).float(), 2)  # (B, 4, H/4, W/4)
        quality_logits = nn.functional.pixel_shuffle(self.quality_head(boxes).float(), 2)  # (B, 1, H/4, W/4)
        distances = STRIDE * (log_distances.clamp(-4.0, MAX_LOG_DISTANCE).exp() - OFFSET)
        return DenseOutput(class_logits, distances, quality_logits)


def cell_centres(rows: int, columns: int, device: torch.device | None = None) -> Tensor:
    """Centres of the cells, in pixels, row by row: ``(rows * columns, 2)``, x before y."""
    ys = (torch.arange(rows, device=device, dtype=torch.float32) + 0.5) * STRIDE
    xs = (torch.arange(columns, device=device, dtype=torch.float32) + 0.5) * STRIDE
    grid_y, grid_x = torch.meshgrid(ys, xs, indexing="ij")
    return torch.stack((grid_x, grid_y), dim=-1).reshape(-1, 2)


def boxes_from_distances(distances: Tensor) -> Tensor:
    """Boxes that the cells point at.

    Args:
        distances: ``(B, 4, h, w)``, pixels, left, top, right, bottom of the cell's centre.

    Returns:
        xyxy in pixels, ``(B, h * w, 4)``; no side is shorter than one pixel.
    """
    batch, _, rows, columns = distances.shape
    left, top, right, bottom = distances.reshape(batch, 4, rows * columns).unbind(1)  # each (B, h*w)
    centre_x, centre_y = cell_centres(rows, columns, distances.device).unbind(-1)
    x0, y0 = centre_x - left, centre_y - top
    x1 = torch.maximum(centre_x + right, x0 + 1)
    y1 = torch.maximum(centre_y + bottom, y0 + 1)
    return torch.stack((x0, y0, x1, y1), dim=-1)
