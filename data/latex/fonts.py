"""Math alphabets: marks letters while reading, then groups the marked letters in one way."""

from __future__ import annotations

from mathocr.data.latex.symbols import ALPHABET, DIGITS, GREEK_UPPER, NAMED

MATH_FONTS: dict[str, str] = {
    "\\mathrm": "\\mathrm", "\\mathbf": "\\mathbf", "\\mathit": "\\mathit", "\\mathsf": "\\mathsf",
    "\\mathtt": "\\mathtt", "\\mathcal": "\\mathcal", "\\mathbb": "\\mathbb", "\\mathfrak": "\\mathfrak",
    "\\mathscr": "\\mathscr", "\\boldsymbol": "\\boldsymbol", "\\bm": "\\boldsymbol", "\\pmb": "\\boldsymbol",
    "\\Bbb": "\\mathbb", "\\frak": "\\mathfrak", "\\mathup": "\\mathrm", "\\mathnormal": "\\mathnormal",
    "\\mathds": "\\mathbb", "\\mathbbm": "\\mathbb", "\\mathbold": "\\boldsymbol",
}  # fmt: skip
"""Alphabet commands with an argument, and the name each gets."""

SWITCHES: dict[str, str] = {
    "\\rm": "\\mathrm", "\\bf": "\\mathbf", "\\it": "\\mathit", "\\sf": "\\mathsf", "\\tt": "\\mathtt",
    "\\cal": "\\mathcal", "\\mit": "\\mathnormal", "\\sl": "\\mathit", "\\em": "\\mathit",
}  # fmt: skip
"""Old switches that hold to the end of the group."""

_BOLD = {None: "\\boldsymbol", "\\mathrm": "\\mathbf", "\\mathbf": "\\mathbf", "\\mathnormal": "\\boldsymbol"}


def combined(outer: str | None, inner: str) -> str:
    """The alphabet in force inside `inner` inside `outer`: the inner wins, but bold symbols stay bold."""
    if inner == "\\boldsymbol":
        if outer is not None and outer.startswith("\\boldsymbol"):
            return outer
        return _BOLD.get(outer, "\\boldsymbol" + (outer or ""))
    if outer is not None and outer.startswith("\\boldsymbol"):
        return _BOLD.get(inner, "\\boldsymbol" + inner)
    return inner


def styled(font: str, token: str) -> str | tuple[str, str]:
    """A drawn token under an alphabet: a pair where the alphabet changes its ink, else the token."""
    if token in ALPHABET:
        return token if font == "\\mathnormal" else (font, token)
    if token in DIGITS or token in GREEK_UPPER:
        if font == "\\mathrm" or (font == "\\mathnormal" and token in DIGITS):
            return token
        if font == "\\boldsymbol":
            return ("\\mathbf", token)
        return (font, token)
    if font.startswith("\\boldsymbol"):
        return ("\\boldsymbol", token)
    return token


def upright(run: str) -> list[str]:
    """Tokens of an upright word; ``~`` between words makes it text."""
    if "~" in run:
        run = "~".join(filter(None, run.split("~")))
    if len(run) < 2:
        return ["\\mathrm", "{", run, "}"] if run else []
    if "~" in run:
        return ["\\text", "{", *run, "}"]
    if run in NAMED:
        return ["\\" + run]
    if run == "mod":
        return ["\\bmod"]
    return ["\\operatorname", "{", *run, "}"]


def words(out: list) -> None:
    """Replaces the runs of upright letters in a list by words, in place."""
    if not any(token.__class__ is tuple and token[0] == "\\mathrm" for token in out):
        return
    new: list = []
    run = ""
    for token in out:
        if token.__class__ is tuple and token[0] == "\\mathrm":
            run += token[1]
            continue
        if run:
            new.extend(upright(run))
            run = ""
        new.append(token)
    new.extend(upright(run))
    out[:] = new


def restyle(out: list) -> list[str]:
    """Groups neighbouring letters of one alphabet: ``\\mathbf { x y }``."""
    new: list[str] = []
    font = ""
    for token in out:
        if token.__class__ is tuple:
            if token[0] != font:
                if font:
                    new.extend("}" * font.count("\\"))
                font = token[0]
                for name in font.split("\\")[1:]:
                    new.append("\\" + name)
                    new.append("{")
            new.append(token[1])
            continue
        if font:
            new.extend("}" * font.count("\\"))
            font = ""
        new.append(token)
    if font:
        new.extend("}" * font.count("\\"))
    return new


def finish(out: list) -> list[str]:
    """Canonical tokens from a list that may hold font marks."""
    words(out)
    return restyle(out)
