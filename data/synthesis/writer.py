"""Write a LaTeX document line by line, formulas marked and numbered, so that a bad line can be taken out."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from mathocr.data.synthesis.grammar_textbook import Textbook
from mathocr.data.synthesis.languages import LANGUAGES, Language
from mathocr.data.synthesis.material import Material

_ALIGNED = re.compile(r"\\begin\{aligned\}(?P<body>.*)\\end\{aligned\}(?P<end>[.,;]?)", re.DOTALL)
_ROWS = re.compile(r"\\\\|(?<!\\)&")
_INNER = re.compile(r"\\begin\{([a-zA-Z*]+)\}.*?\\end\{\1\}", re.DOTALL)
_TAG = re.compile(r"\\tag\*?\s*\{[^{}]*\}")
# Lists of formulas name each one once, running text repeats its letters.
_LETTER_SHARE = 0.3
# How much of each kind is a guess at what worksheets and handouts hold.
_REPORT_SHARE = 0.1  # of the sentences with formulas, those with single letters left out
_SCHOOL_SHARE = 0.2  # formulas as ``Textbook`` makes them
_TALL_SHARE = 0.1  # fractions, sums and the like in a line of text, as high as in a display
_TALLEST, _SHORT = 60, 25  # characters: what fits a line of text beside words, and a cell of a table
_CONTRAST_SHARE = 0.25  # of the sentences with formulas
_PUNCTUATION = "，。、；：？！（）()「」『』《》“”．,.　"  # no space between these and a formula
_LETTERS = (
    *"abcdefghijklmnopqrstuvwxyzABCDEFGHKLMNPQRSTUVXYZxnkfxyt", r"\alpha", r"\beta", r"\lambda", r"\mu", r"\epsilon",
    r"\theta", r"\phi", r"\sigma", r"\pi", r"\omega", r"\rho", r"\Omega", r"\Gamma", r"\gamma", r"\delta", r"\psi",
)  # fmt: skip


@dataclass
class Writer:
    """Collects the lines of one document and the formulas in them.

    Attributes:
        rng: The document's own random source.
        material: What to write about.
        source: Source of prose and (mostly) formulas.
        language: Language of sentences of our own.
        gap: Space between a formula and text without spaces.
        sizes: Sizes of inline formulas where they are pasted, not typed; empty: the text's.
        numbered: Share of displays that get a number.
        math: Share of sentences with formulas.
        lines: ``(line, what replaces it when TeX refuses it)``.
        formulas: Number to ``(kind, LaTeX)``.
    """

    rng: random.Random
    material: Material
    source: str
    language: Language = LANGUAGES["english"]
    numbered: float = 0.4
    math: float = 0.6
    gap: str = ""
    sizes: tuple[str, ...] = ()
    lines: list[tuple[str, str]] = field(default_factory=list)
    formulas: dict[int, tuple[str, str]] = field(default_factory=dict)
    size: int = 0
    used: set[tuple[int, int]] = field(default_factory=set)

    def add(self, line: str, fallback: str = "") -> None:
        """Append one line of LaTeX."""
        line = " ".join(line.split("\n"))
        self.lines.append((line, fallback))
        self.size += len(line) + 40

    def chance(self, share: float) -> bool:
        """True in this share of cases."""
        return self.rng.random() < share

    def inline(self, tex: str) -> str:
        """A marked inline formula."""
        number = len(self.formulas) + 1
        self.formulas[number] = ("inline", tex)
        marked = rf"\MOi{{{number}}}{{{tex}}}"
        return rf"{{{self.rng.choice(self.sizes)}{marked}}}" if self.sizes else marked

    def text(self, parts: tuple[str, ...]) -> str:
        """Text and formulas in turn as LaTeX."""
        return "".join(self.inline(part) if place % 2 else part for place, part in enumerate(parts))

    def any_inline(self) -> str:
        """A marked inline formula of the document's source or, sometimes, of any other; often a single letter."""
        if self.chance(_LETTER_SHARE):
            return self.inline(self.rng.choice(_LETTERS))
        if self.chance(_SCHOOL_SHARE):
            return self.inline(Textbook(self.rng, self.rng.randint(3, 12)).inline())
        if self.chance(_TALL_SHARE) and (tall := self.tall()):
            return tall
        return self.inline(self.material.formula("inline", self.rng, self.source if self.chance(0.8) else None))

    def tall(self) -> str:
        """A marked inline formula as high as in a display, without punctuation at its end; empty if none is found."""
        for _ in range(8 if self.material.display else 0):
            tex = self.material.formula("display", self.rng, self.source).rstrip(" .,;")
            if len(tex) <= _TALLEST and not re.search(
                r"\\\\|(?<!\\)&|\\(?:begin|tag|[,;:!]?$|(?:left|right|[bB]igg?[lrm]?)$)", tex
            ):
                return self.inline(rf"\displaystyle {tex}")
        return ""

    def any_short(self) -> str:
        """A marked inline formula of at most 25 characters, or a fraction as high as in a display."""
        if self.chance(_SCHOOL_SHARE):
            tex = Textbook(self.rng, 2).inline()
        elif self.chance(_TALL_SHARE):
            above, below = self.rng.choice(_LETTERS), self.rng.choice((*_LETTERS, "2", "3", "4", "5"))
            tex = rf"{self.rng.choice(('', '', '-'))}\dfrac{{{above}}}{{{below}}}"
        else:
            tex = self.material.formula("inline", self.rng, self.source)
        usual = ("x", "n", r"\alpha", "a_i", "f(x)", "N")
        return self.inline(tex if len(tex) <= _SHORT else self.rng.choice(usual))

    def sentences(self, count: int, math: float | None = None, alike: float = 0.15) -> str:
        """Sentences of our own: with formulas, look-alikes of formulas, and plain ones."""
        math = self.math if math is None else math
        done = []
        for _ in range(count):
            draw = self.rng.random()
            if draw < math and self.language.contrasts and self.chance(_CONTRAST_SHARE):
                done.append(self.contrast())
            elif draw < math and self.chance(_REPORT_SHARE):
                done.append(self.report())
            elif draw < math:
                done.append(self._with_formulas(self.rng.choice(self.language.math)))
            elif draw < math + alike:
                done.append(self.look_alike())
            else:
                done.append(self.language.fill(self.rng.choice(self.language.plain), self.rng))
        return self.language.space.join(done)

    def _with_formulas(self, template: str) -> str:
        """A sentence with formulas in their places."""
        text = self.language.fill(template, self.rng)
        if not self.gap:
            return re.sub("@", lambda _: self.any_inline(), text)
        before = re.sub(f"(?<=[^{_PUNCTUATION}@])@", lambda _: rf"{self.gap}@", text)
        spaced = re.sub(f"@(?=[^{_PUNCTUATION}@])", lambda _: rf"@{self.gap}", before)
        return re.sub("@", lambda _: self.any_inline(), spaced)

    def contrast(self) -> str:
        """A sentence with single letters as formulas beside letters that are text."""
        text = self.language.fill(self.rng.choice(self.language.contrasts), self.rng)
        return re.sub("@", lambda _: self.inline(self.rng.choice(_LETTERS)), text)

    def report(self) -> str:
        """A plain sentence with values in brackets, each a formula."""
        text = self.language.fill(self.rng.choice(self.language.plain), self.rng)
        words = text.rstrip(".。")
        sign = self.rng.choice((", ", ", ", "; "))
        values = sign.join(self.inline(Textbook(self.rng, 3).value()) for _ in range(self.rng.randint(1, 4)))
        return f"{words}{self.language.space}({values}){text[len(words) :]}"

    def look_alike(self) -> str:
        """A sentence with prices, dates, units and the like."""
        return self.language.fill(self.rng.choice(self.language.look_alikes), self.rng)

    def lead(self) -> str:
        """Words that lead to a display."""
        return self.rng.choice(self.language.leads)

    def display(self, body: str, environment: str = "displaymath", lead: str = "") -> None:
        """Add a marked display, numbered or not; TeX leaves it out where it is too wide or too high.

        Several aligned rows become ``align``, or ``aligned`` in one numbered ``equation``.
        """
        aligned = _ALIGNED.fullmatch(body.strip())
        if aligned and _top_level_rows(aligned["body"]):
            body, environment = aligned["body"].strip() + aligned["end"], "align*"
        rows = _top_level_rows(body)
        body = _TAG.sub("", body) if rows else body
        explicit = bool(_TAG.search(body))
        bare = _TAG.sub("", body)
        number = len(self.formulas) + 1
        with_number = self.chance(self.numbered) or explicit
        if not rows:
            tex, test = bare, bare
            environment = "equation" if with_number else self.rng.choice(("equation*", "displaymath"))
        else:
            inner = "gathered" if environment.rstrip("*") in ("gather", "multline") else "aligned"
            tex = test = rf"\begin{{{inner}}}{bare}\end{{{inner}}}"
            outer = {"gather": "gather", "multline": "gather"}.get(environment.rstrip("*"), "align")
            if outer == "align" and environment.startswith("eqnarray"):
                tex = test = rf"\begin{{array}}{{rcl}}{bare}\end{{array}}"
                outer = "eqnarray"
            if self.chance(0.4) and with_number and outer != "eqnarray":
                environment, body = "equation", tex
            else:
                environment = outer + ("" if with_number else "*")
        if with_number and not explicit and not rows and self.chance(0.06):
            body += self.rng.choice((r"\tag{*}", r"\tag{A}", r"\tag{$\ast$}", r"\tag{I}", r"\tag{3.2a}", r"\tag{P}"))
        self.formulas[number] = ("display", tex)
        marked = rf"\begin{{{environment}}}\MOb{{{number}}}{body}\MOe{{{number}}}\end{{{environment}}}"
        share = 86 if with_number else 97
        size = self.rng.choice(self.sizes) if self.sizes else ""
        self.add(rf"{lead}{{{size}\MOd{{{share}}}{{{test}}}{{{marked}}}}}")

    def any_display(self) -> None:
        """A display of the document's source or, sometimes, of any other, with some words before it."""
        tex = self.material.formula("display", self.rng, self.source if self.chance(0.8) else None)
        self.display(tex, lead=self.lead() + " ")


def _top_level_rows(body: str) -> bool:
    """Whether the body has rows or columns of its own, outside of inner environments and braces."""
    previous = None
    while previous != body:
        previous, body = body, _INNER.sub("", body)
    depth = 0
    for match in re.finditer(r"\\\\|\\[{}]|[{}]|(?<!\\)&", body):
        depth += (match[0] == "{") - (match[0] == "}")
        if depth == 0 and match[0] in ("\\\\", "&"):
            return True
    return False
