"""What is to be done: batches, jobs with leases, and messages to other programs."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from qa.store.tables.base import Base, BigId, Id, Json, Ms, Str, one_of

STATES = ("queued", "running", "done", "failed")


class Batch(Base):
    """A number of files handed in together."""

    __tablename__ = "batch"
    id: Mapped[Id]
    public_id: Mapped[Str] = mapped_column(unique=True)
    label: Mapped[Str]
    account_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id"))
    created_at: Mapped[Ms]


class Job(Base):
    """One source to score. A worker owns it until ``lease_until``; who lost the lease can't finish it.

    ``work_key`` is the hash of the content and of everything that would process it: the same work is one job.
    """

    __tablename__ = "job"
    __table_args__ = (
        one_of("state", *STATES),
        Index("ix_job_state_lease", "state", "lease_until", "id"),
    )
    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(BigId, ForeignKey("batch.id"), index=True)
    work_key: Mapped[Str] = mapped_column(unique=True)
    source: Mapped[Json]
    name: Mapped[Str]
    state: Mapped[Str] = mapped_column(default="queued")
    stage: Mapped[Str | None]
    owner: Mapped[Str | None]
    lease_until: Mapped[Ms | None]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[Str | None]
    error_kind: Mapped[Str | None]
    call_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("call.id"), index=True)
    evaluation_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("evaluation.id"))
    account_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id"))
    created_at: Mapped[Ms]
    started_at: Mapped[Ms | None]
    finished_at: Mapped[Ms | None]


class BatchItem(Base):
    """A file of a batch: the job that does it, or why none was made. Two batches may share one job."""

    __tablename__ = "batch_item"
    batch_id: Mapped[int] = mapped_column(BigId, ForeignKey("batch.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[Str]
    job_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("job.id"), index=True)
    error: Mapped[Str | None]
    duplicate: Mapped[bool] = mapped_column(default=False)


class WebhookDelivery(Base):
    """One message to another program: what, to whom, and how often it was tried."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        one_of("state", "waiting", "delivered", "failed"),
        Index("ix_webhook_delivery_state", "state", "next_try_at"),
    )
    id: Mapped[Id]
    event_id: Mapped[Str] = mapped_column(unique=True)
    event: Mapped[Str]
    url: Mapped[Str]
    body: Mapped[Json]
    state: Mapped[Str] = mapped_column(default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    last_status: Mapped[int | None]
    last_error: Mapped[Str | None]
    next_try_at: Mapped[Ms]
    created_at: Mapped[Ms]
    delivered_at: Mapped[Ms | None]
