"""Cuts LaTeX source into tokens (commands and single characters) with their places."""

from __future__ import annotations

import re


class LatexError(ValueError):
    """Source that can't be read as a formula.

    Args:
        message: What is wrong.
        position: Offset of the offending token in the source, in characters.
    """

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"{message} at character {position}")
        self.position = position


_TOKEN = re.compile(
    r"\\(?:begin|end)\s*\{\s*([a-zA-Z]+\*?)\s*\}"  # an environment's border is one token
    r"|\\operatorname\s*\*"
    r"|\\[a-zA-Z]+"
    r"|\\[^a-zA-Z]"
    r"|%[^\n]*"
    r"|[^\s\\]"
    r"|\\\Z",
    re.S,
)

END = ""
"""The token after the last one."""
_AHEAD = 4  # as many of them as a reader looks ahead


def lex(tex: str) -> tuple[list[str], list[int], list[int]]:
    """Tokens of a formula's source.

    Args:
        tex: LaTeX source, or canonical tokens joined by spaces.

    Returns:
        Tokens (``\\begin{x}`` and ``\\end{x}`` whole, then several ``END``), their first characters' offsets, and the
        offsets just behind them. White space and comments give no token; a gap in the offsets shows them.
    """
    tokens: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _TOKEN.finditer(tex):
        token = match.group()
        if len(token) > 1 or token in "%\\":
            if token[0] == "%":
                continue
            name = match.group(1)
            if name is not None:
                token = f"{token[: 6 if token[1] == 'b' else 4]}{{{name}}}"
            elif token[-1] == "*" and len(token) > 2:
                token = "\\operatorname*"
            elif token == "\\" or token[1:].isspace():  # a space cut off at the end leaves the bare backslash
                token = "\\ "
        tokens.append(token)
        starts.append(match.start())
        ends.append(match.end())
    tokens.extend([END] * _AHEAD)
    starts.extend([len(tex)] * _AHEAD)
    ends.extend([len(tex)] * _AHEAD)
    return tokens, starts, ends
