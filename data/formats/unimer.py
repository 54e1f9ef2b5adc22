"""UniMER: a folder of numbered images and a text file of formulas; image N belongs to line N, counted from 0.

Lines without an image are usual (they could not be drawn) and are left out.

Source:
    Wang et al., arXiv:2404.15254; the numbering: https://github.com/opendatalab/UniMERNet/issues/8.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from mathocr.data.formats.fields import is_image
from mathocr.data.formats.lines import LineIndex
from mathocr.data.samples import CropSample, FormatError, Rows


def load_crops(path: Path) -> Rows[CropSample]:
    """Crops of a text file whose images lie in ``images/`` or in a folder of the file's own name beside it.

    Args:
        path: The ``.txt`` file, or a folder with one such file.

    Raises:
        FormatError: If files are missing, or an image has no number or no line.
    """
    text = _only_text(path) if path.is_dir() else path
    folders = [text.with_suffix(""), text.parent / "images"]
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None:
        raise FormatError(f"{text}: no folder of images ({folders[0].name}/ or images/) beside it")
    formulas = LineIndex(text, skip_blank=False)
    images = sorted((_number(image, formulas), image.name) for image in folder.iterdir() if is_image(image))
    return Rows(len(images), partial(_crop, folder, images, formulas))


def _only_text(folder: Path) -> Path:
    """The one text file in a folder."""
    texts = sorted(folder.glob("*.txt"))
    if len(texts) != 1:
        names = ", ".join(path.name for path in texts) or "none"
        raise FormatError(f"{folder}: give the path of one .txt file of formulas, the folder has {names}")
    return texts[0]


def _number(image: Path, formulas: LineIndex) -> int:
    """The number that an image's name is."""
    if not image.stem.isdecimal():
        raise FormatError(f"{image}: UniMER images are named by the number of their line, such as 0000012.png")
    if int(image.stem) >= len(formulas):
        raise FormatError(f"{image}: {formulas.path.name} ends after {len(formulas)} lines")
    return int(image.stem)


def _crop(folder: Path, images: list[tuple[int, str]], formulas: LineIndex, index: int) -> CropSample:
    """One image with its line."""
    number, name = images[index]
    return CropSample(folder / name, formulas.line(number).strip(), None, formulas.path.stem, formulas.where(number))
