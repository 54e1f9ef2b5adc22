"""Actions of the commands: fractions, accents, alphabets, delimiters, operators, and what has no ink."""

from __future__ import annotations

from mathocr.data.latex.fonts import MATH_FONTS, SWITCHES, combined, styled, words
from mathocr.data.latex.lexer import LatexError
from mathocr.data.latex.parser import DISPLAY, SCRIPT, SCRIPTS, TEXT, Action, Parser
from mathocr.data.latex.shapes import group_end

FRACTIONS = {name: "\\frac" for name in ("\\frac", "\\dfrac", "\\tfrac", "\\cfrac")}
FRACTIONS.update({name: "\\binom" for name in ("\\binom", "\\dbinom", "\\tbinom")})

ACCENTS: dict[str, str] = {
    "\\" + name: "\\" + name
    for name in (
        "hat widehat tilde widetilde bar overline underline vec dot ddot dddot ddddot acute grave check breve mathring "
        "overrightarrow overleftarrow overleftrightarrow underrightarrow underleftarrow underleftrightarrow widecheck "
        "boxed cancel bcancel xcancel"
    ).split()
}
ACCENTS.update({"\\fbox": "\\boxed", "\\framebox": "\\boxed", "\\Hat": "\\hat", "\\Tilde": "\\tilde", "\\Bar": "\\bar",
                "\\Vec": "\\vec", "\\Dot": "\\dot", "\\Ddot": "\\ddot", "\\widebar": "\\overline"})  # fmt: skip
"""Commands with one argument that keep it braced, and their canonical names."""

BRACES = ("\\underbrace", "\\overbrace", "\\overbracket", "\\underbracket")
STACKED = {"\\overset": "\\overset", "\\underset": "\\underset", "\\stackrel": "\\overset", "\\stackbin": "\\overset"}
ARROWS = tuple(
    "\\x" + name
    for name in (
        "rightarrow leftarrow leftrightarrow mapsto Rightarrow Leftarrow Leftrightarrow hookrightarrow hookleftarrow "
        "rightharpoonup rightharpoondown leftharpoonup leftharpoondown rightleftharpoons leftrightharpoons longequal"
    ).split()
)
UNWRAPPED = ("\\mathord", "\\mathrel", "\\mathbin", "\\mathopen", "\\mathclose", "\\mathpunct", "\\mathinner",
             "\\ensuremath", "\\smash", "\\lefteqn", "\\mathclap", "\\mathllap", "\\mathrlap", "\\vcenter")  # fmt: skip
SPACES = ("\\,", "\\!", "\\:", "\\;", "\\>", "\\ ", "~", "\\quad", "\\qquad", "\\thinspace", "\\medspace", "\\thickspace",
          "\\negthinspace", "\\negmedspace", "\\negthickspace", "\\enspace", "\\enskip", "\\space", "\\hfill", "\\hfil",
          "\\mathstrut", "\\strut", "\\allowbreak", "\\nobreak", "\\smallskip", "\\medskip", "\\bigskip", "\\hss",
          "\\null", "\\nobreakspace", "\\break", "\\linebreak", "\\hfilneg", "\\vfill")  # fmt: skip
INKLESS = ("\\nonumber", "\\notag", "\\/", "\\-", "\\relax", "\\protect", "\\normalsize", "\\small", "\\footnotesize",
           "\\scriptsize", "\\tiny", "\\large", "\\Large", "\\LARGE", "\\huge", "\\Huge", 
           "\\centering", "\\noindent", "\\unboldmath", "\\par", "\\bfseries", "\\rmfamily", "\\mdseries",
           "\\upshape", "\\itshape", "\\normalfont", "\\selectfont", "\\thicklines", "\\*")  # fmt: skip
SIZES = tuple("\\" + size + side for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m"))
DROPPED_WITH_ARGUMENT = ("\\phantom", "\\hphantom", "\\vphantom", "\\hspace", "\\vspace", "\\label", "\\mspace",
                         "\\color", "\\refstepcounter")  # fmt: skip
DIMENSIONS = ("\\kern", "\\mkern", "\\hskip", "\\mskip", "\\raise", "\\lower", "\\vskip", "\\moveleft", "\\moveright")
_UNITS = frozenset(("pt", "em", "ex", "mu", "cm", "mm", "in", "bp", "sp", "pc", "dd", "cc"))


def _nothing(p: Parser, out: list, token: str) -> None:
    """A command without ink that leaves the atom before it open for scripts."""


def _fraction(p: Parser, out: list, token: str) -> None:
    if token == "\\cfrac":
        p.optional()
    style = _PART_STYLES.get(token[1])
    top, bottom = _part(p, style), _part(p, style)
    out.extend((FRACTIONS[token], "{", *top, "}", "{", *bottom, "}"))


_PART_STYLES = {"d": TEXT, "t": SCRIPT, "c": DISPLAY}


def _part(p: Parser, style: int | None) -> list:
    """One part of a fraction; `style` is the source's where it differs from what \\frac would give."""
    kept = p.style, p.plain
    style = p.smaller() if style is None else style
    p.plain = TEXT if p.plain == DISPLAY else SCRIPT
    p.style = style
    out = p.argument()
    p.style, p.plain = kept
    return out


def _infix(p: Parser, out: list, token: str) -> None:
    top = list(out)
    out.clear()
    words(top)
    bottom: list = []
    kept = p.style, p.plain
    p.style, p.plain = p.smaller(), TEXT if p.plain == DISPLAY else SCRIPT
    p.read_list(bottom)
    p.style, p.plain = kept
    p.moved = True
    words(bottom)
    if token in ("\\over", "\\choose"):
        name = "\\frac" if token == "\\over" else "\\binom"
        out.extend((name, "{", *top, "}", "{", *bottom, "}"))
    else:
        left, right = {"\\atop": ("", ""), "\\brack": ("[", "]"), "\\brace": ("\\{", "\\}")}[token]
        _stack(p, out, left, top, bottom, right)


def _stack(p: Parser, out: list, left: str, top: list, bottom: list, right: str) -> None:
    """One thing over another without a bar between them."""
    if left:
        out.append(left)
    if p.plain == SCRIPT:
        out.extend(("\\substack", "{", *top, "\\\\", *bottom, "}"))
    else:
        out.extend(("\\begin{atop}", *top, "\\\\", *bottom, "\\end{atop}"))
    if right:
        out.append(right)


def bracketed(content: list) -> list:
    """An optional argument, in braces too if it holds a bracket."""
    return ["[", "{", *content, "}", "]"] if "]" in content else ["[", *content, "]"]


def _sqrt(p: Parser, out: list, token: str) -> None:
    root = p.optional()
    out.append("\\sqrt")
    if root:
        out.extend(bracketed(root))
    out.extend(("{", *p.argument(), "}"))


def _root(p: Parser, out: list, token: str) -> None:
    root: list = []
    while p.tokens[p.i] not in ("\\of", "", "}"):
        root.extend(p.argument(SCRIPT))
    if p.tokens[p.i] != "\\of":
        raise p.error("'\\root' without '\\of'")
    p.i += 1
    out.extend(("\\sqrt", *bracketed(root), "{", *p.argument(), "}"))


def _accent(p: Parser, out: list, token: str) -> None:
    out.extend((ACCENTS[token], "{", *p.argument(), "}"))


def _brace(p: Parser, out: list, token: str) -> None:
    out.extend((token, "{", *p.argument(), "}"))


def _stacked(p: Parser, out: list, token: str) -> None:
    out.extend((STACKED[token], "{", *p.argument(SCRIPT), "}", "{", *p.argument(), "}"))


def _buildrel(p: Parser, out: list, token: str) -> None:
    top: list = []
    while p.tokens[p.i] not in ("\\over", "", "}"):
        top.extend(p.argument(SCRIPT))
    if p.tokens[p.i] != "\\over":
        raise p.error("'\\buildrel' without '\\over'")
    p.i += 1
    out.extend(("\\overset", "{", *top, "}", "{", *p.argument(), "}"))


def _arrow(p: Parser, out: list, token: str) -> None:
    below = p.optional()
    above = p.argument(SCRIPT)
    out.append(token)
    if below:
        out.extend(bracketed(below))
    out.extend(("{", *above, "}"))


def _alphabet(p: Parser, out: list, token: str) -> None:
    kept, p.font = p.font, combined(p.font, MATH_FONTS[token])
    inner = p.argument()
    p.font = kept
    if kept != "\\mathrm":
        words(inner)
    p.nucleus(out, inner)


def _switch(p: Parser, out: list, token: str) -> None:
    words(out)
    p.font = combined(None, SWITCHES[token])


def _boldmath(p: Parser, out: list, token: str) -> None:
    p.font = combined(p.font, "\\boldsymbol")


def _style(p: Parser, out: list, token: str) -> None:
    p.style = {"\\displaystyle": DISPLAY, "\\textstyle": TEXT}.get(token, SCRIPT)


def _unwrap(p: Parser, out: list, token: str) -> None:
    p.nucleus(out, p.argument())


def _operator(p: Parser, out: list, token: str) -> None:
    kept = p.font
    if token != "\\mathop":
        p.font = "\\mathrm"
    inner = p.argument()
    p.font = kept
    words(inner)
    limits = None
    while p.tokens[p.i] in _LIMITS:
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


_LIMITS = frozenset(("\\limits", "\\nolimits", "\\displaylimits"))


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


def _not(p: Parser, out: list, token: str) -> None:
    inner = p.argument()
    first = inner[0] if inner else ""
    if first == "=":
        out.append("\\neq")
    elif first == "\\in":
        out.append("\\notin")
    else:
        out.append("\\not")
        inner = inner or []
        out.extend(inner)
        return
    out.extend(inner[1:])


def _pmod(p: Parser, out: list, token: str) -> None:
    inner = p.argument()
    if token == "\\mod":
        out.extend(("\\bmod", *inner))
    elif token == "\\pod":
        out.extend(("(", *inner, ")"))
    else:
        out.extend(("(", "\\bmod", *inner, ")"))


def _tag(p: Parser, out: list, token: str) -> None:
    if p.tokens[p.i] == "*":
        p.i += 1
    if p.tokens[p.i] == "{":
        start, end = p.ends[p.i], p.starts[skip_group(p) - 1]
        p.i = skip_group(p)
    else:
        start = p.starts[p.i]
        while p.tokens[p.i] not in ("", "\\\\", "\\end"):
            p.i += 1
        end = p.starts[p.i]
    p.tag = p.tex[start:end].replace("$", "").strip()


def _genfrac(p: Parser, out: list, token: str) -> None:
    left, right = p.argument(), p.argument()
    start = p.i
    p.i = skip_group(p)
    bar = "".join(p.tokens[start + 1 : p.i - 1])
    p.i = skip_group(p)
    top, bottom = _part(p, None), _part(p, None)
    if bar and not bar.strip("0.ptemx"):
        _stack(p, out, "".join(left), top, bottom, "".join(right))
    else:
        out.extend((*left, "\\frac", "{", *top, "}", "{", *bottom, "}", *right))


def _sideset(p: Parser, out: list, token: str) -> None:
    out.extend(("\\sideset", "{", *p.argument(SCRIPT), "}", "{", *p.argument(SCRIPT), "}"))


def _textcolor(p: Parser, out: list, token: str) -> None:
    p.optional()
    p.i = skip_group(p)
    p.nucleus(out, p.argument())


def _raisebox(p: Parser, out: list, token: str) -> None:
    if token == "\\raisebox":
        p.i = skip_group(p)
    while p.optional() is not None:
        pass
    p.actions["\\text"](p, out, "\\text")


def actions() -> dict[str, Action]:
    """The table of these commands."""
    table: dict[str, Action] = {}
    groups: tuple[tuple[object, Action], ...] = (
        (FRACTIONS, _fraction), (("\\over", "\\choose", "\\atop", "\\brack", "\\brace"), _infix),
        (ACCENTS, _accent), (BRACES, _brace), (STACKED, _stacked), (ARROWS, _arrow), (MATH_FONTS, _alphabet),
        (SWITCHES, _switch), (("\\boldmath",), _boldmath), (UNWRAPPED, _unwrap),
        (("\\displaystyle", "\\textstyle", "\\scriptstyle", "\\scriptscriptstyle"), _style),
        (("\\operatorname", "\\operatorname*", "\\mathop", "\\operatornamewithlimits"), _operator),
        (("\\limits", "\\nolimits"), _limits), (("\\left",), _left), (SIZES, _size), (("\\middle",), _size),
        (SPACES, Parser.space), (INKLESS, _nothing), (DROPPED_WITH_ARGUMENT, _drop), (DIMENSIONS, _dimension),
        (("\\not",), _not), (("\\pmod", "\\mod", "\\pod"), _pmod), (("\\tag", "\\eqno", "\\leqno"), _tag),
        (("\\sqrt",), _sqrt), (("\\root",), _root), (("\\buildrel",), _buildrel), (("\\genfrac",), _genfrac),
        (("\\sideset",), _sideset), (("\\textcolor",), _textcolor), (("\\raisebox", "\\makebox"), _raisebox),
        (SCRIPTS, Parser.scripts), (("{",), Parser.group),
    )  # fmt: skip
    for names, action in groups:
        for name in names:  # type: ignore[attr-defined]
            table[name] = action
    return table

