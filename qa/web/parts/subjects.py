"""What of a call can be disputed or reviewed, in words, and the words for grounds and states.

Conventions: a subject is ``("criterion", id)`` or ``("finding", id)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from qa.scoring import Form
from qa.store import StoredCall
from qa.store.disputes import DisputeRow, Ground, State
from qa.values import Call, Finding, Outcome
from qa.web import look, state
from qa.web.parts.call_list import shortened

Kind = Literal["criterion", "finding"]

GROUNDS: Mapping[Ground, str] = {
    "not_that": "It was judged wrongly",
    "wrong_words": "The words are wrong: something else was said",
    "wrong_speaker": "The other person said it",
    "did_not_apply": "It did not apply to this call",
    "policy_forced": "Our own rules left me no choice",
    "other": "Something else",
}
SIGNS: Mapping[State, str] = {
    "open": "…",
    "upheld": "✓",
    "partly_upheld": "◐",
    "rejected": "✕",
    "withdrawn": "–",
}
STATES: Mapping[State, str] = {
    "open": "waits for a decision",
    "upheld": "upheld: the dispute was right",
    "partly_upheld": "upheld in part",
    "rejected": "rejected: the score stays",
    "withdrawn": "taken back",
}
EVENTS: Mapping[str, str] = {
    "opened": "opened",
    "assigned": "given",
    "comment": "remark",
    "upheld": "upheld",
    "partly_upheld": "upheld in part",
    "rejected": "rejected",
    "withdrawn": "taken back",
}
ORDER: Mapping[Outcome, int] = {"missed": 0, "uncertain": 1, "met": 2, "not_measured": 3, "not_applicable": 4}
GLYPHS = {"+": "▲", "-": "▼", "=": "◆"}


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing of a call that can be disputed. ``turn`` is where it is, if anywhere."""

    kind: Kind
    name: str
    says: str
    turn: int | None = None


def subjects(stored: StoredCall) -> tuple[Subject, ...]:
    """Answers, those that cost points first, then findings, those that hurt first."""
    asked = look.questions(state.form_named(stored.evaluation.form))
    answers = sorted(stored.evaluation.answers, key=lambda a: ORDER[a.outcome])
    found = [
        Subject(
            "criterion",
            a.criterion,
            f"{look.SIGNS[a.outcome]} {asked.get(a.criterion) or look.plain(a.criterion)}",
            next((f.turn for f in (*a.evidence, *a.opportunity) if f.turn is not None), None),
        )
        for a in answers
    ]
    least = state.settings().min_probability
    pairs = zip(stored.finding_ids, stored.detections.findings, strict=True)
    heard = [(name, f) for name, f in pairs if f.probability >= least]
    heard.sort(key=lambda one: (_polarity(one[1]) != "-", one[1].start))
    return (*found, *(Subject("finding", name, finding_says(f), f.turn) for name, f in heard))


def finding_says(finding: Finding) -> str:
    """A finding in one line."""
    quote = f" “{shortened(finding.quote, 60)}”" if finding.quote else ""
    return f"{GLYPHS[_polarity(finding)]} {behaviour_name(finding.behaviour)} at {look.clock(finding.start)}{quote}"


def behaviour_name(behaviour: str) -> str:
    """What a behaviour is called."""
    card = state.cards().by_id.get(behaviour)
    return card.name if card else look.plain(behaviour)


def _polarity(finding: Finding) -> str:
    card = state.cards().by_id.get(finding.behaviour)
    return card.polarity if card else "="


def question_of(form: Form | None, criterion: str) -> str:
    """The question of a form, or its id as words."""
    return look.questions(form).get(criterion) or look.plain(criterion)


def turn_says(call: Call, n: int) -> str:
    """A turn in one line, for choosing."""
    turn = call.turns[n]
    who = (call.agent or "Agent").split()[0] if turn.speaker == "agent" else "Customer"
    return f"{look.clock(turn.start)} {who}: {shortened(turn.text, 80)}"


def due_says(row: DisputeRow, now: datetime | None = None) -> str:
    """How long there is to decide, in words; nothing for what is decided."""
    if row.state != "open" or row.due_at is None:
        return ""
    left = row.due_at - (now or datetime.now(UTC))
    if left.total_seconds() < 0:
        days = -left.days
        return f"✕ should have been decided {look.count(days, 'day')} ago"
    if left.days < 1:
        return "to be decided today"
    return f"to be decided in {look.count(left.days, 'day')}, by {look.day(row.due_at)}"
