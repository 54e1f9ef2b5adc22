"""Pseudo-code between two rules: numbered steps in which words and formulas take turns."""

from __future__ import annotations

from mathocr.data.synthesis.grammar_blocks import Blocks
from mathocr.data.synthesis.writer import Writer

# A hash stands for an assignment, an at sign for a condition, an ampersand for a letter.
_STEPS = (
    "#", "#", "#", "#, #", "Compute #", "compute & by #", "set # and #", "Update #", "Choose @", "choose & such that @",
    "Sample &", "Sort & by &", "print &", "append & to &", "solve @ for &", "#; #", "Initialise #",
)  # fmt: skip
_OPENERS = (("for", "@", "do"), ("while", "@", "do"), ("if", "@", "then"), ("for each", "&", "do"),
            ("for all", "@", "do"), ("repeat", "", ""), ("for", "#", "to &"))  # fmt: skip
_GIVEN = ("&, &", "@", "point &, step size @", "& with @")
_HEADS = (("Require:", "Ensure:"), ("Input:", "Output:"), ("Data:", "Result:"))
_NAMES = ("Gradient descent", "Newton's method", "Sampling", "Binary search", "Update of &", "Training", "Solver for &")
_DEEPEST = 3


def algorithm(w: Writer) -> None:
    """One algorithm with a title, what it takes and gives, and its steps."""
    rule = w.rng.choice((r"\hrule height .8pt ", r"\hrule ", ""))
    name = _filled(w, w.rng.choice(_NAMES))
    numbers = w.rng.choice(("%d:", "%d:", "%d.", "%d", ""))
    title = rf"\textbf{{Algorithm {w.rng.randint(1, 9)}}} {name}"
    w.add(rf"\par\medskip {rule}\smallskip\noindent {title}\par\smallskip {rule}")
    for head in w.rng.choice(_HEADS) if w.chance(0.7) else ():
        w.add(rf"\noindent\textbf{{{head}}} {_filled(w, w.rng.choice(_GIVEN))}\par")
    for place, (depth, step) in enumerate(_steps(w), 1):
        number = rf"{{\footnotesize {numbers % place if numbers else ''}}}"
        w.add(rf"\noindent\hbox to 1.6em{{\hss {number}}}\hskip{0.6 + 1.4 * depth:.1f}em {step}\par")
    w.add(rf"\smallskip {rule}\medskip")


def _steps(w: Writer) -> list[tuple[int, str]]:
    """Depth and LaTeX of each step; what is opened is closed."""
    closing = w.rng.choice(("end %s", "end", ""))
    shown: list[tuple[int, str]] = []
    opened: list[str] = []
    steps = w.rng.randint(4, 12)
    for place in range(steps):
        if len(opened) < _DEEPEST and w.chance(0.25):
            word, condition, then = w.rng.choice(_OPENERS)
            shown.append((len(opened), rf"\textbf{{{word}}} {_filled(w, condition)} \textbf{{{_filled(w, then)}}}"))
            opened.append(word)
        shown.append((len(opened), _filled(w, w.rng.choice(_STEPS))))
        while opened and (place == steps - 1 or w.chance(0.3)):
            word = opened.pop()
            if word == "repeat":
                shown.append((len(opened), rf"\textbf{{until}} {_filled(w, '@')}"))
            elif closing:
                shown.append((len(opened), rf"\textbf{{{closing.replace('%s', word.split()[0])}}}"))
    shown.append((0, rf"\textbf{{return}} {_filled(w, '&')}"))
    return shown


def _filled(w: Writer, template: str) -> str:
    """A template with marked formulas in its places."""
    return "".join(w.inline(_MAKERS[sign](_blocks(w))) if sign in _MAKERS else sign for sign in template)


_MAKERS = {"#": Blocks.assignment, "@": Blocks.statement, "&": Blocks.scripted}


def _blocks(w: Writer) -> Blocks:
    """A short formula's generator."""
    return Blocks(w.rng, w.rng.randint(2, 7))
