"""Pairs the delimiters of a printed formula and lets those around tall content grow."""

from __future__ import annotations

from mathocr.data.latex.shapes import PAIRS

_DELIMITERS = frozenset((*PAIRS, *PAIRS.values()))


class Item:
    """A printed atom with its scripts.

    Attributes:
        text: LaTeX.
        kind: ``ord``, ``op``, ``bin``, ``rel``, ``open``, ``close``, ``punct``, ``env`` or ``not``.
        tall: Whether it stands out of a line of text.
        environment: The ``\\begin{...}`` it starts with, if it is an environment.
        scripted: Whether it has scripts.
        delimiter: The delimiter it is, if it is one.
    """

    __slots__ = ("delimiter", "environment", "kind", "scripted", "tall", "text")

    def __init__(self, text: str, kind: str, tall: bool, environment: str = "") -> None:
        self.text = text
        self.kind = kind
        self.tall = tall
        self.environment = environment
        self.scripted = False
        self.delimiter = text if text in _DELIMITERS else ""


_INTERVAL = {"(": "]", "[": ")"}
_BARS = ("|", "\\|")


def grow(items: list[Item]) -> list[Item]:
    """Puts ``\\left`` and ``\\right`` at pairs with something tall between them; changes the items in place.

    Args:
        items: The atoms of one list (a cell, a group, a formula).

    Returns:
        The same items, with empty delimiters added where only one side of something tall has one.
    """
    if len(items) < 2 or not any(item.tall for item in items):
        return items
    opened: list[int] = []
    single: list[int] = []
    for i, item in enumerate(items):
        head = item.delimiter
        if not head:
            continue
        if head in _BARS:
            _bar(items, opened, single, i, head)
        elif item.kind == "open":
            opened.append(i)
        else:
            at = next((j for j in reversed(opened) if PAIRS[items[j].delimiter] == head), None)
            if at is None and opened and _INTERVAL.get(items[opened[-1]].delimiter) == head:
                at = opened[-1]
            if at is None and head == "\\rangle":  # a ket
                at = next((j for j in reversed(opened) if items[j].delimiter in _BARS), None)
            if at is None:
                single.append(i)
                continue
            single += [j for j in opened if j > at]
            opened[:] = [j for j in opened if j < at]
            _stretch(items, at, i)
    return _close_singles(items, set(single + opened))


def _bar(items: list[Item], opened: list[int], single: list[int], i: int, head: str) -> None:
    """A vertical bar closes the bar last opened in the same delimiters, else it opens one or stands alone."""
    if opened and items[opened[-1]].delimiter == head and i > opened[-1] + 1:
        _stretch(items, opened.pop(), i)
    elif items[i].scripted:
        single.append(i)
    elif i == 0 or items[i - 1].kind in ("open", "bin", "rel", "punct", "op") or i + 1 < len(items):
        if opened and items[opened[-1]].delimiter in ("\\langle", "\\{"):
            return
        opened.append(i)


def _stretch(items: list[Item], first: int, last: int) -> None:
    """Lets a pair grow if something between is tall."""
    if any(item.tall for item in items[first + 1 : last]):
        items[first].text = "\\left" + items[first].text
        items[last].text = "\\right" + items[last].text
        items[first].kind, items[last].kind = "open", "close"
        items[last].tall = True


def _close_singles(items: list[Item], single: set[int]) -> list[Item]:
    """Gives a lone delimiter beside an environment, or a bar with limits behind something tall, an empty partner."""
    out: list[Item] = []
    after = -1
    for i, item in enumerate(items):
        lone_open = i in single and item.kind == "open" and not item.scripted
        if lone_open and i + 1 < len(items) and items[i + 1].environment:
            item.text = "\\left" + item.text
            after = i + 1
        elif i in single and i and items[i - 1].tall and i - 1 != after and (
            (item.kind == "close" and items[i - 1].environment) or (item.delimiter == "|" and item.scripted)
        ) and not items[i - 1].text.startswith("\\right"):  # fmt: skip
            out[-1].text = "\\left." + out[-1].text
            item.text = "\\right" + item.text
        out.append(item)
        if i == after:
            out.append(Item("\\right.", "close", False))
    return out
