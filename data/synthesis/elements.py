"""Parts of a page that stand between paragraphs: tables, figures, code, lists, boxes, references."""

from __future__ import annotations

from mathocr.data.synthesis.phrases import CODE, NAMES, PLAIN_SENTENCES, TITLE_WORDS
from mathocr.data.synthesis.writer import Writer

_ESCAPES = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", " ": "~", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
            "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}"}  # fmt: skip


def title(w: Writer, words: int = 3) -> str:
    """A heading of a few words."""
    return " ".join(w.rng.sample(TITLE_WORDS, words))


def caption(w: Writer) -> str:
    """A sentence or two for a figure or table, sometimes with a formula."""
    text = w.rng.choice(PLAIN_SENTENCES[w.language])
    if w.chance(0.5):
        text += " " + w.sentences(1, math=1.0)
    return text


def number(w: Writer) -> str:
    """A plain number as tables show them."""
    return w.rng.choice((
        f"{w.rng.uniform(0, 100):.2f}", f"{w.rng.randint(1, 999)}", f"{w.rng.uniform(0, 1):.3f}", f"{w.rng.randint(1900, 2030)}",
        f"{w.rng.randint(1, 99)}\\%", f"--{w.rng.uniform(0, 9):.1f}", f"{w.rng.randint(1, 9)},{w.rng.randint(100, 999)}",
    ))  # fmt: skip


def table(w: Writer, floating: bool) -> None:
    """A table of words, numbers and formulas."""
    columns, rows = w.rng.randint(2, 5), w.rng.randint(2, 8)
    kinds = [w.rng.choice(("math", "number", "word", "number", "short")) for _ in range(columns)]
    ruled = w.rng.choice(("book", "grid", "none"))
    middle, top = (r"\hline", r"\hline") if ruled == "grid" else (r"\midrule", r"\toprule") if ruled == "book" else ("", "")
    bottom = r"\bottomrule" if ruled == "book" else top

    def cell(kind: str) -> str:
        if kind == "math":
            tex = w.material.formula("inline", w.rng, w.source)
            return w.inline(tex if len(tex) < 40 else "x_{%d}" % w.rng.randint(1, 9))
        if kind == "number":
            return number(w) if w.chance(0.8) else w.inline(f"{w.rng.uniform(1, 9):.2f} \\times 10^{{-{w.rng.randint(1, 9)}}}")
        return w.rng.choice(TITLE_WORDS) if kind == "word" else w.rng.choice(("yes", "no", "A", "B", "n/a", "low", "high"))

    head = " & ".join(w.any_short() if w.chance(0.3) else rf"{w.rng.choice(TITLE_WORDS)}" for _ in kinds)
    body = [" & ".join(cell(kind) for kind in kinds) + r" \\" for _ in range(rows)]
    if ruled == "grid":
        body = [row + r" \hline" for row in body]
    bar = "|" if ruled == "grid" else ""
    spec = bar + bar.join(w.rng.choice("lcr") for _ in kinds) + bar
    end = bottom if ruled != "grid" else ""
    tabular = rf"\begin{{tabular}}{{{spec}}}{top} {head} \\ {middle} {' '.join(body)} {end}\end{{tabular}}"
    tabular = rf"\setbox0\hbox{{{tabular}}}\ifdim\wd0<\linewidth {tabular}\else\resizebox{{\linewidth}}{{!}}{{{tabular}}}\fi"
    if floating:
        above = rf"\caption{{{caption(w)}}}"
        place = w.rng.choice(("t", "htbp", "b", "h"))
        inner = f"{above} {tabular}" if w.chance(0.5) else f"{tabular} {above}"
        size = w.rng.choice(("", r"\small", r"\footnotesize"))
        w.add(rf"\begin{{table}}[{place}]\centering {size} {inner}\end{{table}}")
    else:
        w.add(rf"\begin{{center}}{tabular}\end{{center}}")


def figure(w: Writer, floating: bool) -> None:
    """A plot with axes, curves and labels, a bar chart, a grey picture or a drawing of boxes and arrows."""
    kind = w.rng.choice(("plot", "bars", "picture", "boxes"))
    width, height = w.rng.randint(90, 180), w.rng.randint(60, 120)
    draw = [rf"\begin{{picture}}({width},{height})"]
    r = w.rng.randint
    if kind == "plot":
        draw.append(rf"\put(12,10){{\vector(1,0){{{width - 14}}}}}\put(12,10){{\vector(0,1){{{height - 14}}}}}")
        for _ in range(r(1, 3)):
            points = [(r(12, width // 3), r(10, height - 8)), (r(20, width - 9), r(0, height)), (r(width // 2, width - 6), r(10, height - 8))]
            draw.append(r"\qbezier" + "".join(f"({x},{y})" for x, y in points))
        draw += [rf"\put({x},0){{\makebox(0,0)[b]{{\tiny {x // 10}}}}}" for x in range(20, width - 20, 30)]
        if w.chance(0.5):
            draw.append(rf"\put({width - 8},14){{{w.inline(w.rng.choice(('x', 't', 'n', 'r')))}}}\put(16,{height - 8}){{{w.inline(w.rng.choice(('y', 'f(x)', 'u', 'E')))}}}")
        else:
            draw.append(rf"\put({width - 30},1){{\tiny {w.rng.choice(('time [s]', 'age', 'cost (EUR)', 'x'))}}}")
    elif kind == "bars":
        draw.append(rf"\put(8,8){{\line(1,0){{{width - 10}}}}}")
        for x in range(14, width - 14, 18):
            tone = w.rng.uniform(0.3, 0.9)
            draw.append(rf"\put({x},8){{\textcolor[gray]{{{tone:.2f}}}{{\rule{{10pt}}{{{r(5, height - 14)}pt}}}}}}\put({x},0){{\tiny {r(1, 99)}}}")
    elif kind == "picture":
        for x in range(0, width, 15):
            for y in range(0, height, 15):
                draw.append(rf"\put({x},{y}){{\textcolor[gray]{{{w.rng.uniform(0.2, 1):.2f}}}{{\rule{{15pt}}{{15pt}}}}}}")
    else:
        for x in range(0, width - 40, 60):
            y = r(10, height - 30)
            label = w.any_short() if w.chance(0.4) else rf"\scriptsize {w.rng.choice(TITLE_WORDS)}"
            draw.append(rf"\put({x},{y}){{\framebox(44,20){{{label}}}}}\put({x + 44},{y + 10}){{\vector(1,0){{16}}}}")
    draw.append(r"\end{picture}")
    if floating:
        w.add(rf"\begin{{figure}}[{w.rng.choice(('t', 'htbp', 'b'))}]\centering {''.join(draw)}\caption{{{caption(w)}}}\end{{figure}}")
    else:
        w.add(rf"\begin{{center}}{''.join(draw)}\end{{center}}")


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
        w.add(
            rf"\bibitem{{r{w.size}x{key}}} {names}. {shown}. "
            rf"{w.rng.choice(('J. Appl. Stud.', 'Proc. Conf.', 'Ann. Sci.', 'Preprint', 'Press'))} \textbf{{{w.rng.randint(1, 90)}}}"
            rf"({w.rng.randint(1, 12)}):{pages}--{pages + w.rng.randint(1, 40)}, {w.rng.randint(1950, 2024)}.",
            rf"\bibitem{{r{w.size}x{key}}} --",
        )
    w.add(r"\end{thebibliography}")
