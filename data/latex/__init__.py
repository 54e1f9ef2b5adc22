"""Canonical LaTeX: reading, tokens, printing for people, checking."""

from mathocr.data.latex.canonical import Canonical, canonicalize, tokenize, tokens_or_none
from mathocr.data.latex.lexer import LatexError
from mathocr.data.latex.pretty import pretty
from mathocr.data.latex.validity import is_valid, problems, renders, written

__all__ = [
    "Canonical", "LatexError", "canonicalize", "is_valid", "pretty", "problems", "renders", "tokenize",
    "tokens_or_none", "written",
]  # fmt: skip
