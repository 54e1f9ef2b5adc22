"""``mathocr average``: the mean of weights of one network, often better than each, and no slower."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mathocr.data.files import write_atomically
from mathocr.data.weights import Weights, WeightsError, format_of, read_weights, write_weights
from mathocr.im2latex import predictor as im2latex
from mathocr.im2latex.draft import network_tensors
from mathocr.im2latex.onnx_backend import graph_paths
from mathocr.pipeline.options import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mathocr average``."""
    parser.description = (
        "Average the weights of one network, number by number: what a training began with and what it ended with, or "
        "several trainings that began alike. A mean of the two keeps more of what the first one could, on other "
        "images than those of the training. Weights that have no beginning in common give junk: evaluate the result."
    )
    parser.epilog = "What is not a mean (confidences, thresholds, size of the network) is taken from the last file."
    parser.add_argument("weights", type=Path, nargs="+", metavar="FILE", help="two files or more of the same stage")
    parser.add_argument(
        "--shares", type=float, nargs="+", metavar="S", help="how much of each, in their order (as much of all)"
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="target, with the last file's graphs beside it"
    )


def run(args: argparse.Namespace) -> int:
    """Average and write.

    Raises:
        UsageError: If there is one file, the target is one of them, or the shares are not one above 0 for each.
        WeightsError: If a file cannot be used, or is not of the same network as the others.
        OSError: If the target cannot be written.
    """
    paths: list[Path] = args.weights
    shares: list[float] = args.shares or [1.0] * len(paths)
    if len(paths) < 2:
        raise UsageError("two files or more are averaged, got one")
    if args.output.suffix != ".safetensors":
        raise UsageError(f"--output must be a .safetensors file, got {args.output}")
    if args.output.resolve() in [path.resolve() for path in paths]:
        raise UsageError(f"--output {args.output} is one of the files that are averaged")
    if len(shares) != len(paths) or not all(0 < share < np.inf for share in shares):
        raise UsageError(f"--shares must be {len(paths)} numbers above 0, one for each file, got {shares}")
    format = format_of(paths[0]) or ""
    loaded = [read_weights(path, format) for path in paths]
    digest = write_weights(args.output, averaged(loaded, shares), loaded[-1].config, format)
    for graph, own in zip(_graphs(paths[-1], format), _graphs(args.output, format), strict=True):
        if graph.is_file():
            write_atomically(own, graph.read_bytes())
    total = sum(shares)
    for path, share in zip(paths, shares, strict=True):
        print(f"{args.output}: {share / total:.3f} of {path}")
    print(f"sha256: {digest}")
    return 0


def _graphs(weights: Path, format: str) -> tuple[Path, ...]:
    """Where the graphs of a weights file lie."""
    return graph_paths(weights) if format == im2latex.FORMAT else (weights.with_suffix(".onnx"),)


def averaged(weights: Sequence[Weights], shares: Sequence[float]) -> dict[str, np.ndarray]:
    """Weighted mean of what was learned, float32; counts (the draft's too) are the last one's.

    Source: Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022; Model soups, ICML 2022.

    Args:
        weights: Of one network.
        shares: Weight of each, above 0; they need not sum to 1.

    Raises:
        WeightsError: If one holds exported graphs, or its tensors have other names or shapes than the last one's.
    """
    last = weights[-1]
    shapes = {name: tensor.shape for name, tensor in network_tensors(last.tensors).items()}
    for one in weights:
        if "exported" in one.config:
            raise WeightsError(f"{one.path}: holds exported graphs, whose numbers cannot be averaged")
        own = {name: tensor.shape for name, tensor in network_tensors(one.tensors).items()}
        if own != shapes or one.config.get("tokens") != last.config.get("tokens"):
            raise WeightsError(f"{one.path}: is not of the same network as {last.path}")
    mix = np.asarray(shares, np.float32) / np.sum(shares)
    learned = [name for name in shapes if last.tensors[name].dtype.kind == "f"]
    means = {
        name: sum(share * one.tensors[name].astype(np.float32) for share, one in zip(mix, weights, strict=True))
        for name in learned
    }
    return {**last.tensors, **means}
