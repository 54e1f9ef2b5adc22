"""Questions about a list of canonical tokens: one atom, tall, wrapped in delimiters."""

from __future__ import annotations

from mathocr.data.latex.symbols import INTEGRALS

TALL = frozenset(
    ("\\frac", "\\binom", "\\overset", "\\underset", "\\underbrace", "\\overbrace", "\\substack", "\\sum", "\\prod",
     "\\coprod", "\\boxed", *INTEGRALS)
)  # fmt: skip
"""Commands whose ink stands out of a line of text in display style."""

PAIRS = {"(": ")", "[": "]", "\\{": "\\}", "\\langle": "\\rangle", "|": "|", "\\|": "\\|", "\\lfloor": "\\rfloor",
         "\\lceil": "\\rceil", "\\llbracket": "\\rrbracket"}  # fmt: skip
"""Delimiters that belong together."""


def is_tall(tokens: list) -> bool:
    """Whether some part stands out of a line of text."""
    return any(token.__class__ is str and (token in TALL or token.startswith("\\begin{")) for token in tokens)


def group_end(tokens: list, start: int) -> int:
    """Index just behind the brace group that opens at `start`."""
    depth = 0
    for i in range(start, len(tokens)):
        token = tokens[i]
        if token == "{":
            depth += 1
        elif token == "}":
            depth -= 1
            if not depth:
                return i + 1
    return len(tokens)


def is_single(tokens: list) -> bool:
    """Whether the tokens are one command with its arguments, or one environment."""
    first = tokens[0]
    if first.__class__ is tuple or len(tokens) == 1:
        return len(tokens) == 1
    if first.startswith("\\begin{"):
        depth = 0
        for i, token in enumerate(tokens):
            if token.__class__ is str:
                depth += token.startswith("\\begin{") - token.startswith("\\end{")
            if not depth:
                return i == len(tokens) - 1
    if first[0] != "\\":
        return False
    i = 1
    while i < len(tokens) and tokens[i] == "{":
        i = group_end(tokens, i)
    return i == len(tokens)


def wrapped(tokens: list) -> bool:
    """Whether a pair of delimiters, opened first and closed last, holds everything else."""
    if len(tokens) < 2 or tokens[0].__class__ is tuple:
        return False
    opening = tokens[0]
    closing = PAIRS.get(opening)
    if closing is None or tokens[-1] != closing:
        return False
    if opening == closing:
        return opening not in tokens[1:-1]
    depth = 0
    for i, token in enumerate(tokens):
        depth += (token == opening) - (token == closing)
        if not depth:
            return i == len(tokens) - 1
    return False


def group_start(tokens: list) -> int:
    """Index of the brace that opens the group which ends the tokens; 0 if there is none."""
    depth = 0
    for i in range(len(tokens) - 1, 0, -1):
        token = tokens[i]
        if token == "}":
            depth += 1
        elif token == "{":
            depth -= 1
            if not depth:
                return i
    return 0


def ends_in_script(tokens: list) -> bool:
    """Whether the last atom already has a script."""
    if tokens[-1:] != ["}"]:
        return False
    start = group_start(tokens)
    return start > 0 and (tokens[start - 1] == "_" or tokens[start - 1] == "^")


def closing(tokens: list, start: int) -> int:
    """Index of the parenthesis that closes one opened before `start` in the same list; 0 if none or it has scripts."""
    level = inner = 0
    for i in range(start, len(tokens)):
        token = tokens[i]
        level += (token == "{" or token.startswith("\\begin{")) - (token == "}" or token.startswith("\\end{"))
        inner += (token == "(") - (token == ")")
        if level < 0 or (not level and token in ("&", "\\\\")):
            return 0
        if inner < 0:
            return i if not level and tokens[i + 1 : i + 2] not in (["_"], ["^"]) else 0
    return 0
