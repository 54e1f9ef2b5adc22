"""Measures one set of models on one set: opens both, runs what is not yet done, sums up."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from tqdm import tqdm

from mathocr.pipeline.evaluation.crop_run import run_crops
from mathocr.pipeline.evaluation.environment import code_id, environment
from mathocr.pipeline.evaluation.page_run import Stages, run_pages
from mathocr.pipeline.evaluation.records import RecordFile, run_id
from mathocr.pipeline.evaluation.report import assemble, summarise
from mathocr.pipeline.evaluation.selection import Selection, select

Module = Literal["auto", "im2latex", "detector", "pipeline"]
MODULES: tuple[Module, ...] = get_args(Module)
Predictors = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What is to be measured.

    Attributes:
        data: File or folder of the set.
        format: Of the set, or ``auto``.
        module: ``auto`` for all that the set allows, or one; ``im2latex`` on pages reads their true boxes.
        count: Samples to measure; None for all.
        im2latex: Weights of the recogniser; None for the released ones.
        detector: Weights of the detector; None for the released ones.
        device: As the predictors take it.
        backend: As the predictors take it.
        fresh: Whether to measure again what was measured.
    """

    data: str
    format: str = "auto"
    module: Module = "auto"
    count: int | None = None
    im2latex: Path | None = None
    detector: Path | None = None
    device: str = "auto"
    backend: str = "auto"
    fresh: bool = False


@dataclass(frozen=True)
class Outcome:
    """What was measured.

    Attributes:
        report: JSON-ready.
        records: File with a record a sample.
        selection: The samples.
        predictors: By stage.
    """

    report: dict[str, Any]
    records: Path
    selection: Selection
    predictors: Predictors


def open_set(request: Request) -> Selection:
    """The samples to measure.

    Raises:
        FormatError: If the set cannot be opened.
        ValueError: If the module does not fit the set.
    """
    content = "crops" if request.module == "im2latex" else "auto"
    selection = select(request.data, request.count, request.format, content)
    if selection.content == "crops" and request.module in ("detector", "pipeline"):
        raise ValueError(f"--module {request.module} needs a set of pages; {selection.name} holds crops")
    return selection


def load_predictors(request: Request, selection: Selection) -> Predictors:
    """The predictors that are needed, by stage.

    Raises:
        WeightsError: If weights cannot be used.
    """
    predictors: Predictors = {}
    if selection.content == "pages":
        from mathocr.detector.predictor import RegionPredictor

        predictors["detector"] = RegionPredictor.load(request.detector, request.device, request.backend)
    if request.module != "detector":
        from mathocr.im2latex.predictor import LatexPredictor

        predictors["im2latex"] = LatexPredictor.load(request.im2latex, request.device, request.backend)
    return predictors


def measure(
    request: Request, folder: Path, predictors: Predictors | None = None,
    change: Callable[[Selection], Selection] | None = None, label: str = "records",
) -> Outcome:  # fmt: skip
    """Run what is not yet done and sum up.

    Args:
        request: What to measure.
        folder: Keeps the records.
        predictors: Opened already; None to open what the request names.
        change: Changes the samples first, in the way that ``label`` names.
        label: First part of the name of the records file.

    Raises:
        FormatError: If the set cannot be opened.
        WeightsError: If weights cannot be used.
        OSError: If the records cannot be written.
        ValueError: If the module does not fit the set.
    """
    selection = open_set(request)
    loaded = predictors or load_predictors(request, selection)
    models = {stage: predictor.identity for stage, predictor in loaded.items()}
    settings = {key: value for key, value in dataclasses.asdict(request).items() if key not in _NOT_IN_ID}
    identity = run_id(
        **settings, data=str(Path(request.data).resolve()), size=len(selection.samples), rows=selection.rows,
        truths=selection.truths_digest(), models={stage: model.sha256 for stage, model in models.items()},
        code=code_id(), label=label,
    )  # fmt: skip
    path = folder / f"{label}-{identity}.jsonl"
    if request.fresh:
        path.unlink(missing_ok=True)
    changed = change(selection) if change else selection
    with RecordFile(path) as records:
        _run(changed, loaded, records, request.module)
        parts = summarise(records, selection.content)
    report = assemble(selection.describe(), models, environment(request.device, request.backend), parts)
    return Outcome(report, path, changed, loaded)


_NOT_IN_ID = ("data", "count", "im2latex", "detector", "fresh")  # told by rows and models, or without effect


def _run(selection: Selection, predictors: Predictors, records: RecordFile, module: Module) -> None:
    """Run what is not yet done."""
    if selection.content == "crops":
        results = run_crops(selection, predictors["im2latex"], records.done)
    else:
        stages = Stages(predictors["detector"], predictors.get("im2latex"), true_boxes=module == "auto")
        results = run_pages(selection, stages, records.done)
    begun = len(records.done.intersection(selection.rows))
    title, unit = records.path.stem.rsplit("-", 1)[0], selection.content.removesuffix("s")
    with tqdm(total=len(selection.rows), initial=begun, desc=title, unit=unit, disable=None) as bar:
        for batch in results:
            records.append(batch)
            bar.update(len(batch))
