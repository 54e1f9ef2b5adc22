"""Holds a data set against a service's requirements: are there enough samples of each kind of input?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mathocr.data.inspection import Fault
from mathocr.data.samples import CropSample, FormatError, PageSample
from mathocr.data.service import Service


def count_inputs(samples: Sequence[CropSample] | Sequence[PageSample], service: Service) -> dict[str, int]:
    """Formulas of each kind of input; images are not read.

    Args:
        samples: From ``load_crops`` or ``load_pages``. A formula may be of several kinds of input.
        service: The requirements.

    Returns:
        Name of the kind of input to number of formulas.
    """
    kinds = Counter[tuple[str | None, str]]()
    for row in range(len(samples)):
        try:
            sample = samples[row]
        except FormatError:  # the check of the rows has reported it, and it counts for nothing here
            continue
        if isinstance(sample, CropSample):
            kinds[sample.kind, sample.source] += 1
        else:
            kinds.update((kind, sample.source) for kind in sample.kinds)
    return {
        wanted.name: sum(count for (kind, source), count in kinds.items() if wanted.covers(kind, source))
        for wanted in service.inputs
    }


def lacking(name: str, counts: dict[str, int], service: Service) -> list[Fault]:
    """A fault for each kind of input of which there are too few formulas.

    Args:
        name: Of the set, for messages.
        counts: From ``count_inputs``.
        service: The requirements.
    """
    return [
        Fault("service", name, f"{counts[wanted.name]} formulas of input {wanted.name!r} "
              f"(kind {wanted.kind}, source {wanted.source}), {service.name} needs {wanted.samples}")
        for wanted in service.inputs
        if counts[wanted.name] < wanted.samples
    ]  # fmt: skip
