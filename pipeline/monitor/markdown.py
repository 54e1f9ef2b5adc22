"""The monitor's report as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mathocr.pipeline.evaluation.markdown import interval_cell, picture_lines, targets_block
from mathocr.pipeline.evaluation.markdown_tables import cell, table
from mathocr.pipeline.monitor.input_stats import STATISTICS

_STAGES = ("model", "served", "queued", "read", "layout", "detector", "im2latex")


def to_markdown(report: Mapping[str, Any], pictures: Mapping[str, str] | None = None) -> str:
    """Write a report out.

    Args:
        report: As ``make_report`` makes it, with ``offline`` and ``targets`` where there are any.
        pictures: Name of a plot to the path of its picture; None for text alone.
    """
    blocks = [_head(report), _summary(report)]
    if "targets" in report:
        blocks.append(targets_block(report["targets"]))
    if "offline" in report:
        blocks += [_offline(report["offline"]), *picture_lines(pictures, "offline")]
    blocks += [_traffic(report), *picture_lines(pictures, "days")]
    if "im2latex" in report:
        blocks += [_answers(report), *picture_lines(pictures, "confidence")]
    if "self_check" in report:
        blocks.append(_self_check(report["self_check"]))
    if "drift" in report:
        blocks += [_drift(report["drift"]), *picture_lines(pictures, "drift")]
    if "shadow" in report:
        blocks.append(_shadows(report["shadow"]))
    if "feedback" in report:
        blocks.append(_feedback(report["feedback"]))
    return "\n\n".join(blocks) + "\n"


def _head(report: Mapping[str, Any]) -> str:
    data = report["data"]
    lines = [f"# Live quality: {data['name']}", "", f"- answers from {data['from'] or '-'} to {data['to'] or '-'}"]
    for stage, models in report["models"].items():
        lines += [f"- {stage} weights: {one['name']}, sha256 {one['sha256']}, {one['pages']} pages" for one in models]
    made = report["made"]
    return "\n".join([*lines, f"- report of {made['date']}, code {made['commit'] or 'installed package'}"])


def _summary(report: Mapping[str, Any]) -> str:
    """What a reader looks for first."""
    data, traffic, part = report["data"], report["traffic"], report.get("im2latex", {})
    rows: list[list[Any]] = [["requests", data["requests"]], ["formulas", data["formulas"]],
                             ["requests refused or failed", traffic["failed"]]]  # fmt: skip
    if part:
        rows += [["mean confidence (expected exact match)", interval_cell(part["confidence"])],
                 ["valid LaTeX", interval_cell(part["valid"])]]  # fmt: skip
    if found := report.get("self_check", {}).get("passed"):
        rows.append(["answers that match their crop when drawn", interval_cell(found)])
    if "drift" in report:
        rows.append(["inputs that drifted", ", ".join(report["drift"]["drifted"]) or "none"])
    if "offline" in report:
        rows.append(["offline and live disagree on", ", ".join(report["offline"]["disagree"]) or "nothing"])
    for shadow in report.get("shadow", []):
        if shadow.get("same"):
            rows.append(["shadow reads the same", interval_cell(shadow["same"])])
    return table(["in short", "live"], rows)


def _offline(part: Mapping[str, Any]) -> str:
    rows = []
    for row in part["rows"]:
        between = "-" if row["low"] is None else f"{row['low']:.4f} to {row['high']:.4f}"
        verdict = "agree" if row["agrees"] else "**disagree**"
        rows.append([row["what"], row["offline"], row["live"], between, verdict])
    return "\n".join([
        f"## Offline ({part['data']}) and live", "",
        table(["what", "offline", "live", "95 % interval", ""], rows),
        *([""] if part["notes"] else []), *(f"- {note}" for note in part["notes"]),
    ])  # fmt: skip


def _traffic(report: Mapping[str, Any]) -> str:
    traffic = report["traffic"]
    failures = ", ".join(f"{count} with {code}" for code, count in traffic["failures"].items()) or "none"
    busiest = ", ".join(f"{rate:.3g} {mode}s a second" for mode, rate in traffic["busiest_per_s"].items()) or "-"
    lines = [
        "## Traffic and times", "",
        f"{traffic['requests']} requests; refused with 429: {traffic['refused']}; failed: {failures}. Busiest minute: "
        f"{busiest}. Answers without a record: {traffic['lost']}; second looks dropped: {traffic['dropped']}.",
    ]  # fmt: skip
    for mode, times in report.get("latency", {}).items():
        rows = [[stage, times[stage]["median_ms"], times[stage]["p95_ms"]] for stage in _STAGES]
        lines += ["", table([f"ms a {mode} ({times['count']})", "median", "p95"], rows)]
    said = "`model` is layout, detector and recogniser; `served` is the whole request, from acceptance to the answer."
    return "\n".join([*lines, "", said])


def _answers(report: Mapping[str, Any]) -> str:
    part = report["im2latex"]
    stopped = ", ".join(f"{reason} {count}" for reason, count in part["stopped"].items())
    lines = [
        "## Answers", "",
        table(["formulas", "mean confidence", "valid", "ended by themselves"],
              [[part["count"], *(interval_cell(part[name]) for name in ("confidence", "valid", "ended"))]]),
        "", f"Decoding ended by: {stopped}.",
    ]  # fmt: skip
    for by in ("kind", "length"):
        rows = [[name, count, count / part["count"]] for name, count in part[by].items()]
        lines += ["", table([by, "formulas", "share"], rows)]
    if "detector" in report:
        rows = [[kind, *one.values()] for kind, one in report["detector"]["kinds"].items()]
        lines += ["", f"{report['detector']['pages']} pages:", "",
                  table(["kind", "found", "median score", "a page"], rows)]  # fmt: skip
    if len(report.get("days", ())) > 1:
        rows = [list(day.values()) for day in report["days"]]
        lines += ["", table(["day", "pages", "formulas", "mean confidence", "valid"], rows)]
    return "\n".join(lines)


def _self_check(part: Mapping[str, Any]) -> str:
    lines = ["## Self-check", ""]
    if part["count"]:
        lines.append(
            f"{part['count']} answers of sampled requests, drawn by TeX and laid over their crops: mean match "
            f"{interval_cell(part['match'])}; {interval_cell(part['passed'])} reach {part['least']:g}."
        )
        if part["passed_sure"] is not None:
            lines.append(f"Of those with a confidence of .5 and more: {interval_cell(part['passed_sure'])}.")
    lines += [f"Skipped {count} times: {reason}" for reason, count in part["skipped"].items()]
    return "\n".join(lines)


def _drift(part: Mapping[str, Any]) -> str:
    rows = [
        [STATISTICS.get(name, name), one["count"], one["median"], one["psi"], one["chance"], one["verdict"]]
        for name, one in part["statistics"].items()
    ]
    return "\n".join([
        f"## Inputs against {part['profile']} ({part['count']} crops)", "",
        table(["statistic", "live", "median", "PSI", "by chance", "verdict"], rows), "",
        "Population stability index: below .1 stable, from .25 drifted; what is not above chance is stable.",
    ])  # fmt: skip


def _shadows(shadows: list[dict[str, Any]]) -> str:
    blocks = ["## Shadow"]
    for one in shadows:
        if "failed" in one:
            blocks += ["", f"Requests that the shadow could not read: {one['failed']}."]
            continue
        models = ", ".join(f"{stage} {model['name']} {model['sha256'][:12]}" for stage, model in one["models"].items())
        names = {
            "same": "the same canonical LaTeX", "edit_similarity": "edit similarity of both",
            "confidence_gain": "confidence, shadow less live", "valid_gain": "valid, shadow less live",
            "live_ms": "ms a request, live", "shadow_ms": "ms a request, shadow (one thread, lowest priority)",
        }  # fmt: skip
        rows = [[words, interval_cell(one[key])] for key, words in names.items() if one[key] is not None]
        blocks += [
            "", f"{models}: {one['requests']} requests, {one['formulas']} formulas that both found; only live "
            f"{one['live_only']}, only the shadow {one['shadow_only']}.", "", table(["measure", "mean [95 %]"], rows),
        ]  # fmt: skip
    return "\n".join(blocks)


def _feedback(part: Mapping[str, Any]) -> str:
    wrong = "-" if part["wrong"] is None else interval_cell(part["wrong"])
    return (
        f"## Corrections\n\nConfirmed {part['confirmed']}, corrected {part['corrected']}, flagged {part['flagged']}; "
        f"wrong of those judged {wrong}, corrected of all answered {cell(part['corrected_share'])}. Users look where "
        "something is wrong: the first is no error rate."
    )
