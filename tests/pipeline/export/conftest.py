import json
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from mathocr.data.weights import write_weights
from mathocr.im2latex.draft import NgramDraft
from mathocr.im2latex.export import export_graphs
from mathocr.im2latex.model import FormulaNet
from mathocr.im2latex.predictor import FORMAT
from mathocr.im2latex.vocabulary import Vocabulary

TOKENS = ["x", "y", "+", "_", "^", "{", "}", r"\frac", "1", "2"]
CONFIG = {"width": 64, "heads": 2, "decoder_layers": 1, "max_length": 12, "glyph_classes": 7}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    """An untrained recogniser with its graphs; its batch statistics are none that a fresh network has."""
    torch.manual_seed(0)
    network = FormulaNet(len(Vocabulary(TOKENS)), **CONFIG)
    network.bias.data[Vocabulary(TOKENS).encode(["x"])] = 5.0  # whatever its numbers: x again and again
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_var.uniform_(0.5, 2.0)
    path = tmp_path_factory.mktemp("weights") / "im2latex.safetensors"
    tensors = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    tensors |= NgramDraft.fit([[token] * 12 for token in range(4, 14)] * 20).tensors()
    write_weights(path, tensors, {"network": CONFIG, "tokens": TOKENS}, FORMAT)
    export_graphs(network, path)
    return path


@pytest.fixture(scope="session")
def drawn_crops(tmp_path_factory) -> Path:
    """Four crops with their LaTeX."""
    folder = tmp_path_factory.mktemp("crops")
    rows = []
    for number, text in enumerate(["x+1", "y", "x+y", "2"]):
        image = np.full((28, 70), 255, np.uint8)
        cv2.putText(image, text, (6, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 0, 1)
        cv2.imwrite(str(folder / f"{number}.png"), image)
        rows.append(json.dumps({"image": f"{number}.png", "latex": text}))
    (folder / "labels.jsonl").write_text("\n".join(rows) + "\n")
    return folder
