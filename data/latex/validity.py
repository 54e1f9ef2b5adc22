"""Tells whether tokens are well-formed canonical LaTeX."""

from __future__ import annotations

from collections.abc import Sequence

from mathocr.data.latex.canonical import canonicalize
from mathocr.data.latex.lexer import LatexError


def problems(tokens: Sequence[str]) -> list[str]:
    """What is wrong with the tokens of a formula, a line each; nothing for a formula that can be typeset.

    Args:
        tokens: Canonical tokens.
    """
    try:
        found = canonicalize(" ".join(tokens))
    except LatexError as error:
        return [str(error)]
    return [f"unknown command {token!r}" for token in dict.fromkeys(found.unknown)]


def is_valid(tokens: Sequence[str]) -> bool:
    """Whether the tokens parse, are balanced and hold only known commands."""
    return not problems(tokens)
