"""``mathocr export``: write a trained model for another runtime or in fewer bits, and check it against PyTorch."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from mathocr.data.weights import Weights, read_weights, sha256_of, write_weights
from mathocr.im2latex.draft import NgramDraft
from mathocr.pipeline.export import PRECISIONS, Precision
from mathocr.pipeline.options import UsageError, refuse

if TYPE_CHECKING:
    from mathocr.data.network_part import NetworkPart
    from mathocr.pipeline.export.verify import Check

Stage = Literal["detector", "im2latex"]
_TARGETS = ("onnx", "torch-export", "openvino", "coreml", "litert", "tensorrt")
_SIZES = {"im2latex": (64, 384), "detector": (1216, 896)}  # a common crop; A4 at 104 dpi
_OTHER = {"im2latex": (96, 192), "detector": (320, 256)}  # to check on, where sizes are free
_BATCH_CROPS = 32
_CALIBRATION = 64
_FIXED = ("coreml", "litert", "tensorrt")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mathocr export``."""
    parser.description = (
        "Write a trained model for another runtime or in fewer bits; each file is run and held against PyTorch. "
        "An ONNX export has its numbers inside, and its .safetensors is taken by predict, evaluate and benchmark."
    )
    parser.epilog = "Exit status: 0 written and checked, 1 a check failed or something else did, 2 wrong usage."
    parser.add_argument("stage", choices=("detector", "im2latex"), help="the model")
    parser.add_argument("--to", choices=_TARGETS, default="onnx", help="the runtime (onnx)")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder for the files")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="trained weights (the released ones)")
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="fp32",
        help="onnx: fp16 keeps numbers in half the bits, int8 also computes in 8 bits, int8-static by fixed ranges",
    )  # fmt: skip
    parser.add_argument("--calibration", metavar="SET", help="crops or pages to find the ranges of int8-static by")
    parser.add_argument("--calibration-count", type=int, metavar="N", help=f"how many of them ({_CALIBRATION})")
    parser.add_argument(
        "--size", type=_size, metavar="HxW",
        help=f"of the image, for runtimes that fix it: {', '.join(_FIXED)} (64x384, detector 1216x896)",
    )  # fmt: skip
    parser.add_argument(
        "--verify", metavar="SET", help="im2latex to onnx: also count crops that PyTorch and ONNX Runtime read apart"
    )
    parser.add_argument("--count", type=int, metavar="N", help="crops of --verify, the same on every call (all)")


def run(args: argparse.Namespace) -> int:
    """Export, check, report.

    Returns:
        Exit status: 0 written and checked, 1 a check failed.

    Raises:
        UsageError: If the options do not fit together.
        WeightsError: If the weights cannot be used.
        RuntimeError: If a package is missing, or it does not take the network.
        FormatError: If a set cannot be opened.
        OSError: If a file cannot be written.
    """
    if args.to != "onnx" and (args.precision != "fp32" or args.verify):
        raise UsageError("--precision and --verify go with --to onnx alone")
    if args.verify and args.stage != "im2latex":
        raise UsageError("--verify goes with im2latex alone")
    if args.precision == "int8-static" and not args.calibration:
        raise UsageError("--precision int8-static needs --calibration SET to find the ranges by")
    if args.precision != "int8-static":
        refuse(args, "calibration calibration-count", "only with --precision int8-static")
    if args.to not in _FIXED:
        refuse(args, "size", f"only with --to {', '.join(_FIXED)}")
    if not args.verify:
        refuse(args, "count", "only with --verify")
    stage = cast(Stage, args.stage)
    weights, network = _read(stage, args.weights)
    args.output.mkdir(parents=True, exist_ok=True)
    checks = _to_onnx(stage, weights, network, args) if args.to == "onnx" else _to_target(stage, network, args)
    failed = not all(check is None or check.passed for check in checks)
    if args.verify:
        failed |= _verify(args, weights)
    return 1 if failed else 0


def _read(stage: Stage, path: Path | None) -> tuple[Weights, Any]:
    """Weights, and the network that they are of."""
    if stage == "im2latex":
        from mathocr.im2latex import predictor as im2latex
        from mathocr.im2latex.torch_backend import network_of

        weights = read_weights(path or im2latex.RELEASED, im2latex.FORMAT)
        return weights, network_of(weights)
    from mathocr.detector import predictor as detector
    from mathocr.detector.torch_backend import network_of as detector_of

    weights = read_weights(path or detector.RELEASED, detector.FORMAT)
    return weights, detector_of(weights)


def _parts(stage: Stage, network: Any, static: bool, batch: int, size: tuple[int, int]) -> tuple[NetworkPart, ...]:
    if stage == "im2latex":
        from mathocr.im2latex.export import network_parts

        return network_parts(network, static, batch, size)
    from mathocr.detector.export import network_parts as detector_parts

    return detector_parts(network, batch, size)


def _to_onnx(stage: Stage, weights: Weights, network: Any, args: argparse.Namespace) -> list[Check | None]:
    """Graphs with their numbers inside, and the weights file by which the predictors open them."""
    from mathocr.pipeline.export.compression import compress
    from mathocr.pipeline.export.targets import run_onnx
    from mathocr.pipeline.export.verify import TOLERANCES, check

    precision: Precision = args.precision
    feeds = _feeds(stage, args) if precision == "int8-static" else {}
    parts, probes = (
        _parts(stage, network, False, batch, size) for batch, size in ((2, _SIZES[stage]), (1, _OTHER[stage]))
    )
    checks: list[Check | None] = []
    hashes = {}
    for part, probe in zip(parts, probes, strict=True):
        path = args.output / ".".join(filter(None, (stage, part.name, "onnx")))
        path.write_bytes(compress(part.to_onnx(fold=True), precision, feeds.get(part.name, ())).SerializeToString())
        hashes[path.name] = sha256_of(path)
        checks.append(check(probe, path, run_onnx(path, part.inputs), TOLERANCES.get(precision)))
        print(checks[-1].line())  # type: ignore[union-attr]
    exported = {"precision": precision, "from": weights.sha256, "graphs": hashes}
    path = args.output / f"{stage}.safetensors"
    draft = NgramDraft.of(weights.tensors)  # what decodes needs it beside the graphs
    write_weights(
        path, {} if draft is None else draft.tensors(), weights.config | {"exported": exported}, f"mathocr-{stage}/1"
    )
    print(f"for predict, evaluate and benchmark: --{stage}-weights {path}")
    return checks


def _to_target(stage: Stage, network: Any, args: argparse.Namespace) -> list[Check | None]:
    """Files of another runtime."""
    from mathocr.pipeline.export.targets import TARGETS
    from mathocr.pipeline.export.verify import TOLERANCES, check

    target = TARGETS[args.to]
    size = args.size or _SIZES[stage]
    parts = _parts(stage, network, target.static, 1 if target.fixed else 2, size)
    probes = _parts(stage, network, target.static, 1, size if target.fixed else _OTHER[stage])
    checks: list[Check | None] = []
    for part, probe in zip(parts, probes, strict=True):
        try:
            path, runner = target.write(part, args.output / ".".join(filter(None, (stage, part.name))))
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] != target.package:
                raise
            raise RuntimeError(f"--to {args.to} needs the package {target.package}, which is not installed") from error
        if runner is None:
            checks.append(None)
            print(f"{path.name}: written, not checked: this machine cannot run it")
        else:
            checks.append(check(probe, path, runner, TOLERANCES["fp16" if target.half else "fp32"]))
            print(checks[-1].line())  # type: ignore[union-attr]
    return checks


def _feeds(stage: Stage, args: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    """Typical inputs of the pieces with convolutions."""
    from mathocr.pipeline.evaluation.selection import select

    content: Any = "crops" if stage == "im2latex" else "pages"
    count = _CALIBRATION if args.calibration_count is None else args.calibration_count
    selection = select(args.calibration, count, "auto", content)
    images = [selection.samples[row].load() for row in selection.rows]
    if stage == "im2latex":
        from mathocr.im2latex.export import calibration_feeds

        return calibration_feeds(images)
    from mathocr.detector.export import calibration_feeds as detector_feeds

    return detector_feeds(images)


def _verify(args: argparse.Namespace, weights: Weights) -> bool:
    """Read a set by PyTorch, the packaged graphs and the export; whether fp32 answers differ anywhere.

    Also with the packaged graphs, but a token a step, to count the steps that drafts save: its answers may differ in
    near ties, as PyTorch's may.
    """
    from tqdm import tqdm

    from mathocr.im2latex.onnx_backend import OnnxBackend
    from mathocr.im2latex.predictor import LatexPredictor
    from mathocr.pipeline.evaluation.selection import select
    from mathocr.pipeline.export.verify import differences

    selection = select(args.verify, args.count, "auto", "crops")
    drafted, single = OnnxBackend(weights), OnnxBackend(weights, draft=False)
    predictors = {
        "torch": LatexPredictor.load(weights.path, backend="torch"),
        "onnx": LatexPredictor(weights, drafted),
        "onnx, a token a step,": LatexPredictor(weights, single),
        f"exported {args.precision}": LatexPredictor.load(args.output / "im2latex.safetensors", backend="onnx"),
    }
    answers: dict[str, list[str]] = {name: [] for name in predictors}
    for start in tqdm(range(0, len(selection.rows), _BATCH_CROPS), unit="batch", disable=None):
        crops = [selection.samples[row].load() for row in selection.rows[start : start + _BATCH_CROPS]]
        for name, predictor in predictors.items():
            answers[name] += [reading.latex for reading in predictor.predict(crops)]
    failed = False
    for name in list(predictors)[1:]:
        apart = [selection.rows[number] for number in differences(answers[name], answers["torch"])]
        where = f" (rows {', '.join(map(str, apart[:10]))})" if apart else ""
        print(f"{name} against torch: {len(apart)} of {len(selection.rows)} crops differ{where}")
        failed |= bool(apart) and name in ("onnx", "exported fp32")
    print(f"{drafted.steps} decoding steps, {single.steps / max(1, drafted.steps):.2f} times fewer than a token a step")
    return failed


def _size(text: str) -> tuple[int, int]:
    """Read ``64x384``."""
    height, _, width = text.partition("x")
    if not (height.isdecimal() and width.isdecimal()) or int(height) % 32 or int(width) % 32 or "0" in (height, width):
        raise argparse.ArgumentTypeError(f"a size like 64x384 is expected, in multiples of 32, got {text!r}")
    return int(height), int(width)
