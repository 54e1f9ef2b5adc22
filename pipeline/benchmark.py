"""``mathocr benchmark``: how fast the models are on this machine, cold and warm, and how much memory they take."""

from __future__ import annotations

import argparse
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

from mathocr.data.onnx_session import BACKENDS, DEVICES
from mathocr.data.pixels import encode_png
from mathocr.data.service import load_service
from mathocr.pipeline.evaluation.environment import environment
from mathocr.pipeline.latency.cold_start import measure_cold, predict_arguments
from mathocr.pipeline.latency.load import Load
from mathocr.pipeline.latency.memory import device_peak_mib, peak_mib
from mathocr.pipeline.latency.report import to_markdown
from mathocr.pipeline.latency.samples import Samples, read_samples
from mathocr.pipeline.latency.stages import measure_stages
from mathocr.pipeline.latency.throughput import measure_throughput
from mathocr.pipeline.latency.timing import Plan
from mathocr.pipeline.ocr import CropReader, MathOCR, RegionFinder
from mathocr.pipeline.options import refuse

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
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where it runs (auto)")
    parser.add_argument("--backend", choices=BACKENDS, default="auto", help="what runs it (auto)")
    plan = Plan()
    parser.add_argument("--rounds", type=int, metavar="N", help=f"times each image is timed, at most ({plan.rounds})")
    parser.add_argument(
        "--seconds", type=float, metavar="S",
        help=f"longest time for one measurement ({plan.seconds:g}), with --serve time under load ({Load.seconds:g})",
    )  # fmt: skip
    parser.add_argument("--batches", type=_numbers, metavar="N,..", help=f"batch sizes ({_list(plan.batches)})")
    parser.add_argument("--threads", type=_numbers, metavar="N,..", help=f"requests at once ({_list(plan.threads)})")
    parser.add_argument(
        "--cold-runs", type=int, metavar="N", help=f"fresh processes to start, 0 for none ({plan.cold_runs})"
    )
    parser.add_argument("--quick", action="store_true", help="few runs, to see that it works; no numbers to quote")
    parser.add_argument("--against-trocr", action="store_true", help="also time a TrOCR-shaped network on the crops")
    parser.add_argument(
        "--serve", nargs="?", choices=("crop", "page"), const="crop",
        help="start a server on this machine and put it under load with crops or pages, instead of all else (crop)",
    )  # fmt: skip
    parser.add_argument("--clients", type=int, metavar="N", help=f"with --serve: clients at once ({Load.clients})")
    parser.add_argument(
        "--targets", type=Path, metavar="FILE", help="with --serve: service file whose queries per second must be met"
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="write benchmark.json and benchmark.md there")


def run(args: argparse.Namespace) -> int:
    """Measure, print the report, write it where asked.

    Returns:
        Exit status 0; 1 where a server under load did not hold what it must.

    Raises:
        WeightsError: If weights cannot be used.
        ImageError: If an image cannot be read.
        UsageError: If the options do not fit together.
        ValueError: If there is nothing to measure on, or an option makes no sense.
        RuntimeError: If ``mathocr predict`` fails, or the comparison lacks a package.
        OSError: If the report cannot be written.
    """
    if args.serve:
        refuse(args, "rounds batches threads cold-runs quick against-trocr", "not with --serve")
    else:
        refuse(args, "clients targets", "only with --serve")
    plan = make_plan(args)
    detector, im2latex = _load(args)
    samples = read_samples(args.paths, None if detector is None else MathOCR(detector, im2latex))
    stages = {"im2latex": im2latex} | ({} if detector is None else {"detector": detector})
    models = {name: {"name": s.identity.name, "sha256": s.identity.sha256} for name, s in stages.items()}
    if args.serve:
        return _serve(args, samples, models)
    warm = measure(detector, im2latex, samples, plan, args.device)
    report: dict[str, Any] = {
        "environment": environment(args.device, args.backend),
        "models": models,
        "samples": {"pages": len(samples.pages), "crops": len(samples.crops)},
        "cold_start": _cold(args, samples, plan, with_pages=detector is not None),
        **warm,
    }
    if args.against_trocr and samples.crops:
        from mathocr.pipeline.latency.trocr_shape import compare_with_trocr

        _say("against a TrOCR-shaped network")
        report["trocr"] = compare_with_trocr(im2latex, samples.crops, plan, args.device)
    _write(args, report, to_markdown(report))
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
    memory = {"process_peak_mib": peak_mib(), "device_peak_mib": device_peak_mib(device)}
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
    if args.module == "im2latex" and args.serve != "page":
        return None, im2latex
    from mathocr.detector.predictor import RegionPredictor

    return RegionPredictor.load(args.detector_weights, device=args.device, backend=args.backend), im2latex


def _serve(args: argparse.Namespace, samples: Samples, models: dict[str, Any]) -> int:
    """Put a server under load, print and write what it did, and say whether that was enough."""
    from mathocr.pipeline.latency.load import judge, measure_load
    from mathocr.pipeline.latency.report import load_markdown
    from mathocr.pipeline.latency.server import started

    asked = {"clients": args.clients, "seconds": args.seconds}
    load = Load(**{name: value for name, value in asked.items() if value is not None})
    least = None
    if args.targets is not None:
        speed = load_service(args.targets).speed
        least = speed.crops_per_second if args.serve == "crop" else speed.pages_per_second
    found = samples.crops if args.serve == "crop" else samples.pages
    if not found:
        raise ValueError(f"there is no {args.serve} to ask for")
    images = list(dict.fromkeys(encode_png(sample.image) for sample in found))
    options = [
        *("--device", args.device, "--backend", args.backend, "--log_level", "warning", "--timeout_s", "120"),
        *("--queue", str(max(64, 2 * load.clients)), "--max_images", str(max(64, load.clients))),
        *(("--detector_weights", str(args.detector_weights)) if args.detector_weights else ()),
        *(("--im2latex_weights", str(args.im2latex_weights)) if args.im2latex_weights else ()),
    ]
    _say(f"{load.clients} clients for {load.seconds:g} s, {len(images)} different images")
    with started(options) as server:
        row = measure_load(server, images, args.serve, load)
    verdicts = judge(row, least)
    report = {
        "environment": environment(args.device, args.backend),
        "models": models,
        "samples": {f"{args.serve}s": len(images)},
        "load": row,
        "verdicts": [{"what": what, "held": held} for what, held in verdicts],
    }
    _write(args, report, load_markdown(report))
    return 0 if all(held for _, held in verdicts) else 1


def _write(args: argparse.Namespace, report: dict[str, Any], text: str) -> None:
    """Print a report, and write it where asked."""
    print(text)
    if args.output is not None:
        args.output.mkdir(parents=True, exist_ok=True)
        (args.output / "benchmark.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        (args.output / "benchmark.md").write_text(text, encoding="utf-8")


def _cold(args: argparse.Namespace, samples: Samples, plan: Plan, with_pages: bool) -> dict[str, Any]:
    """Cold start of the command with the models that are measured."""
    if plan.cold_runs:
        _say("cold start")
    arguments = partial(
        predict_arguments, detector=args.detector_weights, im2latex=args.im2latex_weights, device=args.device,
        backend=args.backend,
    )  # fmt: skip
    return measure_cold(samples if with_pages else Samples((), samples.crops), plan.cold_runs, arguments)


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
