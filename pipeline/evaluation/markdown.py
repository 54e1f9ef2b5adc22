"""A report as Markdown, for people and for ``docs/reports``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mathocr.pipeline.evaluation.report import find

_SYMBOLS = 15  # rows of a table; the JSON has more
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
_FAULTS = {
    "sample": "samples that could not be read",
    "truth": "truths that could not be parsed (left out of the scores)",
    "prediction": "crops on which the recogniser failed (left out of the scores)",
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
        blocks.append(_chain(report["pipeline"]))
    if "detector" in report:
        blocks += [_detector(report["detector"]), *picture_lines(pictures, "precision-recall")]
    if "im2latex" in report:
        blocks += [_recogniser(report["im2latex"]), *picture_lines(pictures, "exact-match", "tokens", "reliability")]
    if "robustness" in report:
        blocks += [_robustness(report["robustness"]), *picture_lines(pictures, "robustness")]
    if "inventions" in report:
        blocks.append(_inventions(report["inventions"]))
    if report["bad_samples"]["count"] and report["data"]["content"] == "pages":
        blocks.append(_named("## Pages that gave no result", report["bad_samples"]))
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
        targets = "-" if found["missed"] is None else "met" if not found["missed"] else f"{found['missed']} missed"
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


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table; numbers to the right."""
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    lines += ["| " + " | ".join(map(cell, row)) + " |" for row in rows]
    return "\n".join(lines)


def cell(value: Any) -> str:
    """A value of a table: shares to four digits, larger numbers to two, a dash for what is not known."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) <= 1 else f"{value:.2f}"
    return str(value).replace("|", "\\|")


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


def _chain(part: Mapping[str, Any]) -> str:
    """End to end."""
    ms = part["ms_per_page"]
    return "\n".join([
        "## End to end",
        "",
        "A formula is right when its box (IoU at least 0.5) and its canonical LaTeX are right.",
        "",
        table(
            ["formulas", "found", "matched", "right", "precision", "recall", "F1", "edit similarity of matched"],
            [[part[key] for key in ("targets", "found", "matched", "right", "precision", "recall", "f1",
                                    "edit_similarity_of_matched")]],
        ),
        "",
        f"{part['pages']} pages; ms a page: " + ", ".join(f"{stage} {value:.0f}" for stage, value in ms.items()),
        *_structure(part),
    ])  # fmt: skip


def _structure(part: Mapping[str, Any]) -> list[str]:
    """Equation numbers and broken formulas, where the truth has any or one was found."""
    numbers, breaks = part["equation_numbers"], part["broken_lines"]
    lines = []
    if numbers["numbered"] or numbers["false"]:
        head = ["numbered equations", "display found", "number right", "share of found", "found unnumbered", "false"]
        keys = ("numbered", "displays_found", "right", "right_of_found", "without_number", "false")
        lines += ["", table(head, [[numbers[key] for key in keys]])]
    if breaks["broken"] or breaks["joined"]:
        head = ["broken formulas", "both parts found", "joined", "right", "precision", "recall", "recall of found"]
        wanted = ("broken", "parts_found", "joined", "right", "precision", "recall", "recall_of_found")
        lines += ["", table(head, [[breaks[key] for key in wanted]])]
    return lines


def _detector(part: Mapping[str, Any]) -> str:
    """Detector."""
    head = ["kind", "formulas", "found", "P@.5", "R@.5", "F1@.5", "P@.75", "R@.75", "F1@.75", "AP@.5", "AP@.5:.95"]
    rows = []
    for name, kind in part["kinds"].items():
        points = [kind[iou][key] for iou in ("iou_0.5", "iou_0.75") for key in ("precision", "recall", "f1")]
        rows.append([name, kind["targets"], kind["found"], *points, kind["ap_50"], kind["ap_50_95"]])
    odd = f"Formulas found in pieces: {part['split']}; regions that hold several formulas: {part['merged']}."
    blocks = ["## Detector", "", table(head, rows), "", odd, "", "Recall at IoU 0.5, of the right kind, by size:"]
    for by, slices in part["recall_by_size"].items():
        name = {"tokens": "canonical tokens", "height": "height in px", "aspect": "width / height"}[by]
        rows = [[key, value["targets"], value["recall"]] for key, value in slices.items()]
        blocks += ["", table([name, "formulas", "recall"], rows)]
    if part["ms_per_page"] is not None:
        blocks += ["", f"{part['pages']} pages, {part['ms_per_page']:.0f} ms a page."]
    return "\n".join(blocks)


def _recogniser(part: Mapping[str, Any]) -> str:
    """Recogniser."""
    head = ["formulas", "exact match", "edit similarity", "BLEU-4"]
    blocks = ["## Recogniser", "", table(["tokens", *head], [
        ["canonical", *_text_scores(part["canonical"])],
        ["plain (as papers count)", *_text_scores(part["plain"])],
    ])]  # fmt: skip
    if "rendered" in part:
        blocks += ["", _rendered(part["rendered"])]
    for by, slices in part["slices"].items():
        blocks += ["", table([by, *head], [[name, *_text_scores(value)] for name, value in slices.items()])]
    if part["symbols"]:
        rows = [
            [f"`{name}`", value["count"], value["read"]] for name, value in list(part["symbols"].items())[:_SYMBOLS]
        ]
        blocks += ["", "Tokens that were missing most:", "", table(["token", "in truths", "share read"], rows)]
    if part["calibration"]["bins"]:
        rows = [[f"{b['low']:g}-{b['high']:g}", b["count"], b["confidence"], b["right"]]
                for b in part["calibration"]["bins"]]  # fmt: skip
        blocks += ["", f"Calibration: expected error {cell(part['calibration']['ece'])}, "
                       f"Brier score {cell(part['calibration']['brier'])}.", "",
                   table(["confidence", "formulas", "mean confidence", "exactly right"], rows)]  # fmt: skip
    stopped = ", ".join(f"{reason} {count}" for reason, count in part["stopped"].items())
    blocks += ["", f"Decoding ended by: {stopped}. Predictions that are not valid: {part['invalid_predictions']}."]
    if part["ms_per_crop"] is not None:
        blocks.append(f"Read in batches: {part['ms_per_crop']:.1f} ms a crop.")
    if part["unknown_commands"]:
        listed = ", ".join(f"`{name}` {count}" for name, count in part["unknown_commands"].items())
        blocks += ["", f"Commands of the truths that no table knows: {listed}"]
    for fault, said in _FAULTS.items():
        if part["failures"][fault]["count"]:
            blocks += ["", _named(f"### {said[0].upper()}{said[1:]}", part["failures"][fault])]
    return "\n".join(blocks)


def _rendered(part: Mapping[str, Any]) -> str:
    """Scores of drawn formulas."""
    if "missing" in part:
        return f"CDM and render match were not measured: {part['missing']}"
    return (
        f"Drawn by TeX ({part['count']} formulas): CDM with positions {cell(part['cdm'])}, render match "
        f"{cell(part['render_match'])}; TeX refused {part['refused']} predictions, which count 0, and "
        f"{part['refused_truths']} truths, which are left out."
    )


def _robustness(part: Mapping[str, Any]) -> str:
    """Scores under changes of the image."""
    blocks = ["## Robustness"]
    for stage, columns in (("im2latex", ("formulas", "exact_match", "edit_similarity", "failed")),
                           ("detector", ("precision", "recall", "f1"))):  # fmt: skip
        if stage not in part:
            continue
        head = ["change", "degree", *(name.replace("_", " ") for name in columns)]
        rows = [
            [f"{name} ({sweep['unit']})" if sweep["unit"] else name, _degree(one["level"]), *map(one.get, columns)]
            for name, sweep in part[stage]["sweeps"].items()
            for one in sweep["levels"]
        ]
        what = "crops" if stage == "im2latex" else "pages, boxes at IoU 0.5 whatever the kind"
        blocks += ["", f"{stage}, the same {part[stage]['samples']} {what}:", "", table(head, rows)]
        if "missing" in part[stage]:
            blocks += ["", f"Other fonts and numbers of rows were not measured: {part[stage]['missing']}"]
    return "\n".join(blocks)


def _degree(level: float | str) -> str:
    return level if isinstance(level, str) else f"{level:g}"


def _inventions(part: Mapping[str, Any]) -> str:
    """What is read where there is no formula."""
    rows = [[kind, one["count"], one["invented"]] for kind, one in part["kinds"].items()]
    return "\n".join([
        "## Inventions",
        "",
        f"Of {part['count']} images without a formula {part['invented']} ({cell(part['share'])}) were read as one with "
        f"a confidence above {part['above']:g}.",
        "",
        table(["image", "read", "invented"], rows),
    ])  # fmt: skip


def _text_scores(part: Mapping[str, Any]) -> list[Any]:
    """Cells of a row of ``TextScores``."""
    bleu = None if part["bleu"] is None else f"{part['bleu']:.2f}"
    return [part["count"], part["exact_match"], part["edit_similarity"], bleu]


def _named(title: str, failures: Mapping[str, Any]) -> str:
    """Failures with their places."""
    lines = [title, "", f"{failures['count']} in all."]
    lines += [f"- `{one['where']}`: {one['message']}" for one in failures["named"]]
    more = failures["count"] - len(failures["named"])
    return "\n".join(lines + ([f"- and {more} more"] if more else []))
