"""What queries are asked with and what they give back: frozen rows, no database in them.

Conventions: moments are ``datetime`` in UTC, durations end in ``_s``; a score is in [0, 100] or None.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from qa.values import Call, Detections, Evaluation

Status = Literal["scored", "not_scored", "waiting"]
Order = Literal[
    "-started_at", "started_at", "-score", "score", "-duration_s", "duration_s", "agent", "-created_at"
]
Origin = Literal["machine", "review", "dispute", "replay"]


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls. What is None does not narrow; ``since`` is included, ``until`` is not.

    ``customer_from`` is how the customer's id begins;
    ``text`` is searched in the words (all of them, phrases in quotes), ``behaviour`` must have been found with
    ``min_probability`` or more, ``outcome`` must have been given to ``criterion`` (to any, where that is None).
    """

    agent: str | None = None
    team: str | None = None
    queue: str | None = None
    customer: str | None = None
    customer_from: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    behaviour: str | None = None
    min_probability: float = 0.5
    criterion: str | None = None
    outcome: str | None = None
    status: Status | None = None
    form: str | None = None
    min_score: float | None = None
    max_score: float | None = None
    auto_failed: bool | None = None
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call in a list."""

    call_id: str
    agent: str | None
    team: str | None
    customer: str | None
    queue: str | None
    direction: str | None
    started_at: datetime | None
    duration_s: float
    status: Status
    score: float | None
    low: float | None
    high: float | None
    passed: bool | None
    auto_failed_by: str | None
    has_sound: bool
    words_from: str
    evaluation_id: int
    origin: Origin
    why_no_score: str | None
    measured_share: float
    n_findings: int
    open_disputes: int
    acknowledged: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the calls that match, and how many there are in all."""

    rows: tuple[CallRow, ...]
    total: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """The sound of a call. ``path`` is the recording, ``listening`` the copy a browser plays; both may be gone."""

    sha256: str
    path: Path | None
    listening: Path | None
    codec: str | None
    kind: str | None
    rate_hz: int | None
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class StoredCall:
    """Everything about one call, as it is in force now.

    ``finding_ids`` names ``detections.findings`` in the same order, for links and disputes. ``manifest`` says
    what made the score.
    """

    row: CallRow
    call: Call
    detections: Detections
    evaluation: Evaluation
    recording: RecordingRow | None
    manifest: dict[str, Any]
    finding_ids: tuple[str, ...]
    evaluated_at: datetime


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """What scorecards need of one call."""

    call_id: str
    agent: str | None
    team: str | None
    queue: str | None
    started_at: datetime | None
    duration_s: float
    form: str
    score: float | None
    low: float | None
    high: float | None
    expected: float | None
    measured_share: float
    sections: tuple[tuple[str, float | None], ...]
    auto_failed_by: str | None
    passed: bool | None
    difficulty: str | None
    why_no_score: str | None


@dataclass(frozen=True, slots=True)
class LevelRow:
    """What a level needs of one call: a :class:`ScoreRow` without what only its evaluation knows."""

    call_id: str
    agent: str | None
    team: str | None
    queue: str | None
    started_at: datetime | None
    difficulty: str | None
    form: str
    score: float | None
    sections: tuple[tuple[str, float | None], ...]
    auto_failed_by: str | None
    passed: bool | None


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """How one criterion went for one agent: number of calls per outcome, points won and possible."""

    agent: str | None
    section: str
    criterion: str
    outcome: str
    n_calls: int
    points: float
    max_points: float


@dataclass(frozen=True, slots=True)
class EvaluationRow:
    """One evaluation in a call's history; the last is in force."""

    evaluation_id: int
    origin: Origin
    form: str
    score: float | None
    low: float | None
    high: float | None
    by: str | None
    created_at: datetime
    manifest: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordingFacts:
    """A recording on its way into the store; ``path`` is relative to QA_HOME."""

    sha256: str
    path: str
    size_bytes: int
    codec: str | None = None
    kind: str | None = None
    rate_hz: int | None = None
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """Where a call comes from. ``content_sha256`` hashes recording and transcript together."""

    content_sha256: str
    name: str
    recording: RecordingFacts | None = None
    transcript_path: str | None = None
    transcript_sha256: str | None = None
    listening_path: str | None = None


@dataclass(frozen=True, slots=True)
class Prints:
    """Fingerprints of what made each stage; the same print on the same content gives the same result."""

    hearing: str
    detection: str
    scoring: str


@dataclass(frozen=True, slots=True)
class Scored:
    """One call with everything that was found out, ready to be kept. Times must be canonical."""

    call: Call
    detections: Detections
    evaluation: Evaluation
    source: SourceFacts
    prints: Prints
    manifest: dict[str, Any]
    form_sha256: str
    form_yaml: str = ""
    team: str | None = None
    origin: Origin = "machine"
    account_id: int | None = None
    supersedes_id: int | None = None
    meta: dict[str, Any] = field(default_factory=dict)
