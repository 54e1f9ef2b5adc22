"""The part of the canonical LaTeX report about ink: shares, and every class of difference with examples."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from mathocr.data.latex.canonical import canonicalize
from mathocr.data.latex.inkcheck import DPI, PT, Pair, compare
from mathocr.data.latex.lexer import LatexError
from mathocr.data.latex.pretty import pretty

_EXAMPLES = 4

CLASSES: tuple[tuple[str, str, str], ...] = (
    (
        r"\\(?:display|text|script|scriptscript)style",
        "style command",
        r"`\textstyle` and its kin change sizes, which the canonical form leaves out; where they move the scripts of "
        r"an operator, `\limits` or `\nolimits` keeps them there.",
    ),
    (
        r"\^\s*\{\s*'",
        "prime in braces",
        "`x^{'}` sets a prime above a prime's place, smaller; it means `x'` and reads as `x'`, so both get one form.",
    ),
    (
        r"\\not\s*\\in(?![a-zA-Z])",
        "slash through an element sign",
        r"`\not\in` and `\notin` place the same slash half a point apart.",
    ),
    (
        r"\{\s*\}\s*[_^]",
        "script on an empty group",
        "`x{}_1` sets the script at the height for nothing, `x_1` for an `x` that reaches higher or lower.",
    ),
    (
        r"\\(?:textit|mathit|emph|textsl|it|sl|em)(?![a-zA-Z])",
        "italic words",
        "Text and math put the same italic letters at slightly different distances.",
    ),
    (
        r"\\(?:coloneqq|coloneq|eqqcolon|Coloneqq|dblcolon|vcentcolon)",
        "centred colon",
        r"`\coloneqq` lifts its colon by half a point beside `:=`.",
    ),
    (
        r"\\(?:boldsymbol|bm|pmb)(?![a-zA-Z])",
        "bold symbols",
        r"`\boldsymbol{x}\boldsymbol{y}` draws two boxes, the canonical `\boldsymbol{xy}` one: kerns and the height of "
        "scripts differ by less than a point.",
    ),
    (
        r"(?:_|\^)\s*\{\s*\}",
        "empty scripts",
        r"`\sum_{}^{}` leaves room for scripts that have no ink; rows below it move.",
    ),
    (
        r"\\(?:text|mbox|hbox|textrm|textup|textnormal|textbf|textsf|texttt)(?![a-zA-Z])",
        "text",
        "Text inside formulas: kerns and ligatures between words and math, and the size of boxes in scripts.",
    ),
    (
        r"\}\s*[_^']",
        "script on a group",
        "`{f(x)}^2` sets the script at the height for the whole group, `f(x)^2` for its last symbol: the same place "
        "but for a point or two (groups with something tall keep their braces).",
    ),
    (
        r"\\(?:kern|hskip|mskip|mkern|raise|raisebox|llap|rlap|lefteqn|hss|hfill|smash|color|textcolor)(?![a-zA-Z])",
        "moved by hand",
        "Primitives that move or colour ink; the canonical form keeps the ink and leaves its move out.",
    ),
)
"""Pattern in the source, name and reason of each class of difference; the first that fits is taken."""


def ink_section(formulas: Sequence[str]) -> list[str]:
    """Typesets formulas and their canonical forms, and says in Markdown how they compare.

    Args:
        formulas: LaTeX as written; those that can't be read (the report counts them elsewhere) or have no
            ink are left out.

    Raises:
        TexMissing: If no TeX is installed.
    """
    sources, printed = [], []
    for tex in formulas:
        try:
            tokens = canonicalize(tex).tokens
        except LatexError:
            continue
        if not tokens:
            continue
        sources.append(" ".join(tex.split("\n")))
        printed.append(pretty(tokens))
    pairs = compare(sources, printed)
    usual = compare(sources, printed, neutral=False)
    drawn = [pair for pair in pairs if pair.verdict != "source"]
    count = {
        verdict: sum(pair.verdict == verdict for pair in pairs)
        for verdict in ("same", "moved", "different", "canonical")
    }
    same_usual = sum(pair.verdict == "same" for pair in usual)
    alike = count["same"] + count["moved"]
    lines = [
        "## Ink",
        "",
        f"{len(formulas):,} random formulas, source and canonical form typeset at {PT:g} pt and drawn at {DPI} dpi, "
        "with TeX leaving out on both sides what the canonical form leaves out on purpose (spaces, sizes of delimiters "
        "and fractions, alignment of columns, gaps between rows; the module `inkcheck` says how).",
        "",
        "| outcome | formulas |",
        "|---|---|",
        f"| drawn from their source | {len(drawn):,} of {len(formulas):,} |",
        f"| same ink, pixel for pixel | {_share(count['same'], len(drawn))} |",
        f"| same pieces of ink, one or more within a quarter em of its place | {_share(count['moved'], len(drawn))} |",
        f"| **both together** | **{_share(alike, len(drawn))}** |",
        f"| different ink | {_share(count['different'], len(drawn))} |",
        f"| TeX takes the source but not the canonical form | {_share(count['canonical'], len(drawn))} |",
        "",
        f"For comparison, with TeX's usual spaces, sizes and alignment on both sides {_share(same_usual, len(drawn))} "
        "have the same ink pixel for pixel.",
        "",
    ]
    return lines + _classes([pair for pair in drawn if pair.verdict in ("different", "canonical")], sources, printed)


def _share(count: int, total: int) -> str:
    return f"{count:,} ({count / max(total, 1):.2%})"


def classify(source: str) -> tuple[str, str]:
    """Name and reason of the class of difference that a source's commands point to."""
    for pattern, name, reason in CLASSES:
        if re.search(pattern, source):
            return name, reason
    return "other", "None of the known reasons."


def _classes(pairs: list[Pair], sources: list[str], printed: list[str]) -> list[str]:
    """Markdown about the pairs that differ, by class."""
    groups: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair.verdict == "canonical":
            groups["refused by TeX", "The canonical form does not typeset."].append(pair)
        else:
            groups[classify(sources[pair.index])].append(pair)
    lines = ["### Classes of difference", ""] if groups else []
    for (name, reason), members in sorted(groups.items(), key=lambda item: -len(item[1])):
        lines += [f"**{name}**: {len(members)}. {reason}", ""]
        for pair in members[:_EXAMPLES]:
            lines += [f"- `{_short(sources[pair.index])}`", f"  becomes `{_short(printed[pair.index])}`"]
            lines += [f"  ({pair.detail})"] if pair.verdict == "canonical" else []
        lines.append("")
    return lines


def _short(tex: str, limit: int = 200) -> str:
    """A formula for an example."""
    tex = tex.replace("`", "'")
    return tex if len(tex) <= limit else tex[:limit] + " ..."
