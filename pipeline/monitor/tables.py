"""Tables beside the feedback: what was answered, and what a second look at some of it showed. Numbers alone."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, Double, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from mathocr.pipeline.feedback.tables import Base

LookKind = Literal["inputs", "self_check", "shadow"]
_KEY = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up integers only


class Answer(Base):
    """A page that was answered, or a request that failed. No pixels, no LaTeX, no names.

    Attributes:
        created: When it was answered, seconds since 1970.
        page: Number of the page among those of the request, from 1; 0 for a request that failed.
        total_ms: From acceptance to the answer, of the whole request, milliseconds.
        queued_ms: Of that, until a worker began.
        batch: Requests that were read together.
        failure: HTTP status of a request that failed; None where it was answered.
        refused: Requests refused with 429 since the last record.
        lost: Requests answered since the last record of which there is none, as too many came at once.
        dropped: Second looks not taken since the last record, as others were still waiting.
        mode: ``page`` or ``crop``.
        width: Of the page in pixels.
        height: Of the page in pixels.
        timing_ms: Stage to milliseconds, as in ``PageResult``.
        models: Stage to ``name`` and ``sha256`` of the weights.
        formulas: Of each: ``kind``, ``score``, ``confidence``, ``valid``, ``stopped``, ``tokens`` (canonical),
            ``width`` and ``height`` of its box in pixels.
        id: Made by the database, rising.
    """

    __tablename__ = "monitor_answers"

    created: Mapped[float] = mapped_column(Double, index=True)
    page: Mapped[int] = mapped_column(Integer)
    total_ms: Mapped[float] = mapped_column(Double)
    queued_ms: Mapped[float] = mapped_column(Double)
    batch: Mapped[int] = mapped_column(Integer)
    failure: Mapped[int | None] = mapped_column(Integer, default=None)
    refused: Mapped[int] = mapped_column(Integer, default=0)
    lost: Mapped[int] = mapped_column(Integer, default=0)
    dropped: Mapped[int] = mapped_column(Integer, default=0)
    mode: Mapped[str | None] = mapped_column(String(8), default=None)
    width: Mapped[int | None] = mapped_column(Integer, default=None)
    height: Mapped[int | None] = mapped_column(Integer, default=None)
    timing_ms: Mapped[dict[str, float]] = mapped_column(JSON, default_factory=dict)
    models: Mapped[dict[str, Any]] = mapped_column(JSON, default_factory=dict)
    formulas: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default_factory=list)
    id: Mapped[int] = mapped_column(_KEY, primary_key=True, autoincrement=True, init=False)


class Look(Base):
    """What a second look at a sampled request showed.

    Attributes:
        created: When, seconds since 1970.
        kind: ``inputs`` (statistics of each crop), ``self_check`` (of each answer drawn anew) or ``shadow`` (of each
            formula that the live and the shadow models read).
        rows: One mapping a crop or formula; its keys are those of ``input_stats``, ``self_check`` or ``shadow``.
        more: What is said of the whole: why nothing was looked at (``skipped``), the shadow's weights, times.
        id: Made by the database, rising.
    """

    __tablename__ = "monitor_looks"

    created: Mapped[float] = mapped_column(Double, index=True)
    kind: Mapped[str] = mapped_column(String(16))
    rows: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default_factory=list)
    more: Mapped[dict[str, Any]] = mapped_column(JSON, default_factory=dict)
    id: Mapped[int] = mapped_column(_KEY, primary_key=True, autoincrement=True, init=False)
