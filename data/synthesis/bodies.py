"""Write the bodies of documents: articles, books, notes, exams, slides, formula sheets, manuals, plain text."""

from __future__ import annotations

from mathocr.data.synthesis.algorithms import algorithm
from mathocr.data.synthesis.elements import (
    code,
    figure,
    formula_lines,
    formula_table,
    number,
    own_list,
    references,
    table,
    title,
)
from mathocr.data.synthesis.flow import flow, heading
from mathocr.data.synthesis.phrases import NAMES
from mathocr.data.synthesis.writer import Writer


def write_article(w: Writer, until: int) -> None:
    """Mostly with title and abstract, always with references."""
    if w.chance(0.7):
        names = r" \and ".join(w.rng.sample(NAMES, w.rng.randint(1, 3)))
        w.add(
            rf"\title{{{title(w, 4)}}}\author{{{names}\\\small\texttt{{a.b@example.org}}}}"
            rf"\date{{{w.rng.randint(1, 28)} May {w.rng.randint(1980, 2024)}}}\maketitle\thispagestyle{{fancy}}"
        )
        w.add(rf"\begin{{abstract}}{w.sentences(w.rng.randint(3, 6), math=0.3)}\end{{abstract}}")
    flow(w, until)
    references(w)


def write_book(w: Writer, until: int) -> None:
    """Chapters."""
    while w.size < until:
        w.add(rf"\chapter{w.rng.choice(('', '*'))}{{{title(w)}}}\thispagestyle{{fancy}}")
        flow(w, min(until, w.size + w.rng.randint(12_000, 40_000)))


def write_notes(w: Writer, until: int) -> None:
    """A lecture with framed and shaded theorems."""
    lecture = f"{w.language.term('lecture')} {w.rng.randint(1, 30)}"
    w.add(rf"{{\Large\bfseries\sffamily {lecture}: {title(w)}\par}}\medskip\hrule\medskip")
    while w.size < until:
        flow(w, w.size + 1500, extras=0.2)
        name = w.rng.choice(("framed", "shaded", "leftbar"))
        label = w.rng.choice(("Definition", "Theorem", "Remark", "Key idea", "Satz", "Exemple"))
        if not w.language.latin:
            label = w.language.term(w.rng.choice(("definition", "theorem", "remark", "example")))
        place = f"{w.rng.randint(1, 9)}.{w.rng.randint(1, 30)}"
        text = w.sentences(w.rng.randint(1, 3))
        w.add(rf"\begin{{{name}}}\textbf{{{label} {place}}} {text}\end{{{name}}}")


def write_exam(w: Writer, until: int) -> None:
    """Sheets with a place for the name, questions with points, and answers to choose from."""
    term = w.language.term
    mark, letters = w.rng.choice(_CHOICE_MARKS), w.rng.choice(("ABCDEF", "abcdef"))
    marks = tuple(mark % letter for letter in letters)
    while w.size < until:
        date = f"{w.rng.randint(1, 28)} June 20{w.rng.randint(10, 24)}" if w.language.latin else ""
        w.add(
            rf"\begin{{center}}\textbf{{\large {title(w)}}}\\{term('exam')} {w.rng.randint(1, 9)} {date}\end{{center}}"
            rf"{term('name')}: \underline{{\hspace{{5cm}}}} \hfill {term('time')}: {w.rng.choice((60, 90, 120))} "
            rf"{w.language.terms.get('minutes', 'min')}, {w.rng.choice((20, 50, 100))} "
            rf"{w.language.terms.get('points', 'points')}\par\bigskip"
        )
        for question in range(1, w.rng.randint(4, 9)):
            w.rng.choice((_question, _question, _choice, _blanks))(w, question, marks)
        w.add(r"\clearpage" if w.chance(0.4) else r"\par\bigskip\hrule\bigskip")


_CHOICE_MARKS = ("(%s)", "%s.", "%s)", "[%s]", r"\textbf{%s}")
_NARROW = 0.24  # of the line: an answer with no room for a long formula
_BLANK = r"\underline{\hspace{%dmm}}"


def _choice(w: Writer, question: int, marks: tuple[str, ...]) -> None:
    """A question with four short answers on a line, on two or on four."""
    share = w.rng.choice((_NARROW, _NARROW, 0.48, 0.95))
    blank = w.rng.choice((r"\hfill(\hspace{8mm})", "", _BLANK % 12))
    w.add(rf"\par\smallskip\noindent {question}. {w.sentences(1, math=1)} {blank}\par")
    answers = []
    for place in range(4):
        answer = f"{w.rng.randint(1, 99)}" if w.chance(0.15) else w.any_short()
        if share > _NARROW and w.chance(0.2):
            answer = w.any_inline()
        answers.append(rf"\makebox[{share}\linewidth][l]{{{marks[place]} {answer}}}")
    w.add(r"\noindent " + r"\hskip0pt ".join(answers) + r"\par")


def _blanks(w: Writer, question: int, marks: tuple[str, ...]) -> None:
    """A question with places to fill in."""
    parts = (f"{w.sentences(1, math=1)} {_BLANK % w.rng.randint(10, 30)}" for _ in range(w.rng.randint(1, 2)))
    w.add(rf"\par\smallskip\noindent {question}. {' '.join(parts)}\par")


def _question(w: Writer, question: int, marks: tuple[str, ...]) -> None:
    """One question of an exam."""
    points = w.rng.choice((f"({w.rng.randint(1, 12)} points)", f"[{w.rng.randint(1, 9)} pts]", ""))
    if not w.language.latin:
        points = points and f"({w.rng.randint(1, 15)} {w.language.terms['points']})"
    word = w.rng.choice(("Problem ", "Question ", "Aufgabe ", "Exercice ", ""))
    word = w.language.terms.get("question", word)
    text = w.sentences(w.rng.randint(1, 3), math=0.9)
    w.add(rf"\par\medskip\noindent\textbf{{{word}{question}.}} {text} {points}\par")
    if w.chance(0.5):
        w.any_display()
    if w.chance(0.6):
        for place in range(w.rng.randint(2, 6)):
            answer = w.any_inline() if w.chance(0.6) else w.sentences(1, math=0.8)
            end = r" \quad " if w.chance(0.3) else r"\par"
            w.add(rf"\par\noindent\hspace*{{2em}}{marks[place]} {answer}{end}")
    if w.chance(0.3):
        w.add(rf"\vspace{{{w.rng.randint(10, 50)}mm}}")


_SLIDE_HEADS = {
    "bar": r"\clearpage\noindent\colorbox{tone}{\parbox{.97\linewidth}{\color{white}\Large HEAD\strut}}\par\bigskip",
    "plain": r"\clearpage{\Large\color{tone} HEAD\par}\bigskip",
    "line": r"\clearpage{\Large\bfseries HEAD\par}{\color{tone}\hrule height 1pt}\bigskip",
}


def write_slides(w: Writer, until: int) -> None:
    """Frames with a title; what does not fit goes to the next page."""
    head = _SLIDE_HEADS[w.rng.choice(sorted(_SLIDE_HEADS))]
    while w.size < until:
        w.add(head.replace("HEAD", title(w)))
        flow(w, w.size + w.rng.randint(350, 1000), extras=0.35, headings=False)


def write_sheet(w: Writer, until: int) -> None:
    """A dense collection of formulas in several columns."""
    columns = w.rng.randint(2, 4)
    w.add(rf"\begin{{center}}\textbf{{\Large {title(w)}}}\end{{center}}\footnotesize")
    while w.size < until:
        w.add(rf"\begin{{multicols}}{{{columns}}}")
        goal = w.size + 5000
        while w.size < goal:
            w.add(rf"\par\smallskip\noindent\textbf{{{title(w, 2)}}}\par")
            if w.chance(0.5):
                formula_lines(w)
            for _ in range(w.rng.randint(2, 6)):
                if w.chance(0.45):
                    w.display(w.material.formula("display", w.rng, w.source))
                elif w.chance(0.6):
                    w.add(rf"\noindent {w.any_inline()}, {w.any_inline()}\par")
                else:
                    w.add(w.sentences(1) + r"\par")
        w.add(r"\end{multicols}")


def write_manual(w: Writer, until: int) -> None:
    """Short sections, each with a listing, a list, a table, a figure or an algorithm."""
    parts = (code, own_list, lambda v: table(v, False), lambda v: figure(v, True), formula_table, algorithm)
    while w.size < until:
        heading(w, title(w))
        flow(w, w.size + 1200, extras=0.1)
        w.rng.choice(parts)(w)


def write_plain(w: Writer, until: int) -> None:
    """A document without any formula: report, letter, invoice."""
    while w.size < until:
        if w.chance(0.3):
            w.add(rf"\section*{{{title(w)}}}")
        w.add(w.sentences(w.rng.randint(3, 9), math=0, alike=0.35) + r"\par")
        if w.chance(0.15):
            code(w)
        if w.chance(0.2):
            rows = " ".join(rf"{title(w, 1)} & {number(w)} & \${number(w)} \\" for _ in range(w.rng.randint(3, 8)))
            w.add(rf"\begin{{center}}\begin{{tabular}}{{lrr}}\hline {rows} \hline\end{{tabular}}\end{{center}}")
