"""The tables, typed. One file per concern; ``METADATA`` holds them all."""

from qa.store.tables.base import Base
from qa.store.tables.calls import (
    Answer,
    Call,
    Detection,
    Evaluation,
    Finding,
    FormVersion,
    Recording,
    Transcript,
    Turn,
)
from qa.store.tables.decisions import (
    Acknowledgement,
    Audit,
    CalibrationLabel,
    CalibrationSession,
    Dispute,
    DisputeEvent,
    Erasure,
    FindingLabel,
    FollowUp,
    Promise,
    PromiseMark,
    Review,
    Sample,
)
from qa.store.tables.people import ROLES, Account, Agent, LoginAttempt, SavedFilter, Session, SignIn
from qa.store.tables.work import Batch, BatchItem, Job, WebhookDelivery

METADATA = Base.metadata

APPEND_ONLY = ("evaluation", "answer", "review", "dispute_event", "finding_label", "promise_mark", "audit")
"""Tables whose rows can only be added: the database itself refuses an update or a delete."""

__all__ = [
    "APPEND_ONLY",
    "METADATA",
    "ROLES",
    "Account",
    "Acknowledgement",
    "Agent",
    "Answer",
    "Audit",
    "Batch",
    "BatchItem",
    "CalibrationLabel",
    "CalibrationSession",
    "Call",
    "Detection",
    "Dispute",
    "DisputeEvent",
    "Erasure",
    "Evaluation",
    "Finding",
    "FindingLabel",
    "FollowUp",
    "FormVersion",
    "Job",
    "LoginAttempt",
    "Promise",
    "PromiseMark",
    "Recording",
    "Review",
    "Sample",
    "SavedFilter",
    "Session",
    "SignIn",
    "Transcript",
    "Turn",
    "WebhookDelivery",
]
