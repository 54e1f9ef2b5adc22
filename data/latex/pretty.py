"""Prints canonical tokens as LaTeX for people: sensible spaces, delimiters that grow, ``x^2`` and ``x'``."""

from __future__ import annotations

from collections.abc import Sequence

from mathocr.data.latex.commands import TWO_ARGUMENTS
from mathocr.data.latex.delimiters import Item, grow
from mathocr.data.latex.shapes import TALL, closing
from mathocr.data.latex.symbols import (
    ALPHABET,
    BIG_OPERATORS,
    BINARY,
    CLOSING,
    DIGITS,
    INTEGRALS,
    NAMED,
    OPENING,
    RELATIONS,
    commands,
)
from mathocr.data.latex.textmode import PHRASES

_WORDS = frozenset(
    word[1:]
    for word in commands(
        "if and for or otherwise where when with then else on in is as at all any some such that to from by of the iff "
        "not we have const constant even odd since so there terms times let only"
    )
)
"""Upright words that read as text between formulas rather than as operators."""
_OPEN_AFTER = frozenset(("open", "bin", "rel", "punct", "start", "op"))


class _Unbalanced(ValueError):
    """Tokens that are no well-formed formula."""


def pretty(tokens: Sequence[str]) -> str:
    """User LaTeX of canonical tokens; tokenising it gives the tokens back.

    Args:
        tokens: Canonical tokens of one formula. Tokens that aren't well formed are printed one after the other.

    Returns:
        LaTeX without math delimiters around it.
    """
    printer = _Printer(list(tokens))
    try:
        items = printer.items(0)
        if printer.i < len(printer.tokens):
            raise _Unbalanced
    except (_Unbalanced, IndexError, RecursionError):
        return _plain(tokens)
    return join(items)


def _plain(tokens: Sequence[str]) -> str:
    """The tokens joined, with spaces only where TeX needs them."""
    return join([Item(token, "ord", False) for token in tokens])


def join(items: list[Item]) -> str:
    """The items' text with spaces around relations and binary operators, behind commas and where TeX needs them."""
    out: list[str] = []
    last, before = "start", ""
    for item in grow(items):
        kind, text = item.kind, item.text
        if kind == "bin" and last in _OPEN_AFTER:
            kind = "sign"
        spaced = kind in ("rel", "bin", "env") or last in ("rel", "bin", "punct", "env")
        if last == "start" or (kind in ("punct", "close") and last not in ("rel", "bin")):
            spaced = False
        if kind in ("op", "mod") and last in ("ord", "close", "op"):
            spaced = True
        if last == "op" and kind not in ("open", "punct", "close"):
            spaced = True
        if spaced or (text[:1] in ALPHABET and _ends_in_word(before)):
            out.append(" ")
        out.append(text)
        last, before = kind, text
    return "".join(out)


def _ends_in_word(text: str) -> bool:
    """Whether a letter right behind the text would become part of its last command."""
    end = len(text)
    while end and text[end - 1] in ALPHABET:
        end -= 1
    return 0 < end < len(text) and text[end - 1] == "\\" and (end < 2 or text[end - 2] != "\\")


class _Printer:
    """Walks over tokens and makes an item of each atom with its scripts."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.i = 0

    def peek(self) -> str:
        """The next token; empty at the end."""
        return self.tokens[self.i] if self.i < len(self.tokens) else ""

    def items(self, depth: int) -> list[Item]:
        """Items up to the token that ends the list; `depth` counts the scripts around it."""
        items: list[Item] = []
        while True:
            token = self.peek()
            if not token or token in ("}", "&", "\\\\") or token.startswith("\\end{"):
                return items
            self.i += 1
            item = self.atom(token, depth)
            self.scripts(item, depth)
            items.append(item)

    def group(self, depth: int) -> tuple[str, bool]:
        """Text between the braces that come next, and whether it is tall."""
        if self.peek() != "{":
            raise _Unbalanced
        self.i += 1
        items = self.items(depth)
        if self.peek() != "}":
            raise _Unbalanced
        self.i += 1
        return join(items), any(item.tall for item in items)

    def scripts(self, item: Item, depth: int) -> None:
        """Adds the scripts that come next to an item."""
        while self.peek() in ("\\limits", "\\nolimits"):
            item.text += self.peek()
            self.i += 1
        for mark in "_^":
            if self.peek() == mark:
                self.i += 1
                primes = 0
                quotes = mark == "^" and not item.text.endswith("\\prime")
                while quotes and self.tokens[self.i + 1 + primes : self.i + 2 + primes] == ["\\prime"]:
                    primes += 1
                if primes and self.tokens[self.i + 1 + primes : self.i + 2 + primes] in (["_"], ["^"]):
                    primes -= 1  # the last has scripts of its own
                if primes:
                    item.text += "'" * primes
                    self.tokens[self.i + primes] = "{"
                    self.i += primes
                text, tall = self.group(depth + 1)
                if text or not primes:
                    item.text += mark + (text if len(text) == 1 and text in _BARE else f"{{{text}}}")
                item.tall |= tall
                item.scripted = True

    def atom(self, token: str, depth: int) -> Item:
        """The item that starts with a token already read."""
        if token == "{":
            self.i -= 1
            text, tall = self.group(depth)
            return Item(f"{{{text}}}", "ord", tall)
        if token.startswith("\\begin{"):
            return self.environment(token, depth)
        if token in PHRASES.values():
            return self.text(token)
        if token == "\\substack":
            self.i += 1
            rows = self.rows(depth)
            self.i += 1
            return Item(f"\\substack{{{rows}}}", "ord", True)
        if token in ("\\operatorname", "\\operatorname*"):
            return self.word(token, depth)
        if token == "\\bmod" and depth:
            return Item("\\mathrm{mod}", "ord", False)
        if token == "(" and self.peek() == "\\bmod" and (end := closing(self.tokens, self.i)):
            return self.modulus(end, depth)
        if token == "\\not":
            return Item("\\not", "not", False)
        if self.peek() == "[" and (token == "\\sqrt" or token.startswith("\\x")):
            return self.with_option(token, depth)
        if self.peek() == "{" and token[0] == "\\" and len(token) > 2:
            return self.command(token, depth)
        return Item(token, _kind(token), token in TALL or (token in BIG_OPERATORS and token[1:] not in NAMED))

    def command(self, token: str, depth: int) -> Item:
        """A command with its braced arguments."""
        text, tall = token, token in TALL
        deeper = depth + (token.startswith("\\x"))
        for _ in range(2 if token in TWO_ARGUMENTS else 1):
            argument, high = self.group(deeper)
            text += f"{{{argument}}}"
            tall |= high
        kind = "rel" if token.startswith("\\x") else "op" if token == "\\mathop" else "ord"
        return Item(text, kind, tall)

    def with_option(self, token: str, depth: int) -> Item:
        """A command with an optional argument in brackets."""
        self.i += 1
        start = self.i
        level = 0
        while level or self.tokens[self.i] != "]":
            level += (self.tokens[self.i] == "{") - (self.tokens[self.i] == "}")
            self.i += 1
        inner = _Printer(self.tokens[start : self.i])
        option = join(inner.items(depth + 1))
        self.i += 1
        argument, tall = self.group(depth)
        return Item(f"{token}[{option}]{{{argument}}}", "rel" if token.startswith("\\x") else "ord", tall)

    def word(self, token: str, depth: int) -> Item:
        """An upright word: an operator, or text where it reads as such."""
        letters, _ = self.group(depth)
        if token == "\\operatorname" and letters.isalpha():
            if depth:
                return Item(f"\\mathrm{{{letters}}}", "ord", False)
            if letters in _WORDS and self.peek() not in ("_", "^"):
                return Item(f"\\text{{ {letters} }}", "ord", False)
        return Item(f"{token}{{{letters}}}", "op", False)

    def modulus(self, end: int, depth: int) -> Item:
        """``\\pmod`` for a parenthesis that starts with ``mod`` and closes at `end`."""
        inner = _Printer(self.tokens[self.i + 1 : end])
        items = inner.items(depth)
        if inner.peek():
            raise _Unbalanced
        self.i = end + 1
        return Item(f"\\pmod{{{join(items)}}}", "mod", False)

    def text(self, token: str) -> Item:
        """A phrase in text mode."""
        if self.peek() != "{":
            raise _Unbalanced
        self.i += 1
        level, text = 1, ""
        while True:
            part = self.tokens[self.i]
            self.i += 1
            level += (part == "{") - (part == "}")
            if not level:
                break
            if part == "~":
                text += "{} " if _ends_in_word(text) else " "
            else:
                text += ("{}" if part[:1] in ALPHABET and _ends_in_word(text) else "") + part
        pad = " " if " " in text else ""
        return Item(f"{token}{{{pad}{text}{pad}}}", "ord", False)

    def rows(self, depth: int) -> str:
        """Rows of cells up to the token that ends the environment."""
        text = ""
        fresh = True
        while True:
            cell = join(self.items(depth))
            if fresh and cell[:1] in ("[", "*"):
                cell = "{}" + cell
            text += cell
            token = self.peek()
            if token not in ("&", "\\\\"):
                return text
            self.i += 1
            fresh = token == "\\\\"
            text += (" " if text and text[-1] != " " else "") + token + " "

    def environment(self, token: str, depth: int) -> Item:
        """An environment with its rows."""
        spec = ""
        if token == "\\begin{array}" and self.peek() == "{":
            end = self.tokens.index("}", self.i)
            spec = "".join(self.tokens[self.i : end + 1])
            self.i = end + 1
        rows = self.rows(depth)
        closing = self.peek()
        if closing != "\\end{" + token[7:]:
            raise _Unbalanced
        self.i += 1
        return Item(f"{token}{spec} {rows} {closing}", "env" if "aligned" in token else "ord", True, token)


def _kind(token: str) -> str:
    """The class of a symbol, as far as spaces and delimiters need it."""
    if token in OPENING:
        return "open"
    if token in CLOSING:
        return "close"
    if token in RELATIONS:
        return "rel"
    if token in BINARY:
        return "bin"
    if token in (",", ";"):
        return "punct"
    return "op" if token in BIG_OPERATORS or token in INTEGRALS or token[1:] in NAMED else "ord"


_BARE = ALPHABET | DIGITS | {"*", "+", "-"}
