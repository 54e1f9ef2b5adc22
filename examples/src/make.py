"""Make the examples and their truth from the TeX sources beside this file: ``python examples/src/make.py``.

Needs pdflatex. Every formula stands between PDF marks (``marks.tex``), so its box is exact; its LaTeX is the
source's. Each ``NAME.json`` holds, per page, the formulas in reading order.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from math import ceil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdfium2 as pdfium

from mathocr.data.synthesis.marks import marked_objects, union

HERE = Path(__file__).parent
OUT = HERE.parent
TEXTBOOK_DPI = 120
KINDS = {"im": "inline", "dm": "display", "nm": "display"}


def typeset(name: str, folder: Path, place: Path = HERE) -> Path:
    """Run TeX twice on ``NAME.tex`` in a place; returns the PDF."""
    for _ in range(2):
        subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"-output-directory={folder}", f"{name}.tex"],
            cwd=place, check=True, stdout=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
    return folder / f"{name}.pdf"


def sources(name: str) -> list[tuple[str, str]]:
    """``(macro, LaTeX)`` of the marked formulas of ``NAME.tex``, in order; the closing stop of a sentence is kept."""
    text = (HERE / f"{name}.tex").read_text(encoding="utf-8")
    found = []
    for match in re.finditer(r"\\(im|dm|nm)\{", text):
        depth, end = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0) if text[end - 1] != "\\" else 0
            end += 1
        found.append((match.group(1), text[match.end() : end - 1]))
    return found


def truth(pdf: Path, name: str, dpi: float) -> list[dict[str, Any]]:
    """Formulas of each page with their boxes in pixels at ``dpi``."""
    formulas = sources(name)
    pages, numbers = [], 0
    document = pdfium.PdfDocument(pdf)
    for number, page in enumerate(document, 1):
        marks = marked_objects(page)
        rows = []
        for _, ident in sorted(marks):
            macro, latex = formulas[ident - 1]
            numbers += macro == "nm"
            box = [round(edge * dpi / 72, 2) for edge in union(marks["Formula", ident])]
            tag = f"({numbers})" if macro == "nm" else None
            rows.append({"box": box, "kind": KINDS[macro], "latex": latex, "tag": tag})
        width, height = (ceil(side * dpi / 72) for side in page.get_size())  # as pdfium draws it
        pages.append({"page": number, "width": width, "height": height, "formulas": rows})
    return pages


def render(pdf: Path, dpi: float, gray: bool = True) -> np.ndarray:
    """First page as ``uint8 (H, W)`` or ``(H, W, 3)`` BGR (what OpenCV writes)."""
    page = pdfium.PdfDocument(pdf)[0]
    pixels = page.render(scale=dpi / 72, grayscale=gray).to_numpy()
    return pixels.reshape(pixels.shape[:2]).copy() if gray else pixels[..., :3].copy()


def as_scanned(image: np.ndarray, pages: list[dict[str, Any]], degrees: float = 0.8) -> np.ndarray:
    """Turn, blur, shade and add noise; the boxes in ``pages`` follow the turn."""
    height, width = image.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turned = cv2.warpAffine(image, turn, (width, height), flags=cv2.INTER_AREA, borderValue=255).astype(np.float32)
    paper = np.linspace(0.97, 0.88, width, dtype=np.float32)[None]
    noise = np.random.default_rng(4).normal(0, 5, image.shape).astype(np.float32)
    for formula in pages[0]["formulas"]:
        x0, y0, x1, y1 = formula["box"]
        corners = np.array([[x0, y0, 1], [x1, y0, 1], [x0, y1, 1], [x1, y1, 1]]) @ turn.T
        formula["box"] = [round(float(v), 2) for v in (*corners.min(0), *corners.max(0))]
    return np.clip(cv2.GaussianBlur(turned * 0.9 + 15, (0, 0), 0.7) * paper + noise, 0, 255).astype(np.uint8)


def cut(image: np.ndarray, pages: list[dict[str, Any]], margin: int = 14) -> np.ndarray:
    """The one formula of a page with a margin in pixels."""
    (formula,) = pages[0]["formulas"]
    x0, y0, x1, y1 = (round(edge) for edge in formula["box"])
    crop = image[y0 - margin : y1 + margin, x0 - margin : x1 + margin]
    formula["box"] = [margin, margin, margin + x1 - x0, margin + y1 - y0]
    pages[0] |= {"height": crop.shape[0], "width": crop.shape[1]}
    return crop


def write(name: str, image_name: str, image: np.ndarray | None, pages: list[dict[str, Any]]) -> None:
    """Write the image and the truth beside it."""
    if image is not None:
        options = [cv2.IMWRITE_JPEG_QUALITY, 70] if image_name.endswith(".jpg") else [cv2.IMWRITE_PNG_COMPRESSION, 9]
        cv2.imwrite(str(OUT / image_name), image, options)
    head = json.dumps({"source": image_name})[:-1] + ', "pages": ['
    parts = []
    for page in pages:
        rows = ",\n  ".join(json.dumps(formula) for formula in page.pop("formulas"))
        parts.append(json.dumps(page)[:-1] + ', "formulas": [\n  ' + rows + "\n]}")
    (OUT / f"{name}.json").write_text(head + ", ".join(parts) + "]}\n", encoding="utf-8")


def textbook(folder: Path) -> None:
    """A set of pages as schools and lectures have them, ``textbook/labels.jsonl``, for ``mathocr evaluate``."""
    (OUT / "textbook").mkdir(exist_ok=True)
    rows = []
    for source in sorted((HERE / "textbook").glob("*.tex")):
        pdf = typeset(source.stem, folder, source.parent)
        (page,) = truth(pdf, f"textbook/{source.stem}", TEXTBOOK_DPI)
        image = f"{source.stem}.png"
        cv2.imwrite(str(OUT / "textbook" / image), render(pdf, TEXTBOOK_DPI), [cv2.IMWRITE_PNG_COMPRESSION, 9])
        regions = []
        for formula in page["formulas"]:
            number = rf" \tag{{{formula['tag'].strip('()')}}}" if formula["tag"] else ""
            regions.append({"kind": formula["kind"], "box": formula["box"], "latex": formula["latex"] + number})
        size = {"width": page["width"], "height": page["height"]}
        rows.append(json.dumps({"image": image, "source": source.stem, **size, "regions": regions}))
    (OUT / "textbook" / "labels.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")


def main() -> None:
    """Make every example."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        textbook(folder)
        for name in ("page", "page_two_columns", "scan", "crop", "crop_dark", "slide", "pages"):
            pdf = typeset(name, folder)
            dpi = {"slide": 130, "pages": 150, "crop": 160}.get(name, 150)
            pages = truth(pdf, name, dpi)
            if name == "pages":
                shutil.copy(pdf, OUT / "pages.pdf")
                write(name, "pages.pdf", None, pages)
                continue
            image = render(pdf, dpi, gray=name != "slide")
            if name == "scan":
                image = as_scanned(image, pages)
            if name.startswith("crop"):
                image = cut(image, pages)
            if name == "crop_dark":
                shade = (255 - image.astype(np.float32)) / 255
                image = np.stack([40 + 200 * shade, 34 + 205 * shade, 30 + 190 * shade], -1).astype(np.uint8)
            write(name, f"{name}.{'jpg' if name == 'scan' else 'png'}", image, pages)


if __name__ == "__main__":
    main()
