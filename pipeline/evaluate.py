"""``mathocr evaluate``: measure models on a set with known answers, and write the report."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from mathocr.data.formats import FORMATS
from mathocr.data.onnx_session import BACKENDS, DEVICES
from mathocr.data.service import Service, load_service
from mathocr.pipeline.evaluation.compare_run import compare_candidates, stage_of
from mathocr.pipeline.evaluation.inventions import measure_inventions
from mathocr.pipeline.evaluation.markdown import comparison_to_markdown
from mathocr.pipeline.evaluation.measure import MODULES, Request, measure
from mathocr.pipeline.evaluation.output import write_page, write_report, write_text
from mathocr.pipeline.evaluation.plots import as_file, frontier_plot
from mathocr.pipeline.evaluation.rendering import render
from mathocr.pipeline.evaluation.robustness import measure_robustness
from mathocr.pipeline.evaluation.speed import measure_speed
from mathocr.pipeline.evaluation.targets import asks_speed, judge
from mathocr.pipeline.options import UsageError, refuse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mathocr evaluate``."""
    parser.description = (
        "Measure models on a set with known answers: a set of crops measures the recogniser, a set of pages the "
        "detector, the recogniser on the true boxes, and both chained."
    )
    parser.epilog = (
        "A run that was stopped goes on where it was when the same command is given again. "
        "Exit status: 0 measured, 1 a target was missed or something failed, 2 wrong usage."
    )
    parser.add_argument("--data", required=True, metavar="SET", help="file or folder of the set: crops or pages")
    parser.add_argument("--format", choices=("auto", *FORMATS), default="auto", help="of the set (told from the path)")
    parser.add_argument(
        "--module", choices=MODULES, default="auto",
        help="what to measure: all that the set allows (auto), or one; im2latex on pages reads their true boxes",
    )  # fmt: skip
    parser.add_argument("--im2latex-weights", type=Path, metavar="FILE", help="of the recogniser (the released ones)")
    parser.add_argument("--detector-weights", type=Path, metavar="FILE", help="of the detector (the released ones)")
    parser.add_argument(
        "--candidates", type=Path, nargs="+", metavar="FILE",
        help="compare several weights of one stage, the one in use first; --targets says which may be released",
    )  # fmt: skip
    parser.add_argument(
        "--targets", type=Path, metavar="FILE", help="hold the models against configs/service/NAME.yaml"
    )
    parser.add_argument(
        "--robustness", action="store_true",
        help="also measure on samples scaled, padded, inverted, compressed and so on, and on images without a formula",
    )  # fmt: skip
    parser.add_argument("--no-render", action="store_true", help="leave out CDM and render match, which need TeX")
    parser.add_argument("--no-speed", action="store_true", help="leave out latency, throughput and memory")
    parser.add_argument("--count", type=int, metavar="N", help="measure N samples, the same on every call (all)")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where it runs (auto)")
    parser.add_argument("--backend", choices=BACKENDS, default="auto", help="what runs it (auto)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="for report and records (evaluation/SET)")
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="write the Markdown also to FILE, its plots to a folder beside it"
    )
    parser.add_argument("--fresh", action="store_true", help="measure again what an earlier run has measured")


def run(args: argparse.Namespace) -> int:
    """Measure and report.

    Returns:
        Exit status: 0 measured, 1 a target was missed.

    Raises:
        FormatError: If the set cannot be opened.
        ServiceError: If the service file cannot be used.
        WeightsError: If weights cannot be used.
        OSError: If the report cannot be written.
        UsageError: If the options do not fit together.
        ValueError: If they do not fit the set.
    """
    service = load_service(args.targets) if args.targets else None
    request = Request(
        data=args.data, format=args.format, module=args.module, count=args.count, im2latex=args.im2latex_weights,
        detector=args.detector_weights, device=args.device, backend=args.backend, fresh=args.fresh,
    )  # fmt: skip
    folder = args.output or Path("evaluation") / Path(args.data).resolve().name
    if args.candidates:
        return _compare(request, args, folder, service)
    outcome = measure(request, folder)
    report = dict(outcome.report)
    if "im2latex" in report and not args.no_render:
        scores = outcome.records.with_name(outcome.records.name.replace("records", "rendered", 1))
        report["im2latex"] = report["im2latex"] | {"rendered": render(outcome.records, scores)}
    if args.robustness:
        report["robustness"] = measure_robustness(request, folder / "robustness", outcome.predictors)
        if "im2latex" in outcome.predictors:
            report["inventions"] = measure_inventions(outcome.predictors["im2latex"])
    if not args.no_speed:
        report["speed"] = measure_speed(outcome, request)
    if service is not None:
        report["targets"] = judge(report, service)
    text = write_report(folder, report, args.report)
    write_page(folder, report, text, outcome)
    print(text)
    print(f"written to {folder}: report.html, report.md, report.json, {outcome.records.name}", file=sys.stderr)
    return 1 if service is not None and report["targets"]["missed"] else 0


def _compare(request: Request, args: argparse.Namespace, folder: Path, service: Service | None) -> int:
    """Measure candidates and say which to release; 1 where none meets the targets."""
    if len(args.candidates) < 2:
        raise UsageError("--candidates needs at least two weights files")
    refuse(args, "robustness report no-render", "not with --candidates, which are compared without these")
    if service is None:
        refuse(args, "no-speed", "not with --candidates, but for --targets, which speed is measured for")
    refuse(args, f"{stage_of(args.candidates[0])}-weights", "not with --candidates, which take their place")
    speed = service is not None and asks_speed(service) and not args.no_speed
    comparison = compare_candidates(request, args.candidates, folder, service, speed)
    text = comparison_to_markdown(comparison)
    write_text(folder / "candidates.json", json.dumps(comparison, indent=1, ensure_ascii=False) + "\n")
    write_text(folder / "candidates.md", text)
    names = ["candidates.md", "candidates.json"]
    if any(one["ms"] is not None for one in comparison["candidates"]):
        write_text(folder / "frontier.svg", _frontier(comparison))
        names.append("frontier.svg")
    print(text)
    print(f"written to {folder}: {', '.join(names)}, a report for each", file=sys.stderr)
    return 0 if comparison["release"] is not None else 1


def _frontier(comparison: dict[str, Any]) -> str:
    """Accuracy against time and size, as a picture that stands alone."""
    measure = comparison["measure"]
    models = [
        (one["name"], one["ms"], one["scores"][measure]["value"], one["megabytes"])
        for one in comparison["candidates"]
        if one["ms"] is not None
    ]
    title = f"{comparison['stage']} on {comparison['data']['name']}"
    return as_file(frontier_plot(title, measure.replace("_", " "), models))
