"""Single facts about a call: its history, its files, what there is to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from qa.store import codec
from qa.store.engine import Store
from qa.store.rows import EvaluationRow
from qa.store.scope import no_such, visible
from qa.store.tables import Account, Call, Evaluation, Recording
from qa.values import Principal


@dataclass(frozen=True, slots=True)
class SourceOfCall:
    """What a call was made from: the name it was handed in with, and its files under QA_HOME."""

    name: str
    recording_path: str | None
    transcript_path: str | None


def source_of_call(store: Store, principal: Principal, call_id: str) -> SourceOfCall:
    """What a call was made from.

    Raises
    ------
    NotAllowed
        There is no such call, or the principal may not see it.
    """
    query = (
        select(Call.source_name, Call.transcript_path, Recording.path)
        .outerjoin(Recording, Recording.id == Call.recording_id)
        .where(Call.call_id == call_id, visible(principal))
    )
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise no_such("call", call_id)
    return SourceOfCall(row.source_name, row.path, row.transcript_path)


def evaluations_of(store: Store, principal: Principal, call_id: str) -> tuple[EvaluationRow, ...]:
    """The history of a call's evaluations, oldest first.

    Raises
    ------
    NotAllowed
        There is no such call, or the principal may not see it.
    """
    query = (
        select(Evaluation.__table__, Account.name.label("by"))
        .join(Call, Call.id == Evaluation.call_id)
        .outerjoin(Account, Account.id == Evaluation.account_id)
        .where(Call.call_id == call_id, visible(principal))
        .order_by(Evaluation.id)
    )
    with store.reading() as connection:
        found = connection.execute(query).all()
    if not found:
        raise no_such("call", call_id)
    return tuple(
        EvaluationRow(
            evaluation_id=row.id,
            origin=row.origin,
            form=row.form,
            score=row.score,
            low=row.low,
            high=row.high,
            by=row.by,
            created_at=codec.moment_of(row.created_at),
            manifest=row.manifest,
        )
        for row in found
    )


def listening_copy(store: Store, principal: Principal, call_id: str) -> Path | None:
    """The sound a browser may play; None where this call has none.

    Raises
    ------
    NotAllowed
        There is no such call, or the principal may not see it.
    """
    query = select(Call.listening_path).where(Call.call_id == call_id, visible(principal))
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise no_such("call", call_id)
    return None if row.listening_path is None else store.home / row.listening_path


def queues(store: Store, principal: Principal) -> tuple[str, ...]:
    """The queues of the calls a principal may see, in alphabetical order."""
    query = select(Call.queue).where(visible(principal), Call.queue.is_not(None)).distinct()
    with store.reading() as connection:
        return tuple(sorted(str(row.queue) for row in connection.execute(query)))


def forms_used(store: Store, principal: Principal) -> tuple[str, ...]:
    """The forms of the scores in force that a principal may see, the one of most calls first."""
    query = (
        select(Call.form)
        .where(visible(principal), Call.form.is_not(None))
        .group_by(Call.form)
        .order_by(func.count().desc(), Call.form)
    )
    with store.reading() as connection:
        return tuple(str(row.form) for row in connection.execute(query))
