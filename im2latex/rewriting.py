"""What was read as canonical LaTeX: a name that is read letter by letter becomes the command that draws it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from mathocr.data.latex import tokens_or_none


def rewritten(tokens: Sequence[str], confidences: Sequence[float]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Canonical tokens of what was read and their confidences; as they were where they do not parse.

    Args:
        tokens: As the network wrote them, well-formed or not.
        confidences: Of each; none at all where they are not known.

    Returns:
        Canonical tokens; of those that are new the least confidence of what they replace, or stand between.
    """
    after = tokens_or_none(" ".join(tokens))
    if after is None or after == tuple(tokens):
        return tuple(tokens), tuple(confidences)
    if len(confidences) != len(tokens):
        return after, ()
    carried: list[float] = []
    for kind, a, b, c, d in SequenceMatcher(a=tokens, b=after, autojunk=False).get_opcodes():
        if kind == "equal":
            carried += confidences[a:b]
        else:
            carried += [min(confidences[a:b] or confidences[max(0, a - 1) : a + 1])] * (d - c)
    return after, tuple(carried)
