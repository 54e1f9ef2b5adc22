r"""Harvest prose with its formulas from LaTeX sources: blocks of paragraphs, displays, headings and list items."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path

from mathocr.data.synthesis.macros import Macros, braced


@dataclass(frozen=True)
class Block:
    """One piece of a document.

    Attributes:
        kind: ``para``, ``item``, ``head``, ``display``, ``open`` or ``close`` (a theorem-like environment).
        parts: Text and inline formulas in turn: even places are LaTeX text, odd places formulas without dollars.
            A ``display`` has its body, and the environment's name, as its two parts.
    """

    kind: str
    parts: tuple[str, ...]

    def length(self) -> int:
        """Characters of LaTeX."""
        return sum(map(len, self.parts))


_DISPLAYS = "equation|align|gather|multline|eqnarray|displaymath|flalign"
_THEOREMS = {
    "theorem", "lemma", "definition", "proposition", "corollary", "remark", "example", "exercise", "proof", "claim",
    "conjecture", "problem", "question", "thm", "lem", "defn", "prop", "cor", "rem", "exmp", "exercises", "note",
}  # fmt: skip
_SKIPPED = (
    "figure|table|tabular|verbatim|Verbatim|lstlisting|tikzpicture|asy|picture|minted|thebibliography|tikzcd|center"
    "|algorithm|comment|filecontents|pspicture|CD|longtable|longtabu|tabularx|axis|alltt"
)
_COMMENT = re.compile(r"(?<!\\)%.*")
_SKIP = re.compile(rf"\\begin\{{((?:{_SKIPPED})\*?)\}}.*?\\end\{{\1\}}", re.DOTALL)
_PIECES = re.compile(
    rf"\\begin\{{(?P<env>(?:{_DISPLAYS})\*?)\}}(?P<body>.*?)\\end\{{(?P=env)\}}"
    r"|\\\[(?P<square>.*?)\\\]|\$\$(?P<dollars>.*?)\$\$"
    r"|\\(?P<side>begin|end)\s*\{(?P<name>[A-Za-z*]+)\}(?:\s*\[[^\]\n]*\])?"
    r"|\\(?P<head>chapter|section|subsection|subsubsection|paragraph)\*?\s*\{(?P<title>[^{}\n]*)\}"
    r"|\\frametitle\s*\{(?P<frame>[^{}\n]*)\}"
    r"|(?P<item>\\item\b|\\ii\b)(?:\s*\[[^\]\n]*\])?|(?P<gap>\n[ \t]*\n|\\par\b|\\\\)",
    re.DOTALL,
)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=[A-Z\\$])")
_TOKEN = re.compile(
    r"\$(?P<dollar>(?:[^$\\]|\\.)+)\$|\\\((?P<paren>.+?)\\\)|\\(?P<word>[A-Za-z]+)\*?\s*|\\(?P<sign>[^A-Za-z])"
    r"|(?P<brace>[{}])|(?P<bad>[$#^_&])",
    re.DOTALL,
)
_KEEP_SIGNS = set("%&$#_{} ,-/'`\"^~.=")
_KEEP_WORDS = {
    "ldots", "dots", "LaTeX", "TeX", "S", "ss", "ae", "oe", "o", "O", "aa", "AA", "l", "L", "c", "v", "u", "H", "i",
    "j", "textendash", "textemdash", "textbackslash", "copyright", "quad", "em", "it", "bf", "itshape", "bfseries",
}  # fmt: skip
_FONT_WORDS = {"emph", "textit", "textbf", "texttt", "textsc", "textsf", "underline", "textsl", "textrm"}
_CITES = {"cite", "citep", "citet", "citealp", "autocite", "parencite", "citeauthor", "textcite"}
_REFS = {"ref", "autoref", "cref", "Cref", "pageref", "vref", "secref", "figref", "thref", "hyperref", "eqref"}
_DROPPED = {
    "label", "index", "footnote", "noindent", "smallskip", "medskip", "bigskip", "centering", "newpage", "clearpage",
    "hfill", "vfill", "qedhere", "protect", "xspace", "sindex", "glsadd", "marginpar", "vspace", "hspace", "nobreak",
    "small", "footnotesize", "normalsize", "large", "pause", "sloppy", "linebreak", "pagebreak", "lz", "framebreak",
    "leavevmode",
}  # fmt: skip
_WITH_ARGUMENT = {"label", "index", "footnote", "sindex", "glsadd", "marginpar", "vspace", "hspace"}
_FORBIDDEN = re.compile(
    r"\\(?:def|edef|gdef|let|input|include|write|immediate|csname|catcode|newcommand|renewcommand|verb|begingroup"
    r"|endgroup|footnote|includegraphics|hspace|vspace|rule|vcenter|halign|intertext|shortintertext|href|url|MO[a-z]+"
    r"|usepackage|special|pdf[a-z]+|color|textcolor|ref|cite|parbox|hline|tikz|xymatrix|loop|raisebox|vbox|hbox|par"
    r"|paragraph|section|item|hfil|hfill|hskip|vskip|kern|mkern|everymath|global|expandafter|setcounter|output|[a-z]*penalty|feynman[a-z]*|draw|node)(?![A-Za-z])|\n\s*\n"
)
_PLAIN_NUMBER = re.compile(r"\s*\d+(?:[.,]\d+)*\s*")
_FOREIGN = re.compile(r"[^\x00-\u017f\u2010-\u2026]")  # no Latin letter or usual sign: not in the fonts
MAX_INLINE, MAX_DISPLAY = 160, 600


def harvest(text: str, macros: Macros, rng: random.Random) -> list[Block]:
    """Blocks of one LaTeX file, in order; what is not understood is left out sentence by sentence.

    Args:
        text: The file.
        macros: Definitions of its project, expanded in text and formulas.
        rng: Chooses the numbers that references and citations show.
    """
    text = _COMMENT.sub("", text.replace("\r\n", "\n"))
    start = text.find(r"\begin{document}")
    text = _SKIP.sub("\n\n", text[start + 16 if start >= 0 else 0 :])
    blocks: list[Block] = []
    position, kind = 0, "para"
    for piece in _PIECES.finditer(text):
        _add_text(blocks, kind, text[position : piece.start()], macros, rng)
        position = piece.end()
        body = piece["body"] or piece["square"] or piece["dollars"]
        title = piece["title"] or piece["frame"]
        if body is not None:
            formula = clean_formula(body, macros, MAX_DISPLAY)
            if formula:
                blocks.append(Block("display", (formula, piece["env"] or "displaymath")))
        elif title:
            _add_text(blocks, "head", title, macros, rng)
        elif piece["side"] and piece["name"].rstrip("*") in _THEOREMS:
            blocks.append(Block("open" if piece["side"] == "begin" else "close", (piece["name"].rstrip("*"),)))
        kind = "item" if piece["item"] else "para"
    _add_text(blocks, kind, text[position:], macros, rng)
    return blocks


def _add_text(blocks: list[Block], kind: str, text: str, macros: Macros, rng: random.Random) -> None:
    """Append the understood sentences of ``text`` as one block."""
    if len(text) < 3 or not text.strip():
        return
    parts: list[str] = [""]
    for sentence in _SENTENCE.split(text.strip()):
        cleaned = clean_sentence(sentence, macros, rng)
        if cleaned:
            parts[-1] += (" " if parts[-1] or len(parts) > 1 else "") + cleaned[0]
            parts.extend(cleaned[1:])
    words = sum(len(part) for part in parts[::2])
    if words + 4 * (len(parts) // 2) >= (3 if kind == "head" else 12) and words < 4000:
        blocks.append(Block(kind, tuple(parts)))


def clean_sentence(sentence: str, macros: Macros, rng: random.Random) -> list[str] | None:
    """One sentence as text and formulas in turn, or None where something in it is not understood."""
    if len(sentence) > 2500 or _FOREIGN.search(sentence):
        return None
    expanded = macros.expand(sentence)
    if expanded is None:
        return None
    sentence = re.sub(r"\s+", " ", expanded)
    parts, position, depth = [""], 0, 0
    while match := _TOKEN.search(sentence, position):
        parts[-1] += sentence[position : match.start()]
        position = match.end()
        math = match["dollar"] or match["paren"]
        if math is not None:
            formula = clean_formula(math, macros, MAX_INLINE)
            if not formula:
                return None
            if _PLAIN_NUMBER.fullmatch(formula):
                parts[-1] += formula
            else:
                parts += [formula, ""]
        elif match["brace"]:
            depth += 1 if match["brace"] == "{" else -1
            if depth < 0:
                return None
            parts[-1] += match["brace"]
        elif match["sign"]:
            if match["sign"] not in _KEEP_SIGNS:
                return None
            parts[-1] += match[0]
        elif match["bad"]:
            return None
        else:
            text = _text_command(match["word"], match[0])
            if text is None:
                done = _argument_command(match["word"], sentence, position, rng)
                if done is None:
                    return None
                text, position = done
            parts[-1] += text
    parts[-1] += sentence[position:]
    if depth or any("[" in part and "]" not in part for part in parts[:1]):
        return None
    return parts


def _text_command(word: str, written: str) -> str | None:
    """What a text command without an argument of its own becomes; None for others."""
    if word in _KEEP_WORDS or word in _FONT_WORDS:
        return written
    if word in _DROPPED and word not in _WITH_ARGUMENT:
        return ""
    return None


def _argument_command(word: str, text: str, position: int, rng: random.Random) -> tuple[str, int] | None:
    """Replacement for a command with arguments, and where they end; None for an unknown command."""
    if word not in _CITES and word not in _REFS and word not in _WITH_ARGUMENT:
        return None
    while position < len(text) and text[position] == "[":
        end = text.find("]", position)
        if end < 0:
            return None
        position = end + 1
    argument = braced(text, position)
    if argument is None:
        return None
    _, position = argument
    if word in _CITES:
        return f"[{rng.randint(1, 60)}]", position
    if word in _REFS:
        number = rng.choice((f"{rng.randint(1, 9)}", f"{rng.randint(1, 9)}.{rng.randint(1, 20)}"))
        return f"({number})" if word == "eqref" else number, position
    return "", position


def clean_formula(body: str, macros: Macros, limit: int) -> str | None:
    """A formula in one line with macros expanded and labels dropped; None where it cannot be used."""
    expanded = macros.expand(body)
    if expanded is None:
        return None
    body = re.sub(r"\\label\s*\{[^{}]*\}|\\(?:nonumber|notag|qedhere|displaybreak)(?![A-Za-z])", "", expanded)
    body = re.sub(r"\\ensuremath(?![A-Za-z])", "", body)
    body = re.sub(r"\\(begin|end)\{split\}", r"\\\1{aligned}", body)
    body = re.sub(r"[ \t]*\n[ \t]*(?=\S)", " ", body).strip()
    body = re.sub(r"(?:\\\\\s*(?:\[[^\]]*\])?\s*)+$", "", body).strip()
    if not body or len(body) > limit or "#" in body or not body.isascii() or _FORBIDDEN.search(body):
        return None
    bare = body.replace(r"\\", "  ").replace(r"\{", "  ").replace(r"\}", "  ")
    depth = 0
    for char in bare:
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return None
    return None if depth else body


def read_source(path: Path) -> str:
    """A source file's text; bytes that are no UTF-8 are read as Latin-1."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
