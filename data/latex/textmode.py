"""Reads text inside formulas (``\\text{...}`` and its kin), with math between dollars."""

from __future__ import annotations

from mathocr.data.latex.fonts import styled, upright
from mathocr.data.latex.parser import SCRIPTS, TEXT, Action, Parser
from mathocr.data.latex.symbols import ALPHABET, DIGITS, commands

TEXT_COMMANDS: dict[str, str | None] = {
    "\\text": None, "\\mbox": None, "\\textrm": None, "\\hbox": None, "\\textnormal": None, "\\textup": None,
    "\\textmd": None, "\\intertext": None, "\\shortintertext": None, "\\llap": None, "\\rlap": None, "\\vbox": None,
    "\\textbf": "\\mathbf", "\\textit": "\\mathit", "\\texttt": "\\mathtt", "\\textsf": "\\mathsf",
    "\\emph": "\\mathit", "\\textsl": "\\mathit", "\\textsc": "\\textsc",
}  # fmt: skip
PHRASES = {"\\mathbf": "\\textbf", "\\mathit": "\\textit", "\\mathtt": "\\texttt", "\\mathsf": "\\textsf",
           "\\textsc": "\\textsc", None: "\\text"}  # fmt: skip
"""Command that holds a phrase (more than one word) in each font."""

TEXT_ACCENTS = frozenset("\\" + c for c in "'`\"^~=.cvuHdbkrt")
_SPACES = frozenset(("~", "\\ ", "\\,", "\\;", "\\:", "\\>", *commands("quad qquad space enspace thinspace")))
_SYMBOLS = frozenset(
    commands(
        "& % $ # _ { } ss ae oe o O l L aa AA AE OE i j S P dag ddag ldots dots textquoteright textquoteleft copyright"
    )
)
_SWITCHES = {"\\bf": "\\mathbf", "\\it": "\\mathit", "\\tt": "\\mathtt", "\\sf": "\\mathsf", "\\rm": None,
             "\\em": "\\mathit", "\\sl": "\\mathit", "\\sc": "\\textsc", "\\bfseries": "\\mathbf",
             "\\itshape": "\\mathit", "\\ttfamily": "\\mathtt", "\\sffamily": "\\mathsf"}  # fmt: skip


_LETTERS = ("\\l", "\\L", "\\o", "\\O", "\\ae", "\\AE", "\\oe", "\\OE", "\\aa", "\\AA", "\\ss")
_PLAIN = frozenset("()[],.;:!?=+/|")
"""Characters that text and math draw alike."""


def _is_word(token: str) -> bool:
    """Whether a token is a command of letters, which swallows the space behind it."""
    return token[0] == "\\" and token[1:].isalpha()


def _spaced(p: Parser) -> bool:
    """Whether the group at the current token is written as tokens joined by spaces."""
    i, depth = p.i, 0
    if p.starts[i] == p.ends[i - 1]:
        return False
    while True:
        depth += (p.tokens[i] == "{") - (p.tokens[i] == "}")
        if not depth:
            return True
        if p.ends[i] == p.starts[i + 1] or not p.tokens[i]:
            return False
        i += 1


def _text(p: Parser, out: list, token: str) -> None:
    font = TEXT_COMMANDS[token]
    if p.tokens[p.i] == "to" or p.tokens[p.i] not in ("{", "", "}"):
        if p.tokens[p.i] in p.actions and p.tokens[p.i][0] == "\\":
            p.read_argument(out)
            return
        if not p.has_argument() or p.tokens[p.i] in SCRIPTS:
            raise p.error(f"'{token}' without an argument")
        p.i += 1
        out.extend(_run([p.tokens[p.i - 1]], font, p))
        return
    if p.tokens[p.i] != "{":
        raise p.error(f"'{token}' without an argument")
    spaced = _spaced(p)
    p.i += 1
    read_text(p, out, font, spaced)


def read_text(p: Parser, out: list, font: str | None, spaced: bool) -> None:
    """Reads text up to its closing brace, the opening one being read, into words, phrases and math."""
    run: list[str] = []
    start, bold = p.i, False
    outer: list[str | None] = []  # fonts to come back to at the end of each group
    while True:
        i = p.i
        token = p.tokens[i]
        if not spaced and p.starts[i] > p.ends[i - 1] and not _is_word(p.tokens[i - 1]):
            run.append("~")
        p.i += 1
        if token == "}":
            if not outer:
                break
            if font != outer[-1]:
                out.extend(_run(run, font, p))
                run = []
            font = outer.pop()
            continue
        if not token:
            p.i = start
            raise p.error("text without '}'")
        if token in _SPACES or p.actions.get(token) is Parser.space:
            run.append("~")
        elif token == "$" or token == "\\(":
            out.extend(_run(run, font, p))
            run = []
            _math(p, out, bold)
        elif token == "{":
            outer.append(font)
        elif token in TEXT_COMMANDS:
            out.extend(_run(run, font, p))
            run = []
            inner = TEXT_COMMANDS[token]
            if p.tokens[p.i] == "{":
                p.i += 1
                read_text(p, out, inner or font, spaced)
        elif token in _SWITCHES:
            out.extend(_run(run, font, p))
            run = []
            font = _SWITCHES[token]
        elif token == "\\boldmath":
            bold = True
        elif token in ("^", "&", "\\\\"):
            raise p.error(f"'{token}' in text")
        elif token in TEXT_ACCENTS:
            run.extend((token, *_accented(p)))
        elif len(token) == 1 or token in _SYMBOLS:
            run.append("\\_" if token == "_" else token)
        elif token in p.actions:
            out.extend(_run(run, font, p))
            run = []
            p.i -= 1
            p.read_argument(out)
        else:
            p.read_unknown(run, token)
    out.extend(_run(run, font, p))


def _accented(p: Parser) -> list[str]:
    """The braced letter under a text accent."""
    if p.tokens[p.i] == "{":
        p.i += 1
        letters = ["{"]
        while p.tokens[p.i] not in ("}", ""):
            letters.append(p.tokens[p.i])
            p.i += 1
        p.i += 1
        return [*letters, "}"]
    if p.tokens[p.i] in ("}", ""):
        return ["{", "}"]
    p.i += 1
    return ["{", p.tokens[p.i - 1], "}"]


def _math(p: Parser, out: list, bold: bool) -> None:
    """Math between dollars inside text."""
    kept = p.font, p.style
    p.font, p.style = ("\\boldsymbol" if bold else None), min(p.style, TEXT)
    inner: list = []
    stop = p.read_list(inner)
    if stop not in ("$", "\\)"):
        raise p.error("'$' without '$'")
    p.i += 1
    p.font, p.style = kept
    p.extend(out, inner)


def _run(run: list[str], font: str | None, p: Parser) -> list:
    """Canonical tokens of a stretch of text: a word as in math, or a phrase with ``~`` between its words."""
    tokens: list[str] = []
    for token in run:
        if token != "~" or (tokens and tokens[-1] != "~"):
            tokens.append(token)
    if tokens and tokens[-1] == "~":
        tokens.pop()
    if not tokens:
        return []
    if all(token in ALPHABET for token in tokens):
        if p.font == "\\boldsymbol" and font is None:
            font = "\\mathbf"
        if font is None:
            return upright("".join(tokens))
        if font != "\\textsc":
            return [styled(font, token) for token in tokens]
    elif font is None and (all(token in DIGITS for token in tokens) or (len(tokens) == 1 and tokens[0] in _PLAIN)):
        return tokens
    return [PHRASES[font], "{", *tokens, "}"]


def _letter(p: Parser, out: list, token: str) -> None:
    """A letter of text that math has no name for."""
    out.extend(("\\text", "{", token, "}"))


def actions() -> dict[str, Action]:
    """The table of the text commands."""
    letters = dict.fromkeys(_LETTERS, _letter)
    return {**letters, **dict.fromkeys(TEXT_COMMANDS, _text)}
