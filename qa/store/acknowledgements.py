"""Acknowledgements: an agent has seen an evaluation; any change asks for it again.

Conventions: an acknowledgement is bound to one evaluation. It says "seen", never "agreed": who does not agree
disputes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, insert, select

from qa.errors import InputError, NotAllowed
from qa.store.audit import write
from qa.store.codec import moment_of
from qa.store.engine import Store, now_ms
from qa.store.scope import no_such, visible
from qa.store.tables import Account, Acknowledgement, Agent, Call, Evaluation
from qa.values import Principal


@dataclass(frozen=True, slots=True)
class AcknowledgementRow:
    """Who saw which evaluation of a call when; ``in_force`` says whether it is still the one that counts."""

    call_id: str
    evaluation_id: int
    by: str
    comment: str
    at: datetime
    in_force: bool


@dataclass(frozen=True, slots=True)
class ToAcknowledge:
    """A call whose evaluation its agent has not yet seen; ``again``: an earlier one was seen."""

    call_id: str
    agent: str
    score: float | None
    evaluated_at: datetime
    origin: str
    again: bool


def acknowledge(store: Store, principal: Principal, call_id: str, *, comment: str = "") -> AcknowledgementRow:
    """The agent of a call has seen its evaluation in force.

    Raises
    ------
    NotAllowed
        There is no such call, or it is not the principal's own.
    InputError
        This evaluation was acknowledged already.
    """
    with store.writing() as connection:
        row = connection.execute(
            select(Call.evaluation_id, Agent.name)
            .join(Agent, Agent.id == Call.agent_id)
            .where(Call.call_id == call_id, visible(principal))
        ).one_or_none()
        if row is None or row.evaluation_id is None:
            raise no_such("call", call_id)
        if principal.role != "agent" or principal.agent != row.name:
            raise NotAllowed("only the agent of a call acknowledges its evaluation")
        mine = (
            Acknowledgement.evaluation_id == row.evaluation_id,
            Acknowledgement.account_id == principal.account_id,
        )
        if connection.execute(select(Acknowledgement.id).where(*mine)).first() is not None:
            raise InputError(f"{call_id}: you have acknowledged this evaluation already")
        at = now_ms()
        connection.execute(
            insert(Acknowledgement).values(
                evaluation_id=row.evaluation_id,
                account_id=principal.account_id,
                comment=" ".join(comment.split()),
                created_at=at,
            )
        )
        after = {"evaluation": row.evaluation_id, "comment": bool(comment.strip())}
        write(connection, principal, "acknowledge", object="call", object_id=call_id, after=after)
    return AcknowledgementRow(call_id, row.evaluation_id, principal.name, comment, moment_of(at), True)


def acknowledgements_of(store: Store, principal: Principal, call_id: str) -> tuple[AcknowledgementRow, ...]:
    """Who acknowledged which evaluation of a call, oldest first; nothing where it may not be seen."""
    query = (
        select(Acknowledgement.__table__, Account.name.label("by"), Call.evaluation_id.label("in_force"))
        .join(Evaluation, Evaluation.id == Acknowledgement.evaluation_id)
        .join(Call, Call.id == Evaluation.call_id)
        .join(Account, Account.id == Acknowledgement.account_id)
        .where(Call.call_id == call_id, visible(principal))
        .order_by(Acknowledgement.id)
    )
    with store.reading() as connection:
        return tuple(
            AcknowledgementRow(
                call_id,
                row.evaluation_id,
                row.by,
                row.comment,
                moment_of(row.created_at),
                row.evaluation_id == row.in_force,
            )
            for row in connection.execute(query)
        )


def to_acknowledge(store: Store, principal: Principal, *, limit: int = 200) -> tuple[ToAcknowledge, ...]:
    """Calls that a principal may see and whose evaluation in force nobody has acknowledged, newest first."""
    earlier = (
        exists()
        .where(Acknowledgement.evaluation_id == Evaluation.id, Evaluation.call_id == Call.id)
        .correlate(Call)
    )
    in_force = select(Evaluation.created_at).where(Evaluation.id == Call.evaluation_id).scalar_subquery()
    origin = select(Evaluation.origin).where(Evaluation.id == Call.evaluation_id).scalar_subquery()
    query = (
        select(
            Call.call_id,
            Agent.name,
            Call.score,
            in_force.label("at"),
            origin.label("origin"),
            earlier.label("again"),
        )
        .join(Agent, Agent.id == Call.agent_id)
        .where(
            visible(principal),
            Call.evaluation_id.is_not(None),
            ~exists().where(Acknowledgement.evaluation_id == Call.evaluation_id),
        )
        .order_by(Call.evaluation_id.desc())
        .limit(limit)
    )
    with store.reading() as connection:
        return tuple(
            ToAcknowledge(row.call_id, row.name, row.score, moment_of(row.at), row.origin, row.again)
            for row in connection.execute(query)
        )
