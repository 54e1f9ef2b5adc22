"""Export of the detector: its weightless ONNX graph, and the piece that other exporters take."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mathocr.data.files import write_atomically
from mathocr.data.network_part import NetworkPart
from mathocr.detector.cells import SIZE_MULTIPLE
from mathocr.detector.model import RegionNetwork
from mathocr.detector.prepare import ink_of, pad, tiles, to_gray, to_working

OUTPUTS = ["class_logits", "distances", "quality_logits"]


def export_graph(network: RegionNetwork, path: Path) -> None:
    """Write the graph that belongs beside a weights file.

    Its input ``pages`` is float32 ``(B, 1, H, W)``, its outputs are those of ``RegionNetwork.forward``; batch, height
    and width are free. It names the parameters as the network does and holds none of their numbers.

    Args:
        network: The network, trained or not.
        path: Target, ending in ``.onnx``.
    """
    (part,) = network_parts(copy.deepcopy(network).eval().cpu().float())
    write_atomically(path, part.to_weightless_onnx())


def network_parts(
    network: RegionNetwork, batch: int = 2, size: tuple[int, int] = (2 * SIZE_MULTIPLE, 3 * SIZE_MULTIPLE)
) -> tuple[NetworkPart]:
    """The network as one piece.

    Args:
        network: In evaluation mode, float32, on the CPU.
        batch: Of the example inputs.
        size: Height and width of the example pages, multiples of ``SIZE_MULTIPLE``.
    """
    example = torch.rand(batch, 1, *size)
    axes = {"pages": {0: "B", 2: "H", 3: "W"}} | {name: {0: "B", 2: "h", 3: "w"} for name in OUTPUTS}
    return (NetworkPart("", network, (example,), ("pages",), tuple(OUTPUTS), axes),)


def calibration_feeds(pages: Sequence[NDArray[np.uint8]]) -> dict[str, list[dict[str, NDArray]]]:
    """What the network is fed with when it reads pages, as ``im2latex.export.calibration_feeds``.

    Args:
        pages: As ``RegionPredictor.predict`` takes them.
    """
    feeds = []
    for page in pages:
        ink = to_working(ink_of(to_gray(page))).ink
        feeds += [{"pages": pad(ink[t.y0 : t.y1, t.x0 : t.x1])[None, None]} for t in tiles(*ink.shape)]
    return {"": feeds}
