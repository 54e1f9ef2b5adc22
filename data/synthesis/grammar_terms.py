"""The built-in grammar's terms: letters with scripts, fractions, roots, sums, integrals, brackets, accents."""

from __future__ import annotations

import random
from collections.abc import Callable

from mathocr.data.synthesis.grammar_notation import ACCENTS, ALPHABETS, CAPITAL_ALPHABETS, FIELDS, RARE, UNITS, WORDS

RARE_SHARE = 0.03  # of symbols; with ten symbols a formula, every fourth formula has one from the whole table
_BRACKETS = (("(", ")"), ("[", "]"), (r"\{", r"\}"), ("|", "|"), (r"\|", r"\|"), (r"\langle", r"\rangle"),
             (r"\lfloor", r"\rfloor"), (r"\lceil", r"\rceil"))  # fmt: skip
_BRACKET_WEIGHTS = (60, 15, 8, 6, 5, 4, 1, 1)
_BIG = (r"\sum", r"\prod", r"\bigcup", r"\bigcap", r"\bigoplus", r"\bigotimes", r"\coprod", r"\bigvee", r"\bigwedge",
        r"\bigsqcup")  # fmt: skip
_BIG_WEIGHTS = (60, 15, 8, 5, 5, 3, 2, 1, 1, 1)
_INTEGRALS = (r"\int", r"\iint", r"\oint", r"\iiint")


class Terms:
    """Generates pieces of one formula.

    Args:
        rng: Source of all choices.
        budget: Atoms that may still be made; every atom takes one, and structures close when none is left.
    """

    rare = RARE_SHARE

    def __init__(self, rng: random.Random, budget: int) -> None:
        self.rng = rng
        self.left = budget
        self.depth = 0
        self.field = rng.choice(FIELDS)
        self.letters, self.greek = self.field.letters.split(), self.field.greek.split()
        self.roman_d = rng.random() < 0.25
        self.mid_dots = rng.random() < 0.5
        self._factors: tuple[tuple[int, Callable[[], str]], ...] = (
            (34, self.scripted), (8, self.number), (9, self.applied), (11, self.fraction), (4, self.root),
            (9, self.bracketed), (6, self.big_operator), (5, self.integral), (3, self.accented), (3, self.derivative),
            (2, self.limit), (2, self.binomial), (2, self.word), (2, self.tensor), (1, self.quantity), (1, self.braced),
            (1, self.bra_ket),
        )  # fmt: skip

    def chance(self, share: float) -> bool:
        """True with probability ``share``."""
        return self.rng.random() < share

    def pick(self, pieces: str) -> str:
        """One piece of a list separated by spaces."""
        return self.rng.choice(pieces.split())

    def symbol(self, role: str, usual: str) -> str:
        """A symbol of the field, rarely one of the whole table."""
        return self.rng.choice(RARE[role]) if self.chance(self.rare) else self.pick(usual)

    def letter(self) -> str:
        """A letter, Latin or Greek, sometimes in another alphabet."""
        self.left -= 1
        if self.chance(self.rare):
            return self.rng.choice(RARE["letter"]) + " "  # the space keeps a command apart from a letter after it
        if self.chance(0.3):
            return self.rng.choice(self.greek) + " "
        letter = self.rng.choice(self.letters)
        if self.chance(0.12) and len(letter) == 1:
            return f"{self.rng.choice(CAPITAL_ALPHABETS if letter.isupper() else ALPHABETS)}{{{letter}}}"
        return letter

    def number(self) -> str:
        """A number: mostly a digit, sometimes long, decimal, or with a power of ten."""
        self.left -= 1
        shape = self.rng.random()
        if shape < 0.7:
            return str(self.rng.randint(0, 12))
        if shape < 0.85:
            return str(self.rng.randint(10, 9999))
        decimal = f"{self.rng.randint(0, 99)}.{self.rng.randint(0, 999)}"
        return decimal if shape < 0.95 else f"{decimal} \\times 10^{{{self.rng.randint(-20, 20)}}}"

    def script(self) -> str:
        """What stands in a script."""
        shape = self.rng.random()
        if shape < 0.42 or self.left <= 0:
            return self.letter()
        if shape < 0.68:
            return self.rng.choice(("0", "1", "2", "3", "-1", "2", "n", "i", "j", "k", "*", r"\infty", "+", "-", "T"))
        if shape < 0.78:
            return f"{self.letter()}{self.rng.choice('+-')}{self.rng.choice('12nk')}"
        if shape < 0.86:
            return f"{self.letter()}{self.letter()}"
        if shape < 0.92:
            return f"\\{self.rng.choice(('text', 'mathrm', 'text'))}{{{self.rng.choice(WORDS)}}}"
        if shape < 0.96:
            return f"({self.letter()})"
        self.depth += 2
        made = self.expression(1)
        self.depth -= 2
        return made

    def scripted(self) -> str:
        """A letter with or without scripts and primes."""
        base = self.letter()
        shape = self.rng.random()
        if shape < 0.38:
            return base
        if shape < 0.66:
            return f"{base}_{{{self.script()}}}"
        if shape < 0.84:
            return f"{base}^{{{self.script()}}}"
        if shape < 0.94:
            return f"{base}_{{{self.script()}}}^{{{self.script()}}}"
        return base + ("'" if self.chance(0.7) else "''")

    def accented(self) -> str:
        """A letter or two under (or over) an accent."""
        inner = self.letter() + (self.letter() if self.chance(0.2) else "")
        return f"{self.rng.choice(ACCENTS)}{{{inner}}}" + (f"_{{{self.script()}}}" if self.chance(0.3) else "")

    def applied(self) -> str:
        """A function with its argument."""
        name = self.pick(self.field.functions) if self.chance(0.6) else self.letter()
        power = f"^{{{self.rng.choice('2n')}}}" if self.chance(0.1) else ""
        argument = ", ".join(self.expression(2) for _ in range(self.rng.choice((1, 1, 1, 2, 3))))
        return f"{name}{power}{self.fenced(argument)}"

    def fenced(self, inner: str, kind: int | None = None) -> str:
        r"""Content in brackets; ``\left`` and ``\right`` where it is tall."""
        chosen = self.rng.choices(_BRACKETS, _BRACKET_WEIGHTS)[0] if kind is None else _BRACKETS[kind]
        tall = any(part in inner for part in (r"\frac", r"\sum", r"\int", r"\prod", r"\begin", r"\sqrt"))
        if tall or self.chance(0.1):
            return f"\\left{chosen[0]} {inner} \\right{chosen[1]}"
        if self.chance(0.05):
            size = self.rng.choice(("big", "Big", "bigg"))
            return f"\\{size}l{chosen[0]} {inner} \\{size}r{chosen[1]}"
        return f"{chosen[0]} {inner} {chosen[1]}"

    def bracketed(self) -> str:
        """An expression in brackets, often with a power."""
        power = f"^{{{self.script()}}}" if self.chance(0.3) else ""
        return self.fenced(self.expression(3)) + power

    def fraction(self) -> str:
        """A fraction."""
        name = self.rng.choices((r"\frac", r"\dfrac", r"\tfrac"), (90, 5, 5))[0]
        return f"{name}{{{self.expression(2)}}}{{{self.expression(2)}}}"

    def root(self) -> str:
        """A square root, sometimes another one."""
        index = f"[{self.rng.choice('345nk')}]" if self.chance(0.15) else ""
        return f"\\sqrt{index}{{{self.expression(2)}}}"

    def binomial(self) -> str:
        """A binomial coefficient."""
        return f"\\binom{{{self.expression(1)}}}{{{self.expression(1)}}}"

    def big_operator(self) -> str:
        """A sum, product, union and so on with its bounds and a term."""
        name = self.rng.choices(_BIG, _BIG_WEIGHTS)[0]
        index = self.rng.choice("ijkn")
        shape = self.rng.random()
        if shape < 0.6:
            last = self.rng.choice(("n", "N", r"\infty", "m", "K"))
            bounds = f"_{{{index}={self.rng.choice('01')}}}^{{{last}}}"
        elif shape < 0.9:
            bounds = f"_{{{index} {self.symbol('relation', self.field.relations)} {self.script()}}}"
        else:
            inner = f"{index} < j \\\\ {self.letter()} \\in {self.letter()}"
            bounds = f"_{{\\substack{{{inner}}}}}"
        return f"{name}{bounds} {self.term(2)}"

    def integral(self) -> str:
        """An integral with its differential."""
        name = self.rng.choices(_INTEGRALS, (85, 5, 8, 2))[0]
        shape = self.rng.random()
        bounds = ""
        if shape < 0.6:
            bounds = f"_{{{self.script()}}}^{{{self.script()}}}"
        elif shape < 0.8:
            bounds = f"_{{{self.letter()}}}"
        return f"{name}{bounds} {self.term(3)} \\, {self.differential()}{self.letter()}"

    def differential(self) -> str:
        """The d of this formula, always in the same font."""
        return r"\mathrm{d}" if self.roman_d else "d"

    def derivative(self) -> str:
        """An ordinary or partial derivative."""
        d = r"\partial " if self.chance(0.6) else self.differential()
        order = "^{2}" if self.chance(0.25) else ""
        above = f"{d}{order}" + (self.scripted() if self.chance(0.75) else "")
        return f"\\frac{{{above}}}{{{d} {self.letter()}{order}}}" + ("" if self.chance(0.8) else f" {self.scripted()}")

    def limit(self) -> str:
        """A limit, maximum or the like of a term."""
        name = self.rng.choice((r"\lim", r"\max", r"\min", r"\sup", r"\inf", r"\limsup", r"\liminf"))
        arrow = r"\to" if "lim" in name else r"\in"
        goal = self.rng.choice((r"\infty", "0", self.pick(self.field.sets)))
        return f"{name}_{{{self.letter()} {arrow} {goal}}} {self.term(2)}"

    def word(self) -> str:
        """A word as a name or in text."""
        command = self.rng.choice((r"\mathrm", r"\text", r"\operatorname", r"\textbf", r"\mathsf"))
        return f"{command}{{{self.rng.choice(WORDS)}}}"

    def quantity(self) -> str:
        """A number with its unit."""
        unit = self.rng.choice(UNITS)
        return f"{self.number()}{unit}" if unit.startswith("^") else f"{self.number()}\\,\\mathrm{{{unit}}}"

    def tensor(self) -> str:
        """A letter with staggered indices."""
        up = self.rng.choice((r"\mu", r"\nu", "i", "j", r"\mu\nu", "ij"))
        down = self.rng.choice((r"\rho", r"\sigma", "k", "l", r"\rho\sigma"))
        scripts = f"^{{{up}}}{{}}_{{{down}}}" if self.chance(0.5) else f"_{{{down}}}^{{{up}}}"
        return self.letter() + scripts

    def braced(self) -> str:
        """An expression with a brace below or above and what it is."""
        name = self.rng.choice((r"\underbrace", r"\overbrace"))
        return f"{name}{{{self.expression(3)}}}{'_' if 'under' in name else '^'}{{{self.script()}}}"

    def bra_ket(self) -> str:
        """Angle brackets of quantum mechanics."""
        middle = f" | {self.scripted()} | {self.scripted()}" if self.chance(0.4) else f" | {self.scripted()}"
        return f"\\langle {self.scripted()}{middle} \\rangle" if self.chance(0.6) else f"| {self.scripted()} \\rangle"

    def factor(self) -> str:
        """Any factor; only plain ones when the budget is spent or where it stands deep in others."""
        if self.left <= 1 or self.chance((0.0, 0.35, 0.75, 0.95, 1.0)[min(self.depth, 4)]):
            return self.scripted() if self.chance(0.8) else self.number()
        weights, makers = zip(*self._factors, strict=True)
        self.depth += 1
        made = self.rng.choices(makers, weights)[0]()
        self.depth -= 1
        return made

    def term(self, most: int) -> str:
        """A product of up to ``most`` factors."""
        parts = [self.factor()]
        while len(parts) < most and self.left > 0 and self.chance(0.45):
            factor = self.factor()
            if factor[0].isdigit() or self.chance(0.06):  # two numbers side by side would read as one
                parts.append(self.rng.choice((r"\cdot", r"\times")))
            parts.append(factor)
        return " ".join(parts)

    def expression(self, most: int) -> str:
        """A sum of up to ``most`` terms."""
        parts = [("-" if self.chance(0.08) else "") + self.term(most)]
        while len(parts) < 2 * most and self.left > 0 and self.chance(0.35):
            parts += [self.symbol("binary", self.field.operators), self.term(most)]
        if self.chance(0.02):
            parts += ["+", r"\cdots" if self.mid_dots else r"\dots"]
        return " ".join(parts)

    def statement(self) -> str:
        """Expressions with relations between them."""
        parts = [self.expression(3)]
        for _ in range(self.rng.choice((0, 1, 1, 1, 1, 2, 3))):
            relation = self.symbol("relation", self.field.relations)
            if self.chance(0.02):
                relation = f"\\overset{{{self.script()}}}{{{relation}}}"
            parts += [relation, self.pick(self.field.sets) if self.chance(0.1) else self.expression(3)]
            if self.left <= 0:
                break
        return " ".join(parts)
