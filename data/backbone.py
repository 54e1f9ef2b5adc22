"""timm backbones of both stages, fit for training in bfloat16 on a CPU."""

from __future__ import annotations

from collections.abc import Sequence

import timm
import torch
from timm.models.hgnet import LearnableAffineBlock
from torch import Tensor, nn


class DepthwiseConv2d(nn.Conv2d):
    """Depthwise convolution that stays in float32 under CPU autocast.

    In bfloat16 oneDNN takes up to 18 times as long for its gradient (576 channels, 3x3, stride 2: 63 and 3.6 ms).
    """

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` to ``(B, C, H / stride, W / stride)``."""
        if x.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
            return super().forward(x)
        with torch.autocast("cpu", enabled=False):
            return super().forward(x.float()).to(x.dtype)


class Affine(LearnableAffineBlock):
    """timm's block of one scale and one bias, in the precision of its input; timm's makes bfloat16 float32."""

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` to the same."""
        return self.scale.to(x.dtype) * x + self.bias.to(x.dtype)


def create_backbone(name: str, strides: Sequence[int], pretrained: bool = False) -> nn.Module:
    """A timm model of one gray channel that gives features.

    Args:
        name: Of the timm model.
        strides: Of the features, finest first.
        pretrained: Start from timm's ImageNet weights (downloads them) instead of random ones.

    Raises:
        ValueError: If the model has no features at one of the strides.
    """
    reductions = timm.create_model(name, features_only=True).feature_info.reduction()
    if missing := [stride for stride in strides if stride not in reductions]:
        raise ValueError(f"backbone {name!r} has no features at stride {missing}, only at {reductions}")
    network = timm.create_model(
        name, features_only=True, in_chans=1, pretrained=pretrained,
        out_indices=tuple(reductions.index(stride) for stride in strides),
    )  # fmt: skip
    for module in network.modules():  # another forward for the same state
        if type(module) is LearnableAffineBlock:
            module.__class__ = Affine
        elif type(module) is nn.Conv2d and module.groups == module.in_channels > 1:
            module.__class__ = DepthwiseConv2d
    return network
