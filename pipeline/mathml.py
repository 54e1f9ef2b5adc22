"""LaTeX as MathML, which every browser draws by itself."""

from __future__ import annotations

import re
from html import escape
from xml.etree import ElementTree

from mathocr.data.contracts import Kind
from mathocr.data.latex import LatexError, canonicalize, pretty

# What the converter has under another name.
_ENVIRONMENTS = {"aligned": "align*", "gathered": "matrix", "smallmatrix": "matrix"}
_ELEMENTS = frozenset([
    "math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "ms", "mfrac", "msqrt", "mroot", "mstyle", "mpadded",
    "mphantom", "mfenced", "menclose", "msub", "msup", "msubsup", "munder", "mover", "munderover", "merror",
    "mmultiscripts", "mprescripts", "none", "mtable", "mtr", "mtd", "mlabeledtr",
])  # fmt: skip
_BORDER = re.compile(r"\\(begin|end)\{(\w+)\}")


def mathml(tex: str) -> str:
    """A formula as MathML for an HTML page; as code where it cannot be drawn.

    Args:
        tex: LaTeX, canonical or not.
    """
    try:
        drawn = to_mathml(tex)
    except ModuleNotFoundError:  # an optional nicety of HTML: the LaTeX itself is shown
        drawn = None
    return drawn or f"<code>{escape(tex)}</code>"


def to_mathml(tex: str, kind: Kind = "display") -> str | None:
    """A formula as one ``<math>`` element, None where it cannot be written as MathML.

    Args:
        tex: LaTeX, canonical or not.
        kind: Whether it stands in a line of text or on its own.

    Raises:
        ModuleNotFoundError: If latex2mathml is not installed.
    """
    from latex2mathml.converter import convert

    try:
        source = pretty(canonicalize(tex).tokens)
    except LatexError:
        return None
    source = _BORDER.sub(lambda found: f"\\{found[1]}{{{_ENVIRONMENTS.get(found[2], found[2])}}}", source)
    try:
        drawn = convert(source, display="inline" if kind == "inline" else "block")
        drawn = drawn.replace("<mi>&</mi>", "<mi>&amp;</mi>")
        root = ElementTree.fromstring(drawn)
    except Exception:  # the converter's errors share no base class, and some are plain IndexErrors
        return None
    return drawn if all(map(_harmless, root.iter())) else None


def _harmless(element: ElementTree.Element) -> bool:
    """Whether an element is MathML alone: text of a formula may hold what a browser would run."""
    name = element.tag.removeprefix("{http://www.w3.org/1998/Math/MathML}")
    return name in _ELEMENTS and not any(
        key.startswith("on") or "href" in key or key == "style" for key in element.attrib
    )
