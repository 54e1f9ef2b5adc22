"""What a user can ask of a reading: page or crop, which kinds, how sure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from mathocr.data.contracts import KINDS, Kind

Mode = Literal["auto", "page", "crop"]
FORMULAS = ("all", *KINDS)
MODES: tuple[Mode, ...] = ("auto", "page", "crop")


class UsageError(ValueError):
    """Command line options that do not fit together."""


@dataclass(frozen=True)
class Options:
    """What to look for.

    Attributes:
        mode: ``page`` to look for formulas, ``crop`` to read the whole image as one, ``auto`` to tell by its look.
        formulas: Kinds to report: ``all``, ``inline`` or ``display``.
        min_score: Least detector score in [0, 1], one for both kinds or by kind; the detector's own for a kind
            that is not named, and for both if None.
    """

    mode: Mode = "auto"
    formulas: Literal["all", "inline", "display"] = "all"
    min_score: float | Mapping[Kind, float] | None = None

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"mode must be auto, page or crop, got {self.mode!r}")
        if self.formulas not in FORMULAS:
            raise ValueError(f"formulas must be all, inline or display, got {self.formulas!r}")
        stated = self.min_score if isinstance(self.min_score, Mapping) else {"inline": self.min_score}
        for kind, score in stated.items():
            if kind not in KINDS or not (score is None or 0 <= score <= 1):
                raise ValueError(f"min_score must be in [0, 1] for inline or display, got {score} for {kind}")


def parse_min_score(text: str) -> float | dict[Kind, float]:
    """Read ``0.4`` or ``inline=0.3,display=0.5``.

    Raises:
        ValueError: If it is of neither form, or names a kind that does not exist.
    """
    if "=" not in text:
        return _score(text, text)
    scores: dict[Kind, float] = {}
    for part in text.split(","):
        name, _, value = part.strip().partition("=")
        if name not in KINDS:
            raise ValueError(f"scores must be like 0.4 or inline=0.3,display=0.5, got {text!r}")
        scores[cast(Kind, name)] = _score(value, text)
    return scores


def _score(value: str, text: str) -> float:
    try:
        score = float(value)
    except ValueError as error:
        raise ValueError(f"scores must be like 0.4 or inline=0.3,display=0.5, got {text!r}") from error
    if not 0 <= score <= 1:
        raise ValueError(f"scores must be in [0, 1], got {score}")
    return score
