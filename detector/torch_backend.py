"""Running the detector with PyTorch, on any device it knows."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from mathocr.data.weights import Weights, WeightsError
from mathocr.detector.model import RegionNetwork

Floats = NDArray[np.float32]


def network_of(weights: Weights) -> RegionNetwork:
    """The network that the weights are of, in evaluation mode, float32.

    Raises:
        WeightsError: If the file holds exported graphs, a tensor is missing, or one does not fit.
    """
    if "exported" in weights.config:
        raise WeightsError(f"{weights.path}: holds exported graphs, which need backend 'onnx'")
    network = RegionNetwork(**weights.config["network"])
    counters = {name for name in network.state_dict() if name.endswith("num_batches_tracked")}
    tensors = {name: torch.from_numpy(array.astype(np.float32)) for name, array in weights.tensors.items()}
    try:
        missing, unknown = network.load_state_dict(tensors, strict=False)
    except RuntimeError as error:
        raise WeightsError(
            f"{weights.path}: does not fit the network it names ({str(error).splitlines()[-1]})"
        ) from error
    if wrong := [*unknown, *(name for name in missing if name not in counters)]:
        raise WeightsError(f"{weights.path}: does not fit the network it names (tensor {wrong[0]!r})")
    return network.eval()


class TorchBackend:
    """Runs the network with PyTorch.

    Args:
        weights: Trained numbers.
        device: ``cpu``, ``cuda`` or ``mps``.

    Raises:
        ValueError: If PyTorch has no such device here.
    """

    def __init__(self, weights: Weights, device: str) -> None:
        if (device == "cuda" and not torch.cuda.is_available()) or (
            device == "mps" and not torch.backends.mps.is_available()
        ):
            raise ValueError(f"device {device!r} is not available here")
        self._device = device
        self._network = network_of(weights).to(device)

    @torch.inference_mode()
    def run(self, pages: Floats) -> tuple[Floats, Floats, Floats]:
        """As ``detector.predictor.Backend.run``."""
        output = self._network(torch.from_numpy(pages).to(self._device))
        classes, distances, quality = (part.float().cpu().numpy() for part in output)
        return classes, distances, quality
