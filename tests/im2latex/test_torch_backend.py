"""PyTorch's way of running the recogniser: the step that graphics cards record gives what the growing cache gives."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mathocr.data.weights import Weights, WeightsError
from mathocr.im2latex import torch_backend
from mathocr.im2latex.model import FormulaNet
from mathocr.im2latex.torch_backend import TorchBackend
from mathocr.im2latex.vocabulary import Vocabulary

TOKENS = ["x", "y", "+", "_", "^", "{", "}", r"\frac", "1", "2"]
NETWORK = {"width": 32, "heads": 2, "encoder_layers": 1, "decoder_layers": 2, "max_length": 16, "glyph_classes": 7}


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Weights:
    torch.manual_seed(0)
    network = FormulaNet(len(Vocabulary(TOKENS)), **NETWORK)
    tensors = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    return Weights(tensors, {"network": NETWORK, "tokens": TOKENS}, "tiny", "0" * 64, path)


def crops(batch: int, height: int = 32, width: int = 64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((batch, 1, height, width), dtype=np.float32)


@pytest.mark.parametrize("batch", [1, 3, 4])
def test_static_cache_reads_what_the_growing_one_reads(weights, batch):
    growing, static = TorchBackend(weights, "cpu"), TorchBackend(weights, "cpu", static=True)
    for seed, (height, width) in enumerate([(32, 64), (48, 128), (32, 64)]):  # the third meets a cache that was used
        images = crops(batch, height, width, seed)
        wanted, found = growing.decode(images), static.decode(images)
        assert len(found) == batch
        for one, other in zip(wanted, found, strict=True):
            assert (one.ids, one.stopped) == (other.ids, other.stopped)
            np.testing.assert_allclose(one.log_probs, other.log_probs, atol=1e-4)


def test_kept_steps_are_few(weights, monkeypatch):
    monkeypatch.setattr(torch_backend, "_RECORDED", 2)
    backend = TorchBackend(weights, "cpu", static=True)
    first = backend.decode(crops(1))
    for width in (128, 192, 256):
        backend.decode(crops(1, width=width))
    assert len(backend._decoders) == 2
    assert [one.ids for one in backend.decode(crops(1))] == [one.ids for one in first]


def test_half_precision_gives_nearly_the_same_logits(weights):
    images = torch.from_numpy(crops(2))
    full, half = TorchBackend(weights, "cpu")._network, TorchBackend(weights, "cpu", torch.bfloat16)._network
    fed = torch.ones(2, 1, dtype=torch.int64), torch.zeros(2, 1, dtype=torch.int64), torch.ones(2, 0, dtype=torch.bool)
    with torch.inference_mode():
        wanted, _ = full.step(*fed, full.empty_cache(2), full.encode(images))
        found, _ = half.step(*fed, half.empty_cache(2), half.encode(images.bfloat16()))
    assert found.dtype == torch.float32  # bfloat16 would make ties of near logits
    torch.testing.assert_close(found, wanted, atol=0.05, rtol=0.05)
    assert len(TorchBackend(weights, "cpu", torch.bfloat16, static=True).decode(crops(3))) == 3


def test_step_is_one_graph_for_a_compiler(weights):
    network = TorchBackend(weights, "cpu")._network
    with torch.no_grad():
        memory, past = network.encode(torch.from_numpy(crops(2))), network.static_cache(2, 8)
        ids, place = torch.ones(2, 1, dtype=torch.int64), torch.zeros(1, dtype=torch.int64)
        wanted = network.static_step(ids, place, past, memory)
        compiled = torch.compile(network.static_step, backend="eager", fullgraph=True)
        torch.testing.assert_close(compiled(ids, place, past, memory), wanted)


def test_wrong_weights_and_devices_are_named(weights):
    exported = Weights({}, weights.config | {"exported": {}}, "int8", "0" * 64, weights.path)
    with pytest.raises(WeightsError, match=r"tiny\.safetensors: holds exported graphs, which need backend 'onnx'"):
        TorchBackend(exported, "cpu")
    wrong = Weights({"norm.weight": np.ones(3)}, weights.config, "wrong", "0" * 64, weights.path)
    with pytest.raises(WeightsError, match=r"tiny\.safetensors: does not fit the network it names"):
        TorchBackend(wrong, "cpu")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="device 'cuda' is not available here"):
            TorchBackend(weights, "cuda")
