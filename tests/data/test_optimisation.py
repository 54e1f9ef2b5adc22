"""Groups of the optimiser by which checkpoints know parameters, and clipping of gradients."""

import pytest

torch = pytest.importorskip("torch")

from mathocr.data.optimisation import adamw, clip_gradients


class Small(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(3))
        self.positions = torch.nn.Parameter(torch.ones(4, 3))
        self.layer = torch.nn.Linear(3, 2)


def test_matrices_decay_first_and_vectors_and_positions_do_not():
    network = Small()
    optimizer = adamw(network, 1e-3, 0.05, betas=(0.9, 0.98))
    decayed, rest = optimizer.param_groups
    assert [id(p) for p in decayed["params"]] == [id(network.layer.weight)]
    assert [id(p) for p in rest["params"]] == [id(network.scale), id(network.positions), id(network.layer.bias)]
    assert (decayed["weight_decay"], rest["weight_decay"], rest["betas"], rest["lr"]) == (0.05, 0.0, (0.9, 0.98), 1e-3)


@pytest.mark.parametrize(("most", "norm"), [(2.0, 2.0), (100.0, 5.0), (None, 5.0)])
def test_norm_of_all_gradients_is_clipped(most, norm):
    network = Small()
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    network.scale.grad[0], network.layer.weight.grad[0, 0] = 3.0, 4.0
    clip_gradients(network, most)
    total = sum(float((parameter.grad**2).sum()) for parameter in network.parameters()) ** 0.5
    assert total == pytest.approx(norm, rel=1e-4)
