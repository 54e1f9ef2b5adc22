"""Effects of augmentation that scanners, cameras and screens have: place, light, sharpness, noise, thresholds."""

from __future__ import annotations

import math

import cv2
import numpy as np

from mathocr.data.augment_transform import Gray, GrayTransform


class Tilt(GrayTransform):
    """Rotate and shift a little; the angle is limited so that no pixel moves by more than 3.

    Args:
        degrees: Largest angle.
        p: Probability.
    """

    def __init__(self, degrees: float = 2.0, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.degrees = degrees

    def change(self, image: Gray) -> np.ndarray:
        """Rotate about the centre, shift by at most 1.5 pixels; new corners take the border's median."""
        height, width = image.shape
        limit = min(self.degrees, math.degrees(math.atan2(3.0, max(height, width) / 2)))
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), self.py_random.uniform(-limit, limit), 1.0)
        matrix[:, 2] += (self.py_random.uniform(-1.5, 1.5), self.py_random.uniform(-1.5, 1.5))
        border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
        paper = float(np.partition(border, border.size // 2)[border.size // 2])
        return cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=paper)


class UnevenLight(GrayTransform):
    """Shadow and uneven light of a camera: a smooth field, at times with a shadow's edge.

    Args:
        depth: Largest loss of light, as a share.
        p: Probability.
    """

    def __init__(self, depth: float = 0.4, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.depth = depth

    def change(self, image: Gray) -> np.ndarray:
        """Multiply with a field in ``[1 - depth, 1]``."""
        height, width = image.shape
        depth = min(0.8, self.py_random.uniform(0, self.depth))
        grid = self.random_generator.random((3, 4), dtype=np.float32)
        if self.py_random.random() < 0.3:  # a hand's or phone's shadow: two levels, soft edge
            grid = np.round(grid)
        field = cv2.resize(1 - depth * grid, (width, height), interpolation=cv2.INTER_LINEAR)
        return cv2.multiply(image, field, dtype=cv2.CV_8U)


class Levels(GrayTransform):
    """Contrast, brightness and gamma: gray ink, tinted paper, faded or dark exposure.

    Args:
        amount: Largest share of the gray range that ink and paper together may lose.
        p: Probability.
    """

    def __init__(self, amount: float = 0.5, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.amount = amount

    def change(self, image: Gray) -> np.ndarray:
        """Map 0..255 to ink..paper along a gamma curve."""
        lost = 255 * self.py_random.uniform(0, self.amount)
        ink = lost * self.py_random.random()
        gamma = math.exp(self.py_random.uniform(-self.amount, self.amount))
        curve = ink + (255 - lost) * (np.arange(256) / 255) ** gamma
        return cv2.LUT(image, curve.astype(np.uint8))


class Rescale(GrayTransform):
    """Scale down and up again, as screenshots and scans of low resolution are.

    Args:
        smallest: Smallest scale.
        p: Probability.
    """

    def __init__(self, smallest: float = 0.6, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.smallest = smallest

    def change(self, image: Gray) -> np.ndarray:
        """Shrink by area or nearest pixel, enlarge linearly or by cubic splines."""
        height, width = image.shape
        scale = self.py_random.uniform(self.smallest, 1.0)
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        shrink = self.py_random.choice((cv2.INTER_AREA, cv2.INTER_LINEAR))
        enlarge = self.py_random.choice((cv2.INTER_LINEAR, cv2.INTER_CUBIC))
        return cv2.resize(cv2.resize(image, small, interpolation=shrink), (width, height), interpolation=enlarge)


class Screen(GrayTransform):
    """Text drawn for a screen's coloured stripes, turned gray; at times photographed off the screen, with its grid.

    The stripes of a pixel show the page a third of a pixel apart, so that the gray sum of a letter's sides is uneven.

    Args:
        grid: Largest darkness of the grid that a camera sees, as a share of the gray range.
        p: Probability.
    """

    _LUMINANCE = (0.299, 0.587, 0.114)  # of red, green and blue, ITU-R BT.601

    def __init__(self, grid: float = 0.15, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.grid = grid

    def change(self, image: Gray) -> np.ndarray:
        """Sum the three stripes, then multiply with the beat of screen and sensor."""
        red, green, blue = self._LUMINANCE if self.py_random.random() < 0.5 else self._LUMINANCE[::-1]
        kernel = np.array([[red / 3, green + 2 * (red + blue) / 3, blue / 3]])
        out = cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REPLICATE)
        if self.py_random.random() < 0.6:
            return out
        height, width = image.shape
        # Screen and sensor have nearly the same pitch: their beat is a few pixels to a few dozen long.
        across, along = (2 * math.pi / self.py_random.uniform(2.5, 40) for _ in range(2))
        lean = self.py_random.uniform(-0.2, 0.2)
        y, x = np.ogrid[:height, :width]
        beat = 2 + np.cos(across * (x + lean * y)) + np.cos(along * (y - lean * x))
        light = 1 - self.py_random.uniform(0, self.grid) * beat / 4
        return cv2.multiply(out, light.astype(np.float32), dtype=cv2.CV_8U)


class GrainNoise(GrayTransform):
    """Sensor noise, independent for each pixel.

    Args:
        sigma: Largest standard deviation, as a share of the gray range.
        p: Probability.
    """

    def __init__(self, sigma: float = 0.08, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.sigma = sigma

    def change(self, image: Gray) -> np.ndarray:
        """Add Gaussian noise."""
        noise = self.random_generator.standard_normal(image.shape, dtype=np.float32)
        noise *= 255 * self.py_random.uniform(0, self.sigma)
        return cv2.add(image, noise, dtype=cv2.CV_8U)


class Specks(GrayTransform):
    """Black and white specks of dust and of bad binarisation.

    Args:
        share: Largest share of pixels hit.
        p: Probability.
    """

    def __init__(self, share: float = 0.01, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.share = share

    def change(self, image: Gray) -> np.ndarray:
        """Set single pixels to black or white."""
        count = int(image.size * self.py_random.uniform(0, min(1.0, self.share)))
        out = image.copy()
        places = self.random_generator.integers(0, image.size, count)
        out.reshape(-1)[places] = 255 * self.random_generator.integers(0, 2, count, dtype=np.uint8)
        return out


class Binarise(GrayTransform):
    """Black and white, as fax machines and many scanners save: one threshold, Otsu's or a local one."""

    def change(self, image: Gray) -> np.ndarray:
        """Threshold to 0 and 255."""
        way = self.py_random.choice(("fixed", "otsu", "local"))
        if way == "local" and min(image.shape) >= 16:
            block = self.py_random.choice((15, 25, 35))
            return cv2.adaptiveThreshold(image, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, block, 12)
        if way == "fixed":
            middle = (int(image.min()) + int(image.max())) / 2
            return cv2.threshold(image, middle * self.py_random.uniform(0.9, 1.3), 255, cv2.THRESH_BINARY)[1]
        return cv2.threshold(image, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1]
