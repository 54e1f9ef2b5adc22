"""The ``mathocr`` command: finds the subcommand, imports that alone, and turns every error into one line."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from mathocr.pipeline.explain import debugging, explain
from mathocr.pipeline.options import UsageError

INTERRUPTED, BROKEN_PIPE = 130, 141  # 128 + SIGINT, 128 + SIGPIPE, as shells count
_PATIENCE = 0.5  # seconds that a thread has to end after an interrupt


@dataclass(frozen=True)
class Command:
    """A subcommand, not yet imported.

    Attributes:
        module: Where it lives.
        help: One line.
        stage: For trainings: what is handed to ``main`` before the arguments.
        own_parser: Whether the module's ``main(argv)`` parses for itself; else it has ``add_arguments`` and ``run``.
    """

    module: str
    help: str
    stage: str | None = None
    own_parser: bool = False


COMMANDS: dict[tuple[str, ...], Command] = {
    ("predict",): Command("mathocr.pipeline.predict_command", "read the formulas of pages, crops and PDFs"),
    ("evaluate",): Command("mathocr.pipeline.evaluate", "measure models on a set with known answers"),
    ("benchmark",): Command("mathocr.pipeline.benchmark", "measure latency, throughput and memory on this machine"),
    ("export",): Command("mathocr.pipeline.export_command", "write a model for another runtime or in fewer bits"),
    ("doctor",): Command("mathocr.pipeline.doctor", "say what this installation has and lacks, and try it"),
    ("calibrate",): Command(
        "mathocr.pipeline.calibrate", "fit confidences or thresholds of weights to a set with known answers"
    ),
    ("average",): Command("mathocr.pipeline.average", "average weights of trainings that began alike"),
    ("serve", "key"): Command("mathocr.pipeline.serving.key_command", "make an API key for a server"),
    ("serve",): Command("mathocr.pipeline.serving.command", "serve the pipeline over HTTP", own_parser=True),
    ("review",): Command("mathocr.pipeline.serving.review_command", "correct what the models read in a folder"),
    ("feedback",): Command(
        "mathocr.pipeline.feedback.command", "report on corrections of users, export and import them", own_parser=True
    ),
    ("monitor",): Command(
        "mathocr.pipeline.monitor.command", "report on the live quality of a server, without labels", own_parser=True
    ),
    ("train", "detector"): Command("mathocr.pipeline.training", "train the detector", "detector", True),
    ("train", "im2latex"): Command("mathocr.pipeline.training", "train the recogniser", "im2latex", True),
    ("data", "build", "formulas"): Command("mathocr.data.synthesis.formulas", "typeset formulas into training shards"),
    ("data", "build", "pages"): Command("mathocr.data.synthesis.pages", "typeset pages into training shards"),
    ("data", "vocabulary"): Command("mathocr.data.vocabulary", "make the list of tokens that trainings read"),
    ("data", "check"): Command("mathocr.data.check", "look for mistakes in a data set before training"),
    ("data", "latex-report"): Command(
        "mathocr.data.latex.report", "how much LaTeX of a corpus is understood", own_parser=True
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; those of the process by default.

    Returns:
        Exit status: 0 all fine, 1 something failed, 130 interrupted, 141 the reader of the output went away.

    Raises:
        SystemExit: From argparse: 2 on wrong usage, 0 after ``--help`` and ``--version``.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.encoding.lower() != "utf-8":
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        return _dispatch(list(sys.argv[1:] if argv is None else argv))
    except KeyboardInterrupt:
        print("mathocr: interrupted", file=sys.stderr)
        return _leave(INTERRUPTED)
    except BrokenPipeError:
        _silence_stdout()
        return _leave(BROKEN_PIPE)
    except Exception as error:
        if debugging():
            raise
        words = sys.argv[1:] if argv is None else argv
        print(f"mathocr: error: {explain(error, words[0] if words else '')}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1


def _dispatch(argv: list[str]) -> int:
    words = next((words for words in COMMANDS if tuple(argv[: len(words)]) == words), None)
    if words is None:
        return _no_command(argv)
    command, rest = COMMANDS[words], argv[len(words) :]
    module = importlib.import_module(command.module)
    if command.own_parser:
        given = [rest] if command.stage is None else [command.stage, rest]
        return int(module.main(*given) or 0)
    parser = argparse.ArgumentParser(prog=" ".join(["mathocr", *words]))
    module.add_arguments(parser)
    return int(module.run(parser.parse_args(rest)) or 0)


def _no_command(argv: list[str]) -> int:
    """Help, version, or what is wrong with the words given."""
    group: list[str] = []
    for word in argv:
        if not any(words[: len(group) + 1] == (*group, word) for words in COMMANDS):
            break
        group.append(word)
    known = {words: command for words, command in COMMANDS.items() if list(words[: len(group)]) == group}
    width = max(len(" ".join(words)) for words in known)
    parser = argparse.ArgumentParser(
        prog=" ".join(["mathocr", *group]),
        usage=" ".join(["mathocr", *group, "COMMAND ..."]),
        description=None if group else "Math OCR: find the formulas on a page image, read each one as LaTeX.",
        epilog="commands:\n"
        + "".join(f"  {' '.join(words):{width}}  {command.help}\n" for words, command in known.items())
        + "\n`mathocr COMMAND --help` says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=_version() if "--version" in argv else "")
    rest = argv[len(group) :]
    if not rest:
        parser.print_help(sys.stderr)
        return 2
    parser.parse_known_args([word for word in rest if word.startswith("-")])
    choices = sorted({words[len(group)] for words in known})
    parser.error(f"unknown command {rest[0]!r}, choose from {', '.join(choices)}")


def _version() -> str:
    from importlib.metadata import version

    return f"mathocr {version('mathocr')}"


def _leave(status: int) -> int:
    """The status; ends the process here where a thread still computes, as Python would wait for it at its end."""
    stream = sys.modules.get("mathocr.pipeline.stream")
    threads = [thread for thread in threading.enumerate() if stream and thread.name.startswith(stream.THREADS)]
    until = time.monotonic() + _PATIENCE
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    if any(thread.is_alive() for thread in threads):
        sys.stderr.flush()
        os._exit(status)
    return status


def _silence_stdout() -> None:
    """Keep the interpreter from speaking of the broken pipe when it flushes at exit."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError) as error:  # stdout is no file (captured): nothing to silence
        print(f"mathocr: {error}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
