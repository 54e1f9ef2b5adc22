"""Canonical LaTeX: one sequence of tokens for all sources that TeX draws alike."""

from __future__ import annotations

from dataclasses import dataclass

from mathocr.data.latex import commands, environments, inkless, operators, textmode
from mathocr.data.latex.fonts import finish
from mathocr.data.latex.lexer import LatexError
from mathocr.data.latex.parser import STOP, Action, Parser
from mathocr.data.latex.rules import settle
from mathocr.data.latex.symbols import CHARACTERS, EXPANSIONS, SYMBOLS, SYNONYMS, UNICODE


@dataclass(frozen=True)
class Canonical:
    """A formula in canonical form.

    Attributes:
        tokens: One token per command or character.
        tag: Equation number that the source gave (``\\tag``, ``\\eqno``, ``\\leqno``), without its parentheses.
        unknown: Commands and characters that no table has, in order; they are among the tokens as they were.
    """

    tokens: tuple[str, ...]
    tag: str | None
    unknown: tuple[str, ...]


def _table() -> dict[str, Action]:
    table: dict[str, Action] = {character: character for character in CHARACTERS}
    table.update((symbol, symbol) for symbol in SYMBOLS)
    table.update(SYNONYMS)
    table.update(UNICODE)
    table.update(EXPANSIONS)
    for module in (commands, operators, inkless, environments, textmode):
        table.update(module.actions())
    table["\\begin"] = environments.begin
    for name in environments.ENVIRONMENTS:
        table[f"\\begin{{{name}}}"] = environments.begin
        table[f"\\end{{{name}}}"] = STOP
    table.update(dict.fromkeys(("}", "&", "\\\\", "\\cr", "\\right", "", "$", "\\)", "\\of"), STOP))
    return table


_ACTIONS = _table()


def canonicalize(tex: str) -> Canonical:
    """The canonical form of a formula.

    Args:
        tex: A formula's LaTeX source without the math delimiters around it (a pair of dollars is taken off), or
            canonical tokens joined by spaces.

    Returns:
        Tokens, tag and unknown commands.

    Raises:
        LatexError: If the source can't be read: unbalanced braces, an environment that is not closed, a double script.
    """
    stripped = tex.strip()
    for opening, closing in (("$$", "$$"), ("$", "$"), ("\\[", "\\]"), ("\\(", "\\)")):
        if stripped.startswith(opening) and stripped.endswith(closing) and len(stripped) >= 2 * len(opening):
            stripped = stripped[len(opening) : -len(closing)]
            break
    parser, tokens = _read(stripped)
    moved = parser.moved
    for _ in range(_PASSES):
        if not moved:
            break
        again, simpler = _read(" ".join(tokens))
        moved, tokens = again.moved or simpler != tokens, simpler
    return Canonical(tuple(tokens), parser.tag, tuple(parser.unknown))


_PASSES = 8
"""Most times that a formula is read again because something was moved; none of the corpus needs more than three."""


def _read(tex: str) -> tuple[Parser, list[str]]:
    """Reads a formula once."""
    parser = Parser(tex, _ACTIONS)
    out: list = []
    try:
        stop = parser.read_list(out)
        if stop in ("&", "\\\\", "\\cr"):
            parser = Parser(f"\\begin{{aligned}}{tex}\\end{{aligned}}", _ACTIONS)
            out = []
            stop = parser.read_list(out)
    except RecursionError as error:
        raise LatexError("groups are nested too deeply", parser.starts[parser.i]) from error
    if stop != "":
        raise LatexError(f"'{stop}' that nothing opened", parser.starts[parser.i])
    finished = finish(out)
    tokens = settle(finished)
    parser.moved |= len(tokens) < len(finished)  # a group of one environment is none, which may have become so
    return parser, tokens


def tokenize(tex: str) -> list[str]:
    """The canonical tokens of a formula; see `canonicalize`."""
    return list(canonicalize(tex).tokens)


def tokens_or_none(tex: str) -> tuple[str, ...] | None:
    """The canonical tokens of a formula; None where it cannot be parsed."""
    try:
        return canonicalize(tex).tokens
    except LatexError:
        return None
