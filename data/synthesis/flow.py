"""Fill pages with running text: a source's own blocks, or sentences of our own, with other parts between them."""

from __future__ import annotations

from mathocr.data.synthesis.algorithms import algorithm
from mathocr.data.synthesis.elements import code, figure, formula_lines, formula_table, own_list, table, title
from mathocr.data.synthesis.prose import Block
from mathocr.data.synthesis.writer import Writer


def flow(w: Writer, until: int, extras: float = 0.12, headings: bool = True) -> None:
    """Write runs of the source's own blocks, with other parts and sentences of our own between them."""
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
            paragraph = w.text(block.parts) + _note(w)
            if not depth and w.chance(_STATED):
                name = w.rng.choice(("theorem", "lemma", "proposition", "corollary", "claim"))
                w.add(rf"\begin{{{name}}}{paragraph}\end{{{name}}}")
            else:
                w.add(paragraph + (r"\par" if w.chance(0.6) else ""))
        elif block.kind == "display":
            w.display(*block.parts)
        elif block.kind == "head" and not depth and headings:
            heading(w, w.text(block.parts))
        elif block.kind == "open":
            name = _THEOREM_NAMES.get(block.parts[0], block.parts[0])
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


_STATED = 0.12
"""Share of paragraphs set as a statement, mostly in italics: articles in italics are what is taken for formulas."""

_THEOREM_NAMES = {
    "thm": "theorem", "lem": "lemma", "defn": "definition", "prop": "proposition", "cor": "corollary", "rem": "remark",
    "exmp": "example", "question": "problem", "exercises": "exercise", "conjecture": "claim", "note": "remark",
}  # fmt: skip


def heading(w: Writer, text: str) -> None:
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
        heading(w, title(w))
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
    parts = ("table", "formulas", "lines", "algorithm", "figure", "code", "list", "box")
    kinds = (*parts, *["sentences"] * 2, *["display"] * 3, *["letters"] * 2)
    kind = w.rng.choice(kinds)
    if kind == "table":
        table(w, floating)
    elif kind == "formulas":
        formula_table(w)
    elif kind == "lines":
        formula_lines(w)
    elif kind == "algorithm":
        algorithm(w)
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
    elif kind == "letters" and w.language.contrasts:
        count = w.rng.randint(2, 6)
        w.add(" ".join(w.contrast() if w.chance(0.7) else w.look_alike() for _ in range(count)) + r"\par")
    elif kind == "box":
        name = w.rng.choice(("framed", "shaded", "leftbar", "quote"))
        w.add(rf"\begin{{{name}}}" + w.sentences(w.rng.randint(1, 3)) + rf"\end{{{name}}}")
    else:
        w.add(w.sentences(w.rng.randint(1, 4), math=0.5, alike=0.4) + r"\par")
