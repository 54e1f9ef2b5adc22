"""From readings to a page's formulas: numbers go to their displays, broken formulas are joined, text is left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mathocr.data.contracts import Box, Formula, Kind, Reading, Region
from mathocr.data.latex.symbols import BINARY, RELATIONS
from mathocr.detector.boxes import pairwise_overlap
from mathocr.pipeline.broken_lines import find_continuations, join_readings, with_tokens
from mathocr.pipeline.columns import PageLayout, find_layout
from mathocr.pipeline.equation_numbers import Candidate, find_candidates, parse_number, split_number
from mathocr.pipeline.inputs import PageImage
from mathocr.pipeline.layout import Ink
from mathocr.pipeline.reading_order import reading_order

_COVERED = 0.5  # share of a region that lies on an equation number, or on a place named by the user, to be that
_PUNCTUATION = ".,:;"  # at the end of an inline formula it is the sentence's: see docs/LABELLING.md
# What the labelling guide does not count as a formula: a plain number (also of a list or citation), a sign of
# punctuation, words alone.
_PLAIN = re.compile(
    r"[(\[]?\d+(?:[.,:]\d+)*[)\]]?"
    rf"|[{_PUNCTUATION}]"
    r"|(?:\\(?:text|mathrm|mathbf|mathit|mathsf|mathtt|operatorname)\{[^{}\\]{2,}\})+"
)


@dataclass(frozen=True)
class Plan:
    """What is to be read on a page.

    Attributes:
        regions: In reading order.
        layout: Of the page; None where the whole image is one formula.
        given: Whether the user named the place of each region; such a one is never left out.
        candidates: What may be equation numbers of the displays.
    """

    regions: Sequence[Region]
    layout: PageLayout | None = None
    given: Sequence[bool] = ()
    candidates: Sequence[Candidate] = ()

    def places(self) -> list[Box]:
        """Boxes to cut out: as many as ``formulas`` takes."""
        rests = [candidate.rest for candidate in self.candidates if candidate.rest is not None]
        return [*(region.box for region in self.regions), *rests, *(candidate.box for candidate in self.candidates)]

    def formulas(self, readings: Sequence[Reading]) -> tuple[Formula, ...]:
        """What was read.

        Args:
            readings: One for each of ``places``.
        """
        if self.layout is None:
            return tuple(map(Formula.of, self.regions, readings))
        regions, own, tags, taken = self._numbers(readings)
        earlier = find_continuations(regions, own, self.layout)
        for later in sorted(earlier):  # of a formula in three lines the last part has all
            own[later] = join_readings(own[earlier[later]], own[later])
        own = [
            reading if given or region.kind == "display" else _without_punctuation(reading)
            for region, reading, given in zip(regions, own, self.given, strict=True)
        ]
        for later in sorted(earlier, reverse=True):
            own[earlier[later]] = own[later]
        keep = _formulas_alone(regions, own, self.given, taken)
        place = {number: place for place, number in enumerate(keep)}
        return tuple(
            Formula.of(
                regions[number],
                own[number],
                ", ".join(tags.get(number, [])) or None,
                place.get(earlier.get(number, -1)),
            )
            for number in keep
        )

    def _numbers(
        self, readings: Sequence[Reading]
    ) -> tuple[list[Region], list[Reading], dict[int, list[str]], list[Box]]:
        """Regions and readings without their numbers, the numbers of each region, and the places of all numbers."""
        regions, own = list(self.regions), list(readings[: len(self.regions)])
        rests, numbers = iter(readings[len(own) :]), readings[len(readings) - len(self.candidates) :]
        tags: dict[int, list[str]] = {}
        taken: list[Box] = []
        for candidate, reading in zip(self.candidates, numbers, strict=True):
            rest = next(rests) if candidate.rest is not None else None
            number = parse_number(reading)
            if number is None:
                continue
            tags.setdefault(candidate.owner, []).append(number)
            taken.append(candidate.box)
            if rest is not None and candidate.rest is not None:
                region = regions[candidate.owner]
                regions[candidate.owner] = Region(candidate.rest, region.kind, region.score)
                own[candidate.owner] = rest
        for place, region in enumerate(regions):
            if region.kind == "display" and place not in tags and (split := split_number(own[place])) is not None:
                own[place], tags[place] = with_tokens(own[place], split[0]), [split[1]]
        return regions, own, tags, taken


def is_plain_text(reading: Reading) -> bool:
    """Whether what was read is a plain number or words: text that looks like a formula."""
    return _PLAIN.fullmatch("".join(reading.tokens)) is not None


def _without_punctuation(reading: Reading) -> Reading:
    """A reading and its alternatives without the punctuation at their ends, if anything is left."""
    end = len(reading.tokens)
    while end > 1 and (
        reading.tokens[end - 1] in _PUNCTUATION
        or (reading.tokens[end - 1] == "?" and reading.tokens[end - 2] not in RELATIONS | BINARY)  # as in 5 + 3 = ?
    ):
        end -= 1
    if end == len(reading.tokens):
        return reading
    cut = with_tokens(reading, reading.tokens[:end])
    others = dict.fromkeys(other.rstrip(" " + _PUNCTUATION) for other in reading.alternatives)
    return replace(cut, alternatives=tuple(other for other in others if other not in ("", cut.latex)))


def plan_page(found: Sequence[Region], given: Sequence[Box], ink: Ink, page: PageImage) -> Plan:
    """What is read on a page: what was found there, the places that the user named, the numbers of displays.

    Args:
        found: Regions of the kinds wanted.
        given: Corners in pixels of the page; what was found there gives way.
        ink: Of the page.
        page: Its image and name.

    Raises:
        ValueError: If nothing of a place lies on the page.
    """
    layout = find_layout(ink)
    named = [Region(_on_page(place, page), _kind_of(place, layout), 1.0) for place in given]
    others = _elsewhere(found, named)
    regions = [*others, *named]
    order = reading_order([region.box for region in regions], layout)
    regions = [regions[number] for number in order]
    return Plan(regions, layout, [number >= len(others) for number in order], find_candidates(regions, layout))


def _on_page(box: Box, page: PageImage) -> Box:
    """The part of a place that lies on the page."""
    height, width = page.image.shape[:2]
    x0, y0, x1, y1 = max(0.0, box[0]), max(0.0, box[1]), min(float(width), box[2]), min(float(height), box[3])
    if x0 >= x1 or y0 >= y1:
        raise ValueError(f"{page.source}: region {box} is outside the page of {width} x {height} pixels")
    return (x0, y0, x1, y1)


def _kind_of(place: Box, layout: PageLayout) -> Kind:
    """Inline where text of the same column stands beside a place, otherwise display."""
    return "inline" if layout.has_neighbour(place) else "display"


def _elsewhere(found: Sequence[Region], named: Sequence[Region]) -> list[Region]:
    """Regions that neither lie on a place that the user named nor hold one, by half of the smaller area."""
    if not found or not named:
        return list(found)
    there, places = (np.array([region.box for region in regions], np.float32) for regions in (found, named))
    on_place, holds_place = pairwise_overlap(places, there)[1].max(0), pairwise_overlap(there, places)[1].max(1)
    least = np.maximum(on_place, holds_place)
    return [region for region, share in zip(found, least, strict=True) if share < _COVERED]


def _formulas_alone(
    regions: Sequence[Region], readings: Sequence[Reading], given: Sequence[bool], numbers: Sequence[Box]
) -> list[int]:
    """Numbers of the regions that are neither text nor equation numbers, and of those that the user named."""
    on_number = np.zeros(len(regions))
    if numbers and regions:
        boxes = np.array([region.box for region in regions], np.float32)
        on_number = pairwise_overlap(np.array(numbers, np.float32), boxes)[1].max(0)
    return [
        place
        for place, (region, reading) in enumerate(zip(regions, readings, strict=True))
        if given[place] or not (on_number[place] >= _COVERED or (region.kind == "inline" and is_plain_text(reading)))
    ]
