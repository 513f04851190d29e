"""Opening the database: SQLite under QA_HOME by default, PostgreSQL by URL; migrated in code at opening.

Conventions: reads run in a plain transaction and never wait for a writer (WAL); writes begin with
``BEGIN IMMEDIATE``, so that two writers queue instead of failing half-way. Whatever the database says is
turned into one line of :class:`qa.errors.StoreError`. The folder is readable by its owner alone.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from qa.errors import StoreError
from qa.settings import Settings
from qa.store.migrations import migrate
from qa.store.statistics import refresh_statistics

BUSY_TIMEOUT_MS = 15_000


@dataclass(frozen=True)
class Store:
    """An open database and the folder of the recordings. Every query takes one."""

    engine: Engine
    home: Path
    webhooks: tuple[str, ...] = ()
    """Addresses that are told of scores and disputes."""

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads.

        Raises
        ------
        StoreError
            The database can't be read.
        """
        with _told(self.engine), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: all of it or, on any error, nothing.

        Raises
        ------
        StoreError
            The database can't be written: full, locked for too long, or it refuses the change.
        """
        with _told(self.engine), self.engine.connect() as plain:
            connection = plain.execution_options(qa_writes=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def take_turns(connection: Connection, what: TurnTaking) -> None:
    """Let one writer at a time do this until its transaction ends.

    SQLite has one writer anyway; on PostgreSQL two could both look for an agent, and both make one.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": what.value})


class TurnTaking(IntEnum):
    """What only one writer at a time may do; the numbers are PostgreSQL's advisory locks.

    Who needs several takes ``SAVING`` first and ``AUDITING`` last, and locks no row after that: two that took
    them the other way round would wait for each other.
    """

    AUDITING = 7326502
    SAVING = 7326503
    QUEUEING = 7326504
    TRYING = 7326505


def now_ms() -> int:
    """Milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def open_store(settings: Settings) -> Store:
    """Open the database of these settings, making and migrating it where needed.

    Raises
    ------
    StoreError
        QA_HOME can't be made, the file is no database or damaged, or a newer version of the program wrote it.
    """
    home = make_home(settings.home)
    engine = _make_engine(settings.database)
    try:
        with _told(engine):
            if engine.dialect.name == "sqlite":
                _keep_private(engine.url.database)
            migrate(engine)
            refresh_statistics(engine)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, home, settings.webhooks)


def make_home(home: Path) -> Path:
    """Make QA_HOME, readable by its owner alone, and return it in full.

    Raises
    ------
    StoreError
        It can't be made or is not a folder.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.name == "posix" and home.stat().st_uid == os.geteuid():
            home.chmod(0o700)
    except OSError as err:
        raise StoreError(f"QA_HOME {home}: {err.strerror or err}; choose a folder you may write") from err
    return home.resolve()


def _make_engine(url: str) -> Engine:
    try:
        if not url.startswith("sqlite"):
            return create_engine(_with_driver(url), pool_pre_ping=True)
        engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    except (ArgumentError, NoSuchModuleError) as err:
        raise StoreError(
            "QA_DATABASE_URL can't be used: give sqlite:///FILE or postgresql://USER@HOST/NAME"
        ) from err
    except ModuleNotFoundError as err:
        raise StoreError(
            f"the database driver {err.name} is not installed; run: pip install 'call-qa[postgres]'"
        ) from err
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _with_driver(url: str) -> str:
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _set_pragmas(connection: Any, _record: object) -> None:
    # The driver must not begin transactions by itself: `_begin` decides how.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "foreign_keys = ON",
        "synchronous = NORMAL",
        "recursive_triggers = ON",
        "trusted_schema = OFF",
        "cache_size = -65536",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("qa_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _keep_private(database: str | None) -> None:
    if not database or database == ":memory:" or os.name != "posix":
        return
    file = Path(database)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)


@contextmanager
def _told(engine: Engine) -> Iterator[None]:
    """Turn what the database says into one line; an error of our own passes through."""
    try:
        yield
    except SQLAlchemyError as err:
        raise StoreError(_one_line(err, engine)) from err
    except OSError as err:
        raise StoreError(f"database {_shown(engine)}: {err.strerror or err}") from err


def _shown(engine: Engine) -> str:
    return engine.url.database or "" if engine.dialect.name == "sqlite" else str(engine.url)


def _one_line(err: SQLAlchemyError, engine: Engine) -> str:
    said = str(err.orig) if isinstance(err, DBAPIError) and err.orig else str(err)
    # PostgreSQL adds the whole row, which may hold what was said in a call.
    said = getattr(getattr(getattr(err, "orig", None), "diag", None), "message_primary", None) or said
    said = " ".join(said.split())
    where = f"database {_shown(engine)}"
    if "not a database" in said or "malformed" in said:
        return f"{where} is damaged ({said}); put back a copy, or move it away to begin a new one"
    if "full" in said and isinstance(getattr(err, "orig", None), sqlite3.Error | None):
        return f"{where}: the disk is full; free some space and run it again, nothing is half-written"
    if "locked" in said:
        return f"{where} was locked by another program for {BUSY_TIMEOUT_MS // 1000} s; try again"
    if "readonly" in said or "unable to open" in said:
        return f"{where} can't be written ({said}); check the rights of the folder"
    return f"{where}: {said}"
