"""Draw the pictures of the labelling guide from the LaTeX that stands in it: ``python docs/images/labelling/make.py``.

Needs pdflatex. ``broken.png`` and ``none.png`` show boxes on lines of text, whose formulas stand between PDF marks.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pypdfium2 as pdfium

from mathocr.data.synthesis.fonts import available_fonts
from mathocr.data.synthesis.formula_document import Job
from mathocr.data.synthesis.marks import marked_objects, union
from mathocr.data.synthesis.tex import run_tex
from mathocr.data.synthesis.typeset import typeset
from mathocr.pipeline.draw import COLOURS

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
GUIDE = ROOT / "docs" / "LABELLING.md"
DPI = 150.0
MARKS = ROOT / "examples" / "src" / "marks.tex"
MARGIN = 8  # pixels
LEVELS = 16  # of gray, so that files are small
ENTRY = re.compile(r"!\[.*\]\(images/labelling/(\w+)\.png\)\n\n```latex\n(.+)\n```")
PAGE = r"""\documentclass{article}
\usepackage[T1]{fontenc}\usepackage{lmodern,amsmath,amssymb}
\usepackage[paperwidth=%smm,paperheight=%smm,margin=3mm]{geometry}
%s
\pagestyle{empty}\setlength\parindent{0pt}\setlength\abovedisplayskip{4pt}
\begin{document}
%s
\end{document}
"""
NUMBERED = r"\[\fbegin %s\fend\tag{%s}\]"
BROKEN = (
    r"Turn the plane by \im{\theta} about the origin, then \im{x' = x \cos \theta - y \sin \theta + c} "
    r"for each of its points."
)
NONE = (
    r"On 3 May 2021 we bought 12 kg of CaCO\textsubscript{3} for \$40 [7, p.~3], see Fig.~2. If \im{n = 3} and "
    r"\im{x} is even, run \texttt{f(x)} and call \mbox{555--0100}."
)


def entries() -> dict[str, str]:
    """Name of a picture to the LaTeX beneath it."""
    return dict(ENTRY.findall(GUIDE.read_text(encoding="utf-8")))


def draw(page: pdfium.PdfPage, boxes: list[tuple[tuple[float, ...], str]]) -> np.ndarray:
    """A page as ``uint8 (H, W, 3)`` BGR with boxes in points drawn around, in the colours of their kinds."""
    gray = page.render(scale=DPI / 72, grayscale=True).to_numpy()
    image = cv2.cvtColor(gray.reshape(gray.shape[:2]), cv2.COLOR_GRAY2BGR)
    image = np.rint(np.rint(image / 255.0 * (LEVELS - 1)) * 255 / (LEVELS - 1)).astype(np.uint8)
    for box, kind in boxes:
        x0, y0, x1, y1 = (round(edge * DPI / 72) for edge in box)
        cv2.rectangle(image, (x0 - 2, y0 - 2), (x1 + 2, y1 + 2), COLOURS[kind][::-1], 1)  # type: ignore[index]
    return image


def write(name: str, image: np.ndarray) -> None:
    """Write a picture, gray where it has no colour."""
    gray = image[..., 0] if (image == image[..., :1]).all() else image
    cv2.imwrite(str(HERE / f"{name}.png"), gray, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def lines(boxes: list[tuple[float, float, float, float]]) -> list[tuple[float, ...]]:
    """A box for each line of text that a formula is on, from the boxes of its glyphs, in points."""
    found: list[list[tuple[float, float, float, float]]] = []
    for box in sorted(boxes, key=lambda box: box[1]):
        if found and box[1] < max(other[3] for other in found[-1]):
            found[-1].append(box)
        else:
            found.append([box])
    return [union(line) for line in found]


def text(name: str, body: str, size: tuple[int, int], kind: str) -> None:
    """Lines of text, ``size`` (width, height) in millimetres, with a box around each formula."""
    with tempfile.TemporaryDirectory() as folder:
        source = PAGE % (*size, MARKS.read_text(encoding="utf-8"), body)
        run = run_tex(source, Path(folder), 60)
        if run.pdf is None or run.errors:
            raise RuntimeError(f"{name}: {run.errors}")
        page = pdfium.PdfDocument(run.pdf)[0]
        image = draw(page, [(box, kind) for marked in marked_objects(page).values() for box in lines(marked)])
        inked = np.flatnonzero((image < 255).any(axis=(1, 2)))
        write(name, image[inked[0] - MARGIN : inked[-1] + MARGIN])


def main() -> None:
    """Draw every picture."""
    written = entries()
    latex, _, number = written.pop("number").partition(r" \tag")
    text("number", NUMBERED % (latex, number.strip("{}")), (90, 26), "display")
    text("broken", BROKEN, (100, 15), "inline")
    text("none", NONE, (100, 15), "inline")
    (font,), _ = available_fonts(["latin-modern"])
    with tempfile.TemporaryDirectory() as folder:
        done = typeset([Job(latex, 12, True) for latex in written.values()], font, Path(folder))
        if done.dropped or done.pdf is None:
            raise RuntimeError(f"TeX refuses {done.dropped}")
        for name, page in zip(written, pdfium.PdfDocument(done.pdf), strict=True):
            write(name, draw(page, []))


if __name__ == "__main__":
    main()
