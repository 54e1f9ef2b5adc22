"""What a service needs of its data and its models, stated before either: ``configs/service/*.yaml``."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


class ServiceError(ValueError):
    """A service file that cannot be used; the message names the file, the key, what was expected and what was found."""


@dataclass(frozen=True)
class InputKind:
    """A kind of input that the service gets.

    Attributes:
        name: For people.
        samples: Formulas of this kind that a set needs so that a score on it means something.
        kind: ``inline``, ``display`` or ``any``.
        source: Pattern for the set's names of sources, such as ``scan-*``.
    """

    name: str
    samples: int
    kind: Literal["inline", "display", "any"] = "any"
    source: str = "*"

    def covers(self, kind: str | None, source: str) -> bool:
        """Whether a formula of a set is of this kind."""
        return self.kind in ("any", kind) and fnmatchcase(source, self.source)


@dataclass(frozen=True)
class DetectorTargets:
    """Least scores of the detector, in [0, 1]; the number is the IoU."""

    f1_50_inline: float | None = None
    f1_50_display: float | None = None
    f1_75_inline: float | None = None
    f1_75_display: float | None = None
    ap_50_95: float | None = None
    recall_50_single_letter: float | None = None


@dataclass(frozen=True)
class RecogniserTargets:
    """Least scores of the recogniser on canonical tokens: shares in [0, 1], BLEU in [0, 100]; the greatest ECE."""

    exact_match: float | None = None
    edit_similarity: float | None = None
    bleu: float | None = None
    calibration_error: float | None = None


@dataclass(frozen=True)
class ChainTargets:
    """Least scores end to end, in [0, 1]: a formula counts when its box and its canonical LaTeX are right."""

    precision: float | None = None
    recall: float | None = None
    f1: float | None = None


@dataclass(frozen=True)
class Accuracy:
    """Targets of each module and end to end."""

    detector: DetectorTargets = DetectorTargets()
    im2latex: RecogniserTargets = RecogniserTargets()
    pipeline: ChainTargets = ChainTargets()


@dataclass(frozen=True)
class OnlineTargets:
    """What live traffic must keep to, without labels; held against it by ``mathocr monitor report``.

    Attributes:
        valid: Least share of formulas whose LaTeX is valid.
        self_check: Least share of answers that match their crop when drawn anew.
        failed: Greatest share of requests that were refused or failed.
        corrected: Greatest share of formulas that users corrected, of all that were answered.
        input_drift: Greatest population stability index of any statistic of the inputs.
    """

    valid: float | None = None
    self_check: float | None = None
    failed: float | None = None
    corrected: float | None = None
    input_drift: float | None = None


@dataclass(frozen=True)
class Speed:
    """Greatest times in milliseconds, least queries per second.

    Attributes:
        definition: What a time covers, in words.
        crop_median_ms: One crop, warm, median.
        crop_p95_ms: One crop, warm, 95th percentile.
        page_median_ms: One page, warm, median.
        page_p95_ms: One page, warm, 95th percentile.
        cold_start_ms: From the start of the process to the first answer.
        crops_per_second: Crops in batches.
        pages_per_second: Pages.
    """

    definition: str
    crop_median_ms: float | None = None
    crop_p95_ms: float | None = None
    page_median_ms: float | None = None
    page_p95_ms: float | None = None
    cold_start_ms: float | None = None
    crops_per_second: float | None = None
    pages_per_second: float | None = None


@dataclass(frozen=True)
class Deployment:
    """Where the service runs.

    Attributes:
        where: ``mobile``, ``local_cpu``, ``local_server`` or ``cloud_server``.
        device: ``cpu``, ``cuda`` or ``mps``.
        hardware: Processor or card that times are meant for, in words.
        threads: Processor threads that it may use.
        memory_mib: Greatest resident memory of the process, MiB.
    """

    where: Literal["mobile", "local_cpu", "local_server", "cloud_server"]
    device: Literal["cpu", "cuda", "mps"]
    hardware: str
    threads: int
    memory_mib: float | None = None


@dataclass(frozen=True)
class Service:
    """Requirements of a service.

    Attributes:
        name: Short name.
        purpose: What it is for.
        inputs: Kinds of input.
        labelling_guide: Where it is written how truths and answers are written.
        accuracy: Targets.
        speed: Targets.
        deployment: Where it runs.
        online: Targets of live traffic.
    """

    name: str
    purpose: str
    inputs: tuple[InputKind, ...]
    labelling_guide: str
    speed: Speed
    deployment: Deployment
    accuracy: Accuracy = field(default_factory=Accuracy)
    online: OnlineTargets = OnlineTargets()


def load_service(path: Path) -> Service:
    """Read and check a service file.

    Raises:
        ServiceError: If it is missing, no YAML, has unknown or missing keys, or values of the wrong type.
    """
    import yaml

    if not path.is_file():
        raise ServiceError(f"{path}: no such service file")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ServiceError(f"{path}: not YAML ({' '.join(str(error).split())})") from error
    try:
        return _build(Service, content, "")
    except ValueError as error:
        raise ServiceError(f"{path}: {error}") from error


def _build(cls: type, content: Any, place: str) -> Any:
    """An instance of a dataclass from a mapping with its fields as keys."""
    if not isinstance(content, Mapping):
        raise ValueError(f"{place or 'the file'} must be a mapping, got {content!r}")
    fields = {one.name: one for one in dataclasses.fields(cls)}
    if unknown := [str(key) for key in content if key not in fields]:
        raise ValueError(f"unknown key {_join(place, unknown[0])}, expected one of {', '.join(fields)}")
    needed = [
        name
        for name, one in fields.items()
        if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
    ]
    if missing := [name for name in needed if name not in content]:
        raise ValueError(f"key {_join(place, missing[0])} is missing")
    hints = get_type_hints(cls)
    return cls(**{key: _value(hints[key], value, _join(place, key)) for key, value in content.items()})


def _value(kind: Any, value: Any, place: str) -> Any:
    """A value of a field's type."""
    origin, parts = get_origin(kind), get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _build(kind, value, place)
    if origin is tuple:
        if not isinstance(value, list) or not value:
            raise ValueError(f"{place} must be a list with at least one entry, got {value!r}")
        return tuple(_value(parts[0], one, f"{place}[{number}]") for number, one in enumerate(value))
    if origin is Literal:
        if value not in parts:
            raise ValueError(f"{place} must be one of {', '.join(parts)}, got {value!r}")
        return value
    if origin in (Union, types.UnionType):
        return None if value is None else _value(parts[0], value, place)
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
        return float(value)
    if kind is int and isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    if kind is str and isinstance(value, str) and value.strip():
        return value
    expected = {float: "a number of at least 0", int: "a whole number above 0", str: "text"}[kind]
    raise ValueError(f"{place} must be {expected}, got {value!r}")


def _join(place: str, key: Any) -> str:
    return f"{place}.{key}" if place else str(key)
