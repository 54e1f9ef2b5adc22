"""LaTeX as Typst math, by the optional package tylax."""

from __future__ import annotations

from mathocr.data.latex import LatexError, canonicalize, pretty, problems

# What tylax 0.3 writes and newer Typst compilers refuse, with a character that all of them read.
_RENAMED = {"planck.reduce": "ℏ"}


def to_typst(tex: str) -> str | None:
    """A formula as Typst math, without the ``$`` around it; None where it cannot be written.

    Args:
        tex: LaTeX, canonical or not.

    Raises:
        ModuleNotFoundError: If tylax is not installed.
    """
    import tylax

    try:
        tokens = canonicalize(tex).tokens
    except LatexError:
        return None
    if problems(tokens):  # tylax drops commands that it does not know, and says nothing
        return None
    # Fractions as a slash take in the letters beside them: `1/2m` would be 1 over 2m.
    options = tylax.L2TOptions(frac_to_slash=False, non_strict=False)
    try:
        result = tylax.latex_to_typst_diagnostics(pretty(tokens), options=options)
    except ValueError:
        return None
    # A `#function[x]` sets its content as text, no longer as math.
    if result.warnings or "#" in result.output or not result.output.strip():
        return None
    text = " ".join(result.output.split())
    for old, new in _RENAMED.items():
        text = text.replace(old, new)
    return text
