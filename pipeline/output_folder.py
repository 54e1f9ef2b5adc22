"""Files of an output folder: a name for each page, never the same twice, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from mathocr.data.contracts import PageResult


class OutputFolder:
    """Writes what was made of each page to ``DIR/NAME.ENDING``, page 3 of a PDF to ``DIR/NAME-3.ENDING``.

    Two inputs of the same name (``a/1.png`` and ``b/1.png``, or ``1.png`` and ``1.jpg``) become ``1`` and ``1_2``, in
    the order of the inputs.

    Args:
        folder: Made where it is missing.

    Raises:
        OSError: If it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._taken: dict[str, str] = {}

    def stem(self, result: PageResult, count: int) -> Path:
        """Path without ending for a page of a file of ``count`` pages."""
        base = "stdin" if result.source == "-" else Path(result.source).stem
        name, number = base, 1
        while self._taken.setdefault(name, result.source) != result.source:
            number += 1
            name = f"{base}_{number}"
        return self._folder / (name if count == 1 else f"{name}-{result.page}")

    @staticmethod
    def write_text(path: Path, text: str) -> None:
        """Write UTF-8 by way of a temporary file."""
        part = path.with_name(path.name + ".part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)

    @staticmethod
    def write_image(path: Path, image: np.ndarray) -> None:
        """Write ``uint8 (H, W, 3)`` RGB as PNG; OpenCV's own writing would take no file name outside its encoding."""
        encoded = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
        part = path.with_name(path.name + ".part")
        part.write_bytes(encoded.tobytes())
        part.replace(path)
