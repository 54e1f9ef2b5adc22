"""Writes the store as data sets: crops and whole pages in the project's format, or tasks for Label Studio."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mathocr.data.images import ImageError, read_image
from mathocr.data.pixels import encode_png
from mathocr.data.samples import cut
from mathocr.pipeline.feedback.label_studio import CONFIG, make_task
from mathocr.pipeline.feedback.store import FeedbackStore
from mathocr.pipeline.feedback.truth import ImageTruth, truths

_ENDINGS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp", "TIFF": ".tif"}
_SPLIT_DIGITS = 8  # of the hash, that decide where an image goes


@dataclass
class Exported:
    """How much was written, and a line for each image that could not be read and was left out."""

    crops: int = 0
    pages: int = 0
    tasks: int = 0
    left_out: list[str] = field(default_factory=list)


def export_sets(store: FeedbackStore, folder: Path, val: float = 0.0, since: float = 0.0) -> Exported:
    """Write ``crops/labels.jsonl`` and ``pages/labels.jsonl`` with their images below ``train/`` and ``val/``.

    A formula is a crop where somebody said what it reads; an image is a page where somebody checked it as a whole. An
    image goes to the same part on every export, with all its formulas.

    Args:
        store: Where the corrections are.
        folder: Must be empty or missing.
        val: Share of the images for validation, in [0, 1].
        since: Earliest time of the corrections, seconds since 1970.

    Raises:
        ValueError: If the folder is not empty, or ``val`` no share.
        OSError: If it cannot be written.
    """
    if not 0 <= val <= 1:
        raise ValueError(f"val must be in [0, 1], got {val}")
    _check_empty(folder)
    done = Exported()
    crops: dict[Path, list[dict[str, Any]]] = {}
    pages: dict[Path, list[dict[str, Any]]] = {}
    for sha256, truth, blob, image in _kept(store, since, done):
        held = int(sha256[:_SPLIT_DIGITS], 16) < val * 16**_SPLIT_DIGITS
        part = folder / ("val" if held else "train")
        rows = _write_crops(part / "crops", sha256, truth, image)
        crops.setdefault(part / "crops", []).extend(rows)
        done.crops += len(rows)
        if truth.whole:
            name = _write_image(part / "pages", sha256, blob)
            pages.setdefault(part / "pages", []).append(_page_row(name, truth, image.shape[:2]))
            done.pages += 1
    for place, rows in [*crops.items(), *pages.items()]:
        if rows:
            lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (place / "labels.jsonl").write_text("".join(lines), encoding="utf-8")
    return done


def export_label_studio(store: FeedbackStore, folder: Path, since: float = 0.0) -> Exported:
    """Write ``tasks.json`` and its images, and ``config.xml`` for the labelling set-up.

    Raises:
        ValueError: If the folder is not empty.
        OSError: If it cannot be written.
    """
    _check_empty(folder)
    tasks = []
    done = Exported()
    for sha256, truth, blob, image in _kept(store, since, done):
        height, width = image.shape[:2]
        tasks.append(make_task(truth, _write_image(folder, sha256, blob), (height, width)))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.xml").write_text(CONFIG, encoding="utf-8")
    (folder / "tasks.json").write_text(json.dumps(tasks, ensure_ascii=False, indent=1), encoding="utf-8")
    done.tasks = len(tasks)
    return done


def _check_empty(folder: Path) -> None:
    """Old rows beside new ones would be trained on."""
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder}: not empty; export to a new folder")


def _kept(store: FeedbackStore, since: float, done: Exported) -> Iterable[tuple[str, ImageTruth, bytes, np.ndarray]]:
    """Images that are still there, by hash, so that the same store gives the same files."""
    for sha256, truth in sorted(truths(store.entries(since)).items()):
        blob = store.images.get(sha256)
        if blob is None:
            continue
        try:
            image = read_image(blob)
        except ImageError as error:
            done.left_out.append(f"{store.images.path(sha256)}: {error}")
            continue
        yield sha256, truth, blob, image


def _write_crops(folder: Path, sha256: str, truth: ImageTruth, image: np.ndarray) -> list[dict[str, Any]]:
    """Images and rows of the formulas whose LaTeX is known."""
    rows = []
    for number, place in enumerate(truth.places):
        if place.latex is None:
            continue
        name = f"images/{sha256[:16]}-{number}.png"
        (folder / "images").mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encode_png(cut(image, place.box)))
        rows.append({"image": name, "latex": place.latex, "kind": place.kind, "source": f"feedback-{place.source}"})
    return rows


def _page_row(name: str, truth: ImageTruth, size: tuple[int, ...]) -> dict[str, Any]:
    regions = [{"box": list(p.box), "kind": p.kind, "latex": p.latex} for p in truth.places]
    return {"image": name, "width": size[1], "height": size[0], "regions": regions, "source": "feedback"}


def _write_image(folder: Path, sha256: str, blob: bytes) -> str:
    """Write an image as it came; its path below the folder."""
    with Image.open(io.BytesIO(blob)) as opened:
        ending = _ENDINGS.get(opened.format or "", f".{(opened.format or 'png').lower()}")
    (folder / "images").mkdir(parents=True, exist_ok=True)
    name = f"images/{sha256[:16]}{ending}"
    (folder / name).write_bytes(blob)
    return name
