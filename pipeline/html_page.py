"""One HTML page that stands alone: the page image with its boxes, and beside it each crop with its LaTeX."""

from __future__ import annotations

import base64
from html import escape

import cv2
import numpy as np

from mathocr.data.contracts import Formula, PageResult
from mathocr.data.samples import cut
from mathocr.pipeline.draw import COLOURS

_LONG_SIDE = 1600  # pixels of the page image inside the HTML: about 0.3 MB for an A4 page
_COLOUR_RULES = "".join(f".{kind}{{--c:rgb{colour}}}" for kind, colour in COLOURS.items())

HEAD = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>mathocr</title>
<style>
:root{{color-scheme:light dark;font:15px/1.45 system-ui,sans-serif}}
body{{margin:1.5rem auto;max-width:1500px;padding:0 1rem}}
h2{{font-size:1.1rem;overflow-wrap:anywhere}}
section{{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:1.5rem;align-items:start}}
@media(max-width:900px){{section{{grid-template-columns:minmax(0,1fr)}}}}
.sheet{{position:relative}}.sheet>img{{width:100%;display:block;border:1px solid #8886}}
.sheet>svg{{position:absolute;inset:0;width:100%;height:100%}}
rect{{fill:transparent;stroke:var(--c);stroke-width:2;vector-effect:non-scaling-stroke}}
rect:hover,:target rect{{fill:var(--c);fill-opacity:.2}}
ol{{margin:0;padding:0;list-style:none}}
li{{border-left:4px solid var(--c);padding:.4rem .8rem;margin-bottom:.8rem;background:#8881}}
li:target{{background:#8884}}
li img{{max-width:100%;max-height:9rem;background:#fff}}
pre{{white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0;user-select:all}}
small{{opacity:.75}}.bad{{color:#c22}}{_COLOUR_RULES}
</style></head><body>
"""
FOOT = "</body></html>\n"


def html_page(result: PageResult, image: np.ndarray, name: str) -> str:
    """The part of an HTML page for one page; nothing in it comes from outside.

    Args:
        result: What was read.
        image: The page it was read from, ``uint8 (H, W)`` or ``(H, W, 3)`` RGB.
        name: What the page is called.
    """
    prefix = "".join(c if c.isalnum() else f"-{ord(c):x}-" for c in name)
    boxes = "".join(_box(formula, f"{prefix}-{n}") for n, formula in enumerate(result.formulas, 1))
    items = "".join(_item(formula, n, f"{prefix}-{n}", image) for n, formula in enumerate(result.formulas, 1))
    models = ", ".join(f"{stage} {model.name} ({model.sha256[:8]})" for stage, model in result.models.items())
    return f"""<h2>{escape(name)}</h2>
<section><div class="sheet"><img alt="{escape(name)}" src="{_data_url(_fit(image))}">
<svg viewBox="0 0 {result.width} {result.height}" preserveAspectRatio="none">{boxes}</svg></div>
<ol>{items or "<li>no formulas</li>"}</ol></section>
<p><small>{result.width} x {result.height} pixels, {len(result.formulas)} formulas,
{result.timing_ms.get("total", 0):.0f} ms; {escape(models)}</small></p>
"""


def _box(formula: Formula, anchor: str) -> str:
    x0, y0, x1, y1 = formula.box[0] - 2, formula.box[1] - 2, formula.box[2] + 2, formula.box[3] + 2  # clear of the ink
    return (
        f'<a class="{formula.kind}" href="#{anchor}"><rect x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" '
        f'height="{y1 - y0:.1f}"><title>{escape(formula.latex)}</title></rect></a>'
    )


def _item(formula: Formula, number: int, anchor: str, image: np.ndarray) -> str:
    crop = cut(image, formula.box)
    notes = [formula.kind, f"score {formula.score:.2f}", f"confidence {formula.confidence:.2f}"]
    notes += [f"number {formula.tag}"] if formula.tag else []
    doubts = [] if formula.valid else ["not valid LaTeX"]
    doubts += [] if formula.stopped == "end" else [f"cut off ({formula.stopped})"]
    bad = f' <span class="bad">{", ".join(doubts)}</span>' if doubts else ""
    return (
        f'<li class="{formula.kind}" id="{anchor}"><img alt="formula {number}" src="{_data_url(crop)}">'
        f"<pre><code>{escape(formula.latex)}</code></pre>"
        f"<small>{number}: {escape(', '.join(notes))}{bad}</small></li>\n"
    )


def _fit(image: np.ndarray) -> np.ndarray:
    """Reduce to at most ``_LONG_SIDE`` pixels."""
    scale = _LONG_SIDE / max(image.shape[:2])
    return image if scale >= 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _data_url(image: np.ndarray) -> str:
    """PNG for drawings and small images, JPEG where that is much smaller (photos and scans)."""
    pixels = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    kinds = {
        "png": cv2.imencode(".png", pixels)[1],
        "jpeg": cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 85])[1],
    }
    kind = "jpeg" if len(kinds["png"]) > 3 * len(kinds["jpeg"]) else "png"
    return f"data:image/{kind};base64," + base64.b64encode(kinds[kind].tobytes()).decode()
