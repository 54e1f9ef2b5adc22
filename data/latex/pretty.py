"""Prints canonical tokens as LaTeX for people."""

from __future__ import annotations

from collections.abc import Sequence


def pretty(tokens: Sequence[str]) -> str:
    """User LaTeX of canonical tokens; tokenising it gives the tokens back.

    Args:
        tokens: Canonical tokens of one formula.

    Returns:
        LaTeX without math delimiters around it.
    """
    parts: list[str] = []
    for i, token in enumerate(tokens):
        following = tokens[i + 1] if i + 1 < len(tokens) else ""
        word = token[0] == "\\" and token[-1].isalpha()
        parts.append(token + (" " if word and following[:1].isalpha() else ""))
    return "".join(parts)
