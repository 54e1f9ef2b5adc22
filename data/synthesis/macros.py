"""Collect the simple macros of a LaTeX project (new commands, definitions, operators) and expand them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_DEFINITION = re.compile(
    r"\\(?:(?:re|provide)?newcommand|providecommand|DeclareRobustCommand)\*?\s*\{?\s*\\(?P<new>[A-Za-z]+)\s*\}?"
    r"\s*(?:\[(?P<count>\d)\])?\s*(?P<default>\[[^\]]*\])?\s*(?=\{)"
    r"|\\(?:def|gdef)\s*\\(?P<def>[A-Za-z]+)(?P<params>(?:#\d)*)\s*(?=\{)"
    r"|\\DeclareMathOperator(?P<star>\*?)\s*\{?\s*\\(?P<op>[A-Za-z]+)\s*\}?\s*(?=\{)"
)
_COMMAND = re.compile(r"\\([A-Za-z]+)[ \t]*|\\.", re.DOTALL)
_MAX_LENGTH, _MAX_EXPANSIONS = 20_000, 400

# Commands that the packages of a document give and the pages do not load, as plain LaTeX. A project's own win.
_COMMON = r"""
\newcommand{\dd}[1]{\mathrm{d}{#1}} \newcommand{\dv}[2]{\frac{\mathrm{d}{#1}}{\mathrm{d}{#2}}}
\newcommand{\pdv}[2]{\frac{\partial{#1}}{\partial{#2}}} \newcommand{\fdv}[2]{\frac{\delta{#1}}{\delta{#2}}}
\newcommand{\abs}[1]{\left|#1\right|} \newcommand{\norm}[1]{\left\|#1\right\|} \newcommand{\vb}[1]{\mathbf{#1}}
\newcommand{\ket}[1]{\left|#1\right\rangle} \newcommand{\bra}[1]{\left\langle#1\right|}
\newcommand{\braket}[2]{\left\langle#1\middle|#2\right\rangle} \newcommand{\ev}[1]{\left\langle#1\right\rangle}
\newcommand{\grad}{\nabla} \newcommand{\curl}{\nabla\times} \newcommand{\SI}[2]{#1\,\mathrm{#2}}
\newcommand{\num}[1]{#1} \newcommand{\eps}{\epsilon} \newcommand{\mathds}[1]{\mathbb{#1}}
"""


def braced(text: str, position: int) -> tuple[str, int] | None:
    """The group that starts at ``position`` (after blanks), without braces, and the place after it; None if none."""
    while position < len(text) and text[position].isspace():
        position += 1
    if position >= len(text) or text[position] != "{":
        return None
    depth, place = 0, position
    while place < len(text):
        char = text[place]
        if char == "\\":
            place += 2
            continue
        depth += (char == "{") - (char == "}")
        place += 1
        if depth == 0:
            return text[position + 1 : place - 1], place
    return None


@dataclass
class Macros:
    """Definitions by name: number of arguments and body. ``broken`` holds names whose definition is not simple."""

    known: dict[str, tuple[int, str]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    @classmethod
    def common(cls) -> Macros:
        """The commands of widely used packages that have a plain equivalent."""
        macros = cls()
        macros.collect(_COMMON)
        return macros

    def collect(self, text: str) -> None:
        """Add the definitions in ``text`` (comments already removed or harmless)."""
        for match in _DEFINITION.finditer(text):
            name = match["new"] or match["def"] or match["op"]
            body = braced(text, match.end())
            if body is None:
                continue
            content = body[0].strip()
            if match["op"]:
                self.known[name] = (0, rf"\operatorname{match['star']}{{{content}}}")
            elif match["default"] or "\\def" in content or "@" in content or "##" in content:
                self.broken.add(name)
                self.known.pop(name, None)
            else:
                count = int(match["count"] or 0) if match["new"] else len(match["params"]) // 2
                self.known[name] = (count, content)

    def expand(self, text: str) -> str | None:
        """``text`` with every known macro replaced, again and again; None where that does not end or cannot be done."""
        position, expansions = 0, 0
        while match := _COMMAND.search(text, position):
            name = match[1]
            if name in self.broken:
                return None
            if name is None or name not in self.known:
                position = match.end()
                continue
            count, body = self.known[name]
            end = match.end()
            arguments = []
            for _ in range(count):
                argument = _argument(text, end)
                if argument is None:
                    return None
                arguments.append(argument[0])
                end = argument[1]
            for number, value in enumerate(arguments, 1):
                body = body.replace(f"#{number}", value)
            if count == 0 and text[end : end + 1].isalpha() and re.search(r"\\[A-Za-z]+$", body):
                body += " "
            text = text[: match.start()] + body + text[end:]
            position = match.start()
            expansions += 1
            if expansions > _MAX_EXPANSIONS or len(text) > _MAX_LENGTH or f"\\{name}" == body.strip():
                return None
        return text


def _argument(text: str, position: int) -> tuple[str, int] | None:
    """One macro argument: a group, a command, or a single character."""
    group = braced(text, position)
    if group is not None:
        return group
    while position < len(text) and text[position].isspace():
        position += 1
    match = re.compile(r"\\[A-Za-z]+|\\.|[^{}$&#\\]", re.DOTALL).match(text, position)
    return (match[0], match.end()) if match else None
