"""``mathocr serve``: settings from flags, a YAML file and the environment, then the server until it is stopped."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import fields

from fastapi import FastAPI
from jsonargparse import ArgumentParser

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
        ValueError: If a value makes no sense.
    """
    parsed = make_parser().parse_args(list(argv))
    return ServeSettings(**{field.name: parsed[field.name] for field in fields(ServeSettings)})


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
