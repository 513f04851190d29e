"""The audit log: who did what, when, to which thing; also who listened to what.

Append-only: the database refuses an update or delete, and each row carries a hash over itself and the row
before it, so that a row changed or removed behind the program's back is found by :func:`check_chain`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from qa.store.codec import dump, from_ms
from qa.store.engine import Store, TurnTaking, now_ms, take_turns
from qa.store.scope import account_or_none, require
from qa.store.tables import Audit
from qa.values import Principal

FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry of the log."""

    id: int
    at: datetime
    actor: str
    action: str
    object: str
    object_id: str
    before: Any
    after: Any
    ip: str | None


def write(
    connection: Connection,
    principal: Principal,
    action: str,
    *,
    object: str,
    object_id: str,
    before: Any = None,
    after: Any = None,
    ip: str | None = None,
) -> None:
    """Add one entry, in the transaction of the change it tells of. No words of a call belong in it."""
    take_turns(connection, TurnTaking.AUDITING)
    last = connection.execute(select(Audit.hash).order_by(Audit.id.desc()).limit(1)).scalar()
    entry: dict[str, Any] = {
        "at": now_ms(),
        "account_id": account_or_none(principal),
        "actor": principal.name,
        "action": action,
        "object": object,
        "object_id": object_id,
        "before": before,
        "after": after,
        "ip": ip,
    }
    prev_hash = last or FIRST
    connection.execute(insert(Audit), [{**entry, "prev_hash": prev_hash, "hash": _hash(prev_hash, entry)}])


def record(
    store: Store,
    principal: Principal,
    action: str,
    *,
    object: str,
    object_id: str,
    after: Any = None,
    ip: str | None = None,
) -> None:
    """Add one entry for something that changes nothing, such as listening to a call."""
    with store.writing() as connection:
        write(connection, principal, action, object=object, object_id=object_id, after=after, ip=ip)


def list_audit(
    store: Store,
    principal: Principal,
    *,
    object: str | None = None,
    object_id: str | None = None,
    actor: str | None = None,
    limit: int = 100,
    offset: int = 0,
) -> tuple[AuditRow, ...]:
    """The log, newest first; for admins and leads.

    Raises
    ------
    NotAllowed
        Someone else asks.
    """
    require(principal, "admin", "lead")
    query = select(Audit).order_by(Audit.id.desc()).limit(limit).offset(offset)
    for column, wanted in ((Audit.object, object), (Audit.object_id, object_id), (Audit.actor, actor)):
        if wanted is not None:
            query = query.where(column == wanted)
    with store.reading() as connection:
        return tuple(_from_row(row) for row in connection.execute(query))


def check_chain(store: Store, *, newest: int | None = None) -> tuple[int, int | None]:
    """Walk the log: number of entries that are right, and the id of the first that is not (or None).

    ``newest``: only so many, the last ones; the one before them is taken as it is.
    """
    prev_hash, right = FIRST, 0
    query = select(Audit).order_by(Audit.id)
    with store.reading() as connection:
        before = (
            None
            if newest is None
            else connection.execute(
                select(Audit.id, Audit.hash).order_by(Audit.id.desc()).offset(newest).limit(1)
            ).one_or_none()
        )
        if before is not None:
            prev_hash, query = before.hash, query.where(Audit.id > before.id)
        for row in connection.execution_options(stream_results=True).execute(query):
            entry = {key: getattr(row, key) for key in _HASHED}
            if row.prev_hash != prev_hash or row.hash != _hash(prev_hash, entry):
                return right, row.id
            prev_hash, right = row.hash, right + 1
    return right, None


_HASHED = ("at", "account_id", "actor", "action", "object", "object_id", "before", "after", "ip")


def _hash(prev_hash: str, entry: dict[str, Any]) -> str:
    return hashlib.sha256(f"{prev_hash}{dump(entry)}".encode()).hexdigest()


def _from_row(row: Any) -> AuditRow:
    at = from_ms(row.at)
    assert at is not None  # noqa: S101 - the column is never null
    return AuditRow(
        row.id, at, row.actor, row.action, row.object, row.object_id, row.before, row.after, row.ip
    )
