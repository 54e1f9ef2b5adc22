"""``mathocr feedback``: report on the corrections of users, export them as data sets, take labelled sets in, forget."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from mathocr.data.formats import FORMATS
from mathocr.pipeline.feedback.export import export_label_studio, export_sets
from mathocr.pipeline.feedback.labelled import import_set
from mathocr.pipeline.feedback.report import summarise, to_text
from mathocr.pipeline.feedback.store import DATABASE, DAY_S, FeedbackStore
from mathocr.pipeline.options import UsageError


def main(argv: Sequence[str]) -> int:
    """Run one of the commands.

    Returns:
        Exit status 0.

    Raises:
        SystemExit: On wrong usage.
        UsageError: If there is no store, or options do not fit together.
        StoreError: If the store cannot be opened.
        ValueError: If a set or a folder cannot be used.
        OSError: If something cannot be written.
    """
    args = _parser().parse_args(list(argv))
    if args.run is not _import and args.database is None and not (args.store / DATABASE).exists():
        raise UsageError(f"{args.store}: no feedback store; it is the folder given to `mathocr serve --feedback`")
    store = FeedbackStore(args.store, args.database)
    args.run(store, args)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mathocr feedback", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: object, help: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
        command.add_argument("store", type=Path, metavar="STORE", help="folder given to `mathocr serve --feedback`")
        command.add_argument("--database", metavar="URL", help="database of the records (SQLite in the folder)")
        command.set_defaults(run=run)
        return command

    report = add("report", _report, "what users complain about: by symbol, length, kind, source, model and week")
    report.add_argument("--json", action="store_true", help="write JSON")
    report.add_argument("--days", type=float, metavar="N", help="look at the last N days alone (all)")
    export = add("export", _export, "write what was corrected as data sets")
    export.add_argument("output", type=Path, metavar="DIR", help="a new folder")
    export.add_argument("--format", choices=("jsonl", "label-studio"), default="jsonl", help="of the sets (jsonl)")
    export.add_argument("--val", type=float, default=0.0, metavar="SHARE", help="of the images for validation (0)")
    export.add_argument("--days", type=float, metavar="N", help="take the last N days alone (all)")
    import_ = add("import", _import, "take a labelled set in, such as an export of Label Studio")
    import_.add_argument("set", type=Path, metavar="SET", help="file or folder of the set")
    import_.add_argument("--format", choices=("auto", *FORMATS), default="auto", help="of the set (told from the path)")
    forget = add("forget", _forget, "remove records, and the images that no other record needs")
    forget.add_argument("--older-than", type=float, metavar="DAYS", help="those that are older")
    forget.add_argument("--user", metavar="NAME", help="those that came with the key of this name")
    return parser


def _since(args: argparse.Namespace) -> float:
    return 0.0 if args.days is None else time.time() - args.days * DAY_S


def _report(store: FeedbackStore, args: argparse.Namespace) -> None:
    summary = summarise(store.entries(_since(args)))
    print(json.dumps(summary, indent=1, ensure_ascii=False) if args.json else to_text(summary), end="")


def _export(store: FeedbackStore, args: argparse.Namespace) -> None:
    if args.format == "label-studio":
        if args.val:
            raise UsageError("--val divides sets for training; label-studio has one list of tasks")
        done = export_label_studio(store, args.output, _since(args))
        wrote = f"{done.tasks} tasks"
    else:
        done = export_sets(store, args.output, args.val, _since(args))
        wrote = f"{done.crops} crops and {done.pages} pages"
    for line in done.left_out:
        print(f"mathocr: left out: {line}", file=sys.stderr)
    print(f"mathocr: wrote {wrote} to {args.output}", file=sys.stderr)


def _import(store: FeedbackStore, args: argparse.Namespace) -> None:
    total, new = import_set(store, args.set, args.format)
    print(f"mathocr: took {new} of {total} samples in, the others were there", file=sys.stderr)


def _forget(store: FeedbackStore, args: argparse.Namespace) -> None:
    if args.older_than is None and args.user is None:
        raise UsageError("say which: --older-than DAYS, --user NAME, or both")
    before = None if args.older_than is None else time.time() - args.older_than * DAY_S
    removed = store.forget(before, args.user)
    print(f"mathocr: removed {removed} records from {args.store}", file=sys.stderr)
