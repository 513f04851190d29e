"""What to praise, what to work on, and what to listen to: two or three things for the next conversation.

Conventions
-----------
- Gains are points of 100 per call: what the average call would gain if the agent always did it. They count
  how often a question came up and how much it weighs, and are drawn towards the team's where an agent has
  few calls, so that one bad call makes no theme.
- Examples are the agent's own calls: the span to play, newest first. A theme without an own missed example
  is no theme.
- Strengths come first and are never left out for want of gaps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from qa.scorecard.pooling import Sums
from qa.scorecard.records import ScoredCall, when
from qa.scorecard.shares import pool_shares
from qa.scoring import Form
from qa.scoring.form import Absence, Bands, PerEvent
from qa.values import Answer, Finding, Span

HELD_BY = 5.0
"""An agent's gain counts against the team's as if the latter came from so many calls of theirs."""

MIN_ASKED = 3
"""Fewer answers to a question make neither a strength nor a theme."""

LEAST_GAIN = 0.3
"""Points of 100 per call under which nothing is worth a conversation."""


@dataclass(frozen=True, slots=True)
class Example:
    """A moment of an own call to listen to; ``span`` None: the whole call shows it, no single moment."""

    call_id: str
    span: Span | None
    reason: str


@dataclass(frozen=True, slots=True)
class Theme:
    """A question of the form to praise or to work on.

    ``gain`` is what the average call would gain (0 for a strength); ``share`` the part of its points earned
    where it came up, 0 to 100.
    """

    criterion: str
    section: str
    question: str
    behaviours: tuple[str, ...]
    n_asked: int
    n_met: int
    share: float
    gain: float
    tip: str
    good: Example | None
    missed: Example | None


@dataclass(frozen=True, slots=True)
class Coaching:
    """One agent's next conversation: strengths first."""

    agent: str
    n_calls: int
    strengths: tuple[Theme, ...]
    work_on: tuple[Theme, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """One question before and since a day; shares of points, 0 to 100."""

    criterion: str
    question: str
    n_before: int
    n_since: int
    before: float | None
    since: float | None
    verdict: Literal["better", "worse", "no clear change", "too few calls"]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One counted answer of one call, and what it cost of 100."""

    record: ScoredCall
    answer: Answer
    lost: float


def coaching(
    records: Sequence[ScoredCall],
    agent: str,
    form: Form,
    *,
    tips: Mapping[str, str] | None = None,
    most: int = 3,
) -> Coaching:
    """What to praise and to work on with one agent.

    Parameters
    ----------
    records : sequence of ScoredCall
        Everybody's calls of the period, scored by ``form``; others are left out.
    tips : mapping of str to str, optional
        Behaviour id to the tip of its card; a criterion's own ``coaching`` comes first.
    """
    here = [r for r in records if r.evaluation.form == form.id and r.score is not None]
    own = [r for r in here if r.agent == agent]
    mine, everyone = _asked(own), _asked(here)
    themes = []
    for _, criterion in form.criteria():
        asked = mine.get(criterion.id, [])
        if criterion.bonus or len(asked) < MIN_ASKED:
            continue
        team = sum(a.lost for a in everyone[criterion.id]) / len(here)
        gain = (sum(a.lost for a in asked) + HELD_BY * team) / (len(own) + HELD_BY)
        themes.append(_theme(criterion.id, form, asked, gain, tips or {}))
    work_on = sorted((t for t in themes if t.missed and t.gain >= LEAST_GAIN), key=lambda t: -t.gain)[:most]
    chosen = {t.criterion for t in work_on}
    team_share = {c: _share(a) for c, a in everyone.items()}
    praised = [t for t in themes if t.good and t.criterion not in chosen and t.share >= 70]
    # what can be heard comes before what merely did not happen
    strengths = sorted(
        praised, key=lambda t: (_unheard(t), -_standing(t, team_share[t.criterion]), t.criterion)
    )[:most]
    return Coaching(agent, len(own), tuple(strengths), tuple(work_on))


def progress(
    records: Sequence[ScoredCall],
    agent: str,
    form: Form,
    *,
    since: datetime,
    criteria: Sequence[str] | None = None,
    share: float = 0.90,
) -> tuple[Progress, ...]:
    """How an agent's answers changed since a day, for some criteria or all; undated calls take no part."""
    own = [r for r in records if r.agent == agent and r.evaluation.form == form.id and r.started_at]
    border = since.replace(tzinfo=None)
    before, after = (
        _asked([r for r in own if r.score is not None and (when(r)[1] >= border) is later])
        for later in (False, True)
    )
    rows = []
    for _, criterion in form.criteria():
        if criteria is None or criterion.id in criteria:
            old, new = before.get(criterion.id, []), after.get(criterion.id, [])
            if old or new:
                rows.append(_progress(criterion.id, criterion.question, old, new, share=share))
    return tuple(rows)


def _progress(
    criterion: str, question: str, old: list[_Asked], new: list[_Asked], *, share: float
) -> Progress:
    before, since = (_share(old) if old else None), (_share(new) if new else None)
    verdict: Literal["better", "worse", "no clear change", "too few calls"] = "too few calls"
    if min(len(old), len(new)) >= MIN_ASKED:
        level = pool_shares([Sums.of(_shares(old)), Sums.of(_shares(new))], share=share)
        verdict = "no clear change"
        if level.low[1] > level.high[0]:
            verdict = "better"
        elif level.high[1] < level.low[0]:
            verdict = "worse"
    return Progress(criterion, question, len(old), len(new), before, since, verdict)


def _asked(records: Sequence[ScoredCall]) -> dict[str, list[_Asked]]:
    """Counted answers per criterion, newest call first."""
    found: dict[str, list[_Asked]] = {}
    for record in sorted(records, key=when, reverse=True):
        worth = sum(a.max_points for a in record.evaluation.answers)
        for a in record.evaluation.answers:
            if a.max_points > 0:
                lost = 100 * (a.max_points - a.points) / worth
                found.setdefault(a.criterion, []).append(_Asked(record, a, lost))
    return found


def _shares(asked: list[_Asked]) -> list[float]:
    return [100 * a.answer.points / a.answer.max_points for a in asked]


def _share(asked: list[_Asked]) -> float:
    return round(sum(_shares(asked)) / len(asked), 1)


def _standing(theme: Theme, team_share: float) -> float:
    """How far an agent is above the team on a question, few answers drawn towards it; then the share."""
    ahead = (theme.share - team_share) * theme.n_asked / (theme.n_asked + HELD_BY)
    return ahead + theme.share / 1000


def _theme(criterion_id: str, form: Form, asked: list[_Asked], gain: float, tips: Mapping[str, str]) -> Theme:
    section, criterion = next((s, c) for s, c in form.criteria() if c.id == criterion_id)
    met = [a for a in asked if a.answer.outcome == "met"]
    own_tip = criterion.coaching or next((tips[b] for b in criterion.needed if b in tips), "")
    return Theme(
        criterion=criterion.id,
        section=section.id,
        question=criterion.question,
        behaviours=criterion.needed,
        n_asked=len(asked),
        n_met=len(met),
        share=_share(asked),
        gain=round(gain, 2),
        tip=own_tip,
        good=_good(met, avoids=isinstance(criterion, Absence | PerEvent | Bands)),
        missed=_missed([a for a in asked if a.answer.outcome == "missed"]),
    )


def _good(asked: list[_Asked], *, avoids: bool) -> Example | None:
    """The newest call in which it was met; the moment of it, unless it consists in something not happening."""
    for a in asked:
        if avoids or a.answer.evidence:
            span = None if avoids else a.answer.evidence[0]
            return Example(a.record.evaluation.call_id, _span(span), a.answer.reason)
    return None


def _missed(asked: list[_Asked]) -> Example | None:
    """The newest moment of it: what was done wrong, else the chance that was not taken, else the stretch."""
    for a in asked:
        unused = a.answer.searched is not None
        shown = (a.answer.opportunity if unused else a.answer.evidence) or a.answer.evidence
        span = _span(shown[0]) if shown else a.answer.searched
        if span is not None:
            return Example(a.record.evaluation.call_id, span, a.answer.reason)
    return None


def _span(finding: Finding | None) -> Span | None:
    return None if finding is None else Span(finding.start, max(finding.start, finding.end))


def _unheard(theme: Theme) -> bool:
    return theme.good is None or theme.good.span is None
