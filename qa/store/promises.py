"""The ledger of promises as it was last made, the firm's record of what was done, and people's marks.

Conventions: the ledger can be made anew from the calls at any time; what people marked and what the firm
recorded is kept beside it and comes first. A promise is seen by who may see its call.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import case, delete, func, insert, select, update

from qa.errors import InputError
from qa.promises import FollowUp, Promise, PromiseMark
from qa.store.audit import write
from qa.store.codec import moment_from_iso, moment_ms, moment_of, to_ms
from qa.store.engine import Store, TurnTaking, now_ms, take_turns
from qa.store.scope import SEES_ALL, account_or_none, no_such, require, visible
from qa.store.tables import Account, Agent, Call
from qa.store.tables import FollowUp as FollowUpTable
from qa.store.tables import Promise as PromiseTable
from qa.store.tables import PromiseMark as MarkTable
from qa.values import Principal

Status = Literal["open", "kept", "broken", "unknown"]


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """One promise with what became of it; ``due_at`` as it was understood, in the call's own zone or none."""

    promise_id: str
    call_id: str
    agent: str | None
    team: str | None
    customer: str | None
    queue: str | None
    who: str
    what: str
    kind: str | None
    by: str | None
    due_at: datetime | None
    amount: str | None
    start_s: float
    end_s: float
    probability: float
    status: Status
    because: str
    decided_by_call: str | None
    overdue: bool


@dataclass(frozen=True, slots=True)
class MarkRow:
    """What a person said became of a promise."""

    promise_id: str
    status: Status
    note: str
    by: str
    at: datetime


def list_promises(
    store: Store,
    principal: Principal,
    *,
    status: Status | None = None,
    agent: str | None = None,
    customer: str | None = None,
    call_id: str | None = None,
    overdue_only: bool = False,
    overdue: bool | None = None,
    now: datetime | None = None,
    limit: int = 1000,
) -> tuple[PromiseRow, ...]:
    """Promises of calls that a principal may see, by due time, those without last; ``now`` None: the clock's.

    ``overdue`` False leaves out those that are; True is ``overdue_only``.
    The call that showed what became of a promise may be somebody else's: then it is not named.
    """
    at = now_ms() if now is None else moment_ms(now) or 0
    query = (
        select(
            PromiseTable.__table__,
            Call.call_id.label("public_call"),
            Call.customer,
            Call.queue,
            Agent.name.label("agent"),
            Agent.team,
        )
        .join(Call, Call.id == PromiseTable.call_id)
        .outerjoin(Agent, Agent.id == Call.agent_id)
        .where(visible(principal))
    )
    for column, wanted in (
        (PromiseTable.status, status),
        (Agent.name, agent),
        (Call.customer, customer),
        (Call.call_id, call_id),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if overdue_only or overdue:
        query = query.where(PromiseTable.status == "open", PromiseTable.due_ms < at)
    elif overdue is False:
        query = query.where(func.coalesce(PromiseTable.due_ms, at) >= at)
    query = query.order_by(PromiseTable.due_ms.asc().nulls_last(), PromiseTable.id).limit(limit)
    with store.reading() as connection:
        rows = connection.execute(query).all()
        decided_by = {row.decided_by_call for row in rows} - {None}
        known = select(Call.call_id).where(Call.call_id.in_(decided_by), visible(principal))
        seen = set(connection.execute(known).scalars())
    return tuple(_row(row, at, seen) for row in rows)


def keep_ledger(store: Store, principal: Principal, promises: Iterable[Promise]) -> int:
    """Keep a ledger that was made anew in place of the one before; how many promises it has.

    Raises
    ------
    NotAllowed
        Only leads, admins and the command line make it.
    """
    require(principal, "admin", "lead")
    with store.writing() as connection:
        take_turns(connection, TurnTaking.SAVING)
        ids = dict(connection.execute(select(Call.call_id, Call.id)).tuples().all())
        rows = [promise_columns(p, ids[p.call_id]) for p in promises if p.call_id in ids]
        before = {
            r.promise_id: r.status
            for r in connection.execute(select(PromiseTable.promise_id, PromiseTable.status))
        }
        connection.execute(delete(PromiseTable))
        if rows:
            connection.execute(insert(PromiseTable), rows)
        changed = sum(before.get(row["promise_id"]) != row["status"] for row in rows)
        write(
            connection,
            principal,
            "make ledger",
            object="promise",
            object_id="*",
            after={"n": len(rows), "changed": changed},
        )
    return len(rows)


def mark_promise(
    store: Store, principal: Principal, promise_id: str, *, status: Status, note: str = ""
) -> None:
    """Say what became of a promise; it stands over what the calls show.

    Raises
    ------
    NotAllowed
        There is no such promise, or the principal may not see its call.
    InputError
        There is no such status.
    """
    if status not in ("open", "kept", "broken", "unknown"):
        raise InputError(f"a promise is open, kept, broken or unknown, not {status}")
    with store.writing() as connection:
        row = connection.execute(
            select(PromiseTable.id, PromiseTable.status)
            .join(Call, Call.id == PromiseTable.call_id)
            .where(PromiseTable.promise_id == promise_id, visible(principal))
        ).one_or_none()
        if row is None:
            raise no_such("promise", promise_id)
        note = " ".join(note.split())
        connection.execute(
            insert(MarkTable).values(
                promise_id=promise_id,
                status=status,
                note=note,
                account_id=account_or_none(principal),
                created_at=now_ms(),
            )
        )
        because = f"Marked by {principal.name}." + (f" {note}" if note else "")
        connection.execute(
            update(PromiseTable)
            .where(PromiseTable.id == row.id)
            .values(status=status, because=because, changed_at=now_ms())
        )
        write(
            connection,
            principal,
            "mark promise",
            object="promise",
            object_id=promise_id,
            before={"status": row.status},
            after={"status": status},
        )


def marks_of(store: Store, principal: Principal, promise_id: str | None = None) -> tuple[MarkRow, ...]:
    """What people said about promises, oldest first: of one, or of all.

    Raises
    ------
    NotAllowed
        There is no such promise, or it is not for the principal; all marks are for leads and admins.
    """
    query = select(MarkTable.__table__, Account.name.label("by")).outerjoin(
        Account, Account.id == MarkTable.account_id
    )
    if promise_id is None:
        require(principal, "admin", "lead")
    else:
        query = query.where(MarkTable.promise_id == promise_id)
    with store.reading() as connection:
        if promise_id is not None:
            seen = (
                select(PromiseTable.id)
                .join(Call, Call.id == PromiseTable.call_id)
                .where(PromiseTable.promise_id == promise_id, visible(principal))
            )
            if connection.execute(seen).first() is None:
                raise no_such("promise", promise_id)
        return tuple(
            MarkRow(row.promise_id, row.status, row.note, row.by or "command line", moment_of(row.created_at))
            for row in connection.execute(query.order_by(MarkTable.id))
        )


def as_marks(rows: Sequence[MarkRow]) -> tuple[PromiseMark, ...]:
    """Marks as the ledger takes them; the last one per promise stands."""
    return tuple(
        PromiseMark(promise_id=row.promise_id, status=row.status, by=row.by, note=row.note) for row in rows
    )


def keep_follow_ups(store: Store, principal: Principal, rows: Sequence[FollowUp]) -> int:
    """Add the firm's record of what was done; rows that are there already are not kept twice.

    Raises
    ------
    NotAllowed
        Only leads and admins may.
    """
    require(principal, "admin", "lead")
    with store.writing() as connection:
        there = {
            tuple(r)
            for r in connection.execute(
                select(
                    FollowUpTable.done,
                    FollowUpTable.call_id,
                    FollowUpTable.customer,
                    FollowUpTable.what,
                    FollowUpTable.at_iso,
                )
            )
        }
        new = [r for r in rows if (r.done, r.call_id, r.customer, r.what, _iso(r.at)) not in there]
        if new:
            connection.execute(
                insert(FollowUpTable),
                [
                    {
                        "done": r.done,
                        "call_id": r.call_id,
                        "customer": r.customer,
                        "what": r.what,
                        "at_iso": _iso(r.at),
                        "created_at": now_ms(),
                    }
                    for r in new
                ],
            )
        write(
            connection, principal, "keep follow-ups", object="follow-up", object_id="*", after={"n": len(new)}
        )
    return len(new)


def follow_ups(store: Store, principal: Principal) -> tuple[FollowUp, ...]:
    """The firm's record, in the order it was handed in.

    Raises
    ------
    NotAllowed
        Only leads and admins see all of it.
    """
    require(principal, "admin", "lead")
    with store.reading() as connection:
        return tuple(
            FollowUp(row.done, row.call_id, row.customer, row.what, moment_from_iso(row.at_iso))
            for row in connection.execute(select(FollowUpTable.__table__).order_by(FollowUpTable.id))
        )


def promise_counts(store: Store, principal: Principal) -> dict[str, int]:
    """How many promises a principal may see, by status."""
    query = (
        select(PromiseTable.status, func.count())
        .join(Call, Call.id == PromiseTable.call_id)
        .where(visible(principal))
        .group_by(PromiseTable.status)
    )
    with store.reading() as connection:
        return dict(connection.execute(query).tuples().all())


def promise_groups(store: Store, principal: Principal, *, now: datetime | None = None) -> dict[str, int]:
    """How many promises a principal may see, by status, with ``overdue`` apart from the open ones."""
    at = now_ms() if now is None else moment_ms(now) or 0
    group = case(
        ((PromiseTable.status == "open") & (PromiseTable.due_ms < at), "overdue"), else_=PromiseTable.status
    )
    query = select(group.label("name"), func.count().label("n")).select_from(PromiseTable)
    if principal.role not in SEES_ALL:
        query = query.join(Call, Call.id == PromiseTable.call_id).where(visible(principal))
    with store.reading() as connection:
        return {row.name: row.n for row in connection.execute(query.group_by(group))}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def promise_columns(p: Promise, row_id: int) -> dict[str, Any]:
    """The columns of a promise made in the call with this row."""
    return {
        "promise_id": p.promise_id,
        "call_id": row_id,
        "who": p.who,
        "what": p.what,
        "kind": p.kind,
        "by": p.by,
        "due_ms": moment_ms(p.due),
        "due_iso": _iso(p.due),
        "amount": p.amount,
        "start_ms": to_ms(p.span.start),
        "end_ms": to_ms(p.span.end),
        "probability": p.probability,
        "status": p.status,
        "because": p.because,
        "decided_by_call": p.decided_by_call,
        "changed_at": now_ms(),
    }


def _row(row: Any, at: int, seen: Collection[str]) -> PromiseRow:
    return PromiseRow(
        promise_id=row.promise_id,
        call_id=row.public_call,
        agent=row.agent,
        team=row.team,
        customer=row.customer,
        queue=row.queue,
        who=row.who,
        what=row.what,
        kind=row.kind,
        by=row.by,
        due_at=moment_from_iso(row.due_iso),
        amount=row.amount,
        start_s=row.start_ms / 1000,
        end_s=row.end_ms / 1000,
        probability=row.probability,
        status=row.status,
        because=row.because,
        decided_by_call=row.decided_by_call if row.decided_by_call in seen else None,
        overdue=row.status == "open" and row.due_ms is not None and row.due_ms < at,
    )
