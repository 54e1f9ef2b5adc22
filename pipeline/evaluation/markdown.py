"""A report as Markdown, for people and for ``docs/reports``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mathocr.pipeline.evaluation.markdown_stages import (
    chain_part,
    detector_part,
    inventions_part,
    named_failures,
    recogniser_part,
    robustness_part,
)
from mathocr.pipeline.evaluation.markdown_tables import table
from mathocr.pipeline.evaluation.report import find

_SUMMARY = {  # what a reader looks for first: words to the place in a report
    "end to end, F1": ("pipeline", "f1"),
    "detector, inline, F1 at IoU .5": ("detector", "kinds", "inline", "iou_0.5", "f1"),
    "detector, display, F1 at IoU .5": ("detector", "kinds", "display", "iou_0.5", "f1"),
    "recogniser, exact match": ("im2latex", "canonical", "exact_match"),
    "recogniser, edit similarity": ("im2latex", "canonical", "edit_similarity"),
    "recogniser, BLEU-4": ("im2latex", "canonical", "bleu"),
    "recogniser, CDM with positions": ("im2latex", "rendered", "cdm"),
    "confidence, expected calibration error": ("im2latex", "calibration", "ece"),
    "a crop, median ms": ("speed", "crop_median_ms"),
    "a page, median ms": ("speed", "page_median_ms"),
    "samples that gave no result": ("bad_samples", "count"),
}


def to_markdown(report: Mapping[str, Any], pictures: Mapping[str, str] | None = None) -> str:
    """Write a report out.

    Args:
        report: As ``mathocr.pipeline.evaluation.report.assemble`` makes it.
        pictures: Name of a plot (``report_plots.plots_of``) to the path of its picture; None for text alone.
    """
    blocks = [_head(report), _summary(report)]
    if "targets" in report:
        blocks.append(targets_block(report["targets"]))
    if "pipeline" in report:
        blocks.append(chain_part(report["pipeline"]))
    if "detector" in report:
        blocks += [detector_part(report["detector"]), *picture_lines(pictures, "precision-recall")]
    if "im2latex" in report:
        blocks += [
            recogniser_part(report["im2latex"]),
            *picture_lines(pictures, "exact-match", "tokens", "reliability"),
        ]
    if "robustness" in report:
        blocks += [robustness_part(report["robustness"]), *picture_lines(pictures, "robustness")]
    if "inventions" in report:
        blocks.append(inventions_part(report["inventions"]))
    if report["bad_samples"]["count"] and report["data"]["content"] == "pages":
        blocks.append(named_failures("## Pages that gave no result", report["bad_samples"]))
    return "\n\n".join(blocks) + "\n"


def picture_lines(pictures: Mapping[str, str] | None, *beginnings: str) -> list[str]:
    """Plots whose names begin so."""
    return [
        f"![{name.replace('-', ' ')}]({path})" for name, path in (pictures or {}).items() if name.startswith(beginnings)
    ]


def comparison_to_markdown(comparison: Mapping[str, Any]) -> str:
    """Write out how candidates compare.

    Args:
        comparison: As ``mathocr.pipeline.evaluation.compare_run.compare_candidates`` makes it.
    """
    data, made, one = comparison["data"], comparison["environment"], comparison["candidates"]
    measures = list(one[0]["scores"])
    rows = []
    for found in one:
        targets = "-" if found["missed"] is None else f"{found['missed']} missed" if found["missed"] else "met"
        targets += f", {found['not_measured']} not measured" if found["not_measured"] else ""
        scores = [interval_cell(found["scores"][name]) for name in measures]
        behind = "-" if found["name"] == comparison["leader"] else interval_cell(found["behind"][comparison["measure"]])
        rows.append([found["name"], *scores, behind, targets, found["ms"], found["megabytes"]])
    unit = data["content"].removesuffix("s")
    head = [
        "candidate",
        *(name.replace("_", " ") for name in measures),
        "behind the best",
        "targets",
        f"ms a {unit}",
        "MB",
    ]
    return "\n".join([
        f"# Candidates for {comparison['stage']} on {data['name']}",
        "",
        f"**Release: {comparison['release'] or 'none'}.** Why: {comparison['why']}.",
        "",
        table(head, rows),
        "",
        f"{comparison['samples']} {data['content']} that all candidates have; 95 % intervals by paired bootstrap.",
        "",
        *(f"- {found['name']}: sha256 {found['sha256']}" for found in one),
        *_made(made),
    ]) + "\n"  # fmt: skip


def interval_cell(part: Mapping[str, Any]) -> str:
    """A score with its interval."""
    digits = 2 if abs(part["value"]) > 1 else 4
    return " ".join([f"{part['value']:.{digits}f}", f"[{part['low']:.{digits}f}, {part['high']:.{digits}f}]"])


def _head(report: Mapping[str, Any]) -> str:
    """Set, models, machine."""
    data, made = report["data"], report["environment"]
    lines = [f"# Evaluation on {data['name']}", ""]
    lines += [f"- data: {data['name']} ({data['format']}), {data['evaluated']} of {data['size']} {data['content']}"]
    for stage, model in report["models"].items():
        lines.append(f"- {stage} weights: {model['name']}, sha256 {model['sha256']}")
    return "\n".join(lines + _made(made))


def _summary(report: Mapping[str, Any]) -> str:
    """The numbers that a reader looks for first, those that were measured."""
    found = ((words, find(report, place)) for words, place in _SUMMARY.items())
    return table(["in short", "measured"], [[words, value] for words, value in found if value is not None])


def _made(made: Mapping[str, Any]) -> list[str]:
    """Code, machine and versions, a line each."""
    card = f", {made['accelerator']}" if made.get("accelerator") else ""
    return [
        f"- code: {made['commit'] or 'installed package'} (+ means changed files); {made['date']}",
        f"- machine: {made['processor']}{card}, {made['cores']} cores, {made['threads']} threads, "
        f"device {made['device']}, backend {made['backend']}",
        f"- versions: Python {made['python']}, "
        + ", ".join(f"{name} {number}" for name, number in made["versions"].items() if number),
    ]


def targets_block(part: Mapping[str, Any]) -> str:
    """Target beside result."""
    rows = [
        [row["target"], ("at least " if row["better"] == "higher" else "at most ") + f"{row['asked']:g}",
         row["measured"], row["verdict"]]
        for row in part["rows"]
    ]  # fmt: skip
    where = part["deployment"]
    lines = [
        f"## Targets of {part['service']}: {part['passed']} passed, {part['missed']} missed, "
        f"{part['not_measured']} not measured",
        "",
        f"{part['purpose']} It runs on: {where['hardware']} ({where['where']}, {where['device']}, "
        f"{where['threads']} threads). Times: {part['definition']} Labelling guide: {part['labelling_guide']}",
        "",
        table(["target", "asked", "measured", "verdict"], rows),
    ]
    return "\n".join(lines + ([""] if part["notes"] else []) + [f"- {note}" for note in part["notes"]])
