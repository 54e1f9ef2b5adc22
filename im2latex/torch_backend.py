"""Running the recogniser with PyTorch: while training, and on devices that PyTorch knows."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mathocr.data.weights import Weights
from mathocr.im2latex.decoding import Decoded, greedy
from mathocr.im2latex.grammar import Grammar
from mathocr.im2latex.model import FormulaNet
from mathocr.im2latex.vocabulary import Vocabulary


@torch.inference_mode()
def decode_batch(network: FormulaNet, images: Tensor, max_length: int, grammar: Grammar | None = None) -> list[Decoded]:
    """Greedy decoding by the network as it is.

    Args:
        network: In evaluation mode.
        images: Ink in [0, 1], ``(B, 1, H, W)``, on the network's device.
        max_length: Most tokens of a sequence.
        grammar: As ``greedy``.

    Returns:
        B sequences.
    """
    memory = network.encode(images)
    past = network.empty_cache(len(images))

    def step(latest: NDArray[np.int64]) -> NDArray[np.float32]:
        nonlocal past
        ids = torch.from_numpy(latest).to(images.device).unsqueeze(1)
        logits, past = network.step(ids, past, memory)
        return logits.float().cpu().numpy()

    return greedy(step, len(images), max_length, grammar)


class TorchBackend:
    """Runs the network with PyTorch, on any device it knows.

    Args:
        weights: Trained numbers.
        device: ``cpu``, ``cuda`` or ``mps``.
    """

    def __init__(self, weights: Weights, device: str) -> None:
        self._device = device
        vocabulary = Vocabulary(weights.config["tokens"])
        self._grammar = Grammar(vocabulary)
        network = FormulaNet(len(vocabulary), **weights.config["network"])
        network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.tensors.items()})
        self._network = network.float().eval().to(device)
        self._max_length = int(weights.config["network"]["max_length"]) - 1

    def decode(self, images: NDArray[np.float32]) -> list[Decoded]:
        """As ``Backend.decode``."""
        images_on_device = torch.from_numpy(images).to(self._device)
        return decode_batch(self._network, images_on_device, self._max_length, self._grammar)
