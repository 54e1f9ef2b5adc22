"""Parts of a page that stand between paragraphs: tables, figures, code, lists, boxes, references."""

from __future__ import annotations

from mathocr.data.synthesis.phrases import CODE, NAMES
from mathocr.data.synthesis.writer import Writer

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", " ": "~", "~": r"\textasciitilde{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "^": r"\textasciicircum{}", "|": r"\textbar{}", '"': r"\char34{}",
}  # fmt: skip


def title(w: Writer, words: int = 3) -> str:
    """A heading of a few words."""
    return w.language.title(w.rng, words)


def caption(w: Writer) -> str:
    """A sentence or two for a figure or table, sometimes with a formula."""
    text = w.language.fill(w.rng.choice(w.language.plain), w.rng)
    if w.chance(0.5):
        text += " " + w.sentences(1, math=1.0)
    return text


def number(w: Writer) -> str:
    """A plain number as tables show them."""
    r, u = w.rng.randint, w.rng.uniform
    forms = (
        f"{u(0, 100):.2f}", f"{r(1, 999)}", f"{u(0, 1):.3f}", f"{r(1900, 2030)}", f"{r(1, 99)}\\%", f"--{u(0, 9):.1f}",
        f"{r(1, 9)},{r(100, 999)}",
    )  # fmt: skip
    return w.rng.choice(forms)


_RULES = {"book": (r"\toprule", r"\midrule", r"\bottomrule", ""), "grid": (r"\hline", r"\hline", "", r"\hline"),
          "none": ("", "", "", ""), "plain": (r"\hline", r"\hline", r"\hline", "")}  # fmt: skip


def table(w: Writer, floating: bool) -> None:
    """A table of words, numbers and formulas."""
    columns, rows = w.rng.randint(2, 5), w.rng.randint(2, 8)
    kinds = [w.rng.choice(("math", "number", "word", "number", "short")) for _ in range(columns)]
    style = w.rng.choice(sorted(_RULES))
    top, middle, bottom, each = _RULES[style]
    head = " & ".join(w.any_short() if w.chance(0.3) else w.rng.choice(w.language.titles) for _ in kinds)
    body = " ".join(" & ".join(_cell(w, kind) for kind in kinds) + rf" \\ {each}" for _ in range(rows))
    bar = "|" if style == "grid" else ""
    spec = bar + bar.join(w.rng.choice("lcr") for _ in kinds) + bar
    tabular = rf"\begin{{tabular}}{{{spec}}}{top} {head} \\ {middle} {body} {bottom}\end{{tabular}}"
    tabular = _fitted(tabular)
    if floating:
        above = rf"\caption{{{caption(w)}}}"
        place = w.rng.choice(("t", "htbp", "b", "h"))
        inner = f"{above} {tabular}" if w.chance(0.5) else f"{tabular} {above}"
        size = w.rng.choice(("", r"\small", r"\footnotesize"))
        w.add(rf"\begin{{table}}[{place}]\centering {size} {inner}\end{{table}}")
    else:
        w.add(rf"\begin{{center}}{tabular}\end{{center}}")


def _fitted(tabular: str) -> str:
    """A table no wider than the line."""
    shrunk = rf"\resizebox{{\linewidth}}{{!}}{{{tabular}}}"
    return rf"\setbox0\hbox{{{tabular}}}\ifdim\wd0<\linewidth {tabular}\else{shrunk}\fi"


def _cell(w: Writer, kind: str) -> str:
    """One cell of a table."""
    if kind == "math":
        tex = w.material.formula("inline", w.rng, w.source)
        return w.inline(tex if len(tex) < 40 else f"x_{{{w.rng.randint(1, 9)}}}")
    if kind == "number":
        power = rf"{w.rng.uniform(1, 9):.2f} \times 10^{{-{w.rng.randint(1, 9)}}}"
        return number(w) if w.chance(0.8) else w.inline(power)
    return w.rng.choice(w.language.titles if kind == "word" else ("yes", "no", "A", "B", "n/a", "low", "high"))


def formula_table(w: Writer) -> None:
    """A table of formulas side by side, as of integrals or distributions, set as high as in displays."""
    columns, style = w.rng.choice((2, 2, 3)), w.rng.choice(sorted(_RULES))
    top, middle, bottom, each = _RULES[style]
    bar = "|" if style == "grid" else ""
    spec = bar + bar.join(w.rng.choice("lcl") for _ in range(columns)) + bar
    end = rf" \\ {each}" if each else rf" \\[{w.rng.choice((0, 0.3, 0.6, 1))}ex] "
    head = " & ".join(w.any_short() if w.chance(0.4) else title(w, 1) for _ in range(columns))
    head = rf"{head} \\ {middle}" if w.chance(0.7) else ""
    body = "".join(" & ".join(_tall_cell(w) for _ in range(columns)) + end for _ in range(w.rng.randint(3, 8)))
    stretch = rf"\def\arraystretch{{{w.rng.choice((1, 1.3, 1.8, 2.2))}}}"
    tabular = rf"{stretch}\begin{{tabular}}{{{spec}}}{top} {head} {body}{bottom}\end{{tabular}}"
    w.add(rf"\begin{{center}}{_fitted(tabular)}\end{{center}}")


def formula_lines(w: Writer) -> None:
    """Formulas on lines of their own that are no displays, one below the other, as on formula sheets."""
    indent = w.rng.choice(("", "", r"\quad ", r"\hspace*{2em}"))
    end = w.rng.choice((r"\par", r"\par", r"\par\smallskip"))
    for _ in range(w.rng.randint(3, 9)):
        before = f"{title(w, 1)}: " if w.chance(0.15) else ""
        w.add(rf"\noindent {indent}{before}{_tall_cell(w)}{end}")


def _tall_cell(w: Writer) -> str:
    """One or two formulas, mostly as high as in displays."""
    cell = (w.tall() if w.chance(0.5) else "") or w.any_inline()
    return f"{cell}, {w.any_short()}" if w.chance(0.15) else cell


def figure(w: Writer, floating: bool) -> None:
    """A plot with axes, curves and labels, a bar chart, a grey picture or a drawing of boxes and arrows."""
    width, height = w.rng.randint(90, 180), w.rng.randint(60, 120)
    drawing = w.rng.choice((_plot, _bars, _raster, _boxes))(w, width, height)
    picture = rf"\begin{{picture}}({width},{height}){''.join(drawing)}\end{{picture}}"
    if floating:
        place = w.rng.choice(("t", "htbp", "b"))
        w.add(rf"\begin{{figure}}[{place}]\centering {picture}\caption{{{caption(w)}}}\end{{figure}}")
    else:
        w.add(rf"\begin{{center}}{picture}\end{{center}}")


def _plot(w: Writer, width: int, height: int) -> list[str]:
    """Axes with numbers and names, and a few curves."""
    r = w.rng.randint
    right, up = rf"\vector(1,0){{{width - 14}}}", rf"\vector(0,1){{{height - 14}}}"
    draw = [rf"\put(12,10){{{right}}}\put(12,10){{{up}}}"]
    for _ in range(r(1, 3)):
        start, middle = (r(12, width // 3), r(10, height - 8)), (r(20, width - 9), r(0, height))
        end = (r(width // 2, width - 6), r(10, height - 8))
        draw.append(r"\qbezier" + "".join(f"({x},{y})" for x, y in (start, middle, end)))
    draw += [rf"\put({x},0){{\makebox(0,0)[b]{{\tiny {x // 10}}}}}" for x in range(20, width - 20, 30)]
    if w.chance(0.5):
        across = w.inline(w.rng.choice(("x", "t", "n", "r")))
        upward = w.inline(w.rng.choice(("y", "f(x)", "u", "E")))
        draw.append(rf"\put({width - 8},14){{{across}}}\put(16,{height - 8}){{{upward}}}")
    else:
        draw.append(rf"\put({width - 30},1){{\tiny {w.rng.choice(('time [s]', 'age', 'cost (EUR)', 'year'))}}}")
    return draw


def _bars(w: Writer, width: int, height: int) -> list[str]:
    """A bar chart with numbers."""
    draw = [rf"\put(8,8){{\line(1,0){{{width - 10}}}}}"]
    for x in range(14, width - 14, 18):
        tone, high = w.rng.uniform(0.3, 0.9), w.rng.randint(5, height - 14)
        bar = rf"\textcolor[gray]{{{tone:.2f}}}{{\rule{{10pt}}{{{high}pt}}}}"
        draw.append(rf"\put({x},8){{{bar}}}\put({x},0){{\tiny {w.rng.randint(1, 99)}}}")
    return draw


def _raster(w: Writer, width: int, height: int) -> list[str]:
    """Squares of grey."""
    square = r"\put(%d,%d){\textcolor[gray]{%.2f}{\rule{15pt}{15pt}}}"
    return [square % (x, y, w.rng.uniform(0.2, 1)) for x in range(0, width - 14, 15) for y in range(0, height - 14, 15)]


def _boxes(w: Writer, width: int, height: int) -> list[str]:
    """Boxes with words or formulas and arrows between them."""
    draw = []
    for x in range(0, width - 40, 60):
        y = w.rng.randint(10, height - 30)
        label = w.any_short() if w.chance(0.4) else rf"\scriptsize {w.rng.choice(w.language.titles)}"
        draw.append(rf"\put({x},{y}){{\framebox(44,20){{{label}}}}}\put({x + 44},{y + 10}){{\vector(1,0){{16}}}}")
    return draw


def code(w: Writer) -> None:
    """A program listing."""
    lines = w.rng.choice(CODE)
    frame = w.rng.choice(("", r"\hrule\smallskip "))
    body = r"\\ ".join(
        rf"\mbox{{{(str(place).rjust(2, '~') + '~~') if frame else ''}{_verbatim(line)}}}"
        for place, line in enumerate(lines, 1)
    )
    end = r"\smallskip\hrule " if frame else ""
    w.add(rf"\par\medskip {frame}{{\ttfamily\small\raggedright\parindent0pt {body}\par}}{end}\medskip")


def _verbatim(line: str) -> str:
    """A line of a program with TeX's special characters escaped."""
    return "".join(_ESCAPES.get(char, rf"\{char}" if char in "#$%&_" else char) for char in line)


def own_list(w: Writer) -> None:
    """A list of our own sentences."""
    name = w.rng.choice(("itemize", "enumerate"))
    w.add(rf"\begin{{{name}}}")
    for _ in range(w.rng.randint(2, 5)):
        w.add(r"\item " + w.sentences(w.rng.randint(1, 2)), r"\item --")
    w.add(rf"\end{{{name}}}")


def references(w: Writer) -> None:
    """A bibliography."""
    count = w.rng.randint(5, 25)
    w.add(r"\begin{thebibliography}{99}\small")
    for key in range(count):
        names = ", ".join(w.rng.sample(NAMES, w.rng.randint(1, 3)))
        pages = w.rng.randint(1, 900)
        topic = title(w, w.rng.randint(2, 5)) + (f" of {w.any_short()}" if w.chance(0.1) else "")
        shown = w.rng.choice((topic, rf"\emph{{{topic}}}", f"``{topic},''"))
        journal = w.rng.choice(("J. Appl. Stud.", "Proc. Conf.", "Ann. Sci.", "Preprint", "Press"))
        volume = rf"\textbf{{{w.rng.randint(1, 90)}}}({w.rng.randint(1, 12)})"
        item = rf"\bibitem{{r{w.size}x{key}}}"
        place = f"{volume}:{pages}--{pages + w.rng.randint(1, 40)}, {w.rng.randint(1950, 2024)}"
        w.add(f"{item} {names}. {shown}. {journal} {place}.", f"{item} --")
    w.add(r"\end{thebibliography}")
