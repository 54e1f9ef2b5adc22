"""What the records of pages say about the whole chain: formulas whose place and LaTeX are both right."""

from __future__ import annotations

from collections import Counter
from typing import Any

from mathocr.data.latex import LatexError, canonicalize
from mathocr.detector.metrics import MATCH_IOU
from mathocr.im2latex.metrics import edit_similarity
from mathocr.pipeline.evaluation.matching import pairs
from mathocr.pipeline.evaluation.records import Record


class Chain:
    """Gathers records of pages.

    A found formula is right if its box overlaps a true one by IoU of at least 0.5 (one to one, best detector score
    first, whatever the kinds) and both have the same canonical tokens. Found formulas on a true one without LaTeX, or
    with LaTeX that cannot be parsed, count neither as right nor as wrong, and such a true one is not asked for.
    """

    def __init__(self) -> None:
        self.pages = 0
        self._counts: Counter[str] = Counter()
        self._edit = 0.0
        self._ms: Counter[str] = Counter()

    def add(self, record: Record) -> None:
        """Add the record of a page that was read."""
        found, targets = sorted(record["formulas"], key=lambda formula: -formula["score"]), record["targets"]
        matched = pairs(found, targets, MATCH_IOU)
        scored = [(found[f]["latex"], targets[t]["tokens"]) for f, t in matched if targets[t]["tokens"] is not None]
        self.pages += 1
        self._counts["targets"] += sum(target["tokens"] is not None for target in targets)
        self._counts["found"] += len(found) - (len(matched) - len(scored))
        self._counts["matched"] += len(scored)
        for latex, target in scored:
            tokens = tokens_of(latex)
            self._counts["right"] += tokens == target
            self._edit += edit_similarity(tokens, target)
        self._ms.update(record["ms"])

    def compute(self) -> dict[str, Any]:
        """The part of a report about the chain, JSON-ready; scores in [0, 1], None where nothing can be said."""
        counts = self._counts
        right, found, targets, matched = (counts[name] for name in ("right", "found", "targets", "matched"))
        ms = {stage: total / self.pages for stage, total in self._ms.items()} if self.pages else {}
        return {
            "pages": self.pages,
            "targets": targets, "found": found, "matched": matched, "right": right,
            "precision": right / found if found else None,
            "recall": right / targets if targets else None,
            "f1": 2 * right / (found + targets) if found + targets else None,
            "edit_similarity_of_matched": self._edit / matched if matched else None,
            "ms_per_page": ms | {"total": sum(ms.values())},
        }  # fmt: skip


def tokens_of(latex: str) -> list[str]:
    """Canonical tokens of what was read; of what cannot be parsed, its words."""
    try:
        return list(canonicalize(latex).tokens)
    except LatexError:  # the recogniser reports such a reading as not valid, and it is not right
        return latex.split()
