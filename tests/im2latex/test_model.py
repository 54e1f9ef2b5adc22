"""The recogniser network: shapes, cache, padding, gradients, learning."""

import math

import pytest
import torch

from mathocr.im2latex.layers import EncoderLayer, attend
from mathocr.im2latex.loss import distillation_loss, glyph_loss, token_loss
from mathocr.im2latex.model import FormulaNet
from mathocr.im2latex.vocabulary import BOS, EOS, PAD

V, G = 12, 7


@pytest.fixture
def network() -> FormulaNet:
    torch.manual_seed(0)
    network = FormulaNet(
        V, backbone="hgnetv2_b0", width=32, heads=2, encoder_layers=1, decoder_layers=2, max_length=24,
        max_height=64, max_width=128, glyph_classes=G,
    )  # fmt: skip
    for parameter in network.encoder.parameters():  # which begins as identity
        torch.nn.init.normal_(parameter, std=0.1)
    return network


CELLS = torch.tensor([[0, 1, 15], [1, 3, 2]])  # (image, row, column) of a 4 x 16 map


def test_shapes_with_height_and_width_apart(network):
    output = network(torch.rand(2, 1, 32, 128), torch.full((2, 5), BOS), CELLS)
    assert output.logits.shape == (2, 5, V)
    assert output.glyph_logits.shape == (2, G)
    memory = network.encode(torch.rand(2, 1, 32, 128))
    assert memory.keys.shape == memory.values.shape == (2, 2, 2, 2 * 8, 16)


def test_steps_with_cache_equal_teacher_forcing(network):
    network.eval()
    images, ids = torch.rand(2, 1, 32, 64), torch.tensor([[BOS, 5, 6, 7], [BOS, 8, 9, 4]])
    expected = network(images, ids, CELLS.clamp(max=3)).logits
    memory, past = network.encode(images), network.empty_cache(2)
    for place in range(ids.shape[1]):
        places, seen = torch.full((2, 1), place), torch.ones(2, place, dtype=torch.bool)
        logits, past = network.step(ids[:, place : place + 1], places, seen, past, memory)
        torch.testing.assert_close(logits, expected[:, place : place + 1], atol=1e-5, rtol=1e-4)
    assert past.keys.shape[3] == ids.shape[1]


def test_steps_over_several_tokens_leave_out_those_that_are_not_seen(network):
    network.eval()
    images, ids = torch.rand(2, 1, 32, 64), torch.tensor([[BOS, 5, 6, 7], [BOS, 8, 9, 4]])
    expected = network(images, ids, CELLS.clamp(max=3)).logits
    memory, past = network.encode(images), network.empty_cache(2)
    fed = torch.tensor([[BOS, 5, 8], [BOS, 7, 7]])  # the first row's 8 and the second's 7s are wrong guesses
    none = torch.ones(2, 0, dtype=torch.bool)
    logits, past = network.step(fed, torch.arange(3).expand(2, 3), none, past, memory)
    torch.testing.assert_close(logits[0, :2], expected[0, :2], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(logits[1, :1], expected[1, :1], atol=1e-5, rtol=1e-4)
    seen, places = torch.tensor([[True, True, False], [True, False, False]]), torch.tensor([[2, 3], [1, 2]])
    rest = torch.stack((ids[0, 2:4], ids[1, 1:3]))
    logits, past = network.step(rest, places, seen, past, memory)
    torch.testing.assert_close(logits, torch.stack((expected[0, 2:4], expected[1, 1:3])), atol=1e-5, rtol=1e-4)
    assert past.keys.shape[3] == 5


def test_steps_with_a_static_cache_equal_those_with_a_growing_one(network):
    network.eval()
    memory = network.encode(torch.rand(2, 1, 32, 64))
    growing, static = network.empty_cache(2), network.static_cache(2, 6)
    static.keys.normal_(), static.values.normal_()  # what an earlier sequence left must not matter
    for place, ids in enumerate(torch.randint(4, V, (6, 2, 1))):
        places, seen = torch.full((2, 1), place), torch.ones(2, place, dtype=torch.bool)
        wanted, growing = network.step(ids, places, seen, growing, memory)
        logits = network.static_step(ids, torch.tensor([place]), static, memory)
        torch.testing.assert_close(logits, wanted[:, 0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(static.keys, growing.keys, atol=1e-5, rtol=1e-4)


def test_later_tokens_do_not_change_earlier_logits(network):
    network.eval()
    images = torch.rand(1, 1, 32, 64)
    short = network(images, torch.tensor([[BOS, 5, 6]]), CELLS[:0]).logits
    long = network(images, torch.tensor([[BOS, 5, 6, PAD, PAD]]), CELLS[:0]).logits
    torch.testing.assert_close(long[:, :3], short)


def test_one_image_alone_equals_itself_in_a_batch(network):
    network.eval()
    images, ids = torch.rand(3, 1, 32, 64), torch.tensor([[BOS, 5]] * 3)
    together = network(images, ids, CELLS[:0]).logits
    torch.testing.assert_close(network(images[1:2], ids[:1], CELLS[:0]).logits, together[1:2], atol=1e-5, rtol=1e-4)


def test_memory_knows_rows_from_columns(network):
    network.eval()
    with torch.no_grad():
        image = torch.zeros(1, 1, 64, 64)
        image[..., 4:12, 40:60] = 1.0
        keys = network.encode(image).keys, network.encode(image.transpose(2, 3)).keys
    assert not torch.allclose(keys[0], keys[1], atol=1e-3)


def test_an_encoder_layer_begins_as_identity_and_learns():
    layer, memory = EncoderLayer(32, 2, 0.0), torch.randn(2, 5, 32)
    assert torch.equal(layer(memory), memory)
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
    for _ in range(2):  # the first step moves the last maps alone, the others follow
        optimizer.zero_grad()
        (layer(memory) - memory.roll(1, 1)).square().mean().backward()
        optimizer.step()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in layer.parameters())


@pytest.mark.parametrize("causal", [False, True])
def test_attention_in_bfloat16_is_that_in_float32_forward_and_backward(causal):
    torch.manual_seed(0)
    tensors = [torch.randn(2, 3, 5, 8, requires_grad=True) for _ in range(3)]
    expected = attend(*tensors, causal=causal)
    found = attend(*(tensor.bfloat16() for tensor in tensors), causal=causal)
    torch.testing.assert_close(found.float(), expected, atol=0.03, rtol=0.03)
    wanted = torch.autograd.grad(expected.square().sum(), tensors)
    for got, want in zip(torch.autograd.grad(found.float().square().sum(), tensors), wanted, strict=True):
        assert (got - want).norm() < 0.03 * want.norm()


def test_every_parameter_gets_a_gradient(network):
    output = network(torch.rand(2, 1, 32, 128), torch.randint(4, V, (2, 5)), CELLS)
    (
        token_loss(output.logits, torch.randint(4, V, (2, 5))) + glyph_loss(output.glyph_logits, torch.tensor([0, 3]))
    ).backward()
    assert [name for name, p in network.named_parameters() if p.grad is None] == []


def test_a_few_steps_lower_the_loss(network):
    torch.manual_seed(1)
    images, ids = torch.rand(2, 1, 32, 64), torch.tensor([[BOS, 5, 6, EOS], [BOS, 8, EOS, PAD]])
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        output = network(images, ids[:, :-1], CELLS.clamp(max=3))
        loss = token_loss(output.logits, ids[:, 1:]) + glyph_loss(output.glyph_logits, torch.tensor([0, 3]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_backbone_without_the_needed_strides_is_named():
    with pytest.raises(ValueError, match=r"vit_tiny|stride 8 and 16"):
        FormulaNet(V, backbone="vit_tiny_patch16_224")


def test_token_loss_by_hand():
    logits = torch.log(torch.tensor([[[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]]]))
    assert token_loss(logits, torch.tensor([[3, PAD]])).item() == pytest.approx(-torch.log(torch.tensor(0.4)).item())


def test_glyph_loss_by_hand_and_without_glyphs():
    logits = torch.log(torch.tensor([[0.5, 0.5], [0.25, 0.75]]))
    expected = -(torch.log(torch.tensor(0.5)) + torch.log(torch.tensor(0.75))) / 2
    assert glyph_loss(logits, torch.tensor([0, 1])).item() == pytest.approx(expected.item())
    empty = torch.zeros(0, 2, requires_grad=True)
    assert glyph_loss(empty, torch.zeros(0, dtype=torch.int64)).item() == 0.0


def test_distillation_loss_by_hand_and_where_both_agree():
    teacher, student = torch.tensor([[[0.25, 0.75], [0.5, 0.5]]]), torch.tensor([[[0.5, 0.5], [0.9, 0.1]]])
    targets = torch.tensor([[EOS, PAD]])  # the second is padding
    expected = 0.25 * math.log(0.25 / 0.5) + 0.75 * math.log(0.75 / 0.5)
    loss = distillation_loss(student.log(), teacher.log(), targets)
    assert loss.item() == pytest.approx(expected, abs=1e-6)
    assert distillation_loss(teacher.log(), teacher.log(), targets, 3.0).item() == pytest.approx(0.0, abs=1e-6)
    by_hand = (teacher.log() / 2).softmax(-1)[0, 0], (student.log() / 2).softmax(-1)[0, 0]
    expected = 4 * (by_hand[0] * (by_hand[0] / by_hand[1]).log()).sum().item()
    assert distillation_loss(student.log(), teacher.log(), targets, 2.0).item() == pytest.approx(expected, abs=1e-6)


def test_a_student_comes_nearer_to_its_teacher(network):
    torch.manual_seed(1)
    images, ids = torch.rand(2, 1, 32, 64), torch.tensor([[BOS, 5, 6], [BOS, 8, 9]])
    targets, taught = torch.full((2, 3), 5), torch.randn(2, 3, V)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        loss = distillation_loss(network(images, ids, CELLS[:0]).logits, taught, targets, 2.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
