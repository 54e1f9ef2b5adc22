"""The Markdown that reports are written in as HTML: headings, tables, lists, paragraphs, code, bold."""

from __future__ import annotations

import re
from html import escape

_CODE = re.compile(r"`([^`]*)`")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_CELLS = re.compile(r"(?<!\\)\|")
_HEADING = re.compile(r"(#{1,4}) (.*)")


def markdown_to_html(text: str) -> str:
    """Turn a report's Markdown into HTML.

    Args:
        text: As ``mathocr.pipeline.evaluation.markdown`` and ``mathocr.pipeline.latency.report`` write it.
    """
    parts: list[str] = []
    block: list[str] = []
    for line in [*text.splitlines(), ""]:
        if block and (not line or _kind(line) != _kind(block[0])):
            parts.append(_block(block))
            block = []
        if line:
            block.append(line)
    return "\n".join(parts)


def _kind(line: str) -> str:
    """What a line is part of."""
    return line[0] if line[0] in "|#" else "-" if line.startswith("- ") else "text"


def _block(lines: list[str]) -> str:
    """Lines of one kind."""
    kind = _kind(lines[0])
    if kind == "#":
        return "".join(_heading(line) for line in lines)
    if kind == "|":
        head, _, *rows = [_CELLS.split(line.strip()[1:-1]) for line in lines]
        top = "".join(f"<th>{_inline(text)}</th>" for text in head)
        body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
        return f"<div class=wide><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    if kind == "-":
        return f"<ul>{''.join(f'<li>{_inline(line[2:])}</li>' for line in lines)}</ul>"
    return f"<p>{_inline(' '.join(lines))}</p>"


def _heading(line: str) -> str:
    found = _HEADING.fullmatch(line)
    if found is None:
        return f"<p>{_inline(line)}</p>"
    level = len(found[1])
    return f"<h{level}>{_inline(found[2])}</h{level}>"


def _cell(text: str) -> str:
    """A cell; verdicts get a colour."""
    word = text.strip().replace("\\|", "|")
    mark = f' class="{word.replace(" ", "-")}"' if word in ("pass", "fail", "not measured") else ""
    return f"<td{mark}>{_inline(word)}</td>"


def _inline(text: str) -> str:
    return _BOLD.sub(r"<b>\1</b>", _CODE.sub(r"<code>\1</code>", escape(text.strip(), quote=False)))
