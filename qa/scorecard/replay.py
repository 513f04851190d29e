"""What a new form version would do to past calls: what changes, and for whom, before it is published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qa.scorecard.records import ScoredCall


@dataclass(frozen=True, slots=True)
class CallChange:
    """One call under both forms; None: no total."""

    call_id: str
    agent: str
    before: float | None
    after: float | None
    passed_before: bool | None
    passed_after: bool | None

    @property
    def by(self) -> float:
        """Points gained; 0 where one of the two has no total."""
        return 0.0 if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True, slots=True)
class AgentChange:
    """One agent under both forms: plain means over the calls that have a total under both."""

    agent: str
    n_calls: int
    before: float
    after: float
    newly_failing: int
    newly_passing: int


@dataclass(frozen=True, slots=True)
class Replay:
    """Everything that would change, the largest changes first."""

    n_calls: int
    n_compared: int
    mean_before: float | None
    mean_after: float | None
    newly_failing: tuple[CallChange, ...]
    newly_passing: tuple[CallChange, ...]
    lost_total: tuple[CallChange, ...]
    agents: tuple[AgentChange, ...]
    largest: tuple[CallChange, ...]
    answers: tuple[tuple[str, str, str, int], ...]
    """Criterion, outcome before, outcome after, calls; only where they differ, most calls first."""


def replay(before: Sequence[ScoredCall], after: Sequence[ScoredCall], *, most: int = 10) -> Replay:
    """Compare the same calls scored by two forms; calls that are in only one of the lists are left out."""
    new = {r.evaluation.call_id: r for r in after}
    pairs = [(old, new[old.evaluation.call_id]) for old in before if old.evaluation.call_id in new]
    changes = [_change(old, now) for old, now in pairs]
    both = [c for c in changes if c.before is not None and c.after is not None]
    return Replay(
        n_calls=len(changes),
        n_compared=len(both),
        mean_before=_mean(c.before for c in both),
        mean_after=_mean(c.after for c in both),
        newly_failing=tuple(c for c in changes if c.passed_before and c.passed_after is False),
        newly_passing=tuple(c for c in changes if c.passed_before is False and c.passed_after),
        lost_total=tuple(c for c in changes if c.before is not None and c.after is None),
        agents=_agents(both),
        largest=tuple(sorted((c for c in both if c.by), key=lambda c: (-abs(c.by), c.call_id))[:most]),
        answers=_answers(pairs),
    )


def _change(old: ScoredCall, now: ScoredCall) -> CallChange:
    return CallChange(
        old.evaluation.call_id,
        old.agent,
        old.evaluation.score,
        now.evaluation.score,
        old.evaluation.passed,
        now.evaluation.passed,
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return round(sum(known) / len(known), 2) if known else None


def _agents(both: Sequence[CallChange]) -> tuple[AgentChange, ...]:
    """The agents by how much they would gain or lose, the largest change first."""
    rows = []
    for agent in dict.fromkeys(c.agent for c in both):
        own = [c for c in both if c.agent == agent]
        rows.append(
            AgentChange(
                agent,
                len(own),
                _mean(c.before for c in own) or 0.0,
                _mean(c.after for c in own) or 0.0,
                sum(bool(c.passed_before) and c.passed_after is False for c in own),
                sum(c.passed_before is False and bool(c.passed_after) for c in own),
            )
        )
    return tuple(sorted(rows, key=lambda r: (-abs(r.after - r.before), r.agent)))


def _answers(pairs: Sequence[tuple[ScoredCall, ScoredCall]]) -> tuple[tuple[str, str, str, int], ...]:
    counts: dict[tuple[str, str, str], int] = {}
    for old, now in pairs:
        was = {a.criterion: a.outcome for a in old.evaluation.answers}
        for answer in now.evaluation.answers:
            outcome = was.get(answer.criterion)
            if outcome is not None and outcome != answer.outcome:
                key = (answer.criterion, outcome, answer.outcome)
                counts[key] = counts.get(key, 0) + 1
    return tuple((*key, n) for key, n in sorted(counts.items(), key=lambda kv: (-kv[1], kv[0])))
