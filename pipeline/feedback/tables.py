"""The one table of the store: what one user said of one formula, or of a whole page."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from sqlalchemy import JSON, Double, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

Action = Literal["correction", "confirmation", "flag", "page"]
Reason = Literal["wrong", "missed", "not_a_formula", "unreadable", "other"]
_OWN = ("id", "created", "digest", "image_kept")  # what the store fills in


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """Tables of the store."""


class Feedback(Base):
    """A record of the store. Boxes are ``[x0, y0, x1, y1]`` in pixels of the image.

    Attributes:
        client_id: The client's name for it: sent twice, it is kept once.
        owner: Name of the key it came with, ``anybody`` where no key is needed.
        action: ``correction`` of a formula, ``confirmation`` that it is right, ``flag`` that something is wrong, or
            ``page``: all formulas of the page, checked.
        image: SHA-256 of the image; None where the client sent none.
        width: Width of the image in pixels.
        height: Height of the image in pixels.
        source: Where it came from: ``web``, ``review``, or what another client calls itself.
        name: File name of the image.
        models: Stage to name and sha256 of the weights that read it.
        box: Where the formula was found; None for one that was missed.
        kind: As it was found.
        score: The detector's confidence in [0, 1].
        latex: As it was read.
        confidence: The recogniser's in [0, 1].
        corrected_box: Where the formula is; None where ``box`` is right.
        corrected_kind: What it is; None where ``kind`` is right.
        corrected_latex: What it says; None where ``latex`` is right.
        reason: For a flag.
        comment: For a person.
        regions: For a page: ``box``, ``kind`` and ``latex`` of every formula on it; ``latex`` is None where the user
            could not tell.
        id: Made by the store.
        created: When it was stored, seconds since 1970.
        digest: Of what the client said.
        image_kept: Whether the image itself was kept.
    """

    __tablename__ = "feedback"
    __table_args__ = (UniqueConstraint("owner", "client_id"),)

    client_id: Mapped[str] = mapped_column(String(64))
    owner: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(16))
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    source: Mapped[str] = mapped_column(String(64))
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default="")
    created: Mapped[float] = mapped_column(Double, index=True, default=0.0)
    digest: Mapped[str] = mapped_column(String(64), default="")
    image_kept: Mapped[bool] = mapped_column(default=False)
    image: Mapped[str | None] = mapped_column(String(64), index=True, default=None)
    name: Mapped[str] = mapped_column(Text, default="")
    models: Mapped[dict[str, Any]] = mapped_column(JSON, default_factory=dict)
    box: Mapped[list[float] | None] = mapped_column(JSON(none_as_null=True), default=None)
    kind: Mapped[str | None] = mapped_column(String(16), default=None)
    score: Mapped[float | None] = mapped_column(Double, default=None)
    latex: Mapped[str | None] = mapped_column(Text, default=None)
    confidence: Mapped[float | None] = mapped_column(Double, default=None)
    corrected_box: Mapped[list[float] | None] = mapped_column(JSON(none_as_null=True), default=None)
    corrected_kind: Mapped[str | None] = mapped_column(String(16), default=None)
    corrected_latex: Mapped[str | None] = mapped_column(Text, default=None)
    reason: Mapped[str | None] = mapped_column(String(16), default=None)
    comment: Mapped[str | None] = mapped_column(Text, default=None)
    regions: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True), default=None)

    def to_json(self) -> dict[str, Any]:
        """All columns by name."""
        return {column.key: getattr(self, column.key) for column in self.__table__.columns}

    def content_digest(self) -> str:
        """SHA-256 over what the client said, so that a repeat is told from another word under the same name."""
        said = {name: value for name, value in self.to_json().items() if name not in _OWN}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
