"""What was heard and what came of it: recordings, calls, transcripts, findings, evaluations.

A call has one *transcript* per way of hearing it, one *detection* per way of finding behaviours in a
transcript, and one *evaluation* per way of answering a form from a detection. None is ever rewritten. The
call row points at those in force and repeats the few figures that lists sort and filter by.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Float, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from qa.store.tables.base import Base, BigId, Id, Json, Ms, Str, one_of

OUTCOMES = ("met", "missed", "not_applicable", "not_measured", "uncertain")
ORIGINS = ("machine", "review", "dispute", "replay")


class Recording(Base):
    """A sound file, kept under QA_HOME by its hash. Paths are relative to QA_HOME."""

    __tablename__ = "recording"
    id: Mapped[Id]
    sha256: Mapped[Str] = mapped_column(unique=True)
    path: Mapped[Str | None]
    codec: Mapped[Str | None]
    kind: Mapped[Str | None]
    rate_hz: Mapped[int | None]
    duration_ms: Mapped[Ms | None]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    key_id: Mapped[Str | None]
    delete_after: Mapped[Ms | None] = mapped_column(index=True)
    created_at: Mapped[Ms]


class Call(Base):
    """One call. ``content_sha256`` hashes its recording and its transcript: the same content is one call."""

    __tablename__ = "call"
    __table_args__ = (
        one_of("status", "scored", "not_scored", "waiting"),
        Index("ix_call_started", "started_ms", "id"),
        Index("ix_call_agent_started", "agent_id", "started_ms", "id"),
        Index("ix_call_queue_started", "queue", "started_ms", "id"),
        Index("ix_call_customer_started", "customer", "started_ms"),
        Index("ix_call_score", "score", "id"),
        Index("ix_call_agent_score", "agent_id", "score", "id"),
        Index("ix_call_status_started", "status", "started_ms", "id"),
        Index("ix_call_auto_failed", "auto_failed_by", "started_ms"),
        Index("ix_call_form_started", "form", "started_ms", "id"),
    )
    id: Mapped[Id]
    call_id: Mapped[Str] = mapped_column(unique=True)
    content_sha256: Mapped[Str] = mapped_column(unique=True)
    recording_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("recording.id"), index=True)
    transcript_path: Mapped[Str | None]
    transcript_sha256: Mapped[Str | None]
    listening_path: Mapped[Str | None]
    source_name: Mapped[Str]
    agent_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("agent.id"))
    customer: Mapped[Str | None]
    queue: Mapped[Str | None]
    direction: Mapped[Str | None]
    language: Mapped[Str | None]
    started_ms: Mapped[Ms | None]
    """The same moment as ``started_iso``, for sorting; a time without a zone counts as UTC."""
    started_iso: Mapped[Str | None]
    duration_ms: Mapped[Ms]
    meta: Mapped[Json] = mapped_column(default=dict)
    status: Mapped[Str] = mapped_column(default="waiting")
    transcript_id: Mapped[int | None] = mapped_column(BigId)
    detection_id: Mapped[int | None] = mapped_column(BigId)
    evaluation_id: Mapped[int | None] = mapped_column(BigId)
    score: Mapped[float | None] = mapped_column(Float(53))
    low: Mapped[float | None] = mapped_column(Float(53))
    high: Mapped[float | None] = mapped_column(Float(53))
    passed: Mapped[bool | None]
    auto_failed_by: Mapped[Str | None]
    difficulty: Mapped[Str | None]
    form: Mapped[Str | None]
    sections: Mapped[Json | None]
    """As in the evaluation in force, so that the figures of many calls are read without their evaluations."""
    worth: Mapped[float | None] = mapped_column(Float(53))
    """Points that were possible in that evaluation."""
    created_at: Mapped[Ms]
    changed_at: Mapped[Ms] = mapped_column(index=True)


class Transcript(Base):
    """The call as heard once: turns, timing, and where the words come from."""

    __tablename__ = "transcript"
    __table_args__ = (Index("uq_transcript_call_made", "call_id", "fingerprint", unique=True),)
    id: Mapped[Id]
    call_id: Mapped[int] = mapped_column(BigId, ForeignKey("call.id"))
    fingerprint: Mapped[Str]
    words_from: Mapped[Str]
    recording_kind: Mapped[Str]
    timing: Mapped[Json]
    notes: Mapped[Json]
    manifest: Mapped[Json]
    created_at: Mapped[Ms]


class Turn(Base):
    """One turn; ``words`` holds ``[text, start_ms, end_ms, probability, doubtful]`` per word."""

    __tablename__ = "turn"
    transcript_id: Mapped[int] = mapped_column(BigId, ForeignKey("transcript.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    speaker: Mapped[Str]
    start_ms: Mapped[Ms]
    end_ms: Mapped[Ms]
    text: Mapped[Str]
    words: Mapped[Json]
    confidence: Mapped[float] = mapped_column(Float(53))


class Detection(Base):
    """All behaviours searched once in one transcript."""

    __tablename__ = "detection"
    __table_args__ = (Index("uq_detection_transcript_made", "transcript_id", "fingerprint", unique=True),)
    id: Mapped[Id]
    transcript_id: Mapped[int] = mapped_column(BigId, ForeignKey("transcript.id"))
    fingerprint: Mapped[Str]
    not_measured: Mapped[Json]
    created_at: Mapped[Ms]


class Finding(Base):
    """One occurrence of one behaviour; ``n`` is its place among the detection's findings.

    Outside the store it is named ``f<detection_id>-<n>``.
    """

    __tablename__ = "finding"
    __table_args__ = (Index("ix_finding_behaviour", "behaviour", "detection_id", "probability"),)
    detection_id: Mapped[int] = mapped_column(BigId, ForeignKey("detection.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    turn: Mapped[int | None]
    behaviour: Mapped[Str]
    speaker: Mapped[Str]
    start_ms: Mapped[Ms]
    end_ms: Mapped[Ms]
    char_start: Mapped[int]
    char_end: Mapped[int]
    quote: Mapped[Str]
    probability: Mapped[float] = mapped_column(Float(53))
    reason: Mapped[Str]
    details: Mapped[Json]


class Evaluation(Base):
    """The form answered once. Append-only: a review, a dispute or a new form makes a new row beside it."""

    __tablename__ = "evaluation"
    __table_args__ = (
        one_of("origin", *ORIGINS),
        Index("ix_evaluation_call", "call_id", "created_at"),
        Index("ix_evaluation_form", "form", "form_sha256"),
    )
    id: Mapped[Id]
    call_id: Mapped[int] = mapped_column(BigId, ForeignKey("call.id"))
    detection_id: Mapped[int] = mapped_column(BigId, ForeignKey("detection.id"), index=True)
    origin: Mapped[Str]
    supersedes_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("evaluation.id"))
    account_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id"))
    fingerprint: Mapped[Str] = mapped_column(index=True)
    manifest: Mapped[Json]
    form: Mapped[Str]
    form_sha256: Mapped[Str]
    score: Mapped[float | None] = mapped_column(Float(53))
    low: Mapped[float | None] = mapped_column(Float(53))
    high: Mapped[float | None] = mapped_column(Float(53))
    expected: Mapped[float | None] = mapped_column(Float(53))
    measured_share: Mapped[float] = mapped_column(Float(53))
    sections: Mapped[Json]
    waterfall: Mapped[Json]
    passed: Mapped[bool | None]
    auto_failed_by: Mapped[Str | None]
    why_no_score: Mapped[Str | None]
    created_at: Mapped[Ms]


class Answer(Base):
    """One criterion of one evaluation. Evidence names the detection's findings by ``n``."""

    __tablename__ = "answer"
    __table_args__ = (
        one_of("outcome", *OUTCOMES),
        Index("ix_answer_criterion", "criterion", "outcome", "evaluation_id"),
    )
    evaluation_id: Mapped[int] = mapped_column(BigId, ForeignKey("evaluation.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    criterion: Mapped[Str]
    section: Mapped[Str]
    outcome: Mapped[Str]
    points: Mapped[float] = mapped_column(Float(53))
    max_points: Mapped[float] = mapped_column(Float(53))
    expected_points: Mapped[float] = mapped_column(Float(53))
    probability: Mapped[float | None] = mapped_column(Float(53))
    reason: Mapped[Str]
    evidence: Mapped[Json]
    opportunity: Mapped[Json]
    searched: Mapped[Json | None]


class FormVersion(Base):
    """A form as it was when it was first used: the text can't change any more."""

    __tablename__ = "form_version"
    id: Mapped[Id]
    name: Mapped[Str] = mapped_column(index=True)
    sha256: Mapped[Str] = mapped_column(unique=True)
    yaml: Mapped[Str]
    published_by: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id"))
    first_used_at: Mapped[Ms]
