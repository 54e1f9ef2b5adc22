"""The built-in grammar's whole formulas: statements, sets, maps, lists, matrices, cases, aligned rows."""

from __future__ import annotations

from mathocr.data.synthesis.grammar_terms import Terms

_MATRICES = ("pmatrix", "bmatrix", "vmatrix", "Bmatrix", "Vmatrix", "matrix")
_CONDITION_WORDS = (r"\text{if}\ ", r"\text{for all}\ ", r"\forall\,", r"\text{where}\ ", r"\text{for}\ ", "")
# Names in upright letters, where a detector that hardly saw them cuts a formula.
_LEADING = (
    *(r"\ln", r"\log", r"\sin", r"\cos", r"\tan") * 3, r"\exp", r"\det", r"\dim", r"\ker", r"\arcsin", r"\arctan",
    r"\sinh", r"\cosh", r"\cot", r"\max", r"\min", r"\sup", r"\inf", r"\lim", r"\gcd", r"\deg", r"\arg", r"\Pr",
    r"\mathbb{P}", r"\mathbb{E}", r"\operatorname{Var}", r"\operatorname{Cov}", r"\operatorname{tr}", r"\mathrm{d}",
    r"\operatorname{rank}", r"\operatorname{sgn}", r"\operatorname{Re}", r"\operatorname{span}", r"\mathrm{E}",
)  # fmt: skip
_REPORTED = (
    r"M_{age}", "SD", "R^2", r"\eta^2", "N", "n", "p", "d", "r", "OR", "T", "k", "Re", r"\alpha", r"\chi^2", "SE", "df",
)  # fmt: skip
_ARROWS = (r"\xrightarrow", r"\xleftarrow", r"\xhookrightarrow", r"\xmapsto")


class Blocks(Terms):
    """Generates one whole formula; see :class:`Terms` for the arguments."""

    def inline(self) -> str:
        """A formula in a line of text."""
        makers = (self.scripted, self.statement, self.listing, self.membership, self.mapping, self.applied, self.set_of)
        return self.rng.choices(makers, (28, 40, 6, 8, 5, 10, 3))[0]()

    def display(self) -> str:
        """A formula on lines of its own, with the punctuation of the sentence around it."""
        makers = (
            self.statement, self.aligned, self.cases, self.matrix_statement, self.set_of, self.mapping,
            self.conditioned, self.system, self.gathered, self.table, self.arrows,
        )  # fmt: skip
        formula = self.rng.choices(makers, (52, 13, 6, 9, 3, 3, 8, 2, 2, 1, 1))[0]()
        return formula + self.rng.choices(("", ".", ",", r" \,.", ";"), (60, 20, 14, 3, 3))[0]

    def listing(self) -> str:
        """Several letters or terms separated by commas."""
        base = self.letter()
        dots = self.rng.choice((r"\ldots", r"\dots", r"\cdots"))
        last = self.rng.choice("nmkN")
        if self.chance(0.6):
            items = f"{base}_{{1}}, {base}_{{2}}, {dots}, {base}_{{{last}}}"
        else:
            items = ", ".join(self.scripted() for _ in range(self.rng.randint(2, 4)))
        return self.fenced(items) if self.chance(0.4) else items

    def membership(self) -> str:
        """A letter in a set."""
        relation = self.symbol("relation", r"\in \in \in \notin \subset \subseteq \ni")
        return f"{self.scripted()} {relation} {self.pick(self.field.sets)}"

    def mapping(self) -> str:
        """A map between sets."""
        colon = self.rng.choice((":", r"\colon"))
        arrow = self.symbol("relation", r"\to \to \to \mapsto \hookrightarrow \longrightarrow \twoheadrightarrow")
        return f"{self.letter()} {colon} {self.pick(self.field.sets)} {arrow} {self.pick(self.field.sets)}"

    def led(self) -> str:
        """A formula that begins with a function's name in upright letters, and often has others."""
        parts = ["-" if self.chance(0.1) else self.number() if self.chance(0.1) else "", self._of_a_letter()]
        while self.left > 0 and self.chance(0.5):
            sign = ("relation", self.field.relations) if self.chance(0.4) else ("binary", self.field.operators)
            factor = self.scripted() if self.chance(0.5) else ""
            parts += [self.symbol(*sign), factor, self._of_a_letter() if self.chance(0.6) else self.term(2)]
            if self.chance(0.3):
                parts.append(self._of_a_letter())
        return " ".join(part for part in parts if part)

    def _of_a_letter(self) -> str:
        """A function of a letter, mostly without brackets."""
        makers = (self.scripted, self.bracketed, self.fraction, self.root, lambda: self.fenced(self.scripted(), 3))
        power = f"^{{{self.script()}}}" if self.chance(0.15) else f"_{{{self.script()}}}" if self.chance(0.2) else ""
        return f"{self.rng.choice(_LEADING)}{power} {self.rng.choices(makers, (45, 25, 6, 4, 6))[0]()}"

    def value(self) -> str:
        """A quantity and its value, as results are reported."""
        name = self.rng.choice(_REPORTED) if self.chance(0.6) else self.scripted()
        if self.chance(0.2):
            degrees = [str(self.rng.randint(1, 200)) for _ in range(self.rng.randint(1, 2))]
            name = f"{self.pick('t F z f P')}({', '.join(degrees)})"
        decimal = f"{self.rng.randint(0, 99)}.{self.rng.randint(0, 99)}"
        number = self.rng.choice((decimal, decimal, f".{self.rng.randint(0, 999):03d}", f"-{decimal}", self.number()))
        unit = rf"\,\mathrm{{{self.pick('kg m s N J Hz mm')}}}" if self.chance(0.15) else r"\%" * self.chance(0.05)
        relation = self.pick(r"= = = < > \approx \leq")
        return f"{name} {relation} {number}{unit}"

    def assignment(self) -> str:
        """A letter and what it becomes."""
        arrow = self.rng.choice((r"\leftarrow", r"\leftarrow", r"\gets", ":=", "="))
        return f"{self.scripted()} {arrow} {self.expression(2)}"

    def set_of(self) -> str:
        """A set given by a condition."""
        bar = self.rng.choice((r"\mid", ":", r"\,|\,", r"\colon"))
        inner = f"{self.membership()} {bar} {self.statement()}"
        return f"{self.letter()} = " * self.chance(0.4) + self.fenced(inner, 2)

    def conditioned(self) -> str:
        """A statement with the condition under which it holds."""
        space = self.rng.choice((r"\quad", r"\qquad", r"\;"))
        word = self.rng.choice(_CONDITION_WORDS)
        return f"{self.statement()}, {space} {word} {self.membership()}"

    def entry(self) -> str:
        """A matrix entry."""
        shape = self.rng.random()
        if shape < 0.3:
            return self.rng.choice("001")
        return self.number() if shape < 0.45 else self.scripted() if shape < 0.85 else self.expression(2)

    def matrix(self) -> str:
        """A matrix, with dots where it goes on."""
        name = self.rng.choices(_MATRICES, (45, 35, 10, 3, 2, 5))[0]
        rows, columns = self.rng.randint(1, 4), self.rng.randint(1, 4)
        if self.chance(0.2):
            a = self.rng.choice(self.letters)
            body = (
                f"{a}_{{11}} & \\cdots & {a}_{{1n}} \\\\ \\vdots & \\ddots & \\vdots \\\\ "
                f"{a}_{{m1}} & \\cdots & {a}_{{mn}}"
            )
        else:
            body = " \\\\ ".join(" & ".join(self.entry() for _ in range(columns)) for _ in range(max(rows, 2)))
        power = self.rng.choice(("", "", "", "^{T}", "^{-1}"))
        return f"\\begin{{{name}}} {body} \\end{{{name}}}{power}"

    def matrix_statement(self) -> str:
        """A statement with one to three matrices."""
        left = self.scripted() if self.chance(0.6) else self.matrix()
        return f"{left} = " + " ".join(self.matrix() for _ in range(self.rng.choice((1, 1, 1, 2))))

    def cases(self) -> str:
        """A definition by cases."""
        rows = []
        for _ in range(self.rng.randint(2, 4)):
            condition = self.rng.choice((r"\text{if}\ ", "", r"\text{for}\ ")) + self.short_statement()
            rows.append(f"{self.expression(2)} & {condition}")
        if self.chance(0.5):
            rows[-1] = f"{self.expression(1)} & \\text{{otherwise}}"
        return f"{self.applied()} = \\begin{{cases}} " + " \\\\ ".join(rows) + r" \end{cases}"

    def short_statement(self) -> str:
        """A comparison of two small things."""
        relation = self.symbol("relation", r"= < > \leq \geq \neq \in")
        return f"{self.scripted()} {relation} {self.number() if self.chance(0.5) else self.scripted()}"

    def aligned(self) -> str:
        """Rows of a calculation, aligned at their relations."""
        rows = [f"{self.expression(2)} &= {self.expression(3)}"]
        for _ in range(self.rng.randint(1, 4)):
            left = self.expression(2) + " " if self.chance(0.35) else ""
            joint = "&= " if self.chance(0.8) else f"&{self.symbol('relation', self.field.relations)} "
            if not left and self.chance(0.15):
                joint = f"&\\quad {self.rng.choice('+-')} "
            self.left += 3
            rows.append(left + joint + self.expression(3))
        return r"\begin{aligned} " + " \\\\ ".join(rows) + r" \end{aligned}"

    def gathered(self) -> str:
        """Rows set in the middle."""
        rows = []
        for _ in range(self.rng.randint(2, 3)):
            rows.append(self.statement())
            self.left += 4
        return r"\begin{gathered} " + " \\\\ ".join(rows) + r" \end{gathered}"

    def system(self) -> str:
        """Equations behind one brace."""
        rows = [f"{self.expression(2)} = {self.entry()}" for _ in range(self.rng.randint(2, 3))]
        return r"\left\{ \begin{array}{l} " + " \\\\ ".join(rows) + r" \end{array} \right."

    def table(self) -> str:
        """A small table with a rule."""
        columns = self.rng.randint(2, 4)
        rows = [" & ".join(self.entry() for _ in range(columns)) for _ in range(self.rng.randint(2, 4))]
        head = f"\\begin{{array}}{{c|{'c' * (columns - 1)}}} {rows[0]} \\\\ \\hline "
        return head + " \\\\ ".join(rows[1:]) + r" \end{array}"

    def arrows(self) -> str:
        """Objects with labelled arrows between them."""
        parts = [self.scripted()]
        for _ in range(self.rng.randint(1, 3)):
            parts += [f"{self.rng.choice(_ARROWS)}{{{self.script()}}}", self.scripted()]
        return " ".join(parts)
