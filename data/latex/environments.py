"""Actions of environments: rows and cells of aligned formulas, matrices, cases and ruled arrays."""

from __future__ import annotations

import re

from mathocr.data.latex.fonts import words
from mathocr.data.latex.lexer import LatexError
from mathocr.data.latex.parser import DISPLAY, SCRIPT, TEXT, Action, Parser

_KINDS = {
    "aligned": "aligned align align* split eqnarray eqnarray* multline multline* flalign flalign* alignat alignat* "
    "alignedat equation equation* displaymath math multlined darray",
    "gathered": "gathered gather gather*",
    "matrix": "matrix smallmatrix subarray tabular array",
    "pmatrix": "pmatrix psmallmatrix",
    "bmatrix": "bmatrix bsmallmatrix",
    "Bmatrix": "Bmatrix Bsmallmatrix",
    "vmatrix": "vmatrix vsmallmatrix",
    "Vmatrix": "Vmatrix Vsmallmatrix",
    "cases": "cases dcases cases* dcases*",
    "rcases": "rcases drcases",
}
ENVIRONMENTS: dict[str, str] = {old: new for new, names in _KINDS.items() for old in names.split()}
"""Environments and the one name each gets (ruled arrays stay ``array``)."""

_WITH_SPEC = frozenset(("array", "subarray", "tabular", "alignat", "alignat*", "alignedat", "darray"))
_DISPLAY = frozenset(("aligned", "gathered"))
_EQNARRAY = frozenset(("eqnarray", "eqnarray*"))
_LENGTH = re.compile(r"[-+]?[0-9.]*(?:pt|em|ex|mm|cm|in|mu|bp|sp|pc|\\[a-z]+(?:skip|width|sep|length))")
_RULES = frozenset(("\\hline", "\\cline"))


def begin(p: Parser, out: list, token: str) -> None:
    """An environment whose ``\\begin{...}`` has been read; one that no table has is reported and kept."""
    source = token[7:-1]
    start = p.i
    name = ENVIRONMENTS.get(source)
    if name is None:
        p.unknown.append(token)
        name = source
    if p.tokens[p.i] == "[" and p.tokens[p.i + 1] in "tbc" and p.ends[p.i + 1] == p.starts[p.i + 2]:
        p.optional()
    spec = _spec(p) if source in _WITH_SPEC else []
    kept = p.font, p.style, p.plain
    p.plain = DISPLAY if name in _DISPLAY else TEXT
    p.style = DISPLAY if source.startswith("d") else p.plain
    rows = read_rows(p)
    if p.tokens[p.i] != f"\\end{{{source}}}":
        p.i = start
        raise p.error(f"'{token}' without its '\\end'")
    p.i += 1
    p.font, p.style, p.plain = kept
    if source in _EQNARRAY:
        rows = [[row[0], [*row[1], *row[2]], *row[3:]] if len(row) > 2 else row for row in rows]
    ruled = "|" in spec or any(cell and cell[0] in _RULES for row in rows for cell in row)
    write(out, "array" if ruled and source in ("array", "tabular") else name, rows, spec, p)


def _spec(p: Parser) -> list[str]:
    """The column letters and rules of an array's argument."""
    if p.tokens[p.i] != "{":
        if not p.has_argument():
            raise LatexError("a column specification is missing", p.starts[p.i])
        p.i += 1
        return [p.tokens[p.i - 1]]
    letters: list[str] = []
    depth = 0
    while p.tokens[p.i]:
        token = p.tokens[p.i]
        p.i += 1
        depth += (token == "{") - (token == "}")
        if not depth:
            return letters
        if depth == 1 and token in ("l", "c", "r", "|"):
            letters.append(token)
    raise LatexError("a column specification is not closed", p.starts[p.i])


def read_rows(p: Parser) -> list[list[list]]:
    """Rows of cells up to the token that ends the environment (unread)."""
    rows: list[list[list]] = [[]]
    while True:
        cell: list = []
        font, style = p.font, p.style
        stop = p.read_list(cell)
        words(cell)
        p.font, p.style = font, style
        rows[-1].append(cell)
        if stop == "&":
            p.i += 1
        elif stop in ("\\\\", "\\cr"):
            p.i += 1
            if p.tokens[p.i] == "*" and p.starts[p.i] == p.ends[p.i - 1]:
                p.i += 1
            if p.tokens[p.i] == "[" and _is_length(p):
                p.optional()
            rows.append([])
        else:
            break
    for row in rows:
        while row and not row[-1]:
            row.pop()
    while rows and not rows[-1]:
        rows.pop()
    while rows and not rows[0]:
        rows.pop(0)
    return rows


def _is_length(p: Parser) -> bool:
    """Whether the bracket that comes next holds a length, as behind a line break."""
    i = p.i + 1
    text = ""
    while p.tokens[i] not in ("]", "", "\\\\") and len(text) < 40:
        text += p.tokens[i]
        i += 1
    return p.tokens[i] == "]" and (not text or _LENGTH.fullmatch(text) is not None)


def write(out: list, name: str, rows: list[list[list]], spec: list[str], p: Parser) -> None:
    """Writes an environment; one row of an alignment, or one cell, needs none."""
    if not rows:
        return
    if len(rows) == 1 and (name in _DISPLAY or (name == "matrix" and len(rows[0]) == 1)):
        p.moved = True
        for cell in rows[0]:
            p.extend(out, cell)
        return
    if name in _DISPLAY and all(not row or not row[0] for row in rows) and any(rows):
        shift = min(_leading(row) for row in rows if row)
        rows = [row[shift - 1 :] for row in rows] if name == "aligned" else [row[shift:] for row in rows]
    if name == "gathered":
        rows = [[[token for cell in row for token in cell]] for row in rows]
    out.append(f"\\begin{{{name}}}")
    if name == "array":
        out.extend(("{", *spec, "}"))
    for i, row in enumerate(rows):
        if i:
            out.append("\\\\")
        for j, cell in enumerate(row):
            if j:
                out.append("&")
            out.extend(cell)
    out.append(f"\\end{{{name}}}")


def _leading(row: list[list]) -> int:
    """Number of empty cells before the first with ink."""
    return next((i for i, cell in enumerate(row) if cell), len(row))


def _substack(p: Parser, out: list, token: str) -> None:
    if p.tokens[p.i] != "{":
        out.extend(p.argument(SCRIPT))
        return
    p.i += 1
    kept = p.style, p.plain
    p.style = p.plain = SCRIPT
    rows = read_rows(p)
    p.style, p.plain = kept
    if p.tokens[p.i] != "}":
        raise p.error("'\\substack' without '}'")
    p.i += 1
    if len(rows) < 2:
        out.extend(token for row in rows for cell in row for token in cell)
        return
    out.extend(("\\substack", "{"))
    for i, row in enumerate(rows):
        if i:
            out.append("\\\\")
        out.extend(token for cell in row for token in cell)
    out.append("}")


def _plain_matrix(p: Parser, out: list, token: str) -> None:
    if p.tokens[p.i] != "{":
        raise p.error(f"'{token}' without '{{'")
    p.i += 1
    rows = read_rows(p)
    if p.tokens[p.i] != "}":
        raise p.error(f"'{token}' without '}}'")
    p.i += 1
    write(out, token[1:], rows, [], p)


def _hline(p: Parser, out: list, token: str) -> None:
    out.append(token)


def _cline(p: Parser, out: list, token: str) -> None:
    out.extend((token, "{", *p.argument(), "}"))


def actions() -> dict[str, Action]:
    """The table of the environments' commands."""
    table: dict[str, Action] = {"\\substack": _substack, "\\hline": _hline, "\\cline": _cline}
    for name in ("\\matrix", "\\pmatrix", "\\cases"):
        table[name] = _plain_matrix
    return table
