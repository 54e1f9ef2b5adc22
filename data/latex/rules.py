"""Rules that look at neighbours, on the finished tokens: dots, matrices in delimiters."""

from __future__ import annotations

_MATRICES = {("(", ")"): "pmatrix", ("[", "]"): "bmatrix", ("\\{", "\\}"): "Bmatrix", ("|", "|"): "vmatrix",
             ("\\|", "\\|"): "Vmatrix"}  # fmt: skip
_STACKS = {"\\begin{atop}": "\\begin{matrix}", "\\end{atop}": "\\end{matrix}"}  # one thing over another, without a bar


def settle(tokens: list[str]) -> list[str]:
    """Applies all rules."""
    present = set(tokens)
    if "." in present or "\\cdot" in present:
        tokens = _dots(tokens)
    if "\\begin{matrix}" in present or "\\begin{atop}" in present:
        tokens = _delimited([_STACKS.get(token, token) for token in tokens])
    return tokens


def _dots(tokens: list[str]) -> list[str]:
    """Joins three periods or centred dots."""
    out: list[str] = []
    for token in tokens:
        out.append(token)
        if token == "." and out[-3:] == [".", ".", "."]:
            out[-3:] = ["\\ldots"]
        elif token == "\\cdot" and out[-3:] == ["\\cdot", "\\cdot", "\\cdot"]:
            out[-3:] = ["\\cdots"]
    return out


def _delimited(tokens: list[str]) -> list[str]:
    """Turns ``( matrix )`` into a pmatrix, and so on for the other delimiters."""
    out = list(tokens)
    opened: list[int] = []
    doomed: list[int] = []
    for i, token in enumerate(out):
        if token.startswith("\\begin{"):
            opened.append(i)
        elif token.startswith("\\end{"):
            start = opened.pop()
            if token == "\\end{matrix}" and start:
                name = _MATRICES.get((out[start - 1], out[i + 1] if i + 1 < len(out) else ""))
                if name is None and out[start - 1] == "\\{" and _is_cases(out, start, i):
                    out[start], out[i] = "\\begin{cases}", "\\end{cases}"
                    doomed.append(start - 1)
                elif name is not None and start - 1 not in doomed:
                    out[start], out[i] = f"\\begin{{{name}}}", f"\\end{{{name}}}"
                    doomed += [start - 1, i + 1]
    if doomed:
        gone = set(doomed)
        out = [token for i, token in enumerate(out) if i not in gone]
    return out


def _is_cases(tokens: list[str], start: int, end: int) -> bool:
    """Whether the matrix from `start` to `end`, behind a left brace, has two columns at most and no right brace."""
    depth = columns = 0
    for token in tokens[start + 1 : end]:
        depth += token.startswith("\\begin{") - token.startswith("\\end{")
        if not depth:
            columns = columns + 1 if token == "&" else 0 if token == "\\\\" else columns
            if columns > 1:
                return False
    depth = opened = 0
    for token in tokens[end + 1 :]:
        depth += (token == "{" or token.startswith("\\begin{")) - (token == "}" or token.startswith("\\end{"))
        if depth < 0 or (not depth and token in ("&", "\\\\")):
            break
        opened += (token == "\\{") - (token == "\\}")
        if opened < 0:
            return False
    return True
