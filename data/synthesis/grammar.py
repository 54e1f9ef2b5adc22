"""Random formulas with realistic structure."""
from mathocr.data.synthesis.corpus import SourceFormula


def grammar_formulas(count, seed=0, kind=None):
    raise NotImplementedError
