import pytest
import torch

from mathocr.detector.loss import RegionLoss
from mathocr.detector.model import RegionNetwork, boxes_from_distances

TINY = "mobilenetv4_conv_small"


@pytest.fixture(scope="module")
def network() -> RegionNetwork:
    torch.manual_seed(0)
    return RegionNetwork(TINY, width=8)


def test_maps_have_cells_of_four_pixels(network: RegionNetwork) -> None:
    output = network.eval()(torch.rand(2, 1, 64, 96))
    assert output.class_logits.shape == (2, 2, 16, 24)
    assert output.distances.shape == (2, 4, 16, 24)
    assert output.quality_logits.shape == (2, 1, 16, 24)
    assert (output.distances > -2.0).all()  # half a cell


def test_an_image_alone_gives_what_it_gives_in_a_batch(network: RegionNetwork) -> None:
    pages = torch.rand(3, 1, 64, 64)
    network.eval()
    with torch.no_grad():
        batch, alone = network(pages), network(pages[1:2])
    for together, single in zip(batch, alone, strict=True):
        torch.testing.assert_close(together[1:2], single, atol=1e-5, rtol=1e-4)


def test_boxes_are_xyxy_about_the_cell() -> None:
    distances = torch.zeros(1, 4, 2, 3)
    distances[0, :, 1, 2] = torch.tensor([1.0, 2, 3, 4])  # the cell at row 1, column 2: centre (10, 6)
    boxes = boxes_from_distances(distances)
    assert boxes.shape == (1, 6, 4)
    assert boxes[0, 5].tolist() == [9, 4, 13, 10]
    assert boxes[0, 0].tolist() == [2, 2, 3, 3]  # no side is shorter than a pixel


def test_a_few_steps_on_one_batch_lower_the_loss_and_reach_every_parameter() -> None:
    torch.manual_seed(0)
    network = RegionNetwork(TINY, width=16).train()
    pages = torch.zeros(2, 1, 64, 64)
    pages[0, 0, 20:28, 10:50] = 1
    pages[1, 0, 40:46, 30:36] = 1
    boxes = torch.tensor([[[10.0, 20, 50, 28]], [[30, 40, 36, 46]]])
    kinds, present = torch.tensor([[1], [0]]), torch.ones(2, 1, dtype=torch.bool)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        loss = RegionLoss()(network(pages), boxes, kinds, present)["loss"]
        optimizer.zero_grad()
        loss.backward()
        if not losses:
            assert all(p.grad is not None for p in network.parameters())
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_a_backbone_without_fine_features_is_refused() -> None:
    with pytest.raises(ValueError, match="no features at stride"):
        RegionNetwork("vit_tiny_patch16_224")
