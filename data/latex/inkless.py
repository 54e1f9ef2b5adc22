"""Actions of what leaves no ink: spaces, styles, labels, lengths; and of the tag, which is no part of the formula."""

from __future__ import annotations

from mathocr.data.latex.lexer import LatexError
from mathocr.data.latex.parser import DISPLAY, SCRIPT, TEXT, Action, Parser
from mathocr.data.latex.symbols import commands

SPACES = (
    *("~", "\\,", "\\!", "\\:", "\\;", "\\>", "\\ "),
    *commands(
        "quad qquad thinspace medspace thickspace negthinspace negmedspace negthickspace enspace enskip space hfill "
        "hfil hfilneg hss vfill mathstrut strut null nobreakspace allowbreak nobreak break linebreak smallskip medskip "
        "bigskip"
    ),
)
INKLESS = ("\\nonumber", "\\notag", "\\/", "\\-", "\\relax", "\\protect", "\\normalsize", "\\small", "\\footnotesize",
           "\\scriptsize", "\\tiny", "\\large", "\\Large", "\\LARGE", "\\huge", "\\Huge",
           "\\centering", "\\noindent", "\\unboldmath", "\\par", "\\bfseries", "\\rmfamily", "\\mdseries",
           "\\upshape", "\\itshape", "\\normalfont", "\\selectfont", "\\thicklines", "\\*")  # fmt: skip
DROPPED_WITH_ARGUMENT = ("\\phantom", "\\hphantom", "\\vphantom", "\\hspace", "\\vspace", "\\label", "\\mspace",
                         "\\color", "\\refstepcounter")  # fmt: skip
DIMENSIONS = ("\\kern", "\\mkern", "\\hskip", "\\mskip", "\\raise", "\\lower", "\\vskip", "\\moveleft", "\\moveright")
_UNITS = frozenset(("pt", "em", "ex", "mu", "cm", "mm", "in", "bp", "sp", "pc", "dd", "cc"))


def _nothing(p: Parser, out: list, token: str) -> None:
    """A command without ink that leaves the atom before it open for scripts."""


def _style(p: Parser, out: list, token: str) -> None:
    p.style = {"\\displaystyle": DISPLAY, "\\textstyle": TEXT}.get(token, SCRIPT)


def _drop(p: Parser, out: list, token: str) -> None:
    if p.tokens[p.i] == "*":
        p.i += 1
    if token == "\\color":
        p.optional()
    kept = len(p.unknown)
    if p.tokens[p.i] == "{":
        p.i = skip_group(p)
    else:
        p.argument()
    del p.unknown[kept:]
    p.space(out, token)


def skip_group(p: Parser) -> int:
    """Index behind the group that opens at the current token."""
    depth, i = 0, p.i
    while p.tokens[i]:
        depth += (p.tokens[i] == "{") - (p.tokens[i] == "}")
        i += 1
        if not depth:
            return i
    raise LatexError("'{' without '}'", p.starts[p.i])


def _dimension(p: Parser, out: list, token: str) -> None:
    tokens, i = p.tokens, p.i
    if tokens[i] in ("=", "+", "-"):
        i += 1
    while tokens[i] and tokens[i] in "+-0123456789.":
        i += 1
    if tokens[i] + tokens[i + 1] in _UNITS:
        i += 2
    elif tokens[i].startswith("\\"):
        i += 1
    else:
        raise p.error(f"'{token}' without a length")
    p.i = i
    if token not in ("\\raise", "\\lower"):
        p.space(out, token)


def _tag(p: Parser, out: list, token: str) -> None:
    if p.tokens[p.i] == "*":
        p.i += 1
    if p.tokens[p.i] == "{":
        start, end = p.ends[p.i], p.starts[skip_group(p) - 1]
        p.i = skip_group(p)
    else:
        start = p.starts[p.i]
        while p.has_argument():
            p.i = skip_group(p) if p.tokens[p.i] == "{" else p.i + 1
        end = p.starts[p.i]
    tag = p.tex[start:end].replace("$", "").strip()
    p.tag = tag[1:-1].strip() if token != "\\tag" and tag[:1] + tag[-1:] == "()" else tag


def _raisebox(p: Parser, out: list, token: str) -> None:
    if token == "\\raisebox":
        p.i = skip_group(p)
    while p.optional() is not None:
        pass
    p.actions["\\text"](p, out, "\\text")


def actions() -> dict[str, Action]:
    """The table of these commands."""
    table: dict[str, Action] = dict.fromkeys(SPACES, Parser.space)
    table.update(dict.fromkeys(INKLESS, _nothing))
    table.update(dict.fromkeys(DROPPED_WITH_ARGUMENT, _drop))
    table.update(dict.fromkeys(DIMENSIONS, _dimension))
    table.update(dict.fromkeys(("\\displaystyle", "\\textstyle", "\\scriptstyle", "\\scriptscriptstyle"), _style))
    table.update(dict.fromkeys(("\\tag", "\\eqno", "\\leqno"), _tag))
    table.update(dict.fromkeys(("\\raisebox", "\\makebox"), _raisebox))
    return table
