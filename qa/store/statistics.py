"""What SQLite knows of its tables when it plans a query: without it, 100,000 calls are read the wrong way round.

PostgreSQL keeps its own. Here a few thousand entries of each index are looked at when the database is opened and
has grown fourfold since the last time; that takes less than a second however large it is.
"""

from __future__ import annotations

import logging

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

log = logging.getLogger(__name__)

ENTRIES_LOOKED_AT = 1_000
FEW_CALLS = 1_000
"""Below, any plan is quick."""
GROWN = 4


def refresh_statistics(engine: Engine) -> bool:
    """Look at the tables anew where they have grown; whether that was done."""
    if engine.dialect.name != "sqlite" or not _has_grown(engine):
        return False
    try:
        with engine.connect() as plain:
            connection = plain.execution_options(qa_writes=True)
            with connection.begin():
                connection.execute(text(f"PRAGMA analysis_limit = {ENTRIES_LOOKED_AT}"))
                connection.execute(text("ANALYZE"))
    except OperationalError as err:
        # Somebody else is writing, or nothing may be written here: the next one to open it does it.
        log.info("statistics of the database were not refreshed: %s", type(err.orig).__name__)
        return False
    # Connections that are open know the old figures.
    engine.dispose()
    return True


def _has_grown(engine: Engine) -> bool:
    with engine.connect() as connection:
        n_calls = connection.execute(text("SELECT max(id) FROM call")).scalar() or 0
        if n_calls < FEW_CALLS:
            return False
        if not connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")).scalar():
            return True
        known = connection.execute(
            text("SELECT max(CAST(stat AS INTEGER)) FROM sqlite_stat1 WHERE tbl = 'call'")
        )
        return n_calls > GROWN * (known.scalar() or 0)
