"""Images that hold no formula, drawn by chance: blank paper, noise, pictures, and lines of plain text."""

from __future__ import annotations

from contextlib import closing

import cv2
import numpy as np
from numpy.typing import NDArray

from mathocr.data.pdf import PdfPages
from mathocr.data.synthesis.phrases import NAMES, PLAIN_SENTENCES, TITLE_WORDS

Gray = NDArray[np.uint8]

KINDS = ("blank", "noise", "picture", "text")
_SENTENCES = tuple(line for lines in PLAIN_SENTENCES.values() for line in lines)
# The standard fonts, which PDFium brings along: the same text on every machine.
_FONTS = tuple(
    f"{family}{style}"
    for family, styles in (
        ("Times", ("-Roman", "-Italic", "-Bold", "-BoldItalic")),
        ("Helvetica", ("", "-Oblique", "-Bold")),
        ("Courier", ("", "-Bold")),
    )
    for style in styles
)
_TYPE_DPI = (60.0, 200.0)  # of 10 pt text: 0.6 to 2 times the recogniser's nominal scale
_PIXELS = 1_000_000
_LEAST_LETTERS = 4  # a lone letter might be a formula


def draw_negative(seed: int, kind: str | None = None) -> Gray:
    """One image without a formula.

    Args:
        seed: The same seed draws the same image.
        kind: One of ``KINDS``; by chance where None.

    Returns:
        Gray ``uint8 (H, W)``, of a size that crops have.

    Raises:
        ValueError: If the kind is not known.
    """
    rng = np.random.default_rng(seed)
    drawn = KINDS[rng.integers(len(KINDS))]
    kind = drawn if kind is None else kind
    if kind == "text":
        return _text(rng)
    height, width = int(rng.integers(16, 160)), int(rng.integers(24, 640))
    if kind == "blank":
        return _paper(rng, height, width, deviation=float(rng.uniform(0, 2)))
    if kind == "noise":
        return _noise(rng, height, width)
    if kind == "picture":
        return _picture(rng, height, width)
    raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")


def _paper(rng: np.random.Generator, height: int, width: int, deviation: float) -> Gray:
    """Paper of some shade, light from one side, with grain of this deviation (of 255)."""
    slope = np.linspace(0, rng.uniform(0, 12), width)
    level = rng.uniform(150, 250) + slope + rng.normal(0, deviation, (height, width))
    return np.clip(level, 0, 255).astype(np.uint8)


def _noise(rng: np.random.Generator, height: int, width: int) -> Gray:
    """Strong grain, or specks, scratches and blots on paper."""
    image = _paper(rng, height, width, deviation=float(rng.choice((4, 12, 30, 60))))
    for _ in range(int(rng.integers(0, 40))):
        x, y, shade = int(rng.integers(width)), int(rng.integers(height)), int(rng.integers(0, 120))
        axes = (int(rng.integers(0, 3)), int(rng.integers(0, 3)))
        cv2.ellipse(image, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, shade, -1)
    for _ in range(int(rng.integers(0, 3))):
        ends = [(int(rng.integers(width)), int(rng.integers(height))) for _ in range(2)]
        cv2.line(image, ends[0], ends[1], int(rng.integers(0, 160)), 1, cv2.LINE_AA)
    return image


def _picture(rng: np.random.Generator, height: int, width: int) -> Gray:
    """Something like a photograph: clouds of all sizes as natural images have them, with objects and shading."""
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    radius = np.maximum(np.hypot(rows, columns), 1.0 / max(height, width))
    spectrum = rng.normal(size=(2, height, columns.shape[1])) / radius ** rng.uniform(0.8, 1.6)
    clouds = np.fft.irfft2(spectrum[0] + 1j * spectrum[1], s=(height, width))
    image = 128 + rng.uniform(25, 60) * (clouds - clouds.mean()) / max(float(clouds.std()), 1e-6)
    for _ in range(int(rng.integers(0, 8))):
        mask = np.zeros((height, width), np.uint8)
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (int(rng.integers(2, max(3, width // 3))), int(rng.integers(2, max(3, height // 2))))
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
        soft = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.6, 3))) / 255.0
        image += soft * rng.uniform(-90, 90)
    return np.clip(image + rng.normal(0, 3, (height, width)), 0, 255).astype(np.uint8)


def _text(rng: np.random.Generator) -> Gray:
    """A line of plain text: some words of a sentence, a title or a name."""
    words = str(rng.choice((*_SENTENCES, *TITLE_WORDS, *NAMES))).split()
    start = int(rng.integers(len(words)))
    line = " ".join(words[start : start + int(rng.integers(1, 9))])
    line = line if len(line) >= _LEAST_LETTERS else " ".join(words)
    font, dpi = str(rng.choice(_FONTS)), float(np.exp(rng.uniform(*np.log(_TYPE_DPI))))
    with closing(PdfPages(_one_line_pdf(line, font), "text", dpi, _PIXELS)) as pages:
        image = pages.read(1)[..., 0]
    ink = np.argwhere(image < 128)
    (top, left), (bottom, right) = ink.min(0), ink.max(0) + 1
    edge = int(rng.integers(2, 12))
    return np.pad(image[top:bottom, left:right], edge, constant_values=255)


def _one_line_pdf(line: str, font: str) -> bytes:
    """A page with a line of 10 pt text."""
    text = line.encode("cp1252", "replace").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    stream = b"BT /F 10 Tf 20 20 Td (" + text + b") Tj ET"
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 700 50]/Contents 5 0 R/Resources<</Font<</F 4 0 R>>>>>>",
        f"<</Type/Font/Subtype/Type1/BaseFont/{font}/Encoding/WinAnsiEncoding>>".encode(),
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
    )
    body = b"%PDF-1.4\n" + b"".join(b"%d 0 obj%s endobj\n" % (i, o) for i, o in enumerate(objects, 1))
    return body + b"trailer<</Root 1 0 R>>"
