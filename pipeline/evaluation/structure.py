"""What the records of pages say about what belongs together: equation numbers, formulas broken over two lines."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from mathocr.detector.metrics import MATCH_IOU
from mathocr.pipeline.evaluation.matching import pairs
from mathocr.pipeline.evaluation.records import Record


class Structure:
    """Gathers records of pages whose truth says which formulas are numbered and broken.

    A number is right where the formula found on a numbered display (IoU at least 0.5) has the same number, spaces and
    dollars apart. It is false where a formula found on one without a number has one, or where one found on nothing (as
    may happen where a display is found in pieces) has one that no equation of the page has. A break is right where the
    formulas found on both parts, the second continuing the first, are the parts of a broken one; what was joined counts
    where both parts are on true formulas.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, record: Record) -> None:
        """Add the record of a page that was read."""
        found, targets = record["formulas"], record["targets"]
        if any("tag" not in target for target in targets):
            return
        order = sorted(range(len(found)), key=lambda number: -found[number]["score"])
        matched = {order[f]: t for f, t in pairs([found[number] for number in order], targets, MATCH_IOU)}
        self._add_numbers(found, targets, matched)
        self._add_breaks(found, targets, matched)

    def _add_numbers(self, found: list[Record], targets: list[Record], matched: dict[int, int]) -> None:
        """Count numbers asked for, those whose display was found, right ones and false ones."""
        counts = self._counts
        counts["numbered"] += sum(target["tag"] is not None for target in targets)
        known = {part for target in targets for part in _parts(target["tag"])}
        for number, formula in enumerate(found):
            wanted = targets[matched[number]]["tag"] if number in matched else None
            counts["displays_found"] += wanted is not None
            counts["without_number"] += number in matched and wanted is None and formula["kind"] == "display"
            counts["numbers_right"] += wanted is not None and _text(formula["tag"]) == _text(wanted)
            unknown = number in matched or not known.issuperset(_parts(formula["tag"]))
            counts["numbers_false"] += wanted is None and formula["tag"] is not None and unknown

    def _add_breaks(self, found: list[Record], targets: list[Record], matched: dict[int, int]) -> None:
        """Count broken formulas, those with both parts found, joined ones and rightly joined ones."""
        places = {target: number for number, target in matched.items()}
        for number, target in enumerate(targets):
            if target["continues"] is not None:
                self._counts["broken"] += 1
                self._counts["parts_found"] += number in places and target["continues"] in places
        for number, formula in enumerate(found):
            if formula["continues"] is None:
                continue
            later, earlier = matched.get(number), matched.get(formula["continues"])
            if later is not None and earlier is not None:
                self._counts["joined"] += 1
                self._counts["joined_right"] += targets[later]["continues"] == earlier

    def compute(self) -> dict[str, Any]:
        """Two parts of a report, JSON-ready; shares in [0, 1], None where nothing can be said."""
        c = self._counts
        return {
            "equation_numbers": {
                "numbered": c["numbered"], "displays_found": c["displays_found"], "right": c["numbers_right"],
                "right_of_found": _share(c["numbers_right"], c["displays_found"]),
                "without_number": c["without_number"], "false": c["numbers_false"],
            },
            "broken_lines": {
                "broken": c["broken"], "parts_found": c["parts_found"], "joined": c["joined"],
                "right": c["joined_right"], "precision": _share(c["joined_right"], c["joined"]),
                "recall": _share(c["joined_right"], c["broken"]),
                "recall_of_found": _share(c["joined_right"], c["parts_found"]),
            },
        }  # fmt: skip


def _text(tag: str | None) -> str | None:
    """An equation number without what does not show."""
    return None if tag is None else re.sub(r"[\s$]", "", tag).replace("\\ast", "*")


def _parts(tag: str | None) -> list[str]:
    """Each of the numbers of a formula."""
    return (_text(tag) or "").replace("),(", ") (").split()


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
