"""Reads tokens into canonical tokens: lists, groups and scripts, each command by the action in a table."""

from __future__ import annotations

from typing import Any

from mathocr.data.latex.fonts import MATH_FONTS, styled, words
from mathocr.data.latex.lexer import LatexError, lex
from mathocr.data.latex.shapes import ends_in_script, group_end, group_start, is_single, is_tall, wrapped
from mathocr.data.latex.symbols import (
    ALPHABET,
    BIG_OPERATORS,
    DIGITS,
    GREEK_LOWER,
    GREEK_UPPER,
    INTEGRALS,
    NAMED,
    OPENING,
)

Action = Any
"""A token to write, several, or a callable ``(parser, out, token)`` that reads on; ``STOP`` ends a list."""
STOP = object()
DISPLAY, TEXT, SCRIPT = 2, 1, 0
"""Styles of TeX: operators carry their scripts above and below in the first only."""
SCRIPTS = frozenset(("_", "^", "'", "\\sp", "\\sb", "’"))
LIMITS = frozenset(("\\limits", "\\nolimits", "\\displaylimits"))
_ATTACHES = ALPHABET | DIGITS | GREEK_LOWER | GREEK_UPPER | {")", "]", "\\}", "|", "\\|", "\\rangle"}
_ALPHABETS = frozenset(MATH_FONTS.values()) | {"\\operatorname", "\\text"}


class Parser:
    """One formula being read. Every list of tokens that it writes is canonical except for font marks.

    A letter under a math alphabet is written as a pair (alphabet, letter) until `fonts.restyle` groups such pairs.
    """

    __slots__ = (
        "actions",
        "ends",
        "font",
        "i",
        "in_sup",
        "limits",
        "moved",
        "plain",
        "starts",
        "style",
        "tag",
        "tex",
        "tokens",
        "unknown",
    )  # fmt: skip

    def __init__(self, tex: str, actions: dict[str, Action]) -> None:
        self.tex = tex
        self.tokens, self.starts, self.ends = lex(tex)
        self.i = 0
        self.actions = actions
        self.font: str | None = None
        self.style = DISPLAY  # in the source, which may change it by \\textstyle and the like
        self.plain = DISPLAY  # what it is at this place in the canonical form, which has no such commands
        self.moved = False  # whether something now stands where reading it again may find a simpler form
        self.in_sup = False
        self.limits: str | None = None
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
                out.append(action if self.font is None else styled(self.font, action))  # type: ignore[arg-type]
            elif action is STOP or (action is None and token.startswith("\\end{")):
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
        if token.startswith("\\begin{"):
            self.actions["\\begin"](self, out, token)
            return
        self.unknown.append(token)
        out.append(token)

    def read_group(self, out: list) -> None:
        """Reads a list up to its closing brace, the opening one being read; restores font and style."""
        font, style, start = self.font, self.style, self.i
        stop = self.read_list(out)
        if stop != "}":
            self.i = start
            raise self.error(f"'{stop}' before the '}}' of a group" if stop else "'{' without '}'")
        self.i += 1
        if self.font != font:
            words(out)
            self.font = font
        self.style = style

    def has_argument(self) -> bool:
        """Whether anything follows in this list."""
        token = self.tokens[self.i]
        return self.actions.get(token) is not STOP and not token.startswith("\\end{")

    def argument(self, style: int | None = None) -> list:
        """One argument, in a style of its own if given: a group's content or the next token with its arguments."""
        kept = self.style, self.plain, self.in_sup, self.limits
        self.in_sup, self.limits = False, None
        if style is not None:
            self.style = self.plain = style
        out: list = []
        self.read_argument(out)
        self.style, self.plain, self.in_sup, self.limits = kept
        return out

    def smaller(self) -> int:
        """The style of a fraction's parts here."""
        return TEXT if self.style == DISPLAY else SCRIPT

    def read_argument(self, out: list) -> None:
        """Reads one argument into `out`."""
        token = self.tokens[self.i]
        action = self.actions.get(token)
        if not self.has_argument():
            raise LatexError("an argument is missing", self.starts[self.i])
        self.i += 1
        if token == "{":
            self.read_group(out)
        elif action.__class__ is str:
            out.append(action if self.font is None else styled(self.font, action))  # type: ignore[arg-type]
        elif action is None:
            self.read_unknown(out, token)
        elif action.__class__ is tuple:
            out.extend(action)
        else:
            action(self, out, token)
            if len(out) > 1 and out[0] == "{" and group_end(out, 0) == len(out):
                out[:] = out[1:-1]  # kept for scripts that follow, but those belong to what has this argument

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
        kept = self.style, self.plain
        self.style = self.plain = SCRIPT
        self.read_group(out)
        self.style, self.plain = kept
        return out

    def group(self, out: list, token: str) -> None:
        """A group in a list."""
        inner: list = []
        self.read_group(inner)
        self.nucleus(out, inner)

    def script_follows(self) -> bool:
        """Whether a script comes next, limits commands apart."""
        i = self.i
        while self.tokens[i] in LIMITS:
            i += 1
        return self.tokens[i] in SCRIPTS

    def nucleus(self, out: list, inner: list) -> None:
        """Appends a group's content: its braces stay only where they change the ink of scripts behind it."""
        if not self.script_follows():
            self.extend(out, inner)
        elif not inner:
            self.empty_nucleus(out)
        elif ends_in_script(inner) or (is_tall(inner) and not is_single(inner) and not wrapped(inner)):
            out.append("{")
            out.extend(inner)
            out.append("}")
        else:
            self.extend(out, inner)
            if out[-1] in BIG_OPERATORS:
                self.limits = "\\nolimits"

    def extend(self, out: list, inner: list) -> None:
        """Appends a list to another; scripts without nucleus attach to what stands before, as TeX would draw."""
        if len(inner) > 2 and inner[0] == "{" and inner[1] == "}" and self.can_attach(out):
            out.extend(inner[2:])
        else:
            out.extend(inner)

    def can_attach(self, out: list) -> bool:
        """Whether a script drawn right behind the list looks like a script of its last atom."""
        if not out:
            return False
        last = out[-1]
        if last == "}":
            return out[group_start(out) - 1] in _ALPHABETS
        return last.__class__ is tuple or last in _ATTACHES

    def empty_nucleus(self, out: list) -> None:
        """Before a script with nothing to stand on: writes ``{ }`` unless it may attach to the last atom."""
        if not self.can_attach(out):
            out.append("{")
            out.append("}")

    def space(self, out: list, token: str) -> None:
        """Something without ink."""
        if self.tokens[self.i] in SCRIPTS:
            self.empty_nucleus(out)
        elif self.font == "\\mathrm" and out:
            out.append(("\\mathrm", "~"))

    def scripts(self, out: list, token: str) -> None:
        """All scripts of the last atom: primes merged into the superscript, subscript first."""
        if token == "'" and self.in_sup and (not out or out[-1] == "\\prime"):
            out.append("\\prime")
            return
        if not out or out[-1] in OPENING:
            out.extend("{}")
        elif ends_in_script(out):
            raise self.error("double script")
        limits, self.limits = self.limits, None
        sub: list | None = None
        sup: list | None = None
        primes = 0
        while True:
            if token == "_" or token == "\\sb":
                if sub is not None:
                    raise self.error("double subscript")
                sub = self.argument(SCRIPT)
            elif token == "^" or token == "\\sp":
                if sup is not None:
                    raise self.error("double superscript")
                sup = self.superscript()
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
        kept = self.style, self.plain, self.in_sup, self.limits
        self.style = self.plain = SCRIPT
        self.in_sup, self.limits = True, None
        out: list = []
        self.read_argument(out)
        self.style, self.plain, self.in_sup, self.limits = kept
        return out

    def write_scripts(self, out: list, sub: list | None, sup: list | None, limits: str | None) -> None:
        """Writes the scripts that have ink, and ``\\limits`` or ``\\nolimits`` where the operator needs it."""
        if not sub and not sup:
            self.moved = True
            return
        last = out[-1]
        if last.__class__ is str and last in BIG_OPERATORS:
            if self.above(limits) != (self.plain == DISPLAY):
                out.append("\\nolimits" if self.plain == DISPLAY else "\\limits")
        elif limits == "\\limits" and (last in INTEGRALS or last[1:] in NAMED):
            out.append(limits)
        for mark, script in (("_", sub), ("^", sup)):
            if script:
                out.append(mark)
                out.append("{")
                out.extend(script)
                out.append("}")

    def above(self, limits: str | None) -> bool:
        """Whether a big operator's scripts are drawn above and below it in the source."""
        return limits == "\\limits" or (limits is None and self.style == DISPLAY)
