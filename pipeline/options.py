"""What a user can ask of a reading: page or crop, which kinds, how sure, which places."""

from __future__ import annotations

import math
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from mathocr.data.contracts import KINDS, Box, Kind

Mode = Literal["auto", "page", "crop"]
FORMULAS = ("all", *KINDS)
MOST_ALTERNATIVES = 20  # each costs the time of a reading
MODES: tuple[Mode, ...] = ("auto", "page", "crop")


class UsageError(ValueError):
    """Command line options that do not fit together."""


def refuse(args: Namespace, names: str, why: str) -> None:
    """Stop where options were given that would do nothing.

    Args:
        args: What was given; None or False where an option was not.
        names: The options, without dashes in front, parted by spaces.
        why: What is said after their names, such as ``only with --serve``.

    Raises:
        UsageError: If one was given (the message names all that were).
    """
    values = {name: getattr(args, name.replace("-", "_")) for name in names.split()}
    if given := [f"--{name}" for name, value in values.items() if value is not None and value is not False]:
        raise UsageError(f"{', '.join(given)} {why}")


@dataclass(frozen=True)
class Options:
    """What to look for; the same for Python, the command line and services.

    Attributes:
        mode: ``page`` to look for formulas, ``crop`` to read the whole image as one, ``auto`` to tell by its look.
        formulas: Kinds to report: ``all``, ``inline`` or ``display``.
        min_score: Least detector score in [0, 1], one for both kinds or by kind; the detector's own for a kind
            that is not named, and for both if None. On a page without any sure formula all scores are lowered.
        regions: Places that are read in any case, corners ``(x0, y0, x1, y1)`` in pixels of the page; what the
            detector sees there is left out. With them an image is a page.
        alternatives: Most other readings to give of each formula, by beam search; up to 20.

    Raises:
        ValueError: If a value is none of these, or a crop's mode comes with what only a page has (the message names
            it).
    """

    mode: Mode = "auto"
    formulas: Literal["all", "inline", "display"] = "all"
    min_score: float | Mapping[Kind, float] | None = None
    regions: tuple[Box, ...] = ()
    alternatives: int = 0

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"mode must be auto, page or crop, got {self.mode!r}")
        if self.formulas not in FORMULAS:
            raise ValueError(f"formulas must be all, inline or display, got {self.formulas!r}")
        if type(self.alternatives) is not int or not 0 <= self.alternatives <= MOST_ALTERNATIVES:
            raise ValueError(f"alternatives must be 0 to {MOST_ALTERNATIVES}, got {self.alternatives!r}")
        least: Any = {} if self.min_score is None else self.min_score
        stated: Mapping[Any, Any] = least if isinstance(least, Mapping) else {"inline": least}
        for kind, score in stated.items():
            if kind not in KINDS or not (_is_number(score) and 0 <= score <= 1):
                raise ValueError(f"min_score must be in [0, 1] for inline or display, got {score} for {kind}")
        object.__setattr__(self, "regions", tuple(_box(region) for region in self.regions))
        if self.mode == "crop":
            asked = {"formulas": self.formulas != "all", "min_score": self.min_score is not None,
                     "regions": bool(self.regions)}  # fmt: skip
            if given := [name for name, is_asked in asked.items() if is_asked]:
                raise ValueError(f"mode must not be 'crop' with {', '.join(given)}, which choose formulas of a page")


def parse_region(text: str) -> Box:
    """Read ``x0,y0,x1,y1`` in pixels.

    Raises:
        ValueError: If it is not four numbers, or no box.
    """
    try:
        return _box([float(part) for part in text.split(",")])
    except ValueError as error:
        raise ValueError(f"a region must be x0,y0,x1,y1 with x0 < x1 and y0 < y1, got {text!r}") from error


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


def _box(region: Sequence[float]) -> Box:
    """Check a box that a user gave."""
    numbers = tuple(region) if isinstance(region, Sequence) else ()
    if len(numbers) != 4 or not all(_is_number(edge) and math.isfinite(edge) for edge in numbers):
        raise ValueError(f"a region must be four numbers x0, y0, x1, y1, got {region!r}")
    x0, y0, x1, y1 = (float(edge) for edge in numbers)
    if x0 >= x1 or y0 >= y1:
        raise ValueError(f"a region must have x0 < x1 and y0 < y1, got {region!r}")
    return (x0, y0, x1, y1)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
