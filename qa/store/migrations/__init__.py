"""The database's versions. They run in code at opening; there is no ini file and no command to remember.

A new version is a file in ``versions/``; what was published is never edited. A database written by a newer
program is refused rather than guessed at.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from qa.errors import StoreError

HERE = Path(__file__).resolve().parent


def alembic_config() -> Config:
    """Alembic's configuration, made in code."""
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    return config


def head() -> str:
    """The newest version this program knows."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""


def current(engine: Engine) -> str | None:
    """The version of a database; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(engine: Engine) -> None:
    """Bring a database to the newest version; several processes may do so at once.

    Raises
    ------
    StoreError
        The database is of a version this program does not know, or holds tables of something else.
    """
    newest = head()
    found = current(engine)
    if found == newest:
        return
    known = {script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(
            f"database {engine.url.database}: version {found} is newer than this program's {newest}; "
            "install the newer program"
        )
    with engine.connect() as plain:
        connection = plain.execution_options(qa_writes=True)
        with connection.begin():
            _wait_for_turn(connection)
            found = MigrationContext.configure(connection).get_current_revision()
            if found is None and inspect(connection).has_table("call"):
                raise StoreError(
                    f"database {engine.url.database} holds tables that are not this program's; choose another"
                )
            if found != newest:
                config = alembic_config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")


def _wait_for_turn(connection: object) -> None:
    """PostgreSQL lets two programs migrate at once; an advisory lock makes the second wait."""
    dialect = connection.dialect.name  # type: ignore[attr-defined]
    if dialect == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(7326501)"))  # type: ignore[attr-defined]
