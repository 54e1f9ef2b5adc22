"""Adds CDM and render match to a run: predictions and truths typeset by TeX, kept beside the records."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from mathocr.data.synthesis.tex import TexMissing
from mathocr.im2latex.rendered import render_scores
from mathocr.pipeline.evaluation.records import Record, RecordFile, read_records

_BATCH = 400  # pairs of one run of TeX


def render(records: Path, path: Path) -> dict[str, Any]:
    """Typeset what has not been typeset yet, and sum up.

    A prediction whose canonical tokens are those of the truth is the same drawing and is not typeset.

    Args:
        records: Of a run.
        path: File for the scores of each crop: ``row`` (``page:region`` for pages), ``cdm``, ``match``, ``error``.

    Returns:
        ``count``, ``cdm`` and ``render_match`` (means in [0, 1], a refused prediction counts 0), ``refused``
        predictions, ``refused_truths`` (left out); or ``missing`` with what is missing for it. JSON-ready.
    """
    total, cdm, match, refused, refused_truths = 0, 0.0, 0, 0, 0
    try:
        with RecordFile(path) as scores:
            _typeset(records, scores)
            for score in scores:
                if score["cdm"] is None:
                    refused_truths += 1
                    continue
                total += 1
                cdm += score["cdm"]
                match += score["match"]
                refused += score["error"] is not None
    except TexMissing as error:
        return {"missing": " ".join(str(error).split())}
    return {
        "count": total,
        "cdm": cdm / total if total else None,
        "render_match": match / total if total else None,
        "refused": refused,
        "refused_truths": refused_truths,
    }


def crops_of(records: Path) -> Iterator[tuple[int | str, Record]]:
    """The crops of a run that were read, each with its row, ``page:region`` where it is of a page."""
    for record in read_records(records):
        for crop in record.get("crops", [record]):
            if "canonical" in crop:
                yield (f"{record['row']}:{crop['row']}" if "crops" in record else record["row"]), crop


def _typeset(records: Path, scores: RecordFile) -> None:
    """Add what is missing."""
    missing = [(row, crop["canonical"]["exact"]) for row, crop in crops_of(records) if row not in scores.done]
    exact = [row for row, same in missing if same]
    scores.append([{"row": row, "cdm": 1.0, "match": True, "error": None} for row in exact])
    open_rows = {row for row, same in missing if not same}
    waiting = (one for one in crops_of(records) if one[0] in open_rows)
    with tqdm(total=len(open_rows), desc="typeset", unit="formula", disable=None, file=sys.stderr) as bar:
        while chunk := list(itertools.islice(waiting, _BATCH)):
            found = render_scores(((crop["latex"], crop["tex"]) for _, crop in chunk), batch=_BATCH)
            scores.append([
                {"row": row, "cdm": one.cdm, "match": one.match, "error": one.pred_error}
                for (row, _), one in zip(chunk, found, strict=True)
            ])  # fmt: skip
            bar.update(len(chunk))
