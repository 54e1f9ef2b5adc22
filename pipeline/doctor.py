"""``mathocr doctor``: what this installation has, what it lacks, and whether it can read a formula."""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np

from mathocr.data.images import open_pages
from mathocr.data.weights import WeightsError, read_weights
from mathocr.pipeline.evaluation.environment import environment

EXAMPLE = Path(__file__).parent / "selftest.png"
_PAGE = (600, 800)  # height and width of the blank page that the example is put on
# Package or program -> what it is for.
_PACKAGES = {
    "torch": "training, export, graphics cards",
    "pytorch_lightning": "training",
    "onnx": "training and export",
    "openvino": "export to OpenVINO",
    "coremltools": "export to Core ML",
    "litert_torch": "export to LiteRT",
    "tensorrt": "export to TensorRT",
}
_PROGRAMS = {"pdflatex": "typesetting training data, CDM and render match"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mathocr doctor``."""
    parser.description = "Say what this installation has and lacks, and read a built-in example with it."
    parser.epilog = "Exit status: 0 it can read, 1 it cannot. What is optional and missing does not count."
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace) -> int:
    """Examine and report.

    Returns:
        Exit status: 0 it can read, 1 it cannot.
    """
    report = examine()
    print(json.dumps(report, indent=1) if args.json else to_text(report))
    return 0 if report["healthy"] else 1


def examine() -> dict[str, Any]:
    """All that is to be said, JSON-ready.

    Returns:
        ``healthy``, ``environment``, ``backends`` (name to version, None where missing), ``devices``, ``weights`` by
        stage and ``self_test`` (each with ``error``, None where all is well), and ``optional`` (name to ``purpose`` and
        ``found``).
    """
    torch_version, devices = _torch()
    weights = {stage: _weights(stage) for stage in ("detector", "im2latex")}
    self_test = _self_test()
    made = environment("auto", "auto")
    optional = {name: {"purpose": purpose, "found": importlib.util.find_spec(name) is not None}
                for name, purpose in _PACKAGES.items()}  # fmt: skip
    optional |= {name: {"purpose": purpose, "found": shutil.which(name) is not None}
                 for name, purpose in _PROGRAMS.items()}  # fmt: skip
    return {
        "healthy": not (self_test["error"] or any(one["error"] for one in weights.values())),
        "environment": made,
        "backends": {"onnx": made["versions"]["onnxruntime"], "torch": torch_version},
        "devices": devices,
        "weights": weights,
        "self_test": self_test,
        "optional": optional,
    }


def to_text(report: dict[str, Any]) -> str:
    """The report for a person."""
    made, test = report["environment"], report["self_test"]
    lines = [
        f"{'mathocr ' + str(made['versions']['mathocr']):12} {made['system']}, Python {made['python']}",
        f"{'processor':12} {made['processor']}, {made['cores']} cores",
        f"{'devices':12} {', '.join(report['devices'])}",
    ]
    lines += [f"{'backend':12} {name} {version or 'missing'}" for name, version in report["backends"].items()]
    for stage, one in report["weights"].items():
        lines.append(f"{'weights':12} {stage}: {one['error'] or one['sha256'][:12] + ', ' + one['card']}")
    lines += [f"{'optional':12} {name}: {'found' if one['found'] else 'missing'} ({one['purpose']})"
              for name, one in report["optional"].items()]  # fmt: skip
    said = test["error"] or f"read {test['latex']} in {test['seconds']:.2f} s"
    return "\n".join([*lines, f"{'self-test':12} {said}", "healthy" if report["healthy"] else "NOT healthy"])


def _torch() -> tuple[str | None, list[str]]:
    """Version of PyTorch, None where it is missing or broken, and the devices that can be asked for."""
    try:
        import torch
    except (ImportError, OSError):  # OSError: its libraries do not load
        return None, ["cpu"]
    found = [f"cuda ({torch.cuda.get_device_name()})"] if torch.cuda.is_available() else []
    return torch.__version__, ["cpu", *found, *(["mps"] if torch.backends.mps.is_available() else [])]


def _weights(stage: str) -> dict[str, Any]:
    """Whether a stage's released weights are there and whole."""
    from mathocr.detector import predictor as detector
    from mathocr.im2latex import predictor as im2latex

    path, format = {"detector": (detector.RELEASED, detector.FORMAT), "im2latex": (im2latex.RELEASED, im2latex.FORMAT)}[
        stage
    ]
    try:
        found = read_weights(path, format)
    except WeightsError as error:
        return {"sha256": None, "card": None, "error": str(error)}
    card = "as its card says" if path.with_suffix(".md").is_file() else "without a card"
    return {"sha256": found.sha256, "card": card, "error": None}


def _self_test() -> dict[str, Any]:
    """Read the example as a crop, and find it on a page."""
    from mathocr.pipeline.ocr import MathOCR
    from mathocr.pipeline.options import Options

    begin = time.perf_counter()
    latex, error = "", None
    try:
        with open_pages(EXAMPLE) as pages:
            crop = pages.read(1)
        ocr = MathOCR.load()
        (formula,) = ocr.predict(crop, Options(mode="crop")).formulas
        latex = formula.latex
        page = np.full(_PAGE, 255, np.uint8)
        page[200 : 200 + crop.shape[0], 100 : 100 + crop.shape[1]] = crop if crop.ndim == 2 else crop.min(2)
        if not latex or not formula.valid:
            error = f"the example was read as {latex!r}"
        elif not ocr.predict(page, Options(mode="page")).formulas:
            error = "the example was not found on a page"
    except Exception as problem:  # whatever breaks is what a user of this command wants to know
        error = f"{type(problem).__name__}: {problem}"
    return {"latex": latex, "seconds": round(time.perf_counter() - begin, 3), "error": error}
