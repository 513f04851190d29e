"""What people did about the calls: acknowledged, reviewed, disputed, sampled, rated; the queue; the audit log.

Conventions: shares are read from the call's number, so that the same plan gives the same decisions. Reviews agree
with the program: an evaluation of a person stands beside the machine's with the same figures.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from qa.store.audit import FIRST, _hash

DAY_MS = 86_400_000
REVIEWED, DISPUTED, LABELLED = 33, 83, 50
"""One call in so many."""
PER_BATCH = 200
FAILED_FILES = 300
ROUNDS, PER_ROUND = 26, 400
RATED_CALLS, RATED_ROUNDS = 8, 6
REVIEWERS = ("reviewer", "reviewer-two", "lead")
OPEN_FOR_MS = 6 * DAY_MS


def decide(connection: sqlite3.Connection, *, until_ms: int) -> None:
    """Everything, in one transaction."""
    connection.execute("BEGIN")
    _promises(connection, until_ms)
    _reviews(connection)
    _acknowledge(connection)
    _disputes(connection, until_ms)
    _labels(connection)
    _samples(connection, until_ms)
    _calibrate(connection, until_ms)
    _queue(connection, until_ms)
    _audit(connection)
    connection.execute("COMMIT")


def _promises(connection: sqlite3.Connection, until_ms: int) -> None:
    """The demo's promises, moved to the day of the call; of those due long ago most were kept, few are open."""
    chance = "(m.id * 7919 + t.id * 104729) % 100"
    due = "(t.due_ms + m.started_ms - c.started_ms)"
    status = (
        f"CASE WHEN t.due_ms IS NULL OR {due} > {until_ms - 7 * DAY_MS} THEN 'open' WHEN {chance} < 55 THEN 'kept' "
        f"WHEN {chance} < 70 THEN 'broken' WHEN {chance} < 97 THEN 'unknown' ELSE 'open' END"
    )
    connection.execute(
        "INSERT INTO main.promise (promise_id, call_id, who, what, kind, by, due_ms, due_iso, amount, start_ms, "
        "end_ms, probability, status, because, decided_by_call, changed_at) "
        f"SELECT 'b' || m.id || ':' || t.promise_id, m.id, t.who, t.what, t.kind, t.by, {due}, "
        f"strftime('%Y-%m-%dT%H:%M:%S+00:00', {due} / 1000, 'unixepoch'), t.amount, t.start_ms, t.end_ms, "
        f"t.probability, {status}, t.because, NULL, {until_ms} FROM temp.made m "
        "CROSS JOIN demo.promise t ON t.call_id = m.call CROSS JOIN demo.call c ON c.id = m.call"
    )


def _reviews(connection: sqlite3.Connection) -> None:
    who = "CASE m.id % 2 WHEN 0 THEN 'reviewer' ELSE 'reviewer-two' END"
    reviewer = f"(SELECT id FROM main.account WHERE login = {who})"
    connection.execute(
        "INSERT INTO main.review (call_id, evaluation_id, criterion, outcome, points, reason, account_id, created_at) "
        "SELECT m.id, m.id, a.criterion, a.outcome, a.points, 'Listened to; agreed.', "
        f"{reviewer}, m.started_ms + {DAY_MS} FROM temp.made m CROSS JOIN demo.answer a "
        f"ON a.evaluation_id = m.evaluation WHERE m.id % {REVIEWED} = 0 AND a.outcome IN ('met', 'missed')"
    )
    (last,) = connection.execute("SELECT max(id) FROM temp.made").fetchone()
    columns = [row[1] for row in connection.execute("PRAGMA main.table_info(evaluation)")]
    changed = {
        "id": f"{last} + id",
        "origin": "'review'",
        "supersedes_id": "id",
        "account_id": "(SELECT id FROM main.account WHERE login = 'reviewer')",
        "created_at": f"created_at + {DAY_MS}",
    }
    _again(connection, "evaluation", "id", columns, changed, last)
    columns = [row[1] for row in connection.execute("PRAGMA main.table_info(answer)")]
    again = {"evaluation_id": f"{last} + evaluation_id"}
    _again(connection, "answer", "evaluation_id", columns, again, last)
    connection.execute(f"UPDATE main.call SET evaluation_id = {last} + id WHERE id % {REVIEWED} = 0")


def _again(
    connection: sqlite3.Connection,
    table: str,
    key: str,
    columns: list[str],
    changed: dict[str, str],
    last: int,
) -> None:
    names = ", ".join(f'"{column}"' for column in columns)
    chosen = ", ".join(changed.get(column, f'"{column}"') for column in columns)
    connection.execute(
        f"INSERT INTO main.{table} ({names}) SELECT {chosen} FROM main.{table} "
        f"WHERE {key} <= {last} AND {key} % {REVIEWED} = 0"
    )


def _acknowledge(connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT INTO main.acknowledgement (evaluation_id, account_id, comment, created_at) "
        f"SELECT c.evaluation_id, a.id, '', c.started_ms + {DAY_MS} FROM main.call c "
        "CROSS JOIN main.agent g ON g.id = c.agent_id CROSS JOIN main.account a ON a.agent = g.name "
        "WHERE (c.id * 7919) % 100 < 60"
    )


def _disputes(connection: sqlite3.Connection, until_ms: int) -> None:
    opened = f"m.started_ms + {DAY_MS}"
    fresh = f"m.started_ms > {until_ms - OPEN_FOR_MS}"
    state = (
        f"CASE WHEN {fresh} OR m.id % 997 = 0 THEN 'open' WHEN m.id % 3 = 0 THEN 'upheld' WHEN m.id % 5 = 0 "
        "THEN 'withdrawn' ELSE 'rejected' END"
    )
    connection.execute(
        "INSERT INTO main.dispute (public_id, call_id, evaluation_id, criterion, ground, text, state, opened_by, "
        "opened_at, due_at, decided_by, decided_at) "
        "SELECT printf('db%06d', m.id), m.id, m.id, "
        "(SELECT criterion FROM demo.answer WHERE evaluation_id = m.evaluation ORDER BY outcome <> 'missed', n "
        f"LIMIT 1), 'did_not_apply', 'The customer had said so already.', {state}, a.id, {opened}, "
        f"{opened} + {7 * DAY_MS}, (SELECT id FROM main.account WHERE login = 'lead'), {opened} + {2 * DAY_MS} "
        "FROM temp.made m CROSS JOIN main.agent g ON g.id = m.agent_id "
        f"CROSS JOIN main.account a ON a.agent = g.name WHERE m.id % {DISPUTED} = 0"
    )
    connection.execute(
        "UPDATE main.dispute SET decided_by = NULL, decided_at = NULL WHERE state IN ('open', 'withdrawn')"
    )
    connection.execute(
        "INSERT INTO main.dispute_event (dispute_id, event, text, account_id, created_at) "
        "SELECT id, 'opened', text, opened_by, opened_at FROM main.dispute UNION ALL "
        "SELECT id, state, 'Listened to it again.', coalesce(decided_by, opened_by), opened_at + 1 "
        "FROM main.dispute WHERE state <> 'open'"
    )


def _labels(connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT INTO main.finding_label (call_id, finding, behaviour, present, turn, start_ms, end_ms, reason, "
        "account_id, created_at) SELECT m.id, 'f' || m.id || '-' || f.n, f.behaviour, (m.id + f.n) % 9 <> 0, f.turn, "
        "f.start_ms, f.end_ms, 'Listened to.', (SELECT id FROM main.account WHERE login = 'reviewer'), "
        f"m.started_ms + {DAY_MS} FROM temp.made m CROSS JOIN demo.finding f ON f.detection_id = m.detection "
        f"WHERE m.id % {LABELLED} = 0 AND f.n < 3"
    )


def _samples(connection: sqlite3.Connection, until_ms: int) -> None:
    """A sample each week; only the last one still waits."""
    for place in range(ROUNDS):
        end = until_ms - (ROUNDS - 1 - place) * 7 * DAY_MS
        waits = place == ROUNDS - 1
        connection.execute(
            "INSERT INTO main.sample (round, call_id, stratum, probability, seed, assigned_to, state, created_at, "
            "done_at) SELECT ?, c.id, g.name, 0.1, ?, "
            "(SELECT id FROM main.account WHERE login = CASE c.id % 2 WHEN 0 THEN 'reviewer' ELSE 'lead' END), "
            "?, ?, ? FROM main.call c CROSS JOIN main.agent g ON g.id = c.agent_id "
            "WHERE c.started_ms BETWEEN ? AND ? ORDER BY (c.id * 7919) % 10007 LIMIT ?",
            (
                f"week {place + 1}",
                place,
                "waiting" if waits else "done",
                end,
                None if waits else end,
                end - 7 * DAY_MS,
                end,
                PER_ROUND,
            ),
        )


def _calibrate(connection: sqlite3.Connection, until_ms: int) -> None:
    (form,) = connection.execute("SELECT form FROM main.evaluation LIMIT 1").fetchone()
    for place in range(RATED_ROUNDS):
        calls = [f"b{100 * place + n + 1:06d}" for n in range(RATED_CALLS)]
        row = connection.execute(
            "INSERT INTO main.calibration_session (public_id, name, form, state, calls, raters, created_at, closed_at) "
            "VALUES (?, ?, ?, 'closed', ?, ?, ?, ?) RETURNING id",
            (
                f"cb{place:04d}",
                f"Round {place + 1}",
                form,
                json.dumps(calls),
                json.dumps(REVIEWERS),
                until_ms,
                until_ms,
            ),
        ).fetchone()
        for turn, rater in enumerate(REVIEWERS):
            connection.execute(
                "INSERT INTO main.calibration_label (session_id, call_id, rater, criterion, outcome, points, note, "
                "created_at) SELECT ?, c.id, ?, a.criterion, "
                "CASE WHEN (c.id + a.n + ?) % 11 = 0 THEN 'missed' ELSE a.outcome END, a.points, '', ? "
                "FROM main.call c CROSS JOIN main.answer a ON a.evaluation_id = c.evaluation_id "
                f"WHERE c.call_id IN ({', '.join('?' * len(calls))})",
                (row[0], rater, turn, until_ms, *calls),
            )


def _queue(connection: sqlite3.Connection, until_ms: int) -> None:
    """The batches that the calls were handed in with, and some files that failed."""
    connection.execute(
        "INSERT INTO main.batch (id, public_id, label, account_id, created_at) "
        f"SELECT DISTINCT (m.id - 1) / {PER_BATCH} + 1, printf('bb%05d', (m.id - 1) / {PER_BATCH} + 1), "
        f"'Handed in ' || ((m.id - 1) / {PER_BATCH} + 1), NULL, {until_ms} FROM temp.made m"
    )
    connection.execute(
        "INSERT INTO main.job (id, batch_id, work_key, source, name, state, attempts, call_id, evaluation_id, "
        f"created_at, finished_at) SELECT m.id, (m.id - 1) / {PER_BATCH} + 1, printf('%064x', m.id), '{{}}', "
        "printf('b%06d.wav', m.id), 'done', 1, m.id, m.id, m.started_ms, m.started_ms FROM temp.made m"
    )
    connection.execute(
        "INSERT INTO main.job (batch_id, work_key, source, name, state, attempts, error, error_kind, created_at) "
        f"SELECT (m.id - 1) / {PER_BATCH} + 1, 'f' || printf('%063x', m.id), '{{}}', printf('f%06d.wav', m.id), "
        "'failed', 3, 'f.wav: has no sound that can be decoded', 'AudioError', m.started_ms FROM temp.made m "
        f"WHERE m.id % (SELECT max(1, max(id) / {FAILED_FILES}) FROM temp.made) = 0"
    )
    connection.execute(
        "INSERT INTO main.batch_item (batch_id, n, name, job_id, error, duplicate) "
        "SELECT batch_id, row_number() OVER (PARTITION BY batch_id ORDER BY id) - 1, name, id, NULL, 0 FROM main.job"
    )


def _audit(connection: sqlite3.Connection) -> None:
    """One entry for every decision, each with the hash of the one before."""
    prev, rows = FIRST, []
    for entry in _entries(connection):
        now = _hash(prev, entry)
        kept = {**entry, "after": json.dumps(entry["after"])}
        rows.append((*kept.values(), prev, now))
        prev = now
    connection.executemany(
        "INSERT INTO main.audit (at, account_id, actor, action, object, object_id, before, after, ip, prev_hash, "
        f"hash) VALUES ({', '.join('?' * 11)})",
        rows,
    )


def _entries(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    found = connection.execute(
        "SELECT r.created_at, a.id, a.name, 'review answer', printf('b%06d', r.call_id), r.criterion "
        "FROM main.review r JOIN main.account a ON a.id = r.account_id UNION ALL "
        "SELECT k.created_at, a.id, a.name, 'acknowledge', printf('b%06d', k.evaluation_id), '' "
        "FROM main.acknowledgement k JOIN main.account a ON a.id = k.account_id ORDER BY 1"
    )
    for at, account, actor, action, call, about in found:
        yield {
            "at": at,
            "account_id": account,
            "actor": actor,
            "action": action,
            "object": "call",
            "object_id": call,
            "before": None,
            "after": {"about": about},
            "ip": None,
        }
