"""An agent's scorecard: level with its interval, by section and criterion, and whether it differs at all.

Conventions
-----------
- Only calls with a total count into levels; how many had none is said.
- ``score``, ``low``, ``high`` are points of 100, partially pooled towards the team (:mod:`pooling`).
- Nobody is ranked. An agent is compared with the rest of the team, on the same mix of calls, and only where
  the two intervals do not overlap is there a difference; else they "cannot be told apart".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats

from qa.scorecard.case_mix import MixRow, adjusted, mixes
from qa.scorecard.pooling import Pooled, Sums, pool, pool_sums, scatter
from qa.scorecard.records import ScoredCall, when
from qa.scorecard.shares import PooledShares, pool_shares
from qa.scorecard.trend import Trend, trend

Verdict = Literal["too few calls", "cannot be told apart", "above the team", "below the team"]


@dataclass(frozen=True, slots=True)
class SectionCard:
    """One section of the form over an agent's calls; ``n_calls`` are those in which it was answered."""

    section: str
    n_calls: int
    score: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CriterionCard:
    """One criterion over an agent's calls.

    ``share`` is the part of the points earned where it was answered (0 to 100, pooled), None where it never
    was. ``lost_per_call`` are points of 100 lost to it on the average scored call.
    """

    criterion: str
    section: str
    n_met: int
    n_missed: int
    n_not_applicable: int
    n_not_measured: int
    n_uncertain: int
    share: float | None
    low: float | None
    high: float | None
    lost_per_call: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """An agent beside the rest of the team on the same mix of calls."""

    verdict: Verdict
    agent_score: float | None
    agent_low: float | None
    agent_high: float | None
    team_score: float | None
    team_low: float | None
    team_high: float | None
    says: str


@dataclass(frozen=True, slots=True)
class Scorecard:
    """One agent over a period. ``score`` is None where no call had a total."""

    agent: str
    team: str | None
    n_calls: int
    n_without_score: int
    n_auto_failed: int
    score: float | None
    low: float | None
    high: float | None
    own_mean: float | None
    kept: float | None
    sections: tuple[SectionCard, ...]
    criteria: tuple[CriterionCard, ...]
    trend: Trend
    mix: tuple[MixRow, ...]
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class CriterionTally:
    """One criterion over one agent's scored calls, added up.

    ``shares`` are the parts of the points earned where it was answered (0 to 100), None where it never was;
    ``lost`` points of 100 lost to it in all these calls.
    """

    agent: str
    criterion: str
    section: str
    n_met: int
    n_missed: int
    n_not_applicable: int
    n_not_measured: int
    n_uncertain: int
    shares: Sums | None
    lost: float

    @property
    def n(self) -> int:
        return self.n_met + self.n_missed + self.n_not_applicable + self.n_not_measured + self.n_uncertain


def scorecards(
    records: Sequence[ScoredCall],
    *,
    min_calls_to_compare: int = 5,
    share: float = 0.90,
    tallies: Sequence[CriterionTally] | None = None,
) -> tuple[Scorecard, ...]:
    """One scorecard per agent, ordered by name.

    Parameters
    ----------
    records : sequence of ScoredCall
        Calls of one form and period; all agents that are to be pooled with each other.
    min_calls_to_compare : int
        Fewer scored calls give no comparison and no trend.
    share : float
        How often an interval should hold the true level.
    tallies : sequence of CriterionTally, optional
        The criteria of the scored calls, where they were added up elsewhere; ``records`` then need no answers.
    """
    ordered = sorted(records, key=lambda r: (r.agent, when(r), r.evaluation.call_id))
    scored = [r for r in ordered if r.score is not None]
    by_agent: dict[str, list[ScoredCall]] = {}
    for record in ordered:
        by_agent.setdefault(record.agent, []).append(record)
    levels = pooled_by_agent({a: _scores(c) for a, c in by_agent.items()}, share=share)
    sections = _sections(by_agent, share=share)
    criteria = _criteria(_tallied(scored) if tallies is None else tallies, share=share)
    kinds = mixes(scored)
    comparisons = _comparisons(scored, min_calls=min_calls_to_compare, share=share)
    cards = []
    for agent, calls in by_agent.items():
        own = _scores(calls)
        level = levels.get(agent)
        cards.append(
            Scorecard(
                agent=agent,
                team=next((c.team for c in reversed(calls) if c.team), None),
                n_calls=len(own),
                n_without_score=len(calls) - len(own),
                n_auto_failed=sum(c.evaluation.auto_failed_by is not None for c in calls),
                score=level[0] if level else None,
                low=level[1] if level else None,
                high=level[2] if level else None,
                own_mean=round(float(np.mean(own)), 2) if own else None,
                kept=level[3] if level else None,
                sections=sections.get(agent, ()),
                criteria=criteria.get(agent, ()),
                trend=trend(calls, share=share, min_calls=min_calls_to_compare),
                mix=kinds.get(agent, ()),
                comparison=comparisons.get(agent, _TOO_FEW),
            )
        )
    return tuple(cards)


def pooled_by_agent(
    scores: Mapping[str, Sequence[float]], *, share: float
) -> dict[str, tuple[float, float, float, float]]:
    """Per agent with any score: mean, low, high and the part kept of the own mean, rounded to the cent."""
    agents = [a for a, s in scores.items() if len(s)]
    if not agents:
        return {}
    return pooled_sums({a: Sums.of(scores[a]) for a in agents}, share=share)


def pooled_sums(sums: Mapping[str, Sums], *, share: float) -> dict[str, tuple[float, float, float, float]]:
    """As :func:`pooled_by_agent`, from what is known of each agent's scores."""
    if not sums:
        return {}
    pooled = pool_sums(list(sums.values()), share=share)
    return {a: _row(pooled, i) for i, a in enumerate(sums)}


def as_json(card: Scorecard) -> dict[str, Any]:
    """The scorecard as ``qa report --format json`` gives it, one object per agent."""
    return {
        "agent": card.agent,
        "n_calls": card.n_calls,
        "score": card.score,
        "low": card.low,
        "high": card.high,
        "sections": {
            s.section: {"score": s.score, "low": s.low, "high": s.high, "n_calls": s.n_calls}
            for s in card.sections
        },
        "team": card.team,
        "n_without_score": card.n_without_score,
        "n_auto_failed": card.n_auto_failed,
        "compared_with_team": card.comparison.verdict,
        "comparison": asdict(card.comparison),
        "criteria": {c.criterion: asdict(c) for c in card.criteria},
        "trend": asdict(card.trend)
        | {"points": [asdict(p) | {"week": p.week.isoformat()} for p in card.trend.points]},
        "mix": [asdict(row) for row in card.mix],
    }


def _row(pooled: Pooled | PooledShares, index: int) -> tuple[float, float, float, float]:
    return (
        round(float(pooled.mean[index]), 2),
        round(float(pooled.low[index]), 2),
        round(float(pooled.high[index]), 2),
        round(float(pooled.kept[index]), 3),
    )


def _scores(calls: Sequence[ScoredCall]) -> list[float]:
    return [c.score for c in calls if c.score is not None]


def _sections(
    by_agent: Mapping[str, Sequence[ScoredCall]], *, share: float
) -> dict[str, tuple[SectionCard, ...]]:
    scores: dict[str, dict[str, list[float]]] = {}
    for agent, calls in by_agent.items():
        for call in calls:
            for name, value in call.evaluation.sections:
                own = scores.setdefault(name, {}).setdefault(agent, [])
                if call.score is not None and value is not None:
                    own.append(value)
    cards: dict[str, list[SectionCard]] = {}
    for name, found in scores.items():
        for agent, (mean, low, high, _) in pooled_by_agent(found, share=share).items():
            cards.setdefault(agent, []).append(SectionCard(name, len(found[agent]), mean, low, high))
    return {agent: tuple(rows) for agent, rows in cards.items()}


def _tallied(scored: Sequence[ScoredCall]) -> list[CriterionTally]:
    """The answers of calls with a total, added up per agent and criterion in the order of the form."""
    found: dict[tuple[str, str], dict[str, _Answers]] = {}
    for call in scored:
        worth = sum(a.max_points for a in call.evaluation.answers)
        for a in call.evaluation.answers:
            own = found.setdefault((a.criterion, a.section), {}).setdefault(call.agent, _Answers([], [], []))
            own.outcomes.append(a.outcome)
            if a.max_points > 0:
                own.shares.append(100 * a.points / a.max_points)
                own.lost.append(100 * (a.max_points - a.points) / worth)
    return [
        _tally(agent, criterion, section, own)
        for (criterion, section), agents in found.items()
        for agent, own in agents.items()
    ]


def _tally(agent: str, criterion: str, section: str, own: _Answers) -> CriterionTally:
    count = own.outcomes.count
    return CriterionTally(
        agent,
        criterion,
        section,
        count("met"),
        count("missed"),
        count("not_applicable"),
        count("not_measured"),
        count("uncertain"),
        Sums.of(own.shares) if own.shares else None,
        sum(own.lost),
    )


@dataclass(frozen=True, slots=True)
class _Answers:
    """What one agent's calls gave for one criterion."""

    outcomes: list[str]
    shares: list[float]
    lost: list[float]


def _criteria(tallies: Sequence[CriterionTally], *, share: float) -> dict[str, tuple[CriterionCard, ...]]:
    together: dict[tuple[str, str], list[CriterionTally]] = {}
    for tally in tallies:
        together.setdefault((tally.criterion, tally.section), []).append(tally)
    cards: dict[str, list[CriterionCard]] = {}
    for rows in together.values():
        sums = {row.agent: row.shares for row in rows if row.shares is not None}
        levels = _pooled_shares(sums, share=share)
        for row in rows:
            cards.setdefault(row.agent, []).append(_criterion_card(row, levels.get(row.agent)))
    return {agent: tuple(rows) for agent, rows in cards.items()}


def _pooled_shares(sums: Mapping[str, Sums], *, share: float) -> dict[str, tuple[float, float, float, float]]:
    if not sums:
        return {}
    pooled = pool_shares(list(sums.values()), share=share)
    return {agent: _row(pooled, i) for i, agent in enumerate(sums)}


def _criterion_card(tally: CriterionTally, level: tuple[float, float, float, float] | None) -> CriterionCard:
    return CriterionCard(
        tally.criterion,
        tally.section,
        tally.n_met,
        tally.n_missed,
        tally.n_not_applicable,
        tally.n_not_measured,
        tally.n_uncertain,
        level[0] if level else None,
        level[1] if level else None,
        level[2] if level else None,
        round(tally.lost / tally.n, 3),
    )


_TOO_FEW = Comparison(
    "too few calls", None, None, None, None, None, None, "Too few calls for a comparison with the team."
)


def _comparisons(scored: Sequence[ScoredCall], *, min_calls: int, share: float) -> dict[str, Comparison]:
    """Each agent with enough calls beside the rest of the team, on adjusted scores."""
    if not scored:
        return {}
    values: dict[str, list[float]] = {}
    for record, value in zip(scored, adjusted(scored), strict=True):
        values.setdefault(record.agent, []).append(float(value))
    agents = list(values)
    pooled = pool([values[a] for a in agents], share=share)
    variance, _ = scatter([values[a] for a in agents])
    sums = np.array([sum(values[a]) for a in agents])
    counts = np.array([len(values[a]) for a in agents], dtype=np.float64)
    reach = float(stats.norm.ppf(0.5 + share / 2))
    found = {}
    for i, agent in enumerate(agents):
        others = counts.sum() - counts[i]
        if counts[i] < min_calls or others < min_calls:
            continue
        mean = float((sums.sum() - sums[i]) / others)
        error = float(np.sqrt((variance * counts).sum() - variance[i] * counts[i]) / others)
        team = (
            round(mean, 2),
            round(max(0.0, mean - reach * error), 2),
            round(min(100.0, mean + reach * error), 2),
        )
        found[agent] = _compare(_row(pooled, i)[:3], team)
    return found


def _compare(own: tuple[float, float, float], team: tuple[float, float, float]) -> Comparison:
    verdict: Verdict = "cannot be told apart"
    says = f"Cannot be told apart from the team's {team[0]:.0f} on the same mix of calls."
    if own[1] > team[2]:
        verdict, says = "above the team", f"Above the team's {team[0]:.0f} on the same mix of calls."
    elif own[2] < team[1]:
        verdict, says = "below the team", f"Below the team's {team[0]:.0f} on the same mix of calls."
    return Comparison(verdict, *own, *team, says)
