"""Draws the little pictures that the format tests read back."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture
def picture() -> Callable[..., Path]:
    """Writes a gray picture ``(height, width)`` with one dark bar whose place depends on ``seed``."""

    def write(path: Path, height: int = 20, width: int = 60, seed: int = 0) -> Path:
        image = np.full((height, width), 255, np.uint8)
        image[5:8, 3 + seed : 13 + seed] = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), image)
        return path

    return write
