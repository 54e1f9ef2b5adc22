"""Effects of augmentation that ink and paper have: weight of strokes, print of the back, grain, colour."""

from __future__ import annotations

import cv2
import numpy as np

from mathocr.data.augment_transform import Gray, GrayTransform


class InkWeight(GrayTransform):
    """Thicken or thin dark strokes by a fraction of a pixel.

    Args:
        amount: Largest share of a full one-pixel morphology; thinning takes at most half of it.
        p: Probability.
    """

    def __init__(self, amount: float = 0.8, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.amount = amount

    def change(self, image: Gray) -> np.ndarray:
        """Blend with the eroded (thicker) or dilated (thinner) image."""
        thicker = self.py_random.random() < 0.6
        share = min(1.0, self.py_random.uniform(0, self.amount if thicker else self.amount / 2))
        kernel = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
        changed = cv2.erode(image, kernel) if thicker else cv2.dilate(image, kernel)
        return cv2.addWeighted(image, 1 - share, changed, share, 0)


class BleedThrough(GrayTransform):
    """Print of the back side shining through: the mirrored image, blurred, shifted and faint.

    Args:
        opacity: Largest darkness of the ghost, as a share of the ink's.
        p: Probability.
    """

    def __init__(self, opacity: float = 0.25, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.opacity = opacity

    def change(self, image: Gray) -> np.ndarray:
        """Darken by the ghost where it is darker than the page."""
        height, width = image.shape
        ghost = cv2.flip(image, 1)
        shift = (self.py_random.randrange(height), self.py_random.randrange(width))
        ghost = cv2.GaussianBlur(np.roll(ghost, shift, axis=(0, 1)), (3, 3), 0)
        opacity = self.py_random.uniform(0.05, max(0.05, self.opacity))
        return np.minimum(image, cv2.convertScaleAbs(ghost, alpha=opacity, beta=255 * (1 - opacity)))


class PaperTexture(GrayTransform):
    """Mottled paper: noise of one to four pixels' grain.

    Args:
        depth: Largest standard deviation, as a share of the gray range.
        p: Probability.
    """

    def __init__(self, depth: float = 0.1, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.depth = depth

    def change(self, image: Gray) -> np.ndarray:
        """Add coarse noise, enlarged smoothly."""
        height, width = image.shape
        grain = self.py_random.choice((2, 3, 4))
        shape = (max(2, height // grain), max(2, width // grain))
        coarse = self.random_generator.standard_normal(shape, dtype=np.float32)
        coarse *= 255 * self.py_random.uniform(0, self.depth)
        field = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
        return cv2.add(image, field, dtype=cv2.CV_8U)


class ColourBand(GrayTransform):
    """Coloured print or marker turned gray: in a band of columns the ink is lighter or the paper darker.

    Args:
        amount: Largest change, as a share of the gray range.
        p: Probability.
    """

    def __init__(self, amount: float = 0.5, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.amount = amount

    def change(self, image: Gray) -> np.ndarray:
        """Lift the ink (colour) or lower the paper (marker) between two columns."""
        left, right = sorted(self.py_random.randrange(image.shape[1] + 1) for _ in range(2))
        if left == right:
            return image
        amount = self.py_random.uniform(0, self.amount)
        coloured_ink = self.py_random.random() < 0.6
        out = image.copy()
        band = cv2.convertScaleAbs(image[:, left:right], alpha=1 - amount, beta=255 * amount if coloured_ink else 0)
        out[:, left:right] = band.reshape(-1, right - left)
        return out
