"""``mathocr evaluate``: measure models on a set with known answers, and write the report."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from mathocr.data.contracts import ModelIdentity
from mathocr.data.formats import FORMATS
from mathocr.data.service import load_service
from mathocr.pipeline.evaluation.crop_run import run_crops
from mathocr.pipeline.evaluation.environment import commit, environment
from mathocr.pipeline.evaluation.markdown import to_markdown
from mathocr.pipeline.evaluation.page_run import Stages, run_pages
from mathocr.pipeline.evaluation.records import RecordFile, run_id
from mathocr.pipeline.evaluation.report import assemble, summarise
from mathocr.pipeline.evaluation.selection import Selection, select
from mathocr.pipeline.evaluation.targets import judge

MODULES = ("auto", "im2latex", "detector", "pipeline")


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
    parser.add_argument("--count", type=int, metavar="N", help="measure N samples, the same on every call (all)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="where it runs (auto)")
    parser.add_argument("--backend", choices=("auto", "onnx", "torch"), default="auto", help="what runs it (auto)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="for report and records (evaluation/SET)")
    parser.add_argument(
        "--targets", type=Path, metavar="FILE", help="hold the models against configs/service/NAME.yaml"
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
        ValueError: If the options do not fit the set.
    """
    service = load_service(args.targets) if args.targets else None
    selection = select(args.data, args.count, args.format, "crops" if args.module == "im2latex" else "auto")
    if selection.content == "crops" and args.module in ("detector", "pipeline"):
        raise ValueError(f"--module {args.module} needs a set of pages; {selection.name} holds crops")
    folder = args.output or Path("evaluation") / selection.name.replace("/", "-")
    stages = _load(args, selection)
    models = {name: stage.identity for name, stage in stages.items()}
    path = folder / f"records-{_id(args, selection, models)}.jsonl"
    if args.fresh:
        path.unlink(missing_ok=True)
    with RecordFile(path) as records:
        _measure(selection, stages, records, args.module)
        parts = summarise(records, selection.content)
    report = assemble(selection.describe(), models, environment(args.device, args.backend), parts)
    if service is not None:
        report["targets"] = judge(report, service)
    write_text(folder / "report.json", json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    write_text(folder / "report.md", to_markdown(report))
    print(to_markdown(report))
    print(f"written to {folder / 'report.md'}, report.json and {path.name}", file=sys.stderr)
    return 1 if service is not None and report["targets"]["missed"] else 0


def _load(args: argparse.Namespace, selection: Selection) -> dict[str, Any]:
    """The predictors that are needed, by stage."""
    stages: dict[str, Any] = {}
    if selection.content == "pages":
        from mathocr.detector.predictor import RegionPredictor

        stages["detector"] = RegionPredictor.load(args.detector_weights, args.device, args.backend)
    if args.module != "detector":
        from mathocr.im2latex.predictor import LatexPredictor

        stages["im2latex"] = LatexPredictor.load(args.im2latex_weights, args.device, args.backend)
    return stages


def _id(args: argparse.Namespace, selection: Selection, models: dict[str, ModelIdentity]) -> str:
    """The same for a command that is given again, another where anything that matters differs."""
    return run_id(
        data=str(Path(selection.path).resolve()), size=len(selection.samples), rows=selection.rows,
        content=selection.content, module=args.module, models={stage: m.sha256 for stage, m in models.items()},
        device=args.device, backend=args.backend, commit=commit(),
    )  # fmt: skip


def _measure(selection: Selection, stages: dict[str, Any], records: RecordFile, module: str) -> None:
    """Run what is not yet done."""
    if selection.content == "crops":
        results = run_crops(selection, stages["im2latex"], records.done)
    else:
        chosen = Stages(stages["detector"], stages.get("im2latex"), true_boxes=module == "auto")
        results = run_pages(selection, chosen, records.done)
    begun = len(records.done.intersection(selection.rows))
    unit = selection.content.removesuffix("s")
    with tqdm(total=len(selection.rows), initial=begun, desc=selection.name, unit=unit, disable=None) as bar:
        for batch in results:
            records.append(batch)
            bar.update(len(batch))


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 by way of a temporary file, so that no half report is ever seen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
