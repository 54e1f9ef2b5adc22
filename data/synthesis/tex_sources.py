"""Take the formulas out of a folder of LaTeX sources, macros expanded."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mathocr.data.synthesis.corpus import SourceFormula
from mathocr.data.synthesis.macros import Macros
from mathocr.data.synthesis.prose import harvest, read_source

_INNER = {"align": "aligned", "flalign": "aligned", "eqnarray": "aligned", "gather": "gathered", "multline": "gathered"}


def files_by_source(folder: Path) -> dict[str, list[Path]]:
    """LaTeX files (``.tex``, ``.sty``, ``.cls``) below a folder: each subfolder is a source (``a+b`` is named ``a/b``).

    Raises:
        ValueError: If the folder is not there.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder of LaTeX sources")
    groups: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".tex", ".sty", ".cls") and path.is_file():
            inner = path.relative_to(folder).parts
            groups[(inner[0] if len(inner) > 1 else folder.name).replace("+", "/")].append(path)
    return dict(sorted(groups.items()))


def read_tex_formulas(folders: Sequence[Path], keep: Callable[[str], bool]) -> Iterator[SourceFormula]:
    """Formulas of all ``.tex`` files below folders; each subfolder is a source (``a+b`` is named ``a/b``).

    Several rows become ``aligned`` or ``gathered``. Formulas with commands of which no definition is understood are
    given as they are: TeX refuses them later.

    Args:
        folders: Folders; files directly in one belong to a source of the folder's name.
        keep: Which sources to read.

    Raises:
        ValueError: If a folder is not there.
    """
    for folder in folders:
        for source, files in files_by_source(folder).items():
            if keep(source):
                yield from _formulas_of(files, source)


def _formulas_of(files: list[Path], source: str) -> Iterator[SourceFormula]:
    """Formulas of one source's files."""
    macros = Macros.common()
    for path in files:
        macros.collect(read_source(path))
    for path in files:
        if path.suffix != ".tex":
            continue
        for block in harvest(read_source(path), macros, random.Random(0)):
            if block.kind == "display":
                yield SourceFormula(_display(*block.parts), "display", source)
            elif block.kind in ("para", "item", "head"):
                yield from (SourceFormula(" ".join(tex.split()), "inline", source) for tex in block.parts[1::2])


def _display(body: str, environment: str) -> str:
    """A display's body, its rows in an environment that can stand inside a formula."""
    body = " ".join(body.split())
    inner = _INNER.get(environment.rstrip("*"))
    if environment.startswith("eqnarray"):
        body = re.sub(r"&((?:[^&\\]|\\[^\\])*)&", r"&\1 ", body)
    if inner is None or ("&" not in body and "\\\\" not in body):
        return body
    return f"\\begin{{{inner}}} {body} \\end{{{inner}}}"
