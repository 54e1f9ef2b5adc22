"""``mathocr serve``: settings from flags, a YAML file and the environment, then the server until it is stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import fields
from typing import Any

from fastapi import FastAPI
from jsonargparse import ArgumentParser, Namespace

from mathocr.data.weights import format_of
from mathocr.detector.predictor import FORMAT as DETECTOR
from mathocr.im2latex.predictor import FORMAT as IM2LATEX
from mathocr.pipeline.serving.settings import ServeSettings


def make_parser() -> ArgumentParser:
    """The command line of ``mathocr serve``; every field of ``ServeSettings`` is a flag, a key and a variable."""
    parser = ArgumentParser(
        prog="mathocr serve",
        description="Serve the pipeline over HTTP. `mathocr serve key` makes API keys.",
        default_env=True,
        env_prefix="MATHOCR_SERVE",
    )
    parser.add_argument("--config", action="config", help="YAML file with settings by their names")
    parser.add_class_arguments(ServeSettings)
    return parser


def read_settings(argv: Sequence[str]) -> ServeSettings:
    """Settings of a command line.

    Raises:
        SystemExit: On wrong usage, with the flag or key that is not known.
        ValueError: If a value makes no sense, or there is no file of weights.
    """
    return _settings(make_parser().parse_args(list(argv)))


def settings_of(content: Mapping[str, Any]) -> ServeSettings:
    """Settings of a mapping, as in the YAML file.

    Raises:
        ArgumentError: For a key that is not known or a value of another type.
        ValueError: As ``read_settings``.
    """
    parser = make_parser()
    parser.exit_on_error = False
    return _settings(parser.parse_object(dict(content)))


def _settings(parsed: Namespace) -> ServeSettings:
    settings = ServeSettings(**{field.name: parsed[field.name] for field in fields(ServeSettings)})
    for weights in (settings.detector_weights, settings.im2latex_weights, settings.shadow):
        if weights is not None and not weights.is_file():  # here in one line, not from a worker that fails
            raise ValueError(f"{weights}: no such weights file")
    if settings.shadow is not None and format_of(settings.shadow) not in (DETECTOR, IM2LATEX):
        raise ValueError(f"{settings.shadow}: weights of neither stage")
    return settings


def main(argv: Sequence[str]) -> int:
    """Serve until SIGTERM or Ctrl-C.

    Returns:
        Exit status 0 after a gentle stop.

    Raises:
        KeyFileError: If the key file cannot be used.
        RuntimeError: If no worker can load the models.
        OSError: If the port or the folder of the jobs cannot be had.
    """
    settings = read_settings(argv)
    from mathocr.pipeline.serving.app import create_app
    from mathocr.pipeline.serving.lit import LitEngine, lit_lifespan, make_server, run_server
    from mathocr.pipeline.serving.logs import configure, log

    configure(settings.log_level)
    server = make_server(settings)

    def around(app: FastAPI) -> AbstractAsyncContextManager[None]:
        return lit_lifespan(server, app)

    app = create_app(settings, LitEngine(server), around)
    if settings.keys is None and settings.host != "127.0.0.1":
        log.warning("everybody who reaches %s:%d is let in: no --keys", settings.host, settings.port)
    log.info("serving on http://%s:%d", settings.host, settings.port)
    run_server(server, app, settings)
    return 0
