"""How far the work is: batches, their files, what failed and why; and trying again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import case, func, select, update

from qa.store.codec import moment_of
from qa.store.engine import Store
from qa.store.jobs import AFRESH
from qa.store.scope import require
from qa.store.tables import Batch, BatchItem, Call, Evaluation, Job
from qa.values import Principal

State = Literal["queued", "running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch and the states of its files."""

    batch: str
    label: str
    created_at: datetime
    queued: int
    running: int
    done: int
    failed: int

    @property
    def total(self) -> int:
        return self.queued + self.running + self.done + self.failed

    @property
    def is_finished(self) -> bool:
        return self.queued == 0 and self.running == 0


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One file of a batch. ``duplicate``: the same content came earlier in the same batch."""

    n: int
    name: str
    state: State
    stage: str | None
    error: str | None
    error_kind: str | None
    duplicate: bool
    attempts: int
    call_id: str | None
    score: float | None
    low: float | None
    high: float | None
    why_no_score: str | None


def list_batches(store: Store, principal: Principal, *, limit: int = 20) -> tuple[BatchRow, ...]:
    """The newest batches.

    Raises
    ------
    NotAllowed
        Only those who may hand in calls see how the work goes.
    """
    require(principal, "admin", "lead", "reviewer")
    return _batches(store, limit=limit)


def batch_progress(store: Store, principal: Principal, batch: str) -> BatchRow:
    """How far one batch is.

    Raises
    ------
    NotAllowed
        Only those who may hand in calls see how the work goes.
    """
    require(principal, "admin", "lead", "reviewer")
    return _batches(store, limit=1, batch=batch)[0]


def _batches(store: Store, *, limit: int, batch: str | None = None) -> tuple[BatchRow, ...]:
    state = func.coalesce(Job.state, "failed")

    def of(name: str) -> Any:
        return func.coalesce(func.sum(case((state == name, 1), else_=0)), 0).label(name)

    newest = select(Batch.id).order_by(Batch.id.desc()).limit(limit)
    if batch is not None:
        newest = newest.where(Batch.public_id == batch)
    counted = (
        select(
            Batch.public_id, Batch.label, Batch.created_at, *map(of, ("queued", "running", "done", "failed"))
        )
        .outerjoin(BatchItem, BatchItem.batch_id == Batch.id)
        .outerjoin(Job, Job.id == BatchItem.job_id)
        .where(Batch.id.in_(select(newest.subquery().c.id)), BatchItem.n.is_not(None))
        .group_by(Batch.id, Batch.public_id, Batch.label, Batch.created_at)
        .order_by(Batch.id.desc())
    )
    with store.reading() as connection:
        return tuple(
            BatchRow(
                batch=row.public_id,
                label=row.label,
                created_at=moment_of(row.created_at),
                queued=row.queued,
                running=row.running,
                done=row.done,
                failed=row.failed,
            )
            for row in connection.execute(counted)
        )


def batch_items(
    store: Store,
    principal: Principal,
    batch: str,
    *,
    state: State | None = None,
    after: int = -1,
    limit: int = 500,
) -> tuple[ItemRow, ...]:
    """Files of a batch in the order they were handed in, those with ``n`` above ``after``.

    Raises
    ------
    NotAllowed
        Only those who may hand in calls see how the work goes.
    """
    require(principal, "admin", "lead", "reviewer")
    shown = func.coalesce(Job.state, "failed").label("state")
    query = (
        select(
            BatchItem.n,
            BatchItem.name,
            BatchItem.duplicate,
            shown,
            Job.stage,
            func.coalesce(BatchItem.error, Job.error).label("error"),
            Job.error_kind,
            func.coalesce(Job.attempts, 0).label("attempts"),
            Call.call_id,
            Call.score,
            Call.low,
            Call.high,
            Evaluation.why_no_score,
        )
        .join(Batch, Batch.id == BatchItem.batch_id)
        .outerjoin(Job, Job.id == BatchItem.job_id)
        .outerjoin(Call, Call.id == Job.call_id)
        .outerjoin(Evaluation, Evaluation.id == Call.evaluation_id)
        .where(Batch.public_id == batch, BatchItem.n > after)
        .order_by(BatchItem.n)
        .limit(limit)
    )
    if state is not None:
        query = query.where(shown == state)
    with store.reading() as connection:
        return tuple(ItemRow(**row._mapping) for row in connection.execute(query))


def retry_failed(store: Store, principal: Principal, *, batch: str | None = None) -> int:
    """Queue what failed once more, in one batch or in all; how many jobs that are.

    Raises
    ------
    NotAllowed
        Only those who may hand in calls may try them again.
    """
    require(principal, "admin", "lead", "reviewer")
    change = update(Job).where(Job.state == "failed")
    if batch is not None:
        of_batch = (
            select(BatchItem.job_id)
            .join(Batch, Batch.id == BatchItem.batch_id)
            .where(Batch.public_id == batch, BatchItem.job_id.is_not(None))
        )
        change = change.where(Job.id.in_(of_batch))
    with store.writing() as connection:
        return connection.execute(change.values(**AFRESH)).rowcount
