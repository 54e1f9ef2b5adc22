"""An albumentations transform of gray images, as every single effect of the augmentation is one."""

from __future__ import annotations

import inspect
import os
from typing import Any

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # else the import asks the network for a newer version

import albumentations as A
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]


class GrayTransform(A.ImageOnlyTransform):
    """An albumentations transform of gray images; subclasses implement ``change``."""

    def apply(self, img: Gray, **params: Any) -> Gray:
        """Albumentations' hook."""
        return np.asarray(self.change(img), dtype=np.uint8)

    def change(self, image: Gray) -> np.ndarray:
        """Change ``uint8 (H, W)``."""
        raise NotImplementedError

    def get_transform_init_args_names(self) -> tuple[str, ...]:
        """Names of the constructor's arguments, for albumentations' serialisation."""
        return tuple(name for name in inspect.signature(type(self)).parameters if name != "p")
