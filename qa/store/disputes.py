"""Disputes: who objects to what, its course, its deadline and its end.

Conventions: a dispute is about one finding or one answer of one call. Its events are append-only; ``state``
repeats the last. Who may see the call may see its disputes. Functions that take a connection belong to a
larger change.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.orm import aliased

from qa.store.codec import finding_from_row, from_ms, moment_of
from qa.store.engine import Store, now_ms
from qa.store.scope import account_or_none, no_such, visible
from qa.store.tables import Account, Agent, Call, Dispute, DisputeEvent, Finding
from qa.values import Finding as FindingValue
from qa.values import Principal, Speaker

State = Literal["open", "upheld", "partly_upheld", "rejected", "withdrawn"]
Ground = Literal["wrong_words", "wrong_speaker", "not_that", "did_not_apply", "policy_forced", "other"]
DECIDED = frozenset({"upheld", "partly_upheld", "rejected"})


@dataclass(frozen=True, slots=True)
class Correction:
    """What a turn really is: other words, another speaker, or both."""

    turn: int
    text: str | None = None
    speaker: Speaker | None = None


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """One dispute as it stands. ``earlier`` is the public id of the dispute that it goes on from."""

    dispute: str
    call_id: str
    agent: str | None
    criterion: str | None
    finding: str | None
    ground: Ground
    text: str
    corrections: tuple[Correction, ...]
    at_turn: int | None
    state: State
    earlier: str | None
    opened_by: str
    assigned_to: str | None
    opened_at: datetime
    due_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    evaluation_id: int
    result_evaluation_id: int | None

    def overdue(self, now: datetime) -> bool:
        """Still open though it should have been decided."""
        return self.state == "open" and self.due_at is not None and self.due_at < now


@dataclass(frozen=True, slots=True)
class DisputeEventRow:
    """One step: opened, assigned, upheld, partly_upheld, rejected or withdrawn."""

    event: str
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DisputeKey:
    """Row ids of a dispute, for changes that name it."""

    row_id: int
    call_row_id: int
    opened_by: int | None
    earlier_id: int | None


def list_disputes(
    store: Store,
    principal: Principal,
    *,
    state: State | None = None,
    call_id: str | None = None,
    agent: str | None = None,
    overdue_only: bool = False,
    limit: int = 500,
) -> tuple[DisputeRow, ...]:
    """Disputes about calls that a principal may see: open ones first, the one due soonest at the top."""
    query = _disputes().where(visible(principal))
    for column, wanted in ((Dispute.state, state), (Call.call_id, call_id), (Agent.name, agent)):
        if wanted is not None:
            query = query.where(column == wanted)
    if overdue_only:
        query = query.where(Dispute.state == "open", Dispute.due_at < now_ms())
    query = query.order_by((Dispute.state != "open").asc(), Dispute.due_at.asc(), Dispute.id).limit(limit)
    with store.reading() as connection:
        return tuple(_row(row) for row in connection.execute(query))


def load_dispute(store: Store, principal: Principal, dispute: str) -> DisputeRow:
    """One dispute.

    Raises
    ------
    NotAllowed
        There is none of that id, or it is about a call that the principal may not see.
    """
    with store.reading() as connection:
        row = connection.execute(
            _disputes().where(Dispute.public_id == dispute, visible(principal))
        ).one_or_none()
    if row is None:
        raise no_such("dispute", dispute)
    return _row(row)


def dispute_events(store: Store, principal: Principal, dispute: str) -> tuple[DisputeEventRow, ...]:
    """The course of a dispute, oldest first.

    Raises
    ------
    NotAllowed
        There is none of that id, or it is not for this principal.
    """
    load_dispute(store, principal, dispute)
    query = (
        select(DisputeEvent.__table__, Account.name.label("by"))
        .join(Dispute, Dispute.id == DisputeEvent.dispute_id)
        .outerjoin(Account, Account.id == DisputeEvent.account_id)
        .where(Dispute.public_id == dispute)
        .order_by(DisputeEvent.id)
    )
    with store.reading() as connection:
        return tuple(
            DisputeEventRow(row.event, row.text, row.by or "command line", moment_of(row.created_at))
            for row in connection.execute(query)
        )


def key_of(connection: Connection, dispute: str) -> DisputeKey | None:
    """The row ids of a dispute."""
    row = connection.execute(
        select(Dispute.id, Dispute.call_id, Dispute.opened_by, Dispute.earlier_id).where(
            Dispute.public_id == dispute
        )
    ).one_or_none()
    return None if row is None else DisputeKey(row.id, row.call_id, row.opened_by, row.earlier_id)


def about_the_same(
    connection: Connection, row_id: int, *, criterion: str | None, found: FindingValue | None
) -> tuple[DisputeRow, ...]:
    """Earlier disputes of a call about the same answer, or the same stretch and behaviour, oldest first."""
    rows = connection.execute(_disputes().where(Dispute.call_id == row_id).order_by(Dispute.id)).all()
    same = []
    for row in rows:
        if row.finding is None:
            is_same = found is None and row.criterion == criterion
        else:
            other = finding_named(connection, row.finding, row.public_call)
            is_same = found is not None and other is not None and is_same_finding(other, found)
        if is_same:
            same.append(_row(row))
    return tuple(same)


def deciders(connection: Connection, dispute_id: int | None) -> frozenset[int]:
    """Accounts that decided a dispute or one that it goes on from."""
    found: set[int] = set()
    while dispute_id is not None:
        row = connection.execute(
            select(Dispute.decided_by, Dispute.earlier_id).where(Dispute.id == dispute_id)
        ).one()
        if row.decided_by is not None:
            found.add(row.decided_by)
        dispute_id = row.earlier_id
    return frozenset(found)


def add_dispute(
    connection: Connection,
    principal: Principal,
    *,
    row_id: int,
    evaluation_id: int,
    criterion: str | None,
    finding: str | None,
    ground: Ground,
    text: str,
    corrections: Sequence[Correction],
    at_turn: int | None,
    earlier_id: int | None,
    due_at: int,
) -> str:
    """Open a dispute and give its public id."""
    public_id = f"d{secrets.token_hex(5)}"
    made: int = connection.execute(
        insert(Dispute)
        .values(
            public_id=public_id,
            call_id=row_id,
            evaluation_id=evaluation_id,
            criterion=criterion,
            finding=finding,
            ground=ground,
            text=text,
            correction=_to_json(corrections, at_turn),
            state="open",
            earlier_id=earlier_id,
            opened_by=account_or_none(principal),
            opened_at=now_ms(),
            due_at=due_at,
        )
        .returning(Dispute.id)
    ).scalar_one()
    add_event(connection, principal, made, "opened", text)
    return public_id


def add_event(connection: Connection, principal: Principal, dispute_id: int, event: str, text: str) -> None:
    """Add one step to a dispute's course."""
    connection.execute(
        insert(DisputeEvent).values(
            dispute_id=dispute_id,
            event=event,
            text=text,
            account_id=account_or_none(principal),
            created_at=now_ms(),
        )
    )


def end_dispute(
    connection: Connection,
    principal: Principal,
    dispute_id: int,
    *,
    state: State,
    text: str,
    result_evaluation_id: int | None = None,
) -> bool:
    """Give an open dispute its end; False where it was no longer open."""
    decided = account_or_none(principal) if state in DECIDED else None
    changed = connection.execute(
        update(Dispute)
        .where(Dispute.id == dispute_id, Dispute.state == "open")
        .values(
            state=state,
            decided_by=decided,
            decided_at=now_ms(),
            result_evaluation_id=result_evaluation_id,
        )
    )
    if changed.rowcount != 1:
        return False
    add_event(connection, principal, dispute_id, state, text)
    return True


def assign(connection: Connection, principal: Principal, dispute_id: int, account_id: int, name: str) -> None:
    """Give an open dispute to somebody to decide."""
    connection.execute(update(Dispute).where(Dispute.id == dispute_id).values(assigned_to=account_id))
    add_event(connection, principal, dispute_id, "assigned", f"to {name}")


def set_result(connection: Connection, dispute: str, evaluation_id: int | None) -> None:
    """Name the evaluation that a decision made."""
    connection.execute(
        update(Dispute).where(Dispute.public_id == dispute).values(result_evaluation_id=evaluation_id)
    )


def upheld_findings(connection: Connection, row_id: int, call_id: str) -> tuple[FindingValue, ...]:
    """Findings of a call that no longer count because a dispute about them was upheld.

    Where the words or the speaker were corrected, the call was searched anew: what is still found counts.
    """
    rows = connection.execute(
        select(Dispute.finding, Dispute.correction).where(
            Dispute.call_id == row_id, Dispute.state == "upheld", Dispute.finding.is_not(None)
        )
    ).all()
    found = (finding_named(connection, r.finding, call_id) for r in rows if not _from_json(r.correction)[0])
    return tuple(f for f in found if f is not None)


def finding_named(connection: Connection, name: str, call_id: str) -> FindingValue | None:
    """The finding ``f<detection>-<n>`` of a call, as it was found; None where there is no such one."""
    detection, _, n = name.removeprefix("f").partition("-")
    if not (detection.isdigit() and n.isdigit()):
        return None
    row = connection.execute(
        select(Finding.__table__).where(Finding.detection_id == int(detection), Finding.n == int(n))
    ).one_or_none()
    return None if row is None else finding_from_row(row, call_id)


def is_same_finding(one: FindingValue, other: FindingValue) -> bool:
    """Whether two findings of different detections mean the same stretch of the same behaviour."""
    if (one.behaviour, one.turn) != (other.behaviour, other.turn):
        return False
    touches = one.start <= other.end and other.start <= one.end
    return touches or one.turn is None


def _disputes() -> Any:
    opener, assignee, decider = aliased(Account), aliased(Account), aliased(Account)
    earlier = aliased(Dispute)
    return (
        select(
            Dispute.__table__,
            Call.call_id.label("public_call"),
            Agent.name.label("agent"),
            opener.name.label("opener"),
            assignee.name.label("assignee"),
            decider.name.label("decider"),
            earlier.public_id.label("earlier"),
        )
        .join(Call, Call.id == Dispute.call_id)
        .outerjoin(Agent, Agent.id == Call.agent_id)
        .outerjoin(opener, opener.id == Dispute.opened_by)
        .outerjoin(assignee, assignee.id == Dispute.assigned_to)
        .outerjoin(decider, decider.id == Dispute.decided_by)
        .outerjoin(earlier, earlier.id == Dispute.earlier_id)
    )


def _row(row: Any) -> DisputeRow:
    corrections, at_turn = _from_json(row.correction)
    decided = row.state in DECIDED
    return DisputeRow(
        dispute=row.public_id,
        call_id=row.public_call,
        agent=row.agent,
        criterion=row.criterion,
        finding=row.finding,
        ground=row.ground,
        text=row.text,
        corrections=corrections,
        at_turn=at_turn,
        state=row.state,
        earlier=row.earlier,
        opened_by=row.opener or "command line",
        assigned_to=row.assignee,
        opened_at=moment_of(row.opened_at),
        due_at=from_ms(row.due_at),
        decided_by=(row.decider or "command line") if decided else None,
        decided_at=from_ms(row.decided_at),
        evaluation_id=row.evaluation_id,
        result_evaluation_id=row.result_evaluation_id,
    )


def _to_json(corrections: Sequence[Correction], at_turn: int | None) -> dict[str, Any] | None:
    if not corrections and at_turn is None:
        return None
    turns = [{"turn": c.turn, "text": c.text, "speaker": c.speaker} for c in corrections]
    return {"turns": turns, "at_turn": at_turn}


def _from_json(made: dict[str, Any] | None) -> tuple[tuple[Correction, ...], int | None]:
    if made is None:
        return (), None
    return tuple(Correction(**turn) for turn in made.get("turns", ())), made.get("at_turn")
