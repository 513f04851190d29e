"""The demo's rows multiplied inside the database: one INSERT ... SELECT per table and thousand calls.

Conventions: the target is the main database, the demo's is attached as ``demo``; ``made`` is a temporary table with
one row per call. Columns that nothing is said about are the template's own, so that a new column needs no change here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from tools.big_store.firm import TAIL_TURNS, Template

AT_ONCE = 5_000
MADE = (
    "id INTEGER PRIMARY KEY, call INTEGER, transcript INTEGER, detection INTEGER, evaluation INTEGER, "
    "n_turns INTEGER, tail INTEGER, tail_from INTEGER, tail_at_ms INTEGER, duration_ms INTEGER, "
    "agent_id INTEGER, customer TEXT, started_ms INTEGER"
)
HOUR_MS = 3_600_000
ISO = "strftime('%Y-%m-%dT%H:%M:%S+00:00', {ms} / 1000, 'unixepoch')"


def connect(target: Path, demo: Path) -> sqlite3.Connection:
    """The target, as fast as it can be written, with the demo's beside it."""
    connection = sqlite3.connect(target, isolation_level=None)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -400000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("ATTACH ? AS demo", (str(demo),))
    connection.execute(f"CREATE TEMP TABLE made ({MADE})")
    return connection


def templates(connection: sqlite3.Connection) -> list[Template]:
    """The demo's calls as the program itself scored them."""
    rows = connection.execute(
        "SELECT c.id, d.transcript_id, e.detection_id, e.id, e.score, "
        "(SELECT count(*) FROM demo.turn WHERE transcript_id = d.transcript_id), c.duration_ms "
        "FROM demo.call c JOIN demo.evaluation e ON e.id = "
        "(SELECT max(id) FROM demo.evaluation WHERE call_id = c.id AND origin = 'machine') "
        "JOIN demo.detection d ON d.id = e.detection_id ORDER BY c.id"
    )
    return [Template(*row) for row in rows]


def fill_made(connection: sqlite3.Connection, rows: Iterable[tuple[object, ...]]) -> None:
    """The plan of all calls."""
    connection.execute("BEGIN")
    connection.executemany(f"INSERT INTO made VALUES ({', '.join('?' * 13)})", rows)
    connection.execute("COMMIT")


def copy_calls(connection: sqlite3.Connection, first: int, last: int) -> None:
    """Everything that the program found out about the calls ``first`` to ``last``."""
    connection.execute("BEGIN")
    tables = {
        row[0] for row in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")
    }
    for table, match, changed in COPIED:
        if table in tables:
            copy(connection, table, match, first, last, **changed)
    _tails(connection, first, last)
    connection.execute(
        "INSERT INTO main.call_text (rowid, text) SELECT transcript_id, group_concat(text, char(10)) "
        "FROM main.turn WHERE transcript_id BETWEEN ? AND ? GROUP BY transcript_id",
        (first, last),
    )
    connection.execute("COMMIT")


def copy(
    connection: sqlite3.Connection, table: str, match: str, first: int, last: int, **changed: str
) -> None:
    """Rows of one table for these calls: ``match`` joins the template's row ``t`` to the plan's row ``m``."""
    columns = [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]
    chosen = ", ".join(changed.get(column, f't."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    connection.execute(
        f"INSERT INTO main.{table} ({names}) SELECT {chosen} FROM temp.made m "
        f"CROSS JOIN demo.{table} t ON {match} WHERE m.id BETWEEN ? AND ? ORDER BY m.id",
        (first, last),
    )


def _tails(connection: sqlite3.Connection, first: int, last: int) -> None:
    """Some turns of another conversation at the end; their words carry no times."""
    connection.execute(
        "INSERT INTO main.turn (transcript_id, n, speaker, start_ms, end_ms, text, words, confidence) "
        "SELECT m.id, m.n_turns + t.n - m.tail_from, t.speaker, m.tail_at_ms + 3000 * (t.n - m.tail_from), "
        "m.tail_at_ms + 3000 * (t.n - m.tail_from) + 2500, t.text, '[]', t.confidence "
        "FROM temp.made m CROSS JOIN demo.turn t ON t.transcript_id = m.tail "
        "AND t.n >= m.tail_from AND t.n < m.tail_from + ? WHERE m.id BETWEEN ? AND ? ORDER BY m.id, t.n",
        (TAIL_TURNS, first, last),
    )


_SCORED_AT = f"m.started_ms + {HOUR_MS}"
_OF_EVALUATION = {
    name: f"(SELECT {name} FROM demo.evaluation WHERE id = m.evaluation)"
    for name in ("score", "low", "high", "passed", "auto_failed_by", "form", "sections")
}
COPIED: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "call",
        "t.id = m.call",
        {
            "id": "m.id",
            "call_id": "printf('b%06d', m.id)",
            "content_sha256": "printf('%064x', m.id)",
            "source_name": "printf('b%06d.wav', m.id)",
            "transcript_path": "NULL",
            "transcript_sha256": "NULL",
            "agent_id": "m.agent_id",
            "customer": "m.customer",
            "started_ms": "m.started_ms",
            "started_iso": ISO.format(ms="m.started_ms"),
            "duration_ms": "m.duration_ms",
            "status": "CASE WHEN (SELECT score FROM demo.evaluation WHERE id = m.evaluation) IS NULL "
            "THEN 'not_scored' ELSE 'scored' END",
            "transcript_id": "m.id",
            "detection_id": "m.id",
            "evaluation_id": "m.id",
            "created_at": _SCORED_AT,
            "changed_at": _SCORED_AT,
            **_OF_EVALUATION,
            "worth": "(SELECT sum(max_points) FROM demo.answer WHERE evaluation_id = m.evaluation)",
        },
    ),
    (
        "transcript",
        "t.id = m.transcript",
        {"id": "m.id", "call_id": "m.id", "created_at": _SCORED_AT},
    ),
    ("turn", "t.transcript_id = m.transcript", {"transcript_id": "m.id"}),
    ("detection", "t.id = m.detection", {"id": "m.id", "transcript_id": "m.id", "created_at": _SCORED_AT}),
    ("finding", "t.detection_id = m.detection", {"detection_id": "m.id"}),
    (
        "evaluation",
        "t.id = m.evaluation",
        {
            "id": "m.id",
            "call_id": "m.id",
            "detection_id": "m.id",
            "supersedes_id": "NULL",
            "account_id": "NULL",
            "created_at": _SCORED_AT,
        },
    ),
    ("answer", "t.evaluation_id = m.evaluation", {"evaluation_id": "m.id"}),
)
"""Table, how a template's row is found, and the columns that are the call's own."""
