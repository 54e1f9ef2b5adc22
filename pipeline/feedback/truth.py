"""What is known of an image after all that users said of it, in the order in which they said it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from mathocr.data.contracts import Box, Kind
from mathocr.detector.boxes import pairwise_overlap
from mathocr.detector.metrics import MATCH_IOU
from mathocr.pipeline.feedback.tables import Feedback


@dataclass(frozen=True)
class Place:
    """A formula that users spoke of.

    Attributes:
        box: Corners in pixels of the image.
        kind: Inline or display.
        latex: What it says; None where nobody could tell.
        source: Where the last word came from.
    """

    box: Box
    kind: Kind
    latex: str | None
    source: str


@dataclass
class ImageTruth:
    """What is known of one image.

    Attributes:
        places: The formulas.
        whole: Whether these are all formulas of the image.
        name: File name that the client gave.
    """

    places: list[Place] = field(default_factory=list)
    whole: bool = False
    name: str = ""

    def hear(self, entry: Feedback) -> None:
        """Take one more record in; a later one overrules the earlier ones of the same place."""
        self.name = entry.name or self.name
        if entry.action == "page":
            self.places = [
                Place(_box(region["box"]), cast(Kind, region["kind"]), region["latex"], entry.source)
                for region in entry.regions or ()
            ]
            self.whole = True
        elif entry.action == "flag":
            self._hear_flag(entry)
        else:
            self._hear_reading(entry)

    def _hear_reading(self, entry: Feedback) -> None:
        """A correction or confirmation."""
        box = entry.corrected_box or entry.box
        if box is None:
            return
        latex = entry.latex if entry.corrected_latex is None else entry.corrected_latex
        kind = entry.corrected_kind or entry.kind or "display"
        place = Place(_box(box), cast(Kind, kind), latex or None, entry.source)
        number = self._find(entry)
        if number is None:
            self.places.append(place)
        else:
            self.places[number] = place

    def _hear_flag(self, entry: Feedback) -> None:
        """A flag takes away what it speaks against."""
        number = self._find(entry)
        if entry.reason == "missed":
            self.whole = False
        elif number is not None and entry.reason == "not_a_formula":
            del self.places[number]
        elif number is not None and entry.reason in ("wrong", "unreadable"):
            self.places[number] = replace(self.places[number], latex=None)

    def _find(self, entry: Feedback) -> int | None:
        """Which place a record speaks of."""
        return find_place(entry, [place.box for place in self.places])


def find_place(entry: Feedback, known: Sequence[Sequence[float]]) -> int | None:
    """Which place a record speaks of: where the formula was found, or where it is; None for one of its own.

    Args:
        entry: What was said of a formula.
        known: Boxes of the formulas that were spoken of before, pixels of the same image.
    """
    boxes = [box for box in (entry.corrected_box, entry.box) if box is not None]
    if not boxes or not known:
        return None
    overlaps = pairwise_overlap(np.array(known, np.float32), np.array(boxes, np.float32))[0].max(axis=1)
    best = int(overlaps.argmax())
    return best if overlaps[best] >= MATCH_IOU else None


def truths(entries: Iterable[Feedback]) -> dict[str, ImageTruth]:
    """What is known of each image that was kept.

    Args:
        entries: In the order in which they came.

    Returns:
        SHA-256 to truth.
    """
    found: dict[str, ImageTruth] = {}
    for entry in entries:
        if entry.image is not None and entry.image_kept:
            found.setdefault(entry.image, ImageTruth()).hear(entry)
    return found


def _box(edges: Sequence[float]) -> Box:
    x0, y0, x1, y1 = edges
    return (x0, y0, x1, y1)
