"""Backbones of both stages: the state and answers of timm's own, in bfloat16 too."""

import copy

import pytest
import timm
import torch

from mathocr.data.backbone import Affine, DepthwiseConv2d, create_backbone


@pytest.fixture(params=["hgnetv2_b0", "mobilenetv4_conv_small"])
def pair(request):
    """A backbone and timm's own model of the same state, and an image."""
    torch.manual_seed(0)
    backbone = create_backbone(request.param, (4, 8)).eval()
    places = tuple(
        timm.create_model(request.param, features_only=True).feature_info.reduction().index(s) for s in (4, 8)
    )
    plain = timm.create_model(request.param, features_only=True, in_chans=1, out_indices=places).eval()
    plain.load_state_dict(backbone.state_dict())
    return backbone, plain, torch.rand(2, 1, 64, 64)


def test_features_have_the_strides_asked_for_or_the_missing_one_is_named():
    strides = [2, 4, 8, 16, 32]
    features = create_backbone("mobilenetv4_conv_small", strides)(torch.rand(1, 1, 64, 64))
    assert [64 // feature.shape[-1] for feature in features] == strides
    with pytest.raises(ValueError, match=r"'mobilenetv4_conv_small' has no features at stride \[64\], only at \[2, 4"):
        create_backbone("mobilenetv4_conv_small", [8, 64])


def test_features_are_those_of_timm(pair):
    backbone, plain, image = pair
    for found, expected in zip(copy.deepcopy(backbone)(image), plain(image), strict=True):
        torch.testing.assert_close(found, expected)


def test_under_autocast_features_are_bfloat16_and_near_those_in_float32(pair):
    backbone, plain, image = pair
    with torch.autocast("cpu", torch.bfloat16):
        features = backbone(image)
    for found, expected in zip(features, plain(image), strict=True):
        assert found.dtype == torch.bfloat16
        assert (found.float() - expected).norm() < 0.03 * expected.norm()


def test_depthwise_convolution_stays_in_float32_and_passes_its_gradient_on():
    layer = torch.nn.Conv2d(8, 8, 3, groups=8)
    expected = layer(x := torch.rand(1, 8, 6, 6).bfloat16().float())
    layer.__class__ = DepthwiseConv2d
    x = x.bfloat16().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        found = layer(x)
    torch.testing.assert_close(found, expected.bfloat16())  # rounded once, at the end
    found.sum().backward()
    assert x.grad is not None and layer.weight.grad is not None and layer.weight.grad.dtype == torch.float32


def test_affine_keeps_the_precision_of_its_input():
    layer = Affine(scale_value=2.0, bias_value=1.0)
    assert layer(torch.ones(1, 1, 1, 1)).item() == 3.0
    assert layer(torch.ones(1, 1, 1, 1, dtype=torch.bfloat16)).dtype == torch.bfloat16
