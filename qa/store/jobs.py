"""The durable queue: batches of files, jobs with leases.

A worker *claims* a job and owns it until its lease runs out; a *heartbeat* extends the lease while it works.
*Finishing* names the owner, in the same transaction as the results: a worker that was given up for dead can't
finish a job that another has taken over, so nothing is kept twice and nothing half.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, func, insert, or_, select, update

from qa.errors import StoreError
from qa.store.engine import Store, TurnTaking, now_ms, take_turns
from qa.store.scope import account_or_none, require
from qa.store.tables import Batch, BatchItem, Call, Job
from qa.values import Principal

LEASE_S = 60.0
MAX_ATTEMPTS = 3
DIED = "Died"


@dataclass(frozen=True, slots=True)
class NewItem:
    """A file handed in: what would be done (``work_key``, ``source``), or why nothing can be (``error``)."""

    name: str
    work_key: str | None = None
    source: dict[str, Any] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that this worker owns for now."""

    job_id: int
    owner: str
    name: str
    source: dict[str, Any]
    attempt: int
    account_id: int | None


class LostLeaseError(StoreError):
    """Another worker has taken the job over; what this one did is thrown away."""


def new_batch(store: Store, principal: Principal, *, label: str) -> str:
    """Begin a batch and return its public id.

    Raises
    ------
    NotAllowed
        Agents and supervisors hand in nothing.
    """
    require(principal, "admin", "lead", "reviewer")
    public_id = secrets.token_hex(6)
    with store.writing() as connection:
        connection.execute(
            insert(Batch).values(
                public_id=public_id,
                label=label,
                account_id=account_or_none(principal),
                created_at=now_ms(),
            )
        )
    return public_id


def add_items(store: Store, principal: Principal, batch: str, items: Sequence[NewItem]) -> None:
    """Add files to a batch. The same work is one job: one that failed is tried again, one done is not.

    Raises
    ------
    NotAllowed
        Agents and supervisors hand in nothing.
    """
    require(principal, "admin", "lead", "reviewer")
    with store.writing() as connection:
        take_turns(connection, TurnTaking.QUEUEING)
        batch_id = connection.execute(select(Batch.id).where(Batch.public_id == batch)).scalar_one()
        n = connection.execute(
            select(func.count()).select_from(BatchItem).where(BatchItem.batch_id == batch_id)
        ).scalar_one()
        for place, item in enumerate(items, start=n):
            job_id = None
            if item.error is None:
                job_id = _job_for(connection, batch_id, item, account_or_none(principal))
            duplicate = job_id is not None and _is_in(connection, batch_id, job_id)
            connection.execute(
                insert(BatchItem).values(
                    batch_id=batch_id,
                    n=place,
                    name=item.name,
                    job_id=job_id,
                    error=item.error,
                    duplicate=duplicate,
                )
            )


def _is_in(connection: Connection, batch_id: int, job_id: int) -> bool:
    query = select(BatchItem.n).where(BatchItem.batch_id == batch_id, BatchItem.job_id == job_id)
    return connection.execute(query.limit(1)).first() is not None


def _job_for(connection: Connection, batch_id: int, item: NewItem, account_id: int | None) -> int:
    found = connection.execute(
        select(Job.id, Job.state, Job.batch_id, Job.evaluation_id, Call.evaluation_id.label("in_force"))
        .outerjoin(Call, Call.id == Job.call_id)
        .where(Job.work_key == item.work_key)
    ).one_or_none()
    if found is None:
        made: int = connection.execute(
            insert(Job)
            .values(
                batch_id=batch_id,
                work_key=item.work_key,
                source=item.source,
                name=item.name,
                state="queued",
                attempts=0,
                account_id=account_id,
                created_at=now_ms(),
            )
            .returning(Job.id)
        ).scalar_one()
        return made
    failed_before = found.state == "failed" and found.batch_id != batch_id
    # Scored by another form since: doing it again keeps nothing new, but puts this one in force.
    overtaken = found.state == "done" and found.evaluation_id != found.in_force
    if failed_before or overtaken:
        connection.execute(
            update(Job)
            .where(Job.id == found.id)
            .values(batch_id=batch_id, source=item.source, name=item.name, **AFRESH)
        )
    return int(found.id)


AFRESH: dict[str, Any] = {
    "state": "queued",
    "stage": None,
    "attempts": 0,
    "owner": None,
    "lease_until": None,
    "error": None,
    "error_kind": None,
    "finished_at": None,
}


def claim(
    store: Store,
    owner: str,
    *,
    batch: str | None = None,
    lease_s: float = LEASE_S,
    only_fresh: bool = False,
) -> Claimed | None:
    """Take the oldest job that waits or whose owner is gone; None where there is none.

    A job that has already taken ``MAX_ATTEMPTS`` workers down with it is failed instead.

    Parameters
    ----------
    only_fresh
        Only a job that nobody has begun: fit to be done together with others, since it took no worker down.
    """
    with store.writing() as connection:
        while True:
            job = connection.execute(_next_job(batch, only_fresh=only_fresh)).one_or_none()
            if job is None:
                return None
            if job.attempts < MAX_ATTEMPTS:
                break
            error = f"{job.name}: the program died {job.attempts} times over this file; look at the file"
            connection.execute(
                update(Job)
                .where(Job.id == job.id)
                .values(state="failed", error=error, error_kind=DIED, owner=None, finished_at=now_ms())
            )
        connection.execute(
            update(Job)
            .where(Job.id == job.id)
            .values(
                state="running",
                owner=owner,
                lease_until=now_ms() + round(lease_s * 1000),
                attempts=job.attempts + 1,
                started_at=now_ms(),
                stage="starting",
            )
        )
        return Claimed(job.id, owner, job.name, job.source, job.attempts + 1, job.account_id)


def _next_job(batch: str | None, *, only_fresh: bool) -> Any:
    waits = and_(Job.state == "queued", Job.attempts == 0)
    free = (
        waits
        if only_fresh
        else or_(Job.state == "queued", and_(Job.state == "running", Job.lease_until < now_ms()))
    )
    query = select(Job.id, Job.name, Job.source, Job.attempts, Job.account_id).where(free)
    if batch is not None:
        query = query.where(Job.id.in_(_jobs_of(batch)))
    return query.order_by(Job.id).limit(1).with_for_update(skip_locked=True)


def _jobs_of(batch: str) -> Any:
    return (
        select(BatchItem.job_id)
        .join(Batch, Batch.id == BatchItem.batch_id)
        .where(Batch.public_id == batch, BatchItem.job_id.is_not(None))
    )


def heartbeat(store: Store, claimed: Claimed, *, stage: str | None = None, lease_s: float = LEASE_S) -> bool:
    """Extend the lease; False where the job is no longer this worker's."""
    values: dict[str, Any] = {"lease_until": now_ms() + round(lease_s * 1000)}
    if stage is not None:
        values["stage"] = stage
    with store.writing() as connection:
        done = connection.execute(update(Job).where(*_owned(claimed)).values(**values))
        return done.rowcount == 1


def finish(connection: Connection, claimed: Claimed, *, call_row_id: int, evaluation_id: int) -> None:
    """Mark the job done, in the transaction that keeps its results.

    Raises
    ------
    LostLeaseError
        Another worker owns it now; the transaction must not be kept.
    """
    _end(
        connection,
        claimed,
        state="done",
        call_id=call_row_id,
        evaluation_id=evaluation_id,
        error=None,
        error_kind=None,
    )


def fail(store: Store, claimed: Claimed, *, error: str, kind: str) -> None:
    """Mark the job failed, with one line that says why.

    Raises
    ------
    LostLeaseError
        Another worker owns it now.
    """
    with store.writing() as connection:
        _end(connection, claimed, state="failed", error=error, error_kind=kind)


def release(store: Store, owner: str) -> int:
    """Give back what a worker that is known to be dead still owned; how many jobs that were."""
    with store.writing() as connection:
        done = connection.execute(
            update(Job)
            .where(Job.owner == owner, Job.state == "running")
            .values(state="queued", owner=None, lease_until=None)
        )
        return done.rowcount


def _owned(claimed: Claimed) -> tuple[Any, ...]:
    # The attempt fences too: a worker that lost the job and claimed it anew can't finish it by its old claim.
    return (
        Job.id == claimed.job_id,
        Job.owner == claimed.owner,
        Job.attempts == claimed.attempt,
        Job.state == "running",
    )


def _end(connection: Connection, claimed: Claimed, **values: Any) -> None:
    done = connection.execute(
        update(Job)
        .where(*_owned(claimed))
        .values(finished_at=now_ms(), lease_until=None, stage=None, **values)
    )
    if done.rowcount != 1:
        raise LostLeaseError(f"{claimed.name}: another worker took this job over; its result counts")
