"""Actions of operators and delimiters: where scripts stand, which sizes are dropped, negation."""

from __future__ import annotations

from mathocr.data.latex.fonts import styled, words
from mathocr.data.latex.parser import DISPLAY, LIMITS, SCRIPTS, Action, Parser
from mathocr.data.latex.shapes import group_end
from mathocr.data.latex.symbols import CENTRED_DOTS_BEFORE, NEGATED

SIZES = tuple("\\" + size + side for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m"))


def _operator(p: Parser, out: list, token: str) -> None:
    kept = p.font
    if token != "\\mathop":
        p.font = "\\mathrm"
    inner = p.argument()
    p.font = kept
    words(inner)
    limits = None
    while p.tokens[p.i] in LIMITS:
        limits = p.tokens[p.i]
        p.i += 1
    scripted = p.tokens[p.i] in SCRIPTS
    above = scripted and (
        limits == "\\limits" or (limits != "\\nolimits" and token != "\\operatorname" and p.style == DISPLAY)
    )
    if len(inner) == 1:
        out.extend(inner)
        if scripted:
            p.limits = "\\limits" if above else "\\nolimits"
        return
    if not above:
        p.nucleus(out, inner)
        return
    if inner and inner[0] in ("\\operatorname", "\\mathrm") and group_end(inner, 1) == len(inner):
        out.extend(("\\operatorname*", *inner[1:]))
    else:
        out.extend(("\\mathop", "{", *inner, "}"))
    if p.plain != DISPLAY:
        out.append("\\limits")


def _limits(p: Parser, out: list, token: str) -> None:
    if p.tokens[p.i] in SCRIPTS:
        p.limits = token


def delimiter(p: Parser) -> str | None:
    """The delimiter that comes next; None for the empty one."""
    token = p.tokens[p.i]
    if token == "":
        raise p.error("a delimiter is missing")
    p.i += 1
    if token == ".":
        return None
    if token in ("<", ">"):
        return "\\langle" if token == "<" else "\\rangle"
    if token == "{" and p.tokens[p.i + 1] == "}":
        p.i += 2
        token = p.tokens[p.i - 2]
        if token == ".":
            return None
    action = p.actions.get(token)
    if action.__class__ is not str:
        raise p.error(f"{token!r} is no delimiter")
    return action


def _left(p: Parser, out: list, token: str) -> None:
    start = p.i
    opening = delimiter(p)
    inner: list = []
    font, style = p.font, p.style
    if p.read_list(inner) != "\\right":
        p.i = start
        raise p.error("'\\left' without '\\right'")
    p.i += 1
    words(inner) if font != p.font else None
    p.font, p.style = font, style
    closing = delimiter(p)
    if opening is not None:
        out.append(opening)
    p.extend(out, inner)
    if closing is not None:
        out.append(closing)
    elif p.tokens[p.i] in SCRIPTS:
        p.space(out, token)


def _size(p: Parser, out: list, token: str) -> None:
    found = delimiter(p)
    if found is not None:
        out.append(found if p.font is None else styled(p.font, found))


def _not(p: Parser, out: list, token: str) -> None:
    inner: list = []
    while not inner and p.tokens[p.i] not in SCRIPTS and p.tokens[p.i] not in LIMITS and p.has_argument():
        inner = p.argument()
    if inner[:2] == ["{", "}"]:
        inner = inner[2:]
    negated = NEGATED.get(inner[0]) if inner else None
    if negated is not None:
        out.append(negated)
        out.extend(inner[1:])
    else:
        out.append("\\not")
        out.extend(inner)


def _pmod(p: Parser, out: list, token: str) -> None:
    inner = p.argument()
    if token == "\\mod":
        out.extend(("\\bmod", *inner))
    elif token == "\\pod":
        out.extend(("(", *inner, ")"))
    else:
        out.extend(("(", "\\bmod", *inner, ")"))


def _dots(p: Parser, out: list, token: str) -> None:
    """Dots whose height depends on what follows."""
    out.append("\\cdots" if p.tokens[p.i] in CENTRED_DOTS_BEFORE else "\\ldots")


def _degree(p: Parser, out: list, token: str) -> None:
    if not p.can_attach(out):
        out.extend("{}")
    out.extend(("^", "{", "\\circ", "}"))


def actions() -> dict[str, Action]:
    """The table of these commands."""
    table: dict[str, Action] = {"\\left": _left, "\\middle": _size, "\\not": _not, "\\dots": _dots, "\\degree": _degree}
    operators = ("\\operatorname", "\\operatorname*", "\\mathop", "\\operatornamewithlimits")
    table.update(dict.fromkeys(operators, _operator))
    table.update(dict.fromkeys(LIMITS, _limits))
    table.update(dict.fromkeys(SIZES, _size))
    table.update(dict.fromkeys(("\\pmod", "\\mod", "\\pod"), _pmod))
    return table
