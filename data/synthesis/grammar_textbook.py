"""Formulas as lectures and handbooks have them, and research papers, which corpora are made of, hardly."""

from __future__ import annotations

from mathocr.data.synthesis.grammar_school import School, quantity_name

_ROWS_BELOW = ("=", "<", r"\leq", r"\neq", r"\mid", r"\in")
_REGIONS = ("_{D}", "_{S}", r"_{\Omega}", r"_{\partial S}", "_{C}", "_{V}", "_{R}")
_MANY = (r"\iint", r"\iint", r"\iiint", r"\oint", r"\int", r"\int\limits", r"\iint\limits")
_DIFFERENTIALS = (r"dx\,dy", r"dA", r"d\mathbf{S}", r"r\,dr\,d\theta", r"dV", r"dx\,dy\,dz", r"d\mathbf{r}")
_OPTIMA = (r"\arg\max", r"\arg\min", r"\max", r"\min", r"\operatorname*{arg\,max}", r"\operatorname*{arg\,min}")
_SETS = (r"\Theta", r"\mathbb{R}^{n}", "S", "X")
_LAWS = (r"\mathcal{N}", "N", r"\mathrm{Bin}", "U", r"\mathrm{Poisson}")
_SPREADS = (r"\sigma", "s")
_CONNECTIVES = (r"\land", r"\lor", r"\rightarrow", r"\Rightarrow", r"\Leftrightarrow", r"\implies", r"\iff")
_WIDE = (r"\widehat", r"\widetilde", r"\overline", r"\overline", r"\overrightarrow", r"\underline")


class Textbook(School):
    """Generates one formula of this kind; see :class:`Terms` for the arguments."""

    def inline(self) -> str:
        """A formula in a line of text; no name of a compound and no measure alone, which are text on pages."""
        makers = (self.geometry, self.reaction, self.sums, self.floors, self.led, self.value, self.logic,
                  self.roots, self.counting, self.sequence, self.transform, self.wide_accent, self.nuclide)  # fmt: skip
        return self.rng.choice(makers)()

    def display(self) -> str:
        """A formula on lines of its own."""
        makers = (
            self.labelled_brace, self.labelled_arrow, self.continued, self.nested, self.roots, self.many_integrals,
            self.two_bounds, self.chemistry, self.in_words, self.augmented, self.geometry, self.floors, self.counting,
            self.wide_accent, self.numbers, self.evaluated, self.boxed, self.inverse, self.optimum, self.columns,
            self.vector, self.transform, self.statistics, self.logic, self.sequence, self.led, self.determinant,
        )  # fmt: skip
        return self.rng.choice(makers)() + self.rng.choices(("", ".", ","), (70, 20, 10))[0]

    def labelled_brace(self) -> str:
        """An expression over or under a brace with words, numbers or letters."""
        name, sign = self.rng.choice(((r"\underbrace", "_"), (r"\underbrace", "_"), (r"\overbrace", "^")))
        words = rf"{self.rng.choice(('n', 'k', '2n', '10'))}\text{{ {self.rng.choice(('terms', 'times', 'factors'))}}}"
        label = self.rng.choice((words, quantity_name(self.rng), self.scripted(), f"= {self.number()}"))
        braced = f"{name}{{{self.sequence() if self.chance(0.4) else self.expression(2)}}}{sign}{{{label}}}"
        return f"{self.scripted()} = " * self.chance(0.4) + braced + f" + {self.term(2)}" * self.chance(0.3)

    def labelled_arrow(self) -> str:
        """A long arrow with something above and below."""
        arrow = self.rng.choice((r"\xrightarrow",) * 5 + (r"\xleftarrow", r"\xRightarrow"))
        below = self.rng.choice(
            (r"n \to \infty", self.scripted(), r"\Delta", f"{self.letter()} \\to 0", r"\text{heat}")
        )
        above = self.rng.choice((self.scripted(), self.short_statement(), r"\mathbb{P}", "d", r"\text{a.s.}", r"\sim"))
        return f"{self.scripted()} {arrow}[{below}]{{{above}}} {self.scripted()}"

    def continued(self) -> str:
        """A continued fraction, with letters or numbers."""
        numbers, name = self.chance(0.4), self.rng.choice((r"\cfrac", r"\cfrac", r"\frac"))
        a = self.rng.choice("abcx")
        depth = self.rng.randint(2, 4)
        made = r"\ddots" if self.chance(0.4) else (str(self.rng.randint(1, 9)) if numbers else f"{a}_{{{depth}}}")
        for place in reversed(range(depth)):
            head = str(self.rng.randint(1, 9)) if numbers else f"{a}_{{{place}}}"
            made = f"{head} + {name}{{{self.rng.choice(('1', '1', str(self.rng.randint(1, 9)), 'x'))}}}{{{made}}}"
        return f"{self.letter()} = {made}" if self.chance(0.5) else made

    def nested(self) -> str:
        """Fractions in fractions, and what they come to."""
        upper, lower = (rf"\frac{{{self.expression(1)}}}{{{self.expression(1)}}}" for _ in range(2))
        over = upper if self.chance(0.8) else f"{self.number()} + {upper}"
        under = lower if self.chance(0.7) else f"{self.number()} - {lower}"
        return rf"\frac{{{over}}}{{{under}}} = \frac{{{self.expression(1)}}}{{{self.expression(1)}}}"

    def many_integrals(self) -> str:
        """Integrals over areas, volumes and curves, bounds beside or below the sign."""
        signs = self.rng.choice(_MANY) + self.rng.choice(_REGIONS)
        if self.chance(0.5):
            lows, highs = (
                self.rng.sample(("0", "a", "-1", "c", "x"), 2),
                self.rng.sample(("1", "b", "x", "1-x", "d"), 2),
            )
            signs = " ".join(rf"\int_{{{low}}}^{{{high}}}" for low, high in zip(lows, highs, strict=True))
        return rf"{signs} {self.term(2)} \, {self.rng.choice(_DIFFERENTIALS)}"

    def two_bounds(self) -> str:
        """A sum or product with conditions in two lines under it."""
        first, second = (f"{self.rng.choice('ijkn')} {self.rng.choice(_ROWS_BELOW)} {self.script()}" for _ in range(2))
        sign = self.rng.choice((r"\sum", r"\sum", r"\prod", r"\bigcup", r"\max"))
        return rf"{sign}_{{\substack{{{first} \\ {second}}}}} {self.term(2)}"

    def augmented(self) -> str:
        """A matrix with a line before its last column."""
        rows, columns = self.rng.randint(2, 3), self.rng.randint(2, 3)
        body = r" \\ ".join(" & ".join(self.entry() for _ in range(columns + 1)) for _ in range(rows))
        left, right = self.rng.choice((("[", "]"), ("[", "]"), ("(", ")")))
        return rf"\left{left} \begin{{array}}{{{'c' * columns}|c}} {body} \end{{array}} \right{right}"

    def wide_accent(self) -> str:
        """An accent, bar or arrow over several letters."""
        name = self.rng.choice(_WIDE)
        first, second = self.letter(), self.letter()
        inner = self.rng.choice((first + second, f"{first} * {second}", f"{first} + {second}", f"{first}({second})"))
        return rf"{name}{{{inner}}} = {self.expression(2)}" if self.chance(0.6) else rf"{name}{{{inner}}}"

    def evaluated(self) -> str:
        """An expression at a place, or between two."""
        low, high = self.rng.choice(("0", "a", "1", r"-\pi")), self.rng.choice(("1", "b", r"\infty", r"\pi"))
        inner = self.rng.choice((self.derivative(), self.fraction(), self.expression(2)))
        if self.chance(0.5):
            return rf"\left. {inner} \right|_{{{self.letter()} = {self.number()}}}"
        left, right = self.rng.choice(((r"\left[", r"\right]"), (r"\left.", r"\right|")))
        return rf"{left} {inner} {right}_{{{low}}}^{{{high}}} = {self.number()}"

    def boxed(self) -> str:
        """A result in a frame."""
        return rf"\boxed{{{self.scripted()} = {self.expression(2)}}}"

    def optimum(self) -> str:
        """Where something is largest or least."""
        name = self.rng.choice(_OPTIMA)
        below = rf"{self.letter()} \in {self.rng.choice(_SETS)}"
        return rf"\hat{{{self.letter()}}} = {name}_{{{below}}} {self.expression(2)}"

    def transform(self) -> str:
        """Transforms and differential equations."""
        y, power = self.rng.choice(("y", "x", "u")), self.rng.choice(("", "^{-1}"))
        return self.rng.choice((
            rf"\mathcal{{{self.rng.choice('LFZ')}}}{power}\{{ {self.applied()} \}} = {self.expression(2)}",
            rf"{y}'' {self.rng.choice('+-')} {self.number()} {y}' + {self.number()} {y} = {self.expression(1)}",
            rf"\ddot{{{y}}} + {self.scripted()} \dot{{{y}}} = 0", rf"{y}'({self.number()}) = {self.number()}",
        ))  # fmt: skip

    def statistics(self) -> str:
        """Intervals, hypotheses, distributions."""
        a, b = self.rng.sample("ABCXY", 2)
        spread = self.rng.choice(_SPREADS)
        return self.rng.choice((
            rf"\bar{{x}} \pm {self.rng.choice('zt')}_{{\alpha/2}} \frac{{{spread}}}{{\sqrt{{n}}}}",
            rf"H_{{0}}: {self.scripted()} = {self.number()}", rf"H_{{1}} \colon {self.scripted()} \neq {self.number()}",
            rf"{a} \sim {self.rng.choice(_LAWS)}({self.scripted()}, {self.scripted()})",
            rf"P({a} \mid {b}) = \frac{{P({a} \cap {b})}}{{P({b})}}",
            rf"\hat{{\boldsymbol{{\beta}}}} = (X^{{\top}} X)^{{-1}} X^{{\top}} \mathbf{{{self.rng.choice('yxz')}}}",
        ))  # fmt: skip

    def logic(self) -> str:
        """Quantifiers and connectives."""
        p, q = self.rng.sample(("p", "q", "r", "P(x)", "Q(x)", "A", "B"), 2)
        joint = self.rng.choice(_CONNECTIVES)
        return self.rng.choice((
            rf"\forall {self.letter()}\, \exists {self.letter()}\, ({self.short_statement()})", rf"{p} {joint} {q}",
            rf"\neg ({p} {joint} {q})", rf"\neg {p} {joint} \neg {q}", rf"\{{ x \mid {self.short_statement()} \}}",
        ))  # fmt: skip
