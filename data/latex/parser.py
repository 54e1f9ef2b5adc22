"""Reads tokens into canonical tokens: lists, groups and scripts, each command by the action in a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mathocr.data.latex.fonts import restyle, styled, words
from mathocr.data.latex.lexer import LatexError, lex
from mathocr.data.latex.shapes import is_single, is_tall, wrapped
from mathocr.data.latex.symbols import ALPHABET, BIG_OPERATORS, DIGITS, GREEK_LOWER, GREEK_UPPER

Action = Any
"""A token to write, several, or a callable ``(parser, out, token)`` that reads on; ``STOP`` ends a list."""
STOP = object()
SCRIPTS = frozenset(("_", "^", "'", "\\sp", "\\sb", "’"))
_ATTACHES = ALPHABET | DIGITS | GREEK_LOWER | GREEK_UPPER | {")", "]", "\\}", "}", "|", "\\|", "\\rangle"}


class Parser:
    """One formula being read. Every list of tokens that it writes is canonical except for font marks.

    A letter under a math alphabet is written as a pair (alphabet, letter) until `fonts.restyle` groups such pairs.
    """

    __slots__ = (
        "tex", "tokens", "starts", "ends", "i", "actions", "font", "display", "in_sup", "limits", "operator",
        "scripted", "unknown", "tag",
    )  # fmt: skip

    def __init__(self, tex: str, actions: dict[str, Action]) -> None:
        self.tex = tex
        self.tokens, self.starts, self.ends = lex(tex)
        self.i = 0
        self.actions = actions
        self.font: str | None = None
        self.display = True
        self.in_sup = False
        self.limits: str | None = None
        self.operator: tuple[list, int, int] | None = None  # list, its length, where the operator's command stands
        self.scripted: tuple[list, int] | None = None
        self.unknown: list[str] = []
        self.tag: str | None = None

    def error(self, message: str) -> LatexError:
        """The error to raise for the token before the current place."""
        return LatexError(message, self.starts[max(self.i - 1, 0)])

    def read_list(self, out: list) -> str:
        """Reads atoms into `out` up to a token that ends a list; returns that token, still unread."""
        tokens = self.tokens
        get = self.actions.get
        while True:
            token = tokens[self.i]
            action = get(token)
            kind = action.__class__
            if kind is str:
                self.i += 1
                out.append(action if self.font is None else styled(self.font, action))
            elif action is STOP:
                return token
            else:
                self.i += 1
                if action is None:
                    self.read_unknown(out, token)
                elif kind is tuple:
                    out.extend(action)
                else:
                    action(self, out, token)

    def read_unknown(self, out: list, token: str) -> None:
        """Keeps and reports a token that no table has."""
        self.unknown.append(token)
        out.append(token)

    def read_group(self, out: list) -> None:
        """Reads a list up to its closing brace, the opening one being read; restores font and style."""
        font, display, start = self.font, self.display, self.i
        if self.read_list(out) != "}":
            self.i = start
            raise self.error("'{' without '}'" if self.at_end(start) else "'{' closed by something else than '}'")
        self.i += 1
        if self.font != font:
            words(out)
            self.font = font
        self.display = display

    def at_end(self, start: int) -> bool:
        """Whether the brace opened before `start` is never closed."""
        depth = 1
        for token in self.tokens[start:]:
            depth += (token == "{") - (token == "}")
            if not depth:
                return False
        return True

    def argument(self, *, display: bool | None = None) -> list:
        """One argument: a group's content or the next token with its own arguments."""
        kept_display, kept_sup, kept_limits = self.display, self.in_sup, self.limits
        self.in_sup, self.limits = False, None
        if display is not None:
            self.display = display
        out: list = []
        self.read_argument(out)
        self.display, self.in_sup, self.limits = kept_display, kept_sup, kept_limits
        return out

    def read_argument(self, out: list) -> None:
        """Reads one argument into `out`."""
        token = self.tokens[self.i]
        action = self.actions.get(token)
        if action is STOP:
            raise LatexError("an argument is missing", self.starts[self.i])
        self.i += 1
        if token == "{":
            self.read_group(out)
        elif action.__class__ is str:
            out.append(action if self.font is None else styled(self.font, action))
        elif action is None:
            self.read_unknown(out, token)
        elif action.__class__ is tuple:
            out.extend(action)
        else:
            action(self, out, token)

    def optional(self) -> list | None:
        """The content of ``[...]`` if one comes next."""
        if self.tokens[self.i] != "[":
            return None
        start, depth, i = self.i + 1, 0, self.i + 1
        tokens = self.tokens
        while tokens[i] and (depth or tokens[i] != "]"):
            depth += (tokens[i] == "{") - (tokens[i] == "}")
            if depth < 0:
                break
            i += 1
        if tokens[i] != "]":
            return None
        tokens[i] = "}"
        self.i = start
        out: list = []
        display, self.display = self.display, False
        self.read_group(out)
        self.display = display
        return out

    def group(self, out: list, token: str) -> None:
        """A group in a list: its braces stay only where they change the ink."""
        inner: list = []
        self.read_group(inner)
        if self.tokens[self.i] not in SCRIPTS:
            self.extend(out, inner)
            return
        if not inner:
            self.empty_nucleus(out)
        elif len(inner) == 1 and inner[0] in BIG_OPERATORS:
            out.extend(inner)
            self.limits = "\\nolimits"
        elif (self.scripted is not None and self.scripted[0] is inner and self.scripted[1] == len(inner)) or (
            is_tall(inner) and not is_single(inner) and not wrapped(inner)
        ):
            out.append("{")
            out.extend(inner)
            out.append("}")
        else:
            self.extend(out, inner)
            if out[-1] in BIG_OPERATORS:
                self.limits = "\\nolimits"

    def extend(self, out: list, inner: list) -> None:
        """Appends a list to another; scripts without nucleus attach to what stands before, as TeX would draw."""
        shift = len(out)
        if len(inner) > 2 and inner[0] == "{" and inner[1] == "}" and self.can_attach(out):
            inner[:] = inner[2:]
            if self.scripted is not None and self.scripted[0] is inner:
                self.scripted = (inner, self.scripted[1] - 2)
        out.extend(inner)
        if self.scripted is not None and self.scripted[0] is inner:
            self.scripted = (out, self.scripted[1] + shift)

    def can_attach(self, out: list) -> bool:
        """Whether a script drawn right behind the list looks like a script of its last atom."""
        if not out or (self.scripted is not None and self.scripted[0] is out and self.scripted[1] == len(out)):
            return False
        last = out[-1]
        return last.__class__ is tuple or last in _ATTACHES

    def empty_nucleus(self, out: list) -> None:
        """Before a script with nothing to stand on: writes ``{ }`` unless it may attach to the last atom."""
        if not self.can_attach(out):
            out.append("{")
            out.append("}")

    def space(self, out: list, token: str) -> None:
        """Something without ink."""
        if self.font == "\\mathrm" and out:
            out.append(("\\mathrm", "~"))
        if self.tokens[self.i] in SCRIPTS:
            self.empty_nucleus(out)

    def scripts(self, out: list, token: str) -> None:
        """All scripts of the last atom: primes merged into the superscript, subscript first."""
        if token == "'" and self.in_sup and not out:
            out.append("\\prime")
            return
        if not out:
            out.extend("{}")
        elif self.scripted is not None and self.scripted[0] is out and self.scripted[1] == len(out):
            raise self.error("double script")
        limits, self.limits = self.limits, None
        sub: list | None = None
        sup: list | None = None
        primes = 0
        while True:
            if token == "_" or token == "\\sb":
                if sub is not None:
                    raise self.error("double subscript")
                sub = self.argument(display=False)
            elif token == "^" or token == "\\sp":
                if sup is not None:
                    raise self.error("double superscript")
                kept, self.in_sup = self.in_sup, True
                sup = self.superscript()
                self.in_sup = kept
            else:
                primes += 1
            token = self.tokens[self.i]
            if token not in SCRIPTS:
                break
            self.i += 1
        if primes:
            sup = ["\\prime"] * primes + (sup or [])
        self.write_scripts(out, sub, sup, limits)

    def superscript(self) -> list:
        """The argument of ``^``; a quote in it is a prime."""
        display, self.display = self.display, False
        limits, self.limits = self.limits, None
        out: list = []
        self.read_argument(out)
        self.display, self.limits = display, limits
        return out

    def write_scripts(self, out: list, sub: list | None, sup: list | None, limits: str | None) -> None:
        """Writes the scripts that have ink, and ``\\limits`` or ``\\nolimits`` where the operator needs it."""
        if not sub and not sup:
            if len(out) > 1 and out[-1] == "}" and out[-2] == "{":
                del out[-2:]
            return
        last = out[-1]
        if self.operator is not None and self.operator[0] is out and self.operator[1] == len(out):
            at = self.operator[2]
            above = self.above(limits, out[at] != "\\operatorname")
            if out[at] in ("\\operatorname", "\\operatorname*"):
                out[at] = "\\operatorname*" if above else "\\operatorname"
                if above and not self.display:
                    out.append("\\limits")
            elif above and not self.display:
                out.append("\\limits")
            elif not above:
                del out[at : at + 2]
                del out[-1]
        elif last.__class__ is str and last in BIG_OPERATORS:
            if self.above(limits, True) != self.display:
                out.append("\\nolimits" if self.display else "\\limits")
        elif limits == "\\limits" and last not in ("}", ")"):
            out.append(limits)
        for mark, script in (("_", sub), ("^", sup)):
            if script:
                out.append(mark)
                out.append("{")
                out.extend(script)
                out.append("}")
        self.scripted = (out, len(out))

    def above(self, limits: str | None, movable: bool) -> bool:
        """Whether an operator's scripts are drawn above and below it."""
        if limits == "\\limits":
            return True
        if limits == "\\nolimits":
            return False
        return movable and self.display


Reader = Callable[[Parser, list, str], None]


def finish(out: list) -> list[str]:
    """Canonical tokens from a list that may hold font marks."""
    words(out)
    return restyle(out)
