"""Tells whether tokens are well-formed canonical LaTeX."""

from __future__ import annotations

from collections.abc import Sequence

from mathocr.data.latex.canonical import canonicalize
from mathocr.data.latex.lexer import LatexError
from mathocr.data.latex.pretty import pretty
from mathocr.data.latex.symbols import commands

NOT_IN_KATEX = frozenset(
    commands("cline dddot ddddot idotsint iiiint l lightning mapsfrom overbracket sideset textsc underbracket")
)
"""Canonical commands that KaTeX 0.16.0 or 0.19.1 refuses; both render all others, each tried alone."""


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


def renders(tokens: Sequence[str]) -> bool:
    """Whether browsers (KaTeX) know all commands of a formula that has no ``problems``."""
    return NOT_IN_KATEX.isdisjoint(tokens)


def is_valid(tokens: Sequence[str]) -> bool:
    """Whether the tokens parse, are balanced and hold only commands that TeX and KaTeX know."""
    return not problems(tokens) and renders(tokens)


def written(tokens: Sequence[str]) -> tuple[str, bool]:
    """The LaTeX of tokens that were read, and whether it is valid; what has ``problems`` stays as it was read.

    Args:
        tokens: Canonical tokens, well-formed or not.
    """
    found = problems(tokens)
    return " ".join(tokens) if found else pretty(tokens), not found and renders(tokens)
