"""``mathocr monitor``: the report on live quality, and the reference profile that drift is told by."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from mathocr.data.formats import FORMATS
from mathocr.data.samples import CropSample, Rows
from mathocr.data.service import load_service
from mathocr.pipeline.evaluation.html_report import stand_alone
from mathocr.pipeline.evaluation.output import write_json, write_markdown, write_text
from mathocr.pipeline.evaluation.selection import Selection, select
from mathocr.pipeline.feedback.store import DATABASE, DAY_S
from mathocr.pipeline.monitor.drift import load_profile, make_profile
from mathocr.pipeline.monitor.markdown import to_markdown
from mathocr.pipeline.monitor.offline import compare_offline, load_offline
from mathocr.pipeline.monitor.plots import plots_of
from mathocr.pipeline.monitor.power import measure_power
from mathocr.pipeline.monitor.report import judge_report, make_report
from mathocr.pipeline.options import UsageError

_CROPS = 3000  # of a set: quantiles of tenths are then known to about one part in twenty
_CROPS_READ = 400


def main(argv: Sequence[str]) -> int:
    """Run one of the commands.

    Returns:
        Exit status: 0 done, 1 a target was missed.

    Raises:
        SystemExit: On wrong usage.
        UsageError: If there is no store.
        StoreError: If the store cannot be opened.
        ValueError: If a set, a profile, a service file or an evaluation cannot be used.
        OSError: If something cannot be written.
    """
    args = _parser().parse_args(list(argv))
    return int(args.run(args))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mathocr monitor", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    report = commands.add_parser(
        "report", help="what `mathocr serve --monitor true` recorded",
        epilog="Exit status: 0 reported, 1 a target was missed or something failed, 2 wrong usage.",
    )  # fmt: skip
    report.add_argument("store", type=Path, metavar="STORE", help="folder given to `mathocr serve --feedback`")
    report.add_argument("--database", metavar="URL", help="database of the records (SQLite in the folder)")
    report.add_argument("--days", type=float, metavar="N", help="look at the last N days alone (all)")
    report.add_argument("--offline", type=Path, metavar="DIR", help="compare with what `mathocr evaluate` wrote there")
    report.add_argument("--profile", type=Path, metavar="FILE", help="tell the drift of the inputs by this profile")
    report.add_argument("--targets", type=Path, metavar="FILE", help="hold against configs/service/NAME.yaml")
    report.add_argument("--output", type=Path, metavar="DIR", help="for the report (monitoring/STORE)")
    report.add_argument(
        "--report", type=Path, metavar="FILE", help="write the Markdown also to FILE, its plots to a folder beside it"
    )
    report.set_defaults(run=_report)
    profile = commands.add_parser("profile", help="what the crops of a set look like, as the reference for drift")
    _add_set(profile, _CROPS)
    profile.add_argument("--output", type=Path, required=True, metavar="FILE", help="JSON file to write")
    profile.set_defaults(run=_profile)
    power = commands.add_parser("power", help="how well the self-check tells right from wrong, on a set with answers")
    _add_set(power, _CROPS_READ)
    power.add_argument("--im2latex-weights", type=Path, metavar="FILE", help="of the recogniser (the released ones)")
    power.set_defaults(run=_power)
    return parser


def _add_set(parser: argparse.ArgumentParser, count: int) -> None:
    """Which crops to look at."""
    parser.add_argument("set", metavar="SET", help="file or folder of the set: crops, or pages with LaTeX")
    parser.add_argument("--format", choices=("auto", *FORMATS), default="auto", help="of the set (told from the path)")
    parser.add_argument("--count", type=int, default=count, metavar="N", help=f"crops to look at ({count})")


def _report(args: argparse.Namespace) -> int:
    """Write the report; 1 where a target is missed."""
    if args.database is None and not (args.store / DATABASE).exists():
        raise UsageError(f"{args.store}: no feedback store; it is the folder given to `mathocr serve --feedback`")
    service = load_service(args.targets) if args.targets else None
    profile = load_profile(args.profile) if args.profile else None
    offline = load_offline(args.offline) if args.offline else None
    since = 0.0 if args.days is None else time.time() - args.days * DAY_S
    report = make_report(args.store, args.database, since, profile)
    if not report["traffic"]["requests"]:
        raise UsageError(f"{args.store}: no answer was recorded; `mathocr serve --monitor true` records them")
    if offline is not None:
        report["offline"] = compare_offline(report, offline)
    if service is not None:
        report["targets"] = judge_report(report, service)
    folder = args.output or Path("monitoring") / report["data"]["name"]
    plots, text = plots_of(report, offline), to_markdown(report)
    write_json(folder / "report.json", report)
    for path in (folder / "report.md", args.report):
        if path is not None:
            write_markdown(path, plots, lambda pictures: to_markdown(report, pictures))
    write_text(folder / "report.html", stand_alone(f"mathocr: {report['data']['name']}, live", text, plots))
    print(text)
    print(f"written to {folder}: report.html, report.md, report.json", file=sys.stderr)
    return 1 if service is not None and report["targets"]["missed"] else 0


def _profile(args: argparse.Namespace) -> int:
    """Write a profile."""
    name, samples = _crops(args)
    profile = make_profile(samples, name)
    write_json(args.output, profile)
    print(f"mathocr: {profile['count']} crops of {name} in {args.output}", file=sys.stderr)
    return 0


def _power(args: argparse.Namespace) -> int:
    """Print how well the self-check tells."""
    from mathocr.im2latex.predictor import LatexPredictor

    _, samples = _crops(args)
    print(json.dumps(measure_power(samples, LatexPredictor.load(args.im2latex_weights)), indent=1))
    return 0


def _crops(args: argparse.Namespace) -> tuple[str, Rows[CropSample]]:
    """Name and some crops of the set that was given, the same on every call."""
    chosen = select(args.set, args.count, args.format, "crops")
    return chosen.name, Rows(len(chosen.rows), lambda number: _crop(chosen, number))


def _crop(chosen: Selection, number: int) -> CropSample:
    sample = chosen.samples[chosen.rows[number]]
    assert isinstance(sample, CropSample)  # crops were asked for
    return sample
