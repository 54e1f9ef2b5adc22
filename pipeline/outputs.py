"""Page results as text, JSON, LaTeX, Markdown, HTML, MathML or Typst.

Each format is a head, a part a page, and a foot, so that pages can be written as they come. JSON is one document a
page and a document a line (JSON Lines), so that a stream of pages needs no closing bracket.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from importlib import import_module

import numpy as np

from mathocr.data.contracts import Formula, PageResult
from mathocr.data.latex.symbols import SYMBOL_PACKAGES


@dataclass(frozen=True)
class Format:
    """How results are written.

    Attributes:
        ending: File ending with the dot.
        page: ``(result, image, name, several)`` to text; ``name`` is what the page is called (``scan.pdf#3``),
            ``several`` is True where pages share one output, so that each must say which it is.
        head: Before the first page.
        foot: After the last page.
    """

    ending: str
    page: Callable[[PageResult, np.ndarray, str, bool], str]
    head: str = ""
    foot: str = ""


def get_format(name: str) -> Format:
    """The format of that name.

    Raises:
        ValueError: If there is none (the message says which there are).
        ModuleNotFoundError: If it needs an optional package that is not installed.
    """
    if name in _PACKAGES:
        import_module(_PACKAGES[name])  # told now, and not when pages have been read
    if name == "html":
        from mathocr.pipeline.html_page import FOOT, HEAD, html_page

        return Format(".html", lambda result, image, name, several: html_page(result, image, name), HEAD, FOOT)
    formats = {
        "text": Format(".txt", lambda result, image, name, several: text_page(result, name if several else None)),
        "json": Format(".json", lambda result, image, name, several: json_page(result)),
        "latex": Format(
            ".tex", lambda result, image, name, several: latex_page(result, name), _LATEX_HEAD, _LATEX_FOOT
        ),
        "markdown": Format(".md", lambda result, image, name, several: markdown_page(result, name)),
        "mathml": Format(".mml", lambda result, image, name, several: mathml_page(result, name if several else None)),
        "typst": Format(".typ", lambda result, image, name, several: typst_page(result, name)),
    }
    if name not in formats:
        raise ValueError(f"format must be {', '.join(FORMAT_NAMES)}, got {name!r}")
    return formats[name]


_PACKAGES = {"mathml": "latex2mathml", "typst": "tylax"}
FORMAT_NAMES = ("text", "json", "latex", "markdown", "html", "mathml", "typst")

# The commands defined here are in KaTeX, and in TeX only in packages that change other symbols too.
_LATEX_HEAD = rf"""\documentclass{{article}}
\usepackage[utf8]{{inputenc}}
{SYMBOL_PACKAGES}
\newcommand{{\oiint}}{{\mathop{{\iint\mkern-20mu\bigcirc}}\nolimits}}
\newcommand{{\widecheck}}[1]{{\check{{#1}}}}
\newcommand{{\xlongequal}}[2][]{{\underset{{#1}}{{\overset{{#2}}{{=\joinrel=}}}}}}
\makeatletter\def\UTFviii@undefined@err#1{{?}}\makeatother % letters of file names that pdfTeX has no font for
\begin{{document}}
"""
_LATEX_FOOT = "\\end{document}\n"
# Text of a file name that a format would take for its own.
_LATEX_ESCAPES = {c: f"\\{c}" for c in "#$%&_{}"} | {
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
}  # fmt: skip

_MARKDOWN_SPECIAL = frozenset("\\`*_{}[]<>|$&~")
_TYPST_SPECIAL = frozenset("\\#$%&_{}[]*`<>@~=+-/\"'")


def page_name(result: PageResult, count: int) -> str:
    """What a page of a file of ``count`` pages is called: the file's name, with ``#3`` where there are several."""
    return result.source if count == 1 else f"{result.source}#{result.page}"


def text_page(result: PageResult, name: str | None = None) -> str:
    """LaTeX, one formula a line; after the page's name and a tab where it is given, as ``grep`` does.

    A region in which nothing could be read gives no line, a formula broken over two lines gives one.
    """
    prefix = "" if name is None else f"{name}\t"
    return "".join(f"{prefix}{_one_line(formula.latex)}\n" for formula in wholes(result) if formula.latex.strip())


def wholes(result: PageResult) -> list[Formula]:
    """The formulas of a page, of broken ones the first part alone: it has the whole LaTeX."""
    return [formula for formula in result.formulas if formula.continues is None]


def json_page(result: PageResult) -> str:
    """One line of JSON after schema ``mathocr/1``."""
    return json.dumps(result.to_json(), ensure_ascii=False, allow_nan=False) + "\n"


def latex_page(result: PageResult, name: str) -> str:
    """The part of a LaTeX document for one page; LaTeX that is not valid becomes a comment."""
    title = "".join(_LATEX_ESCAPES.get(character, character) for character in name)
    return f"\n\\section*{{{title}}}\n\n" + "\n".join(map(_latex_formula, wholes(result)))


def markdown_page(result: PageResult, name: str) -> str:
    """A heading and the formulas as ``$..$`` and ``$$..$$``; LaTeX that is not valid as code."""
    return f"## {_escaped(name, _MARKDOWN_SPECIAL)}\n\n" + "".join(map(_markdown_formula, wholes(result)))


def mathml_page(result: PageResult, name: str | None = None) -> str:
    """One ``<math>`` element a line, as in ``text_page``; an ``<merror>`` with the LaTeX where there is no MathML."""
    from mathocr.pipeline.mathml import to_mathml

    prefix = "" if name is None else f"{name}\t"
    lines = ((to_mathml(f.latex, f.kind) or _merror(f.latex)) for f in wholes(result) if f.latex.strip())
    return "".join(f"{prefix}{_one_line(line)}\n" for line in lines)


def typst_page(result: PageResult, name: str) -> str:
    """A heading and the formulas as ``$x$`` and ``$ x $``; what cannot be written as Typst as LaTeX in raw text."""
    from mathocr.pipeline.typst import to_typst

    parts = [f"= {_escaped(name, _TYPST_SPECIAL)}\n\n"]
    for formula in wholes(result):
        written = to_typst(formula.latex) if formula.valid else None
        if written is None:
            text = json.dumps(_one_line(formula.latex), ensure_ascii=False)
            parts.append(f'#raw({text}, lang: "latex")\n\n')
        else:
            parts.append(f"${written}$\n\n" if formula.kind == "inline" else f"$ {written} $\n\n")
    return "".join(parts)


def _escaped(text: str, special: frozenset[str]) -> str:
    """With a backslash before what a format would take for its own."""
    return "".join(f"\\{c}" if c in special else c for c in text)


def _merror(latex: str) -> str:
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML"><merror><mtext>{escape(latex)}</mtext></merror></math>'


def _latex_formula(formula: Formula) -> str:
    latex = _one_line(formula.latex)
    if not formula.valid:
        return f"% not valid: {latex}\n"
    if formula.kind == "inline":
        return f"${latex}$\n"
    tag = f" {tag_command(formula.tag)}" if formula.tag else ""
    return f"\\begin{{equation*}}\n  {latex}{tag}\n\\end{{equation*}}\n"


def _markdown_formula(formula: Formula) -> str:
    latex = _one_line(formula.latex)
    if not formula.valid:
        return f"`{latex}` (not valid LaTeX)\n\n"
    if formula.kind == "inline":
        return f"${latex}$\n\n"
    tag = f" {tag_command(formula.tag)}" if formula.tag else ""
    return f"$$\n{latex}{tag}\n$$\n\n"


def tag_command(tag: str) -> str:
    r"""Command that prints an equation number such as ``(3.2)``: ``\tag{3.2}``, as LaTeX adds round brackets by itself.

    What is not one number in round brackets becomes ``\tag*{...}``, which is printed as it is.
    """
    inner = tag[1:-1] if tag[0] == "(" and tag.find(")") == len(tag) - 1 else None
    return f"\\tag*{{{tag}}}" if inner is None else f"\\tag{{{inner}}}"


def _one_line(latex: str) -> str:
    return " ".join(latex.split())
