"""Keeps what the monitor saw in the database of the feedback; bounded in rows and in days."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import sessionmaker

from mathocr.pipeline.feedback.store import DAY_S, explained, open_database
from mathocr.pipeline.monitor.tables import Answer, Look, LookKind

_TRIM_EVERY_S = 600.0
Row = TypeVar("Row", Answer, Look)


class MonitorStore:
    """Answers and looks.

    Args:
        folder: Of the feedback store; made where it is missing.
        database: As ``FeedbackStore`` takes it.
        most: Answers, and looks, that are kept; the oldest go. None keeps all, as when only reading.
        retention_days: Days after which they go; None keeps them.

    Raises:
        StoreError: If it cannot be opened.
    """

    def __init__(
        self, folder: Path, database: str | None = None, most: int | None = None, retention_days: float | None = None
    ) -> None:
        self._most, self._retention_days, self._trimmed = most, retention_days, 0.0
        with explained(f"{folder}: the feedback store cannot be opened"):
            folder.mkdir(parents=True, exist_ok=True)
            engine = open_database(folder, database)
        self._session = sessionmaker(engine, expire_on_commit=False)

    def add(self, rows: Sequence[Answer | Look]) -> None:
        """Keep rows, all or none.

        Raises:
            StoreError: If they cannot be written.
        """
        with explained("the monitor's records could not be kept"):
            with self._session.begin() as session:
                session.add_all(rows)
            self._trim_if_due()

    def answers(self, since: float = 0.0) -> Iterator[Answer]:
        """Answers in the order in which they were kept, from a time in seconds since 1970."""
        return self._rows(Answer, since)

    def looks(self, since: float = 0.0, kind: LookKind | None = None) -> Iterator[Look]:
        """As ``answers``, looks of one kind or of all."""
        return self._rows(Look, since, *([] if kind is None else [Look.kind == kind]))

    def _rows(self, table: type[Row], since: float, *wanted: ColumnElement[bool]) -> Iterator[Row]:
        query = select(table).where(table.created >= since, *wanted).order_by(table.id)
        with self._session() as session:
            yield from session.scalars(query.execution_options(yield_per=500))

    def _trim_if_due(self) -> None:
        """Remove what is too old or too much; rows are counted by their ids, which rise."""
        now = time.time()
        if now - self._trimmed < _TRIM_EVERY_S:
            return
        self._trimmed = now
        for table in (Answer, Look):
            with self._session.begin() as session:
                if self._retention_days is not None:
                    session.execute(delete(table).where(table.created < now - self._retention_days * DAY_S))
                last = session.scalar(select(func.max(table.id)))
                if self._most is not None and last is not None:
                    session.execute(delete(table).where(table.id <= last - self._most))
