"""Export of the detector to a weightless ONNX graph."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import warnings
from pathlib import Path

import torch

from mathocr.data.onnx_session import strip_initializers
from mathocr.detector.cells import SIZE_MULTIPLE
from mathocr.detector.model import RegionNetwork

OUTPUTS = ["class_logits", "distances", "quality_logits"]


def export_graph(network: RegionNetwork, path: Path) -> None:
    """Write the graph that belongs beside a weights file.

    Its input ``pages`` is float32 ``(B, 1, H, W)``, its outputs are those of ``RegionNetwork.forward``; batch, height
    and width are free. It names the parameters as the network does and holds none of their numbers.

    Args:
        network: The network, trained or not.
        path: Target, ending in ``.onnx``.
    """
    network = copy.deepcopy(network).eval().cpu().float()
    batch, rows, columns = (torch.export.Dim(name) for name in ("batch", "rows", "columns"))
    shape = {0: batch, 2: SIZE_MULTIPLE * rows, 3: SIZE_MULTIPLE * columns}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network, (torch.zeros(2, 1, 2 * SIZE_MULTIPLE, 3 * SIZE_MULTIPLE),), dynamo=True,
            input_names=["pages"], output_names=OUTPUTS, dynamic_shapes={"pages": shape},
            optimize=False,  # optimising folds batch norms into kernels, whose names then are lost
        )  # fmt: skip
    model = program.model_proto  # type: ignore[union-attr]
    strip_initializers(model, set(network.state_dict()))
    part = path.with_name(path.name + ".part")
    part.write_bytes(model.SerializeToString())
    part.replace(path)
