"""A benchmark as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mathocr.pipeline.evaluation.markdown_tables import table

_NAMES = {
    "im2latex": "recogniser, a crop", "detector": "detector, a page",
    "crop": "whole, a crop in memory", "crop_file": "whole, a crop from its file",
    "page": "whole, a page in memory", "page_file": "whole, a page from its file",
}  # fmt: skip
_TIMES = ("median_ms", "p95_ms", "p99_ms")


def to_markdown(report: Mapping[str, Any]) -> str:
    """Write a benchmark out.

    Args:
        report: As ``mathocr.pipeline.benchmark.run`` makes it.
    """
    return "\n\n".join([_head(report, "Benchmark"), *speed_blocks(report, "## ")]) + "\n"


def speed_blocks(report: Mapping[str, Any], heading: str) -> list[str]:
    """What was measured, without code and machine.

    Args:
        report: As for :func:`to_markdown`.
        heading: What titles begin with.
    """
    load = "unknown" if report.get("load") is None else report["load"]
    blocks = [
        f"{report['samples']['pages']} pages, {report['samples']['crops']} crops; processes running before: {load} on "
        "average (more than a few tenths make the times longer)."
    ]
    if report["cold_start"]:
        head = ["`mathocr predict` on a", "median ms", "p95", "p99", "processes", "peak memory, MiB"]
        blocks += [f"{heading}Cold start", table(head, _cold_rows(report["cold_start"]))]
    rows = [[row_name(name), *_times(row), row["calls"]] for name, row in report["stages"].items()]
    blocks += [f"{heading}Warm, one image a call", table(["what", "median ms", "p95", "p99", "calls"], rows)]
    blocks.append(_notes(report))
    for sweep, title, column in (
        ("batch", "By batch size", "batch"),
        ("concurrency", "By requests at once", "threads"),
    ):
        rows = [[row["what"], row[column], row["per_s"], *_times(row)] for row in report["throughput"][sweep]]
        if rows:
            head = ["what", column, "images a second", "median ms a call", "p95", "p99"]
            blocks += [f"{heading}{title}", table(head, rows)]
    if "trocr" in report:
        blocks += [f"{heading}Against a TrOCR-shaped network", _against(report["trocr"])]
    return blocks


def _cold_rows(cold: Mapping[str, Any]) -> list[list[Any]]:
    """A row for each kind of image, and for each part of its time."""
    rows = []
    for what, row in cold.items():
        rows.append([what, *_times(row), row["calls"], row["peak_memory_mib"]])
        rows += [[f"- of which {part}", *_times(own), own["calls"], None] for part, own in row["parts"].items()]
    return rows


def load_markdown(report: Mapping[str, Any]) -> str:
    """Write out how a server did under load.

    Args:
        report: As ``mathocr.pipeline.benchmark`` makes it with ``--serve``.
    """
    row = report["load"]
    asked = ", ".join(f"{count} different {kind}" for kind, count in report["samples"].items())
    head = ["what", "clients", "seconds", "answers a second", "median ms", "p95", "p99", "batch of one client, ms"]
    cells = [row["what"], row["clients"], row["seconds"], row["per_s"], *_times(row), row["batch_optimum_ms"]]
    codes = ", ".join(f"{code}: {count}" for code, count in sorted(row["codes"].items()))
    memory = "unknown" if row["memory_mib"] is None else " / ".join(map(str, row["memory_mib"]))
    lines = [f"- {'held' if one['held'] else '**not held**'}: {one['what']}" for one in report["verdicts"]]
    return "\n\n".join([
        _head(report, "Server under load"), f"Asked for {asked}.", table(head, [cells]),
        f"Answers by code: {codes}. Memory of all processes, start / middle / end: {memory} MiB.",
        "\n".join(lines),
    ]) + "\n"  # fmt: skip


def _head(report: Mapping[str, Any], title: str) -> str:
    """Title, code, models, machine and versions."""
    made = report["environment"]
    models = ", ".join(f"{stage} {model['name']} ({model['sha256'][:12]})" for stage, model in report["models"].items())
    versions = ", ".join(f"{name} {number}" for name, number in made["versions"].items() if number)
    accelerator = f", {made['accelerator']}" if made["accelerator"] else ""
    return "\n".join([
        f"# {title}",
        "",
        f"- {made['date']}, commit {made['commit'] or 'unknown'}; {models}",
        f"- device {made['device']}{accelerator}, backend {made['backend']}; {made['processor']}, "
        f"{made['cores']} cores, threads {made['threads']}",
        f"- {made['system']}, Python {made['python']}, {versions}",
    ])  # fmt: skip


def _notes(report: Mapping[str, Any]) -> str:
    stages, memory = report["stages"], report["memory"]
    notes = []
    if "im2latex" in stages:
        row = stages["im2latex"]
        notes.append(f"{row['tokens_per_crop']} tokens a crop, {row['ms_per_token']} ms a token.")
    if "page" in stages:
        notes.append(f"{stages['page']['formulas_per_image']} formulas a page.")
    if memory["process_peak_mib"] is not None:
        notes.append(f"Most memory of this process: {memory['process_peak_mib']} MiB.")
    if memory["device_peak_mib"] is not None:
        notes.append(f"Most memory of tensors on the device: {memory['device_peak_mib']} MiB.")
    notes += [
        f"Memory grew by {stages[what]['memory_growth_mib']} MiB from the tenth {what} to the last."
        for what in ("crop", "page") if "memory_growth_mib" in stages.get(what, {})
    ]  # fmt: skip
    return " ".join(notes)


def _against(row: Mapping[str, Any]) -> str:
    rows = table(
        ["recogniser, a crop", "median ms", "p95", "p99", "calls"],
        [["mathocr", *_times(row["ours"]), row["ours"]["calls"]],
         ["TrOCR-shaped", *_times(row["trocr_shape"]), row["trocr_shape"]["calls"]]],
    )  # fmt: skip
    return (
        f"{rows}\n\nDeiT-small encoder at 384 x 384, decoder of six layers, {row['parameters'] / 1e6:.1f} M "
        f"parameters, random weights, `transformers`, PyTorch; the same crops in turn, the same number of tokens "
        f"({row['tokens_per_crop']} on average). Median of the ratios: **{row['median_ratio']}**."
    )


def row_name(key: str) -> str:
    """What a row of ``measure_stages`` is of, in words."""
    stage, _, part = key.partition(".")
    return f"- of which {part}" if part else _NAMES[stage]


def _times(row: Mapping[str, Any]) -> list[Any]:
    return [row[name] for name in _TIMES]
