"""The parts of a Markdown report that say how the stages did: end to end, detector, recogniser, robustness."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mathocr.pipeline.evaluation.markdown_tables import cell, table

_SYMBOLS = 15  # rows of a table; the JSON has more
_FAULTS = {
    "sample": "samples that could not be read",
    "truth": "truths that could not be parsed (left out of the scores)",
    "prediction": "crops on which the recogniser failed (left out of the scores)",
}


def chain_part(part: Mapping[str, Any]) -> str:
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


def detector_part(part: Mapping[str, Any]) -> str:
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


def recogniser_part(part: Mapping[str, Any]) -> str:
    """Recogniser."""
    head = ["formulas", "exact match", "edit similarity", "BLEU-4"]
    blocks = ["## Recogniser", "", table(["tokens", *head], [
        ["canonical", *_text_scores(part["canonical"])],
        ["plain (as papers count)", *_text_scores(part["plain"])],
    ])]  # fmt: skip
    if "rendered" in part:
        blocks += ["", rendered_part(part["rendered"])]
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
            blocks += ["", named_failures(f"### {said[0].upper()}{said[1:]}", part["failures"][fault])]
    return "\n".join(blocks)


def rendered_part(part: Mapping[str, Any]) -> str:
    """Scores of drawn formulas."""
    if "missing" in part:
        return f"CDM and render match were not measured: {part['missing']}"
    return (
        f"Drawn by TeX ({part['count']} formulas): CDM with positions {cell(part['cdm'])}, render match "
        f"{cell(part['render_match'])}; TeX refused {part['refused']} predictions, which count 0, and "
        f"{part['refused_truths']} truths, which are left out."
    )


def robustness_part(part: Mapping[str, Any]) -> str:
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


def inventions_part(part: Mapping[str, Any]) -> str:
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


def named_failures(title: str, failures: Mapping[str, Any]) -> str:
    """Failures with their places."""
    lines = [title, "", f"{failures['count']} in all."]
    lines += [f"- `{one['where']}`: {one['message']}" for one in failures["named"]]
    more = failures["count"] - len(failures["named"])
    return "\n".join(lines + ([f"- and {more} more"] if more else []))
