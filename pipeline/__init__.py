"""Page image to report: both stages chained, the command line, evaluation and training entry points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mathocr.pipeline.ocr import MathOCR
    from mathocr.pipeline.options import Options

__all__ = ["MathOCR", "Options"]


def __getattr__(name: str) -> Any:
    """Import ``MathOCR`` and ``Options`` when first asked for: ``mathocr --help`` needs neither."""
    if name in __all__:
        from mathocr.pipeline import ocr

        return getattr(ocr, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
