"""What may follow what in canonical LaTeX: braces, arguments, scripts, rows and cells of environments."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mathocr.data.latex.commands import ACCENTS, ARROWS, BRACES, TWO_ARGUMENTS
from mathocr.data.latex.fonts import MATH_FONTS
from mathocr.data.latex.textmode import PHRASES
from mathocr.im2latex.vocabulary import BOS, EOS, PAD, SPECIALS, UNK, Vocabulary

_ONE = {
    *PHRASES.values(), *ACCENTS.values(), *MATH_FONTS.values(), *BRACES, *ARROWS, "\\sqrt",
    "\\operatorname", "\\operatorname*", "\\mathop", "\\substack", "\\cline",
}  # fmt: skip
_OPTIONAL = frozenset(("\\sqrt", *ARROWS))  # these may have [...] before their argument
_LIMITS = frozenset(("\\limits", "\\nolimits"))
_LINES = frozenset(("\\hline", "\\cline"))
_COLUMNS = {"matrix": 10, "pmatrix": 10, "bmatrix": 10, "Bmatrix": 10, "vmatrix": 10, "Vmatrix": 10, "cases": 2,
            "rcases": 2, "gathered": 1}  # fmt: skip
"""Most cells in a row; amsmath's MaxMatrixCols is 10."""

# What a list of tokens is inside of.
_TOP, _GROUP, _TEXT_GROUP, _STACK, _SPEC, _OPTION, _ENVIRONMENT = range(7)

Mask = NDArray[np.bool_]


class _Frame:
    """A list of tokens that is not closed yet.

    Attributes:
        kind: What it is inside of.
        closing: Id that closes it.
        arguments: Groups that must follow when it is closed.
        scripts: Scripts that its last atom has: a set of ``_`` and ``^``.
        most: Cells that a row may have; columns so far in an array's specification.
        cells: Cells of the row so far.
        fresh: Whether a row begins here, with nothing in it.
    """

    __slots__ = ("arguments", "cells", "closing", "fresh", "kind", "most", "scripts")

    def __init__(self, kind: int, closing: int, arguments: int = 0, most: int = 1) -> None:
        self.kind, self.closing, self.arguments, self.most = kind, closing, arguments, most
        self.scripts: frozenset[str] = frozenset()
        self.cells = 1
        self.fresh = True

    def copy(self) -> _Frame:
        """A frame that changes apart."""
        other = _Frame(self.kind, self.closing, self.arguments, self.most)
        other.scripts, other.cells, other.fresh = self.scripts, self.cells, self.fresh
        return other


class Grammar:
    """The grammar of canonical LaTeX over the ids of a vocabulary.

    Args:
        vocabulary: The recogniser's tokens.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.texts = SPECIALS + vocabulary.tokens
        self.ids = {text: number for number, text in enumerate(self.texts)}
        self.braced = "{" in self.ids and "}" in self.ids
        self.ends = {
            number: self.ids.get(f"\\end{{{text[7:-1]}}}", -1)
            for number, text in enumerate(self.texts)
            if text.startswith("\\begin{")
        }
        self.arguments = {self.ids[name]: 1 for name in _ONE if name in self.ids}
        self.arguments.update({self.ids[name]: 2 for name in TWO_ARGUMENTS if name in self.ids})
        self.optional = self._where(lambda text: text in _OPTIONAL)
        self.text = self._where(lambda text: text in PHRASES.values())
        self.spec = self._where(lambda text: text in ("l", "c", "r", "|"))
        # In text only characters and a few symbols are sure to be typeset.
        self.plain = self._where(lambda text: len(text) == 1 and text not in "{}_^&") | self._where(
            lambda text: text in ("\\{", "\\}", "\\%", "\\$", "\\#", "\\&", "\\_", "\\ ", "\\i", "\\j", "\\l", "\\P")
        )
        special = self._where(
            lambda text: text in ("{", "}", "_", "^", "&", "\\\\", *_LINES, *_LIMITS) or text.startswith("\\end{")
        )
        special[[PAD, BOS, EOS, UNK]] = True
        special[[begin for begin, end in self.ends.items() if end < 0]] = True  # could never be closed
        if not self.braced:
            special[list(self.arguments)] = True  # nor could these
        self.anywhere: Mask = ~special

    def _where(self, wanted: Callable[[str], bool]) -> Mask:
        """Mask over ids of the tokens that are wanted."""
        return np.array([wanted(text) for text in self.texts])

    def id(self, text: str) -> int:
        """Id of a token; -1 if the vocabulary lacks it."""
        return self.ids.get(text, -1)


class State:
    """Where one sequence stands in the grammar.

    Args:
        grammar: Over the vocabulary of the ids.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._frames = [_Frame(_TOP, EOS)]
        self._needs: list[tuple[int, int]] = []  # (kind of group, arguments after it) that must open next
        self._bracket = False  # whether [...] may come before that group
        self._after_limits = False

    def copy(self) -> State:
        """The same place, from where to go on apart."""
        other = State.__new__(State)
        other._grammar, other._needs = self._grammar, self._needs.copy()
        other._frames = [frame.copy() for frame in self._frames]
        other._bracket, other._after_limits = self._bracket, self._after_limits
        return other

    @property
    def complete(self) -> bool:
        """Whether the sequence may end here."""
        return len(self._frames) == 1 and not self._needs

    def allows(self, token: int) -> bool:
        """Whether a token may come next."""
        g, top, text = self._grammar, self._frames[-1], self._grammar.texts[token]
        if token == EOS:
            return self.complete
        if self._needs:
            return text == "{" or (self._bracket and text == "[")
        if token == top.closing:
            return top.kind != _SPEC or top.most > 0
        if top.kind == _SPEC:
            return bool(g.spec[token])
        if top.kind == _TEXT_GROUP:
            return bool(g.plain[token])
        if text in ("_", "^"):
            return g.braced and text not in top.scripts
        if text == "\\\\":
            return top.kind in (_ENVIRONMENT, _STACK)
        if text == "&":
            return top.kind == _ENVIRONMENT and top.cells < top.most
        if text in _LINES:
            return top.kind == _ENVIRONMENT and top.fresh
        if text in _LIMITS:
            return not top.fresh and not top.scripts and not self._after_limits
        if top.kind == _OPTION and token in g.ends:
            return False  # a bracket in the environment would end the option
        return bool(g.anywhere[token]) or (text == "{" and g.braced)

    def mask(self) -> Mask:
        """Which ids may come next, ``(V,)``."""
        return np.array([self.allows(token) for token in range(len(self._grammar.texts))])

    def advance(self, token: int) -> None:
        """Go on behind a token that is allowed."""
        g, top, text = self._grammar, self._frames[-1], self._grammar.texts[token]
        self._after_limits = text in _LIMITS
        if self._needs:
            if text == "[":
                self._bracket = False
                self._needs.pop()  # the group comes behind the bracket
                self._frames.append(_Frame(_OPTION, g.id("]")))
                return
            kind, arguments = self._needs.pop()
            self._frames.append(_Frame(kind, g.id("}"), arguments, most=int(kind != _SPEC)))
            self._bracket = False
            return
        if token == top.closing:
            self._close(top)
            return
        if top.kind == _SPEC:
            top.most += text != "|"
            return
        if text in ("_", "^"):
            top.scripts |= {text}
            self._needs.append((_GROUP, 0))
            top.fresh = False
            return
        if text == "\\\\":
            top.cells, top.fresh, top.scripts = 1, True, frozenset()
            return
        top.scripts = frozenset()
        if text == "&":
            top.cells += 1
        top.fresh = text in _LINES and top.fresh
        if text == "{":
            self._frames.append(_Frame(_GROUP, g.id("}")))
        elif token in g.ends:
            name = text[7:-1]
            self._frames.append(_Frame(_ENVIRONMENT, g.ends[token], most=_COLUMNS.get(name, 1000)))
            if name == "array":
                self._needs.append((_SPEC, 0))
        elif token in g.arguments:
            kind = _TEXT_GROUP if g.text[token] else _STACK if text == "\\substack" else _GROUP
            self._needs.append((kind, g.arguments[token] - 1))
            self._bracket = bool(g.optional[token]) and top.kind != _OPTION  # TeX pairs braces only

    def _close(self, frame: _Frame) -> None:
        """Leave the innermost list."""
        self._frames.pop()
        if frame.kind == _OPTION:
            self._needs.append((_GROUP, 0))
        elif frame.kind == _SPEC:
            self._frames[-1].most = frame.most
        elif frame.arguments:
            self._needs.append((frame.kind, frame.arguments - 1))

    def closing(self) -> list[int]:
        """The fewest ids that complete the sequence: empty arguments, closing braces and ends of environments."""
        ids: list[int] = []
        while not self.complete:
            token = self._grammar.id("{") if self._needs else self._frames[-1].closing
            if not self.allows(token):  # an array without columns
                token = next(self._grammar.ids[letter] for letter in "lcr" if letter in self._grammar.ids)
            ids.append(token)
            self.advance(token)
        return ids
