"""Formulas of school books: numbers and measures, words, counting, geometry, chemistry, roots, vectors."""

from __future__ import annotations

import random
import re

from mathocr.data.synthesis.grammar_blocks import Blocks

_ELEMENTS = ("H", "C", "N", "O", "Na", "Cl", "K", "Ca", "Fe", "Cu", "S", "P", "Mg", "Al", "Zn", "Ag", "Br", "I", "Mn")
_COMPOUNDS = (
    "H2O", "CO2", "O2", "H2", "N2", "NH3", "NaCl", "H2SO4", "HCl", "NaOH", "CaCO3", "CH4", "C2H5OH", "C6H12O6", "Fe2O3",
    "CuSO4", "KMnO4", "Ca(OH)2", "HNO3", "SO2", "Na2CO3", "H2O2", "CO", "AgNO3", "BaSO4", "Al2O3", "CH3COOH", "NO2",
)  # fmt: skip
_IONS = (r"^{+}", r"^{2+}", r"^{3+}", r"^{-}", r"^{2-}", r"^{\bullet}")
_NAMED = (
    "force", "mass", "acceleration", "distance", "time", "speed", "area", "length", "width", "height", "volume", "rate",
    "number of terms", "total cost", "price", "profit", "Revenue", "Precision", "Recall", "TP", "FP", "FN", "density",
    "work", "energy", "power", "base", "output", "input", "error", "slope", "rise", "run", "Accuracy", "sample size",
)  # fmt: skip
_MEASURES = (
    "cm", "m", "km", "g", "kg", "s", "h", "N", "J", "W", "L", "mL", "V", "A", "Hz", "Pa", "mol", "cm^2", "m^2", "m^3",
    "m/s", r"^{\circ}C",
)  # fmt: skip
_INVERSE = (
    r"\arcsin", r"\arccos", r"\arctan", r"\sin^{-1}", r"\cos^{-1}", r"\tan^{-1}", r"\sinh", r"\cosh", r"\sec", r"\csc",
)  # fmt: skip
_ANGLES = (r"\angle", r"\angle", r"\angle", r"\measuredangle")
_OVER = (r"\overline", r"\overrightarrow", r"\overrightarrow", r"\vec", r"\overset{\frown}", r"\widehat")
_ALIKE, _ACROSS, _THUS = (r"\cong", r"\sim"), (r"\parallel", r"\perp", "="), (r"\therefore", r"\because")
_SUMS = (r"\times", "+")
_REACTIONS = (r"\rightarrow", r"\rightarrow", r"\longrightarrow", r"\rightleftharpoons", "=")
_GAPS = (r",\quad ", r",\qquad ", r"\qquad ", r" \quad\text{and}\quad ", r" \quad\Rightarrow\quad ", ", ")
_VECTORS = (r"\mathbf{v}", r"\vec{u}", r"\vec{AB}", r"\boldsymbol{x}", "x")


class School(Blocks):
    """Makers of such formulas, from which ``Textbook`` chooses; see :class:`Terms` for the arguments."""

    rare = 0.0  # what is unusual here is how symbols stand together

    def points(self, count: int) -> str:
        """Names of points one after the other."""
        return "".join(self.rng.sample("ABCDEFMNOPQ", count))

    def roots(self) -> str:
        """Roots with an index, roots of roots."""
        inner = self.expression(2) if self.chance(0.7) else rf"{self.number()} + \sqrt{{{self.expression(1)}}}"
        root = rf"\sqrt[{self.rng.choice(('3', '3', '3', '4', '5', 'n', 'm', 'n+1'))}]{{{inner}}}"
        before = self.rng.choice(("", "", f"{self.scripted()} = ", self.number()))
        return before + root + f" = {self.number()}" * self.chance(0.3)

    def compound(self) -> str:
        """A chemical formula, upright letters with numbers below."""
        if self.chance(0.5):
            made = re.sub(r"([A-Z][a-z]?)", r"\\mathrm{\1}", re.sub(r"(\d+)", r"_{\1}", self.rng.choice(_COMPOUNDS)))
        else:
            made = "".join(
                rf"\mathrm{{{element}}}" + f"_{{{self.rng.randint(2, 12)}}}" * self.chance(0.5)
                for element in self.rng.sample(_ELEMENTS, self.rng.choice((1, 2, 2, 3)))
            )
        state = rf"\text{{({self.rng.choice(('aq', 's', 'l', 'g'))})}}" if self.chance(0.15) else ""
        return made + self.rng.choice(_IONS) * self.chance(0.2) + state

    def chemistry(self) -> str:
        """A reaction, or a compound alone."""
        return self.compound() if self.chance(0.3) else self.reaction()

    def reaction(self) -> str:
        """What becomes of some compounds."""
        sides = []
        for _ in range(2):
            amounts = [str(self.rng.randint(2, 6)) * self.chance(0.4) for _ in range(self.rng.randint(1, 2))]
            sides.append(" + ".join(amount + self.compound() for amount in amounts))
        return f"{sides[0]} {self.rng.choice(_REACTIONS)} {sides[1]}"

    def nuclide(self) -> str:
        """An element with its numbers before it, or a symbol with such scripts."""
        symbol = rf"\mathrm{{{self.rng.choice((*_ELEMENTS, 'U', 'He', 'Ra', 'Th'))}}}"
        return self.rng.choice((
            rf"{{}}^{{{self.rng.randint(1, 238)}}}_{{{self.rng.randint(1, 92)}}}{symbol}",
            rf"{{}}^{{{self.rng.randint(1, 238)}}}{symbol}",
            rf"{{}}_{{{self.rng.choice('nk5')}}}{self.rng.choice('CPA')}_{{{self.rng.choice('rk23')}}}",
        ))  # fmt: skip

    def in_words(self) -> str:
        """An equation between quantities that are named."""
        first, second, third = (rf"\text{{{name}}}" for name in self.rng.sample(_NAMED, 3))
        right = self.rng.choice((rf"{second} \times {third}", rf"\frac{{{second}}}{{{third}}}", rf"{second} + {third}",
                                 rf"\frac{{{second}}}{{{second} + {third}}}"))  # fmt: skip
        return f"{first if self.chance(0.7) else self.scripted()} = {right}"

    def geometry(self) -> str:
        """Angles, triangles, segments, vectors between points."""
        angle = rf"{self.rng.choice(_ANGLES)} {self.points(self.rng.choice((1, 3, 3)))}"
        over = self.rng.choice(_OVER)
        segment = rf"{over}{{{self.points(2)}}}"
        triangle = rf"\triangle {self.points(3)}"
        return self.rng.choice((
            rf"{angle} = {self.rng.randint(10, 179)}^{{\circ}}", rf"{angle} = {angle.split()[0]} {self.points(3)}",
            rf"{triangle} {self.rng.choice(_ALIKE)} \triangle {self.points(3)}",
            f"{self.points(2)} {self.rng.choice(_ACROSS)} {self.points(2)}",
            rf"{segment} + {over}{{{self.points(2)}}} = {over}{{{self.points(2)}}}", segment, triangle, angle,
            rf"{self.rng.choice(_THUS)} {self.points(2)} = {self.number()}",
            rf"{segment} = {self.number()}\,\mathrm{{{self.rng.choice(('cm', 'm', 'mm'))}}}",
        ))  # fmt: skip

    def floors(self) -> str:
        """Numbers rounded down or up."""
        name = self.rng.choice(("floor", "floor", "ceil"))
        inner = self.expression(1) if self.chance(0.5) else self.letter()
        rounded = rf"\l{name} {inner} \r{name}"
        if self.chance(0.3):
            rounded = rf"\left\l{name} \frac{{{inner}}}{{{self.number()}}} \right\r{name}"
        if self.chance(0.3):
            return rf"{rounded} \leq {self.letter()} < \l{name} {self.letter()} \r{name} + 1"
        return rounded + f" = {self.number()}" * self.chance(0.5)

    def counting(self) -> str:
        """Binomial coefficients, factorials, permutations."""
        n, k = self.rng.choice(("n", "m", "2n", "10", "n+1")), self.rng.choice(("k", "r", "2", "n", "k-1"))
        symbols = (rf"\binom{{{n}}}{{{k}}}", rf"C_{{{n}}}^{{{k}}}", rf"P_{{{n}}}^{{{k}}}", f"C({n}, {k})")
        symbol = self.rng.choice(symbols)
        return symbol + self.rng.choice((
            rf" = \frac{{{n}!}}{{{k}!({n}-{k})!}}", "", f" = {self.number()}", rf" + \binom{{{n}}}{{{k}+1}}",
            rf" p^{{{k}}}(1-p)^{{{n}-{k}}}",
        ))  # fmt: skip

    def numbers(self) -> str:
        """Mixed and long numbers, measures, and sums of such."""
        r = self.rng.randint
        measure = rf"{r(1, 999)}.{r(1, 99)}\,\mathrm{{{self.rng.choice(_MEASURES)}}}"
        return self.rng.choice((self.long_number(), self.mixed_number(), measure)) if self.chance(0.3) else self.sums()

    def long_number(self) -> str:
        """A number with its thousands apart."""
        parts = self.rng.randint(1, 99), self.rng.randint(100, 999), self.rng.randint(100, 999)
        return r"\,".join(map(str, parts)) if self.chance(0.5) else "{,}".join(map(str, parts[:2]))

    def mixed_number(self) -> str:
        """A whole number and a fraction."""
        return rf"{self.rng.randint(1, 9)}\frac{{{self.rng.randint(1, 7)}}}{{{self.rng.randint(2, 9)}}}"

    def sums(self) -> str:
        """Sums with money, per cent, mixed and long numbers."""
        r = self.rng.randint
        return self.rng.choice((
            rf"\${r(1, 99)}.{r(10, 99)} {self.rng.choice(_SUMS)} {r(2, 9)} = \${r(10, 999)}.{r(10, 99)}",
            rf"{r(1, 99)}\% \text{{ of }} {r(10, 900)} = {r(1, 99)}", rf"{r(2, 99)} \div {r(2, 9)} = {r(1, 30)}",
            f"{self.mixed_number()} + {self.mixed_number()} = {r(2, 20)}", f"{r(1, 9)} : {r(1, 9)} = {r(2, 9)} : 9",
            rf"{self.long_number()} = {r(1, 9)}.{r(1, 99)} \times 10^{{{r(-9, 12)}}}",
            rf"\pi r^{{2}} \approx 3.14 \times {r(2, 30)}^{{2}} = {r(10, 999)}.{r(1, 99)}\,\mathrm{{cm}}^{{2}}",
        ))  # fmt: skip

    def inverse(self) -> str:
        """Inverse functions, degrees, logarithms with their base."""
        name = self.rng.choice(_INVERSE)
        return self.rng.choice((
            rf"{name} {self.fraction()} + C", rf"{name} {self.scripted()} = {self.rng.randint(1, 179)}^{{\circ}}",
            rf"\log_{{{self.rng.choice(('2', '10', 'a', 'b', '3'))}}} {self.rng.randint(2, 1000)} = {self.number()}",
            rf"{name}({self.expression(1)}) = \frac{{\pi}}{{{self.rng.randint(2, 6)}}}",
        ))  # fmt: skip

    def columns(self) -> str:
        """Two or three statements side by side."""
        parts = [
            self.short_statement() if self.chance(0.5) else self.statement() for _ in range(self.rng.randint(2, 3))
        ]
        return self.rng.choice(_GAPS).join(parts)

    def vector(self) -> str:
        """Vectors by their parts."""
        parts = [self.entry() for _ in range(self.rng.randint(2, 4))]
        matrix, rows = self.rng.choice(("pmatrix", "bmatrix")), r" \\ ".join(parts)
        column = rf"\begin{{{matrix}}} {rows} \end{{{matrix}}}"
        listed = ", ".join(parts)
        units = rf"{parts[0]} \hat{{\imath}} + {parts[1]} \hat{{\jmath}}"
        shown = self.rng.choice((column, column, rf"\langle {listed} \rangle", f"({listed})", units))
        return f"{self.rng.choice(_VECTORS)} = {shown}"

    def sequence(self) -> str:
        """Numbers or terms that go on."""
        first = self.rng.randint(1, 5)
        step = self.rng.randint(1, 5)
        sign, dots = self.rng.choice(((", ", r"\ldots"), (" + ", r"\cdots"), (" + ", r"\cdots")))
        last = self.rng.choice(("n", "2n", "n^{2}", "99", "a_{n}", f"{self.letter()}"))
        return sign.join((*(str(first + step * place) for place in range(3)), dots, last))

    def determinant(self) -> str:
        """A determinant and its value."""
        size = self.rng.randint(2, 3)
        body = r" \\ ".join(" & ".join(self.entry() for _ in range(size)) for _ in range(size))
        return rf"\begin{{vmatrix}} {body} \end{{vmatrix}} = {self.expression(1)}"


def quantity_name(rng: random.Random) -> str:
    """A quantity's name as text in a formula."""
    return rf"\text{{{rng.choice(_NAMED)}}}"
