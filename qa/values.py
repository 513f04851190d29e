"""The frozen values that flow through the program, from hearing to the scorecard.

Conventions
-----------
- Times are seconds (float) from the start of the recording. Durations end in ``_s``.
- Probabilities are floats in [0, 1]; ``None`` means "not given", never 0 or 1.
- Values are immutable and compare by content; collections are tuples.
- A value knows nothing of files, databases or models. JSON goes in and out in ``qa.formats``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Speaker = Literal["agent", "customer"]
Outcome = Literal["met", "missed", "not_applicable", "not_measured", "uncertain"]
TimingSource = Literal["sound", "words", "turns", "none"]
RecordingKind = Literal["two_channels", "dual_mono", "mono", "one_silent", "none"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of the recording, ``start <= end``, both in seconds."""

    start: float
    end: float

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a span ends before it starts: {self.start} > {self.end}")

    @property
    def duration_s(self) -> float:
        return self.end - self.start

    def overlap_s(self, other: Span) -> float:
        """Seconds that both cover; 0 when they only touch."""
        return max(0.0, min(self.end, other.end) - max(self.start, other.start))


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word. ``probability`` is the recogniser's; ``doubtful`` words are shown, never scored."""

    word: str
    start: float
    end: float
    probability: float | None = None
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """Everything one speaker says until the other takes the floor.

    ``confidence`` is how sure the program is of the *speaker* (1.0 with a channel or a label each).
    ``words`` is empty where the transcript gave none.
    """

    speaker: Speaker
    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    confidence: float = 1.0

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Silence:
    """A stretch in which neither side speaks, and what it is: a hold, music, masked time or dead air."""

    start: float
    end: float
    kind: Literal["silence", "hold", "music", "ringing", "masked"]


@dataclass(frozen=True, slots=True)
class Timing:
    """Who speaks when, and how that is known.

    ``source`` says what the behaviours about timing may rely on: ``sound`` (speech regions of two separate
    channels), ``words`` (word times of a transcript), ``turns`` (only the turns' times) or ``none``.
    """

    source: TimingSource = "none"
    agent: tuple[Span, ...] = ()
    customer: tuple[Span, ...] = ()
    silences: tuple[Silence, ...] = ()
    loudness_db: tuple[tuple[Speaker, float, float], ...] = ()
    """Per speech region: speaker, start, RMS level in dBFS."""

    def of(self, speaker: Speaker) -> tuple[Span, ...]:
        return self.agent if speaker == "agent" else self.customer


@dataclass(frozen=True, slots=True)
class Call:
    """One call, ready for the detectors.

    ``turns`` keeps the order in which it was given; findings point into it by index. ``started_at`` is None
    where nothing said it: "now" is never a call time. ``notes`` are plain sentences about what this
    recording can't show or what was not found.
    """

    call_id: str
    turns: tuple[Turn, ...]
    agent: str | None = None
    customer: str | None = None
    queue: str | None = None
    direction: Literal["inbound", "outbound"] | None = None
    started_at: datetime | None = None
    language: str | None = None
    duration: float = 0.0
    timing: Timing = field(default_factory=Timing)
    recording: RecordingKind = "none"
    words_from: str = "transcript"
    """Where the words come from: ``transcript`` or the name of the speech model."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One occurrence of one behaviour: the shortest stretch that proves it, how sure, and why.

    ``turn`` indexes the call's turns as given; None for once-a-call findings. ``char_start``/``char_end``
    locate ``quote`` in the turn's text (-1 where there is no quote). ``details`` carries facts as pairs of
    strings, such as ``("overlap_ms", "420")`` or ``("by", "Friday")``.
    """

    call: str
    turn: int | None
    behaviour: str
    speaker: Speaker
    start: float
    end: float
    quote: str
    probability: float
    reason: str
    char_start: int = -1
    char_end: int = -1
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Detections:
    """All findings of one call, and per behaviour why this call can't show it (``not_measured``)."""

    call_id: str
    findings: tuple[Finding, ...]
    not_measured: tuple[tuple[str, str], ...] = ()
    """Pairs of behaviour id and a plain sentence."""

    def of(self, behaviour: str) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.behaviour == behaviour)

    def why_not_measured(self, behaviour: str) -> str | None:
        return dict(self.not_measured).get(behaviour)


@dataclass(frozen=True, slots=True)
class Answer:
    """One criterion of the form, answered for one call.

    ``points`` of ``max_points`` are what counts into the total; both are 0 unless the outcome is met or
    missed. ``evidence`` are the findings that decided it; for a missed one ``opportunity`` holds the
    findings that gave the chance and ``searched`` the stretch that was searched.
    """

    criterion: str
    section: str
    outcome: Outcome
    points: float
    max_points: float
    probability: float | None
    reason: str
    evidence: tuple[Finding, ...] = ()
    opportunity: tuple[Finding, ...] = ()
    searched: Span | None = None
    expected_points: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the waterfall: what it is, and by how many points (of 100) it moves the total."""

    label: str
    kind: Literal["base", "criterion", "cap", "bonus", "section_fail", "auto_fail", "total"]
    points: float
    criterion: str | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The form answered for one call. ``score`` is None where too little could be measured (``why_no_score``)."""

    call_id: str
    form: str
    score: float | None
    low: float | None
    high: float | None
    expected: float | None
    measured_share: float
    answers: tuple[Answer, ...]
    waterfall: tuple[Step, ...] = ()
    sections: tuple[tuple[str, float | None], ...] = ()
    auto_failed_by: str | None = None
    why_no_score: str | None = None
    passed: bool | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. Every query takes one; ``agent`` is the own agent's name, ``team`` the supervisor's."""

    account_id: int
    name: str
    role: Literal["admin", "lead", "reviewer", "supervisor", "agent", "system"]
    agent: str | None = None
    team: str | None = None
