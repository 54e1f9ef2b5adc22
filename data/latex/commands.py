"""Actions of the commands that build with arguments: fractions, roots, accents, stacks, alphabets."""

from __future__ import annotations

from mathocr.data.latex.fonts import MATH_FONTS, SWITCHES, combined, words
from mathocr.data.latex.inkless import skip_group
from mathocr.data.latex.parser import DISPLAY, SCRIPT, SCRIPTS, TEXT, Action, Parser
from mathocr.data.latex.symbols import commands

FRACTIONS = {name: "\\frac" for name in ("\\frac", "\\dfrac", "\\tfrac", "\\cfrac")}
FRACTIONS.update({name: "\\binom" for name in ("\\binom", "\\dbinom", "\\tbinom")})

ACCENTS: dict[str, str] = {
    name: name
    for name in commands(
        "hat widehat tilde widetilde bar overline underline vec dot ddot dddot ddddot acute grave check breve mathring "
        "overrightarrow overleftarrow overleftrightarrow underrightarrow underleftarrow underleftrightarrow widecheck "
        "boxed cancel bcancel xcancel"
    )
}
ACCENTS.update({"\\fbox": "\\boxed", "\\framebox": "\\boxed", "\\Hat": "\\hat", "\\Tilde": "\\tilde", "\\Bar": "\\bar",
                "\\Vec": "\\vec", "\\Dot": "\\dot", "\\Ddot": "\\ddot", "\\widebar": "\\overline"})  # fmt: skip
"""Commands with one argument that keep it braced, and their canonical names."""

BRACES = ("\\underbrace", "\\overbrace", "\\overbracket", "\\underbracket")
STACKED = {"\\overset": "\\overset", "\\underset": "\\underset", "\\stackrel": "\\overset", "\\stackbin": "\\overset"}
TWO_ARGUMENTS = frozenset((*FRACTIONS.values(), *STACKED.values(), "\\sideset"))
"""Canonical commands with two groups."""
ARROWS = commands(
    "xrightarrow xleftarrow xleftrightarrow xmapsto xRightarrow xLeftarrow xLeftrightarrow xhookrightarrow "
    "xhookleftarrow xrightharpoonup xrightharpoondown xleftharpoonup xleftharpoondown xrightleftharpoons "
    "xleftrightharpoons xlongequal"
)
UNWRAPPED = ("\\mathord", "\\mathrel", "\\mathbin", "\\mathopen", "\\mathclose", "\\mathpunct", "\\mathinner",
             "\\ensuremath", "\\smash", "\\lefteqn", "\\mathclap", "\\mathllap", "\\mathrlap", "\\vcenter")  # fmt: skip


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


def _unwrap(p: Parser, out: list, token: str) -> None:
    p.nucleus(out, p.argument())


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


def actions() -> dict[str, Action]:
    """The table of these commands."""
    table: dict[str, Action] = {}
    groups: tuple[tuple[object, Action], ...] = (
        (FRACTIONS, _fraction), (("\\over", "\\choose", "\\atop", "\\brack", "\\brace"), _infix),
        (ACCENTS, _accent), (BRACES, _brace), (STACKED, _stacked), (ARROWS, _arrow), (MATH_FONTS, _alphabet),
        (SWITCHES, _switch), (("\\boldmath",), _boldmath), (UNWRAPPED, _unwrap), (("\\sqrt",), _sqrt),
        (("\\root",), _root), (("\\buildrel",), _buildrel), (("\\genfrac",), _genfrac), (("\\sideset",), _sideset),
        (("\\textcolor",), _textcolor), (SCRIPTS, Parser.scripts), (("{",), Parser.group),
    )  # fmt: skip
    for names, action in groups:
        for name in names:  # type: ignore[attr-defined]
            table[name] = action
    return table
