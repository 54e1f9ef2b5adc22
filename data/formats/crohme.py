"""CROHME and other InkML: handwriting kept as pen strokes, drawn to images when asked for.

Source:
    W3C, Ink Markup Language (InkML), 2011; Mahdavi et al., ICDAR 2019 (CROHME). MathWriting's annotations are read too.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
from numpy.typing import NDArray

from mathocr.data.samples import CropSample, FormatError, Image, Rows

TRUTH_TYPES = ("truth", "normalizedLabel", "label")
STROKE_SIZE = 40  # pixels: the median larger side of a formula's strokes after scaling, as tall as a scanned letter
LARGEST_SIDE = 2000  # pixels
PEN = 3  # pixels
MARGIN = 8  # pixels
_SHIFT = 4  # bits of sub-pixel precision in cv2's drawing


def load_crops(path: Path) -> Rows[CropSample]:
    """Crops of one InkML file or of all in a folder and below it, sorted by path.

    Raises:
        FormatError: If there is none; for a bad file, when it is asked for.
    """
    files = sorted(path.rglob("*.inkml")) if path.is_dir() else [path]
    if not files:
        raise FormatError(f"{path}: no .inkml file")
    return Rows(len(files), partial(_crop, files))


def draw_strokes(strokes: list[NDArray[np.float64]]) -> Image:
    """Draw pen strokes dark on light, anti-aliased, at a common size of writing.

    Args:
        strokes: Points ``(x, y)`` of each stroke, any unit, y down, shapes ``(N, 2)`` with ``N >= 1``; at least one.

    Returns:
        Gray ``uint8 (H, W)``.
    """
    points = np.concatenate(strokes)
    origin, extent = points.min(axis=0), np.ptp(points, axis=0)
    sizes = [np.ptp(stroke, axis=0).max() for stroke in strokes]
    typical = np.median([size for size in sizes if size > 0] or [1.0])
    scale = min(STROKE_SIZE / typical, LARGEST_SIDE / max(extent.max(), 1e-9))
    width, height = np.ceil(extent * scale).astype(int) + 2 * MARGIN
    image = np.full((height, width), 255, dtype=np.uint8)
    for stroke in strokes:
        line = np.round(((stroke - origin) * scale + MARGIN) * (1 << _SHIFT)).astype(np.int32)
        line = np.repeat(line, 2, axis=0) if len(line) == 1 else line  # a dot is a line to itself
        cv2.polylines(image, [line.reshape(-1, 1, 2)], False, 0, PEN, cv2.LINE_AA, _SHIFT)
    return image


def _crop(files: list[Path], index: int) -> CropSample:
    """One InkML file."""
    path = files[index]
    root = _parse(path)
    kinds = {node.get("type"): node.text or "" for node in root if _name(node) == "annotation"}
    truth = next((kinds[kind] for kind in TRUTH_TYPES if kinds.get(kind, "").strip()), None)
    if truth is None:
        raise FormatError(f"{path}: no annotation of type {' or '.join(TRUTH_TYPES)} with the LaTeX")
    return CropSample(partial(_draw_file, path), truth.strip(), None, path.parent.name, str(path))


def _draw_file(path: Path) -> Image:
    """Draw the strokes of a file."""
    strokes = [_points(node.text or "", path) for node in _parse(path).iter() if _name(node) == "trace"]
    strokes = [stroke for stroke in strokes if len(stroke)]
    if not strokes:
        raise FormatError(f"{path}: no strokes")
    return draw_strokes(strokes)


def _points(text: str, path: Path) -> NDArray[np.float64]:
    """Points ``(N, 2)`` of a trace: ``x y [more], x y [more], ...``."""
    try:
        rows = [[float(v) for v in re.split(r"\s+", point.strip())[:2]] for point in text.split(",") if point.strip()]
        return np.array(rows, dtype=np.float64).reshape(-1, 2)
    except ValueError as error:
        raise FormatError(f"{path}: a trace must be 'x y, x y, ...', got {text.strip()[:40]!r}") from error


def _parse(path: Path) -> ElementTree.Element:
    """The root of an XML file."""
    try:
        return ElementTree.parse(path).getroot()
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror}") from error
    except ElementTree.ParseError as error:
        raise FormatError(f"{path}: not XML: {error}") from error


def _name(node: ElementTree.Element) -> str:
    """The tag without its namespace."""
    return node.tag.rpartition("}")[2]
