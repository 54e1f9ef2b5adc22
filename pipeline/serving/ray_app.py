"""The service on Ray Serve, for several machines: each replica is the app with its own copy of the models.

``serve run configs/ray_serve.yaml``; Ray starts, spreads and scales the replicas and replaces those that die.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import FastAPI
from ray import serve

from mathocr.pipeline.ocr import MathOCR
from mathocr.pipeline.serving.app import create_app
from mathocr.pipeline.serving.command import settings_of
from mathocr.pipeline.serving.in_process import ThreadEngine
from mathocr.pipeline.serving.logs import configure
from mathocr.pipeline.serving.settings import ServeSettings
from mathocr.pipeline.serving.worker import BatchReader


def build_app(settings: ServeSettings) -> FastAPI:
    """The app with the models in this process; called in each replica."""
    configure(settings.log_level)
    ocr = MathOCR.load(settings.detector_weights, settings.im2latex_weights, settings.device, settings.backend)
    reader = BatchReader(ocr, settings.max_pages, settings.max_pixels)
    if not settings.hosts:
        settings = replace(settings, hosts=("*",))  # Ray listens, so `host` says nothing of who can reach it
    return create_app(settings, ThreadEngine(reader, settings.batch_size))


def app(arguments: dict[str, Any]) -> Any:
    """A Ray Serve application; ``arguments`` (``args`` of the deployment file) are settings by their names.

    Raises:
        ArgumentError: For a setting that is not known or of another type.
        ValueError: For one that makes no sense.
    """
    settings = settings_of(arguments)
    deployment: Any = serve.deployment(serve.ingress(lambda: build_app(settings))(), name="Reader")
    return deployment.bind()
