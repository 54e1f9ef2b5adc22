"""What the parts hand to each other: regions, formulas and page results."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

Kind = Literal["inline", "display"]
Stopped = Literal["end", "length", "repetition"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SCHEMA = "mathocr/1"

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Region:
    """A place on a page where the detector saw a formula.

    Attributes:
        box: Corners ``(x0, y0, x1, y1)`` in page pixels, origin top left, ``x0 < x1`` and ``y0 < y1``.
        kind: ``inline`` in a line of text, ``display`` on its own.
        score: The detector's confidence in [0, 1].
    """

    box: Box
    kind: Kind
    score: float

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {KINDS}, got {self.kind!r}")
        if len(self.box) != 4 or self.box[0] >= self.box[2] or self.box[1] >= self.box[3]:
            raise ValueError(f"box must be (x0, y0, x1, y1) with x0 < x1 and y0 < y1, got {self.box!r}")


@dataclass(frozen=True)
class Reading:
    """What the recogniser read in one crop.

    Attributes:
        latex: Canonical LaTeX in its pretty form; empty for an empty crop.
        tokens: The same as canonical tokens.
        confidence: Estimated probability in [0, 1] that ``latex`` is exactly right.
        valid: Whether the LaTeX parses, is balanced and uses only commands that renderers know.
        stopped: Why decoding ended: at the end token, at the length limit, or cut in a loop.
        alternatives: Other readings, best first, as pretty LaTeX.
        token_confidences: Probability in [0, 1] of each of ``tokens`` after those before it, not calibrated; empty
            where the recogniser does not say.
    """

    latex: str
    tokens: tuple[str, ...]
    confidence: float
    valid: bool
    stopped: Stopped
    alternatives: tuple[str, ...] = ()
    token_confidences: tuple[float, ...] = ()


@dataclass(frozen=True)
class Formula:
    """A region that was read: place, kind, LaTeX and how far to trust both.

    Attributes:
        box: As in ``Region``.
        kind: As in ``Region``.
        score: The detector's confidence in [0, 1]; 1 where the place was given by the user.
        latex: As in ``Reading``.
        tag: Equation number such as ``(3.2)``, never inside ``latex``; several are joined by ``, ``; None where there
            is none.
        confidence: As in ``Reading``.
        valid: As in ``Reading``.
        stopped: As in ``Reading``.
        alternatives: As in ``Reading``.
        continues: For the later part of an inline formula that is broken over two lines the number, from 0, of the
            earlier part among the page's formulas; otherwise None. Both parts have the whole LaTeX.
    """

    box: Box
    kind: Kind
    score: float
    latex: str
    tag: str | None
    confidence: float
    valid: bool
    stopped: Stopped
    alternatives: tuple[str, ...] = ()
    continues: int | None = None

    @classmethod
    def of(cls, region: Region, reading: Reading, tag: str | None = None, continues: int | None = None) -> Formula:
        """Join what the two stages said of one place."""
        return cls(
            box=region.box, kind=region.kind, score=region.score, latex=reading.latex, tag=tag,
            confidence=reading.confidence, valid=reading.valid, stopped=reading.stopped,
            alternatives=reading.alternatives, continues=continues,
        )  # fmt: skip


@dataclass(frozen=True)
class ModelIdentity:
    """Which weights answered: file name and the sha256 of the file."""

    name: str
    sha256: str


@dataclass(frozen=True)
class PageResult:
    """All formulas of one page image, in reading order.

    Attributes:
        source: File name, or ``-`` for standard input and arrays.
        page: Page number from 1 (an image file has one page, a PDF or multi-page TIFF several).
        width: Width of the page image in pixels.
        height: Height of the page image in pixels.
        formulas: In reading order.
        models: Stage name (``detector``, ``im2latex``) to identity of the weights.
        timing_ms: Stage name (``read``, ``layout``, ``detector``, ``im2latex``, ``total``) to milliseconds.
        mode: ``page``, or ``crop`` where the whole image was taken as one formula.
    """

    source: str
    page: int
    width: int
    height: int
    formulas: tuple[Formula, ...]
    models: dict[str, ModelIdentity] = field(default_factory=dict)
    timing_ms: dict[str, float] = field(default_factory=dict)
    mode: Literal["page", "crop"] = "page"

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dict after schema ``mathocr/1``."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> PageResult:
        """Read back what ``to_json`` wrote.

        Raises:
            ValueError: If the record is of another schema.
        """
        if record.get("schema") != SCHEMA:
            raise ValueError(f"expected schema {SCHEMA!r}, got {record.get('schema')!r}")
        fields = {name: value for name, value in record.items() if name != "schema"}
        fields["formulas"] = tuple(
            Formula(**{**f, "box": tuple(f["box"]), "alternatives": tuple(f["alternatives"])})
            for f in fields["formulas"]
        )
        fields["models"] = {stage: ModelIdentity(**identity) for stage, identity in fields["models"].items()}
        return cls(**fields)
