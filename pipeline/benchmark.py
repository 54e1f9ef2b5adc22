"""``mathocr benchmark``: how fast the models are on this machine, cold and warm, and how much memory they take."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2

from mathocr.pipeline.evaluation.environment import environment
from mathocr.pipeline.latency.cold_start import measure_cold_start, predict_arguments
from mathocr.pipeline.latency.memory import device_peak_mb, peak_mb
from mathocr.pipeline.latency.report import to_markdown
from mathocr.pipeline.latency.samples import Sample, Samples, read_samples
from mathocr.pipeline.latency.stages import measure_stages
from mathocr.pipeline.latency.throughput import measure_throughput
from mathocr.pipeline.latency.timing import Plan
from mathocr.pipeline.ocr import CropReader, MathOCR, RegionFinder

_QUICK = Plan(warmup=1, rounds=3, seconds=3.0, batches=(1, 8), threads=(1, 2), cold_runs=1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mathocr benchmark``."""
    parser.description = "Measure latency, queries per second and memory: cold, warm, by stage and for the whole."
    parser.epilog = "Other programs that run meanwhile are measured too: stop them, or say so beside the numbers."
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="images of pages and crops, folders of them (the examples)"
    )
    parser.add_argument("--module", choices=("pipeline", "im2latex"), default="pipeline",
                        help="both stages, or the recogniser alone")  # fmt: skip
    parser.add_argument("--im2latex-weights", type=Path, metavar="FILE", help="of the recogniser (the released ones)")
    parser.add_argument("--detector-weights", type=Path, metavar="FILE", help="of the detector (the released ones)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="where it runs (auto)")
    parser.add_argument("--backend", choices=("auto", "onnx", "torch"), default="auto", help="what runs it (auto)")
    plan = Plan()
    parser.add_argument("--rounds", type=int, metavar="N", help=f"times each image is timed, at most ({plan.rounds})")
    parser.add_argument(
        "--seconds", type=float, metavar="S", help=f"longest time for one measurement ({plan.seconds:g})"
    )
    parser.add_argument("--batches", type=_numbers, metavar="N,..", help=f"batch sizes ({_list(plan.batches)})")
    parser.add_argument("--threads", type=_numbers, metavar="N,..", help=f"requests at once ({_list(plan.threads)})")
    parser.add_argument(
        "--cold-runs", type=int, metavar="N", help=f"fresh processes to start, 0 for none ({plan.cold_runs})"
    )
    parser.add_argument("--quick", action="store_true", help="few runs, to see that it works; no numbers to quote")
    parser.add_argument("--against-trocr", action="store_true", help="also time a TrOCR-shaped network on the crops")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write benchmark.json and benchmark.md there")


def run(args: argparse.Namespace) -> int:
    """Measure, print the report, write it where asked.

    Returns:
        Exit status 0.

    Raises:
        WeightsError: If weights cannot be used.
        ImageError: If an image cannot be read.
        ValueError: If there is nothing to measure on, or an option makes no sense.
        RuntimeError: If ``mathocr predict`` fails, or the comparison lacks a package.
        OSError: If the report cannot be written.
    """
    plan = make_plan(args)
    detector, im2latex = _load(args)
    samples = read_samples(args.paths, None if detector is None else MathOCR(detector, im2latex))
    warm = measure(detector, im2latex, samples, plan, args.device)
    stages = {"im2latex": im2latex} | ({} if detector is None else {"detector": detector})
    report: dict[str, Any] = {
        "environment": environment(args.device, args.backend),
        "models": {name: {"name": s.identity.name, "sha256": s.identity.sha256} for name, s in stages.items()},
        "samples": {"pages": len(samples.pages), "crops": len(samples.crops)},
        "cold_start": _cold(args, samples, plan, with_pages=detector is not None),
        **warm,
    }
    if args.against_trocr and samples.crops:
        from mathocr.pipeline.latency.trocr_shape import compare_with_trocr

        _say("against a TrOCR-shaped network")
        report["trocr"] = compare_with_trocr(im2latex, samples.crops, plan, args.device)
    text = to_markdown(report)
    print(text)
    if args.output is not None:
        args.output.mkdir(parents=True, exist_ok=True)
        (args.output / "benchmark.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        (args.output / "benchmark.md").write_text(text, encoding="utf-8")
    return 0


def measure(
    detector: RegionFinder | None, im2latex: CropReader, samples: Samples, plan: Plan, device: str
) -> dict[str, Any]:
    """All that is measured in this process: warm times, queries per second, memory.

    Args:
        detector: First stage; None to measure crops only.
        im2latex: Second stage.
        samples: Pages and crops.
        plan: How often and how long.
        device: Where the networks run, ``auto``, ``cpu``, ``cuda`` or ``mps``; it is waited for.

    Returns:
        JSON-ready: ``load`` (processes that ran on average in the minute before; None where the system does not tell),
        ``stages`` (see :func:`measure_stages`), ``throughput`` (see :func:`measure_throughput`), and
        ``memory`` with the most that this process held so far, and that tensors took on a CUDA device, MiB.
    """
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None  # before this adds to it
    _say(f"warm, {len(samples.pages)} pages and {len(samples.crops)} crops")
    stages = measure_stages(detector, im2latex, samples, plan, device)
    _say("queries per second")
    throughput = measure_throughput(detector, im2latex, samples, plan, device)
    memory = {"process_peak_mb": peak_mb(), "device_peak_mb": device_peak_mb(device)}
    return {"load": load, "stages": stages, "throughput": throughput, "memory": memory}


def make_plan(args: argparse.Namespace) -> Plan:
    """The plan that the options ask for.

    Raises:
        ValueError: If a number makes no sense.
    """
    base = _QUICK if args.quick else Plan()
    asked = {name: getattr(args, name) for name in ("rounds", "seconds", "batches", "threads", "cold_runs")}
    return Plan(**{**base.__dict__, **{name: value for name, value in asked.items() if value is not None}})


def _load(args: argparse.Namespace) -> tuple[RegionFinder | None, CropReader]:
    from mathocr.im2latex.predictor import LatexPredictor

    im2latex = LatexPredictor.load(args.im2latex_weights, device=args.device, backend=args.backend)
    if args.module == "im2latex":
        return None, im2latex
    from mathocr.detector.predictor import RegionPredictor

    return RegionPredictor.load(args.detector_weights, device=args.device, backend=args.backend), im2latex


def _cold(args: argparse.Namespace, samples: Samples, plan: Plan, with_pages: bool) -> dict[str, Any]:
    """Cold start on the middle crop and the middle page, by size."""
    found: dict[str, Any] = {}
    if not plan.cold_runs:
        return found
    sets = {"crop": samples.crops, "page": samples.pages if with_pages else ()}
    with tempfile.TemporaryDirectory(prefix="mathocr-benchmark-") as folder:
        for mode, candidates in sets.items():
            if candidates:
                _say(f"cold start on a {mode}")
                image = _as_file(sorted(candidates, key=lambda s: s.image.size)[len(candidates) // 2], Path(folder))
                arguments = predict_arguments(
                    image, mode, args.detector_weights, args.im2latex_weights, args.device, args.backend
                )
                found[mode] = measure_cold_start(arguments, plan.cold_runs)
    return found


def _as_file(sample: Sample, folder: Path) -> Path:
    """A sample's file, written where it has none."""
    if sample.path is not None:
        return sample.path
    path = folder / "crop.png"
    image = sample.image if sample.image.ndim == 2 else cv2.cvtColor(sample.image, cv2.COLOR_RGB2BGR)
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return path


def _numbers(text: str) -> tuple[int, ...]:
    """Read ``1,2,8``."""
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"numbers like 1,2,8 expected, got {text!r}") from error
    if min(numbers) < 1:
        raise argparse.ArgumentTypeError(f"numbers from 1 on expected, got {text!r}")
    return numbers


def _list(numbers: tuple[int, ...]) -> str:
    return ",".join(map(str, numbers))


def _say(text: str) -> None:
    print(f"mathocr benchmark: {text}", file=sys.stderr)
