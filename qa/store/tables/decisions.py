"""What people decide: reviews, disputes, acknowledgements, promises, calibration, samples; the audit log."""

from __future__ import annotations

from sqlalchemy import Float, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from qa.store.tables.base import Base, BigId, Id, Json, Ms, Str, one_of
from qa.store.tables.calls import OUTCOMES

DISPUTE_STATES = ("open", "upheld", "partly_upheld", "rejected", "withdrawn")
PROMISE_STATES = ("open", "kept", "broken", "unknown")
GROUNDS = ("wrong_words", "wrong_speaker", "not_that", "did_not_apply", "policy_forced", "other")


class Review(Base):
    """A person's answer beside the program's. Append-only; the latest per call and criterion is in force."""

    __tablename__ = "review"
    __table_args__ = (
        one_of("outcome", *OUTCOMES),
        Index("ix_review_call", "call_id", "criterion", "id"),
    )
    id: Mapped[Id]
    call_id: Mapped[int] = mapped_column(BigId, ForeignKey("call.id"))
    evaluation_id: Mapped[int] = mapped_column(BigId, ForeignKey("evaluation.id"), index=True)
    criterion: Mapped[Str]
    outcome: Mapped[Str]
    points: Mapped[float | None] = mapped_column(Float(53))
    reason: Mapped[Str]
    account_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id"))
    supersedes_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("review.id"))
    dispute_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("dispute.id"))
    created_at: Mapped[Ms]


class FindingLabel(Base):
    """A person's word on a finding, or on a behaviour the program missed: what the detectors learn from."""

    __tablename__ = "finding_label"
    __table_args__ = (Index("ix_finding_label_call", "call_id", "behaviour"),)
    id: Mapped[Id]
    call_id: Mapped[int] = mapped_column(BigId, ForeignKey("call.id"))
    finding: Mapped[Str | None]
    behaviour: Mapped[Str] = mapped_column(index=True)
    present: Mapped[bool]
    turn: Mapped[int | None]
    start_ms: Mapped[Ms | None]
    end_ms: Mapped[Ms | None]
    reason: Mapped[Str]
    account_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id"))
    dispute_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("dispute.id"))
    created_at: Mapped[Ms]


class Dispute(Base):
    """An objection to one finding or one answer. ``dispute_event`` has its course; ``state`` is the last."""

    __tablename__ = "dispute"
    __table_args__ = (
        one_of("state", *DISPUTE_STATES),
        one_of("ground", *GROUNDS),
        Index("ix_dispute_state", "state", "due_at"),
        Index("ix_dispute_call", "call_id"),
    )
    id: Mapped[Id]
    public_id: Mapped[Str] = mapped_column(unique=True)
    call_id: Mapped[int] = mapped_column(BigId, ForeignKey("call.id"))
    evaluation_id: Mapped[int] = mapped_column(BigId, ForeignKey("evaluation.id"))
    criterion: Mapped[Str | None]
    finding: Mapped[Str | None]
    ground: Mapped[Str]
    text: Mapped[Str]
    correction: Mapped[Json | None]
    state: Mapped[Str] = mapped_column(default="open")
    earlier_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("dispute.id"))
    opened_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id"), index=True)
    assigned_to: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id"))
    opened_at: Mapped[Ms]
    due_at: Mapped[Ms | None]
    decided_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id"))
    decided_at: Mapped[Ms | None]
    result_evaluation_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("evaluation.id"))


class DisputeEvent(Base):
    """One step of a dispute. Append-only."""

    __tablename__ = "dispute_event"
    id: Mapped[Id]
    dispute_id: Mapped[int] = mapped_column(BigId, ForeignKey("dispute.id"), index=True)
    event: Mapped[Str]
    text: Mapped[Str]
    account_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id"))
    created_at: Mapped[Ms]


class Acknowledgement(Base):
    """An agent has seen an evaluation. Bound to that evaluation: after a change it is asked for again."""

    __tablename__ = "acknowledgement"
    __table_args__ = (Index("uq_acknowledgement", "evaluation_id", "account_id", unique=True),)
    id: Mapped[Id]
    evaluation_id: Mapped[int] = mapped_column(BigId, ForeignKey("evaluation.id"))
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("account.id"))
    comment: Mapped[Str]
    created_at: Mapped[Ms]


class Promise(Base):
    """A commitment made in a call, and what became of it when the ledger was last made.

    ``promise_id`` is the ledger's own: the same however often it is made.
    """

    __tablename__ = "promise"
    __table_args__ = (
        one_of("status", *PROMISE_STATES),
        one_of("who", "agent", "company", "colleague"),
        Index("ix_promise_status_due", "status", "due_ms"),
        Index("ix_promise_call", "call_id"),
    )
    id: Mapped[Id]
    promise_id: Mapped[Str] = mapped_column(unique=True)
    call_id: Mapped[int] = mapped_column(BigId, ForeignKey("call.id"))
    who: Mapped[Str]
    what: Mapped[Str]
    kind: Mapped[Str | None]
    by: Mapped[Str | None]
    due_ms: Mapped[Ms | None]
    due_iso: Mapped[Str | None]
    amount: Mapped[Str | None]
    start_ms: Mapped[Ms]
    end_ms: Mapped[Ms]
    probability: Mapped[float] = mapped_column(Float(53))
    status: Mapped[Str] = mapped_column(default="open")
    because: Mapped[Str]
    decided_by_call: Mapped[Str | None]
    changed_at: Mapped[Ms]


class PromiseMark(Base):
    """What a person says became of a promise. Append-only; the last one stands."""

    __tablename__ = "promise_mark"
    __table_args__ = (one_of("status", *PROMISE_STATES),)
    id: Mapped[Id]
    promise_id: Mapped[Str] = mapped_column(index=True)
    status: Mapped[Str]
    note: Mapped[Str]
    account_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id"))
    created_at: Mapped[Ms]


class FollowUp(Base):
    """One row of the firm's own record of what was done."""

    __tablename__ = "follow_up"
    __table_args__ = (Index("ix_follow_up_customer", "customer"), Index("ix_follow_up_call", "call_id"))
    id: Mapped[Id]
    done: Mapped[bool]
    call_id: Mapped[Str | None]
    customer: Mapped[Str | None]
    what: Mapped[Str | None]
    at_iso: Mapped[Str | None]
    created_at: Mapped[Ms]


class CalibrationSession(Base):
    """A round in which several people score the same calls without seeing one another."""

    __tablename__ = "calibration_session"
    __table_args__ = (one_of("state", "open", "closed"),)
    id: Mapped[Id]
    public_id: Mapped[Str] = mapped_column(unique=True)
    name: Mapped[Str]
    form: Mapped[Str]
    state: Mapped[Str] = mapped_column(default="open")
    calls: Mapped[Json]
    raters: Mapped[Json]
    created_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id"))
    created_at: Mapped[Ms]
    closed_at: Mapped[Ms | None]


class CalibrationLabel(Base):
    """One rater's answer to one criterion of one call; the latest counts until the round is closed."""

    __tablename__ = "calibration_label"
    __table_args__ = (
        Index("ix_calibration_label_session", "session_id", "call_id", "criterion", "rater", "id"),
        one_of("outcome", *OUTCOMES),
    )
    id: Mapped[Id]
    session_id: Mapped[int] = mapped_column(BigId, ForeignKey("calibration_session.id"))
    call_id: Mapped[int] = mapped_column(BigId, ForeignKey("call.id"))
    rater: Mapped[Str]
    criterion: Mapped[Str]
    outcome: Mapped[Str]
    points: Mapped[float | None] = mapped_column(Float(53))
    note: Mapped[Str]
    created_at: Mapped[Ms]


class Sample(Base):
    """A call drawn for human review, with the chance it had to be drawn."""

    __tablename__ = "sample"
    __table_args__ = (
        one_of("state", "waiting", "done", "skipped"),
        Index("uq_sample_round_call", "round", "call_id", unique=True),
        Index("ix_sample_state", "state", "assigned_to"),
    )
    id: Mapped[Id]
    round: Mapped[Str]
    call_id: Mapped[int] = mapped_column(BigId, ForeignKey("call.id"))
    stratum: Mapped[Str]
    probability: Mapped[float | None] = mapped_column(Float(53))
    """None for a call that was chosen and not drawn, such as one chosen for doubt."""
    seed: Mapped[int]
    assigned_to: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id"))
    state: Mapped[Str] = mapped_column(default="waiting")
    created_at: Mapped[Ms]
    done_at: Mapped[Ms | None]


class Erasure(Base):
    """A call whose content was erased on request or by age; its score and its figures stay. Append-only."""

    __tablename__ = "erasure"
    id: Mapped[Id]
    call_id: Mapped[int] = mapped_column(BigId, ForeignKey("call.id"), index=True, unique=True)
    reason: Mapped[Str]
    account_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id"))
    created_at: Mapped[Ms]


class Audit(Base):
    """Who did what, when, to which thing. Append-only, each row chained to the one before by its hash."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_object", "object", "object_id", "id"),)
    id: Mapped[Id]
    at: Mapped[Ms] = mapped_column(index=True)
    account_id: Mapped[int | None] = mapped_column(BigId, index=True)
    actor: Mapped[Str]
    action: Mapped[Str]
    object: Mapped[Str]
    object_id: Mapped[Str]
    before: Mapped[Json | None]
    after: Mapped[Json | None]
    ip: Mapped[Str | None]
    prev_hash: Mapped[Str]
    hash: Mapped[Str] = mapped_column(unique=True)
