"""Document templates: articles, books, notes, exams, slides, manuals, letters and formula sheets."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from mathocr.data.synthesis.elements import code, figure, number, own_list, references, table, title
from mathocr.data.synthesis.fonts import FontSetup
from mathocr.data.synthesis.marks import MARK_MACROS
from mathocr.data.synthesis.material import Material
from mathocr.data.synthesis.phrases import NAMES
from mathocr.data.synthesis.prose import Block
from mathocr.data.synthesis.typeset import SYMBOL_PACKAGES
from mathocr.data.synthesis.writer import Writer


@dataclass(frozen=True)
class Layout:
    """One kind of document.

    Attributes:
        name: As in ``--layouts`` and in the rows.
        weight: How often it is used next to the others.
        preamble: Makes the class line and the page's geometry.
        body: Writes the document until it is long enough.
        page_size: Characters of LaTeX that about fill one page.
    """

    name: str
    weight: float
    preamble: Callable[[random.Random], str]
    body: Callable[[Writer, int], None]
    page_size: int


_PACKAGES = r"""\usepackage{amsthm}
%(fonts)s
\usepackage{bm,textcomp,booktabs,array,graphicx,pict2e,multicol,framed,fancyhdr}\usepackage[%(colors)s]{xcolor}
\usepackage[%(geometry)s]{geometry}
\makeatletter\ifdefined\c@localmathalphabets\setcounter{localmathalphabets}{9}\fi\makeatother
\theoremstyle{%(style)s}
\newtheorem{theorem}{Theorem}[section]\newtheorem{lemma}[theorem]{Lemma}\newtheorem{proposition}[theorem]{Proposition}
\newtheorem{corollary}[theorem]{Corollary}\newtheorem{claim}{Claim}\newtheorem{problem}{Problem}
\theoremstyle{definition}\newtheorem{definition}[theorem]{Definition}\newtheorem{example}[theorem]{Example}
\newtheorem{exercise}{Exercise}\newtheorem{remark}[theorem]{Remark}
\providecommand{\chapter}{\section}
\emergencystretch=2em \hbadness=10000 \vbadness=10000 \vfuzz=1000pt \hfuzz=6pt \overfullrule=0pt
\raggedbottom \definecolor{shadecolor}{gray}{0.92}
\pagestyle{fancy}\fancyhf{}"""


def preamble(layout: Layout, font: FontSetup, rng: random.Random) -> str:
    r"""Everything up to ``\begin{document}``: class, packages, fonts, geometry, headers, marks."""
    head = layout.preamble(rng)
    class_line, _, geometry = head.partition("\n")
    geometry, _, extra = geometry.partition("\n")
    packages = _PACKAGES % {
        "fonts": font.preamble, "geometry": geometry, "style": rng.choice(("plain", "plain", "definition")), "colors": "",
    }  # fmt: skip
    numbering = rng.choice(("", "", r"\numberwithin{equation}{section}"))
    spacing = rng.choice(("", "", r"\linespread{1.1}", r"\linespread{1.25}", r"\linespread{1.5}"))
    paragraphs = rng.choice(("", "", r"\parindent=0pt \parskip=6pt plus 2pt"))
    ragged = rng.choice(("",) * 6 + (r"\AtBeginDocument{\raggedright}",))
    bullet = rng.choice((r"$\bullet$", r"$\bullet$", "--", r"$\circ$", r"\rule[.2ex]{.8ex}{.8ex}", r"$\triangleright$", "*"))
    skips = rng.choice(("", "", r"\AtBeginDocument{\abovedisplayskip=5pt plus 2pt \belowdisplayskip=5pt plus 2pt}"))
    return (
        "\n".join((class_line, r"\newcommand\hmmax{0}\newcommand\bmmax{0}", SYMBOL_PACKAGES, packages, _running_heads(rng), numbering, spacing, paragraphs, ragged, skips, rf"\def\labelitemi{{{bullet}}}", extra))
        + MARK_MACROS
        + "\\begin{document}"
    )


def _running_heads(rng: random.Random) -> str:
    """Headers and footers: page numbers, titles, dates, rules."""
    page = rng.choice((r"\thepage", r"\thepage", r"-- \thepage\ --", r"Page \thepage", r"\thepage/96"))
    place = rng.choice((r"\fancyfoot[C]", r"\fancyhead[R]", r"\fancyfoot[R]", r"\fancyhead[C]", r"\fancyfoot[L]"))
    heads = rf"{place}{{{page}}}"
    if rng.random() < 0.5:
        text = rng.choice((title_of(rng), rng.choice(NAMES).upper(), rf"\textit{{{title_of(rng)}}}", rf"{rng.randint(1, 9)}.{rng.randint(1, 9)} {title_of(rng)}"))
        heads += rf"\fancyhead[L]{{\small {text}}}"
    if rng.random() < 0.3:
        heads += rf"\fancyfoot[L]{{\footnotesize {rng.choice(('Draft of 12/03/2019', 'Vol. 17, No. 4', 'arXiv:1903.01234v2', 'Copyright 2018', 'Spring 2021'))}}}"
    rule = rng.choice(("0pt", "0.4pt", "0.4pt"))
    return heads + rf"\renewcommand{{\headrulewidth}}{{{rule}}}\pagenumbering{{{rng.choice(('arabic',) * 6 + ('roman',))}}}\setcounter{{page}}{{{rng.randint(1, 300)}}}"


def title_of(rng: random.Random) -> str:
    """A made-up heading."""
    return title(Writer(rng, Material(), ""), rng.randint(2, 4))


def _paper(rng: random.Random, low_mm: int = 15, high_mm: int = 38) -> str:
    """Paper and margins for geometry."""
    paper = rng.choice(("a4paper",) * 4 + ("letterpaper",) * 3 + ("b5paper", "a5paper"))
    shrink = 0.6 if paper in ("a5paper", "b5paper") else 1.0
    sides = {side: rng.randint(int(low_mm * shrink), int(high_mm * shrink)) for side in ("left", "right", "top", "bottom")}
    return f"{paper}," + ",".join(f"{side}={max(size, 14 if side in ('top', 'bottom') else 8)}mm" for side, size in sides.items())


def _options(rng: random.Random, *more: str) -> str:
    """Class options: size, equation style."""
    size = rng.choice(("9pt", "10pt", "10pt", "10pt", "11pt", "11pt", "12pt", "12pt"))
    style = rng.choice(("", "", "", "", "", "leqno", "fleqn"))
    return ",".join(word for word in (size, style, *more) if word)


def _article(rng: random.Random) -> str:
    return rf"\documentclass[{_options(rng)}]{{extarticle}}" + "\n" + _paper(rng)


def _two_columns(rng: random.Random) -> str:
    separation = rng.choice(("", r"\columnseprule=0.4pt"))
    return rf"\documentclass[{_options(rng, 'twocolumn')}]{{extarticle}}" + "\n" + _paper(rng, 12, 24) + rf",columnsep={rng.randint(5, 10)}mm" + "\n" + separation


def _book(rng: random.Random) -> str:
    return rf"\documentclass[{_options(rng, 'openany')}]{{extbook}}" + "\n" + _paper(rng, 18, 40) + "\n" + r"\raggedbottom"


def _slides(rng: random.Random) -> str:
    size = rng.choice(("paperwidth=160mm,paperheight=90mm", "paperwidth=128mm,paperheight=96mm"))
    sans = r"\renewcommand{\familydefault}{\sfdefault}" if rng.random() < 0.75 else ""
    tone = rng.choice(("black", "blue!60!black", "red!60!black", "green!40!black", "gray"))
    return (
        rf"\documentclass[{rng.choice(('9pt', '10pt', '11pt', '12pt'))}]{{extarticle}}" + "\n" + size + ",margin=8mm,top=7mm,bottom=8mm,headheight=0pt,headsep=0pt,footskip=5mm"
        + "\n" + sans + rf"\colorlet{{tone}}{{{tone}}}\fancyhead{{}}\renewcommand{{\headrulewidth}}{{0pt}}\parindent=0pt \parskip=4pt "
    )  # fmt: skip


def flow(w: Writer, until: int, extras: float = 0.12, headings: bool = True) -> None:
    """Write runs of the source's own blocks, with tables, figures, lists, code and sentences of our own between them."""
    while w.size < until:
        runs = w.material.runs.get(w.source)
        if runs:
            _write_run(w, _unused(w, runs), until, extras, headings)
        else:
            _invented(w, until, extras, headings)


def _unused(w: Writer, runs: list[list[Block]]) -> list[Block]:
    """Consecutive blocks that the document does not show yet, if some can be found in a few tries."""
    for _ in range(8):
        which = w.rng.randrange(len(runs))
        run = runs[which]
        start = w.rng.randrange(max(1, len(run) - 20))
        places = {(which, place) for place in range(start, min(len(run), start + w.rng.randint(12, 50)))}
        if not places & w.used:
            break
    w.used |= places
    return [run[place] for _, place in sorted(places)]


def _write_run(w: Writer, run: list[Block], until: int, extras: float, headings: bool) -> None:
    """Write some consecutive blocks; lists and theorems are closed properly."""
    depth: list[str] = []
    listing = ""
    for block in run:
        if w.size > until:
            break
        if listing and block.kind != "item":
            w.add(listing)
            listing = ""
        if block.kind == "item":
            if not listing:
                name = w.rng.choice(("itemize", "enumerate"))
                w.add(rf"\begin{{{name}}}")
                listing = rf"\end{{{name}}}"
            w.add(r"\item " + w.text(block.parts), r"\item --")
        elif block.kind == "para":
            w.add(w.text(block.parts) + _note(w) + (r"\par" if w.chance(0.6) else ""))
        elif block.kind == "display":
            w.display(*block.parts)
        elif block.kind == "head" and not depth and headings:
            _heading(w, w.text(block.parts))
        elif block.kind == "open":
            name = _THEOREM_NAMES.get(block.parts[0], "remark")
            w.add(rf"\begin{{{name}}}", rf"\begin{{{name}}}")
            depth.append(rf"\end{{{name}}}")
        elif block.kind == "close" and depth:
            w.add(depth.pop())
        if not listing and not depth and w.chance(extras):
            extra(w)
    if listing:
        w.add(listing)
    for end in reversed(depth):
        w.add(end)


_THEOREM_NAMES = {
    "theorem": "theorem", "thm": "theorem", "lemma": "lemma", "lem": "lemma", "definition": "definition", "defn": "definition",
    "proposition": "proposition", "prop": "proposition", "corollary": "corollary", "cor": "corollary", "remark": "remark",
    "rem": "remark", "example": "example", "exmp": "example", "exercise": "exercise", "proof": "proof", "claim": "claim",
    "problem": "problem", "question": "problem",
}  # fmt: skip


def _heading(w: Writer, text: str) -> None:
    """A section of some level; running heads get no formulas."""
    level = w.rng.choice(("section", "subsection", "subsection", "subsubsection", "paragraph"))
    star = w.rng.choice(("", "", "*"))
    short = "" if star else "[ ]"
    w.add(rf"\{level}{star}{short}{{{text}}}")


def _note(w: Writer) -> str:
    """Now and then a footnote or a sentence that looks like mathematics."""
    if w.chance(0.05):
        return rf"\footnote{{{w.sentences(1)}}}"
    return " " + w.look_alike() if w.chance(0.08) else ""


def _invented(w: Writer, until: int, extras: float, headings: bool) -> None:
    """A section of sentences of our own around formulas of the corpus."""
    if headings:
        _heading(w, title(w))
    for _ in range(w.rng.randint(3, 8)):
        w.add(w.sentences(w.rng.randint(2, 6)) + _note(w) + r"\par")
        if w.chance(0.6):
            w.any_display()
        if w.chance(0.2):
            name = w.rng.choice(("theorem", "lemma", "definition", "remark", "proof"))
            w.add(rf"\begin{{{name}}}" + w.sentences(w.rng.randint(1, 3), math=0.9, alike=0) + rf"\end{{{name}}}")
        if w.chance(extras):
            extra(w)
        if w.size > until:
            return


def extra(w: Writer) -> None:
    """One thing between paragraphs."""
    floating = w.chance(0.5)
    kind = w.rng.choice(("table", "figure", "code", "list", "sentences", "sentences", "display", "display", "display", "box"))
    if kind == "table":
        table(w, floating)
    elif kind == "figure":
        figure(w, floating)
    elif kind == "code":
        code(w)
    elif kind == "list":
        own_list(w)
    elif kind == "display":
        w.add(w.sentences(w.rng.randint(1, 3)))
        w.any_display()
        w.add(w.sentences(w.rng.randint(1, 2)) + r"\par")
    elif kind == "box":
        name = w.rng.choice(("framed", "shaded", "leftbar", "quote"))
        w.add(rf"\begin{{{name}}}" + w.sentences(w.rng.randint(1, 3)) + rf"\end{{{name}}}")
    else:
        w.add(w.sentences(w.rng.randint(1, 4), math=0.5, alike=0.4) + r"\par")


def _front(w: Writer) -> str:
    """Title, authors, addresses, date."""
    names = r" \and ".join(w.rng.sample(NAMES, w.rng.randint(1, 3)))
    return rf"\title{{{title(w, 4)}}}\author{{{names}\\\small\texttt{{a.b@example.org}}}}\date{{{w.rng.randint(1, 28)} May {w.rng.randint(1980, 2024)}}}\maketitle\thispagestyle{{fancy}}"


def _write_article(w: Writer, until: int) -> None:
    if w.chance(0.7):
        w.add(_front(w))
        w.add(rf"\begin{{abstract}}{w.sentences(w.rng.randint(3, 6), math=0.3)}\end{{abstract}}")
    flow(w, until)
    references(w)


def _write_book(w: Writer, until: int) -> None:
    while w.size < until:
        w.add(rf"\chapter{w.rng.choice(('', '*'))}{{{title(w)}}}\thispagestyle{{fancy}}")
        flow(w, min(until, w.size + w.rng.randint(12_000, 40_000)))


def _write_notes(w: Writer, until: int) -> None:
    w.add(rf"{{\Large\bfseries\sffamily Lecture {w.rng.randint(1, 30)}: {title(w)}\par}}\medskip\hrule\medskip")
    while w.size < until:
        flow(w, w.size + 1500, extras=0.2)
        name = w.rng.choice(("framed", "shaded", "leftbar"))
        w.add(rf"\begin{{{name}}}\textbf{{{w.rng.choice(('Definition', 'Theorem', 'Remark', 'Key idea', 'Satz', 'Exemple'))} {w.rng.randint(1, 9)}.{w.rng.randint(1, 30)}}} {w.sentences(w.rng.randint(1, 3))}\end{{{name}}}")


def _write_exam(w: Writer, until: int) -> None:
    while w.size < until:
        w.add(rf"\begin{{center}}\textbf{{\large {title(w)}}}\\Exam {w.rng.randint(1, 9)}, {w.rng.randint(1, 28)} June 20{w.rng.randint(10, 24)}\end{{center}}Name: \underline{{\hspace{{5cm}}}} \hfill Time: {w.rng.choice((60, 90, 120))} min, {w.rng.choice((20, 50, 100))} points\par\bigskip")
        for question in range(1, w.rng.randint(4, 9)):
            points = w.rng.choice((f"({w.rng.randint(1, 12)} points)", f"[{w.rng.randint(1, 9)} pts]", ""))
            w.add(rf"\par\medskip\noindent\textbf{{{w.rng.choice(('Problem ', 'Question ', 'Aufgabe ', 'Exercice ', ''))}{question}.}} {w.sentences(w.rng.randint(1, 3), math=0.9)} {points}\par")
            if w.chance(0.5):
                w.any_display()
            if w.chance(0.6):
                for letter in "abcdef"[: w.rng.randint(2, 6)]:
                    answer = w.any_inline() if w.chance(0.6) else w.sentences(1, math=0.8)
                    w.add(rf"\par\noindent\hspace*{{2em}}({letter}) {answer}" + (r" \quad " if w.chance(0.3) else r"\par"))
            if w.chance(0.3):
                w.add(rf"\vspace{{{w.rng.randint(10, 50)}mm}}")
        w.add(r"\clearpage" if w.chance(0.4) else r"\par\bigskip\hrule\bigskip")


def _write_slides(w: Writer, until: int) -> None:
    style = w.rng.choice(("bar", "plain", "line"))
    while w.size < until:
        head = title(w)
        w.add({
            "bar": rf"\clearpage\noindent\colorbox{{tone}}{{\parbox{{.97\linewidth}}{{\color{{white}}\Large {head}\strut}}}}\par\bigskip",
            "plain": rf"\clearpage{{\Large\color{{tone}} {head}\par}}\bigskip",
            "line": rf"\clearpage{{\Large\bfseries {head}\par}}{{\color{{tone}}\hrule height 1pt}}\bigskip",
        }[style])  # fmt: skip
        flow(w, w.size + w.rng.randint(350, 1000), extras=0.35, headings=False)


def _write_sheet(w: Writer, until: int) -> None:
    columns = w.rng.randint(2, 4)
    w.add(rf"\begin{{center}}\textbf{{\Large {title(w)}}}\end{{center}}\footnotesize")
    while w.size < until:
        w.add(rf"\begin{{multicols}}{{{columns}}}")
        goal = w.size + 5000
        while w.size < goal:
            w.add(rf"\par\smallskip\noindent\textbf{{{title(w, 2)}}}\par")
            for _ in range(w.rng.randint(2, 6)):
                if w.chance(0.45):
                    tex = w.material.formula("display", w.rng, w.source)
                    w.display(tex)
                elif w.chance(0.6):
                    w.add(rf"\noindent {w.any_inline()}, {w.any_inline()}\par")
                else:
                    w.add(w.sentences(1) + r"\par")
        w.add(r"\end{multicols}")


def _write_manual(w: Writer, until: int) -> None:
    while w.size < until:
        _heading(w, title(w))
        flow(w, w.size + 1200, extras=0.1)
        w.rng.choice((code, own_list, lambda v: table(v, False), lambda v: figure(v, True)))(w)


def _write_plain(w: Writer, until: int) -> None:
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


LAYOUTS: tuple[Layout, ...] = (
    Layout("article", 4.0, _article, _write_article, 4200),
    Layout("two-columns", 3.0, _two_columns, _write_article, 6000),
    Layout("book", 3.0, _book, _write_book, 3600),
    Layout("notes", 2.0, _article, _write_notes, 3800),
    Layout("exam", 1.5, _article, _write_exam, 2800),
    Layout("slides", 2.5, _slides, _write_slides, 750),
    Layout("sheet", 1.0, _article, _write_sheet, 6000),
    Layout("manual", 1.5, _article, _write_manual, 3800),
    Layout("plain", 0.8, _article, _write_plain, 3500),
)
