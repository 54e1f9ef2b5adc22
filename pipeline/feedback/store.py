"""Keeps what users say: records in a database (SQLite or another), images in a folder; what is acknowledged is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import NullPool, create_engine, delete, event, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import sessionmaker

from mathocr.pipeline.feedback.images import ImageFolder
from mathocr.pipeline.feedback.tables import Base, Feedback

DATABASE = "feedback.sqlite"
DAY_S = 86_400.0
_PURGE_EVERY_S = 3600.0
_BUSY_S = 30  # how long SQLite waits for another process that writes


class StoreError(RuntimeError):
    """A store that cannot be opened or written; the message says which and why."""


class ClientIdTaken(ValueError):
    """Another record has this client id already."""


class FeedbackStore:
    """Feedback and its images.

    Args:
        folder: For the images, and for the database where no other is named; made where it is missing.
        database: URL of another database as SQLAlchemy reads it, such as ``postgresql+psycopg://user@host/name``.
        retention_days: Days after which records and their images go; None keeps them. They go when the store is
            opened, and while it is written to.

    Raises:
        StoreError: If it cannot be opened.
    """

    def __init__(self, folder: Path, database: str | None = None, retention_days: float | None = None) -> None:
        self._retention_days, self._purged = retention_days, 0.0
        with explained(f"{folder}: the feedback store cannot be opened"):
            self.images = ImageFolder(folder / "images")
            self._engine = open_database(folder, database)
            self._session = sessionmaker(self._engine, expire_on_commit=False)
            self._purge_if_due()
            self._engine.dispose()  # servers fork after this, and connections must not be shared

    def add(self, entry: Feedback, image: bytes | None = None) -> tuple[Feedback, bool]:
        """Keep a record, and the image it is about; both are on the disk when this returns.

        Args:
            entry: ``id``, ``created``, ``digest`` and ``image_kept`` are filled in.
            image: The image's bytes, to be kept; ``entry.image`` must be their SHA-256.

        Returns:
            The record as it is kept, and whether it is new: one that the same owner sent before under the same client
            id is found again.

        Raises:
            ClientIdTaken: If the owner said something else under this client id.
            StoreError: If it cannot be written.
        """
        entry.digest = entry.content_digest()
        with explained("the feedback could not be kept"):
            if (known := self._known(entry)) is not None:
                return known, False
            self._purge_if_due()
            if image is not None:
                self.images.put(image)
            entry.id, entry.created = uuid4().hex, time.time()
            entry.image_kept = entry.image is not None and self.images.path(entry.image).exists()
            try:
                with self._session.begin() as session:
                    session.add(entry)
            except IntegrityError:  # the same was sent twice at the same time
                if (known := self._known(entry)) is not None:
                    return known, False
                raise
        return entry, True

    def entries(self, since: float = 0.0) -> Iterator[Feedback]:
        """Records in the order in which they came.

        Args:
            since: Earliest time, seconds since 1970.

        Raises:
            StoreError: If the store cannot be read.
        """
        query = select(Feedback).where(Feedback.created >= since).order_by(Feedback.created, Feedback.id)
        with explained("the feedback cannot be read"), self._session() as session:
            yield from session.scalars(query.execution_options(yield_per=500))

    def sent_image(self, owner: str, sha256: str) -> bytes | None:
        """An image that this owner sent and that is kept, so that it need not be sent again; None where it is not.

        Raises:
            StoreError: If the store cannot be read.
        """
        query = select(Feedback.id).where(Feedback.owner == owner, Feedback.image == sha256).limit(1)
        with explained("the feedback cannot be read"):
            with self._session() as session:
                known = session.scalar(query) is not None
            return self.images.get(sha256) if known else None

    def checked(self) -> set[str]:
        """SHA-256 of the images whose pages were checked as a whole.

        Raises:
            StoreError: If the store cannot be read.
        """
        query = select(Feedback.image).where(Feedback.action == "page", Feedback.image.is_not(None)).distinct()
        with explained("the feedback cannot be read"), self._session() as session:
            return {sha256 for sha256 in session.scalars(query) if sha256 is not None}

    def forget(self, before: float | None = None, owner: str | None = None) -> int:
        """Remove records, and images that no record needs any more.

        Args:
            before: Only what came before this time, seconds since 1970.
            owner: Only what came from this owner.

        Returns:
            How many records were removed.

        Raises:
            StoreError: If the store cannot be written.
        """
        wanted: list[Any] = [] if before is None else [Feedback.created < before]
        wanted += [] if owner is None else [Feedback.owner == owner]
        with explained("the feedback could not be removed"):
            with self._session.begin() as session:
                removed = int(session.execute(delete(Feedback).where(*wanted)).rowcount)  # type: ignore[attr-defined]
            with self._session() as session:
                needed = set(session.scalars(select(Feedback.image).where(Feedback.image.is_not(None)).distinct()))
            self.images.keep_only({sha256 for sha256 in needed if sha256})
        return removed

    def _known(self, entry: Feedback) -> Feedback | None:
        """What the owner said before under this client id."""
        query = select(Feedback).where(Feedback.owner == entry.owner, Feedback.client_id == entry.client_id)
        with self._session() as session:
            known = session.scalar(query)
        if known is not None and known.digest != entry.digest:
            raise ClientIdTaken(f"client_id {entry.client_id!r} was used for something else before")
        return known

    def _purge_if_due(self) -> None:
        now = time.time()
        if self._retention_days is not None and now - self._purged > _PURGE_EVERY_S:
            self._purged = now
            self.forget(before=now - self._retention_days * DAY_S)


def open_database(folder: Path, database: str | None):  # type: ignore[no-untyped-def]  # parameters differ by version
    """The database of a store's folder, or the one named, with its tables; commits are on the disk when they return."""
    engine = _make_engine(database or f"sqlite:///{(folder / DATABASE).absolute()}")
    Base.metadata.create_all(engine)
    return engine


def _make_engine(url: str):  # type: ignore[no-untyped-def]
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": _BUSY_S})

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")  # each commit reaches the disk before it is acknowledged

    return engine


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn what the database and the disk raise into a ``StoreError``."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"{what}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """What a database or the system said, in one line and without the statement."""
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    return " ".join(str(getattr(error, "orig", None) or error).split())
