"""Whether scores differ between groups of agents, and whether the recogniser's ear explains it.

Conventions
-----------
- Groups are what the firm supplies for its agents (site, shift, language, self-reported); nothing is guessed.
- A gap is a group's mean minus the mean of everybody else, with an interval that redraws agents, not calls:
  ten calls of one agent are one person.
- The adjusted gap of the score holds the recogniser's confidence constant (linear regression over the calls of
  which it is known). A gap that vanishes with it is more likely the recogniser's than the agents'. Where it is
  known for fewer than ``LEAST_HEARD`` of the calls on either side, nothing is said of it: the gap might vanish
  only because other calls are looked at.
- Groups of fewer than ``MIN_AGENTS`` agents, or that leave fewer outside, are not shown: a person could be
  recognised in them. Which ones is said (:func:`hidden_groups`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.calibration import Estimate, bootstrap
from qa.store.bulk import heard_calls
from qa.store.calls import EVERY_CALL
from qa.store.engine import Store
from qa.store.reviews import list_labels
from qa.store.rows import CallFilter
from qa.store.scope import require
from qa.store.scores import scored_calls
from qa.store.staff import list_staff
from qa.values import Call, Principal

MIN_AGENTS = 3
LEAST_HEARD = 0.8
DRAWS = 500
UNKNOWN = Estimate(None)


@dataclass(frozen=True, slots=True)
class CallFact:
    """What fairness needs of a call; ``confidence`` is the mean probability of its words, None where not given."""

    call_id: str
    agent: str
    score: float | None
    confidence: float | None
    overturned: float | None = None
    """Share of its judged findings that people took back; None where none was judged."""


@dataclass(frozen=True, slots=True)
class HiddenGroup:
    """A group that is not shown, and how many agents of these calls are in it."""

    kind: str
    group: str
    n_agents: int


@dataclass(frozen=True, slots=True)
class Gap:
    """One group against everybody else."""

    kind: str
    group: str
    n_agents: int
    n_calls: int
    score: Estimate
    score_adjusted: Estimate
    confidence: Estimate
    overturn: Estimate
    says: str


def fairness(
    store: Store, principal: Principal, which: CallFilter = EVERY_CALL, *, draws: int = DRAWS
) -> tuple[Gap, ...]:
    """Every group of every kind that the firm supplies, the largest gap in score first.

    Raises
    ------
    NotAllowed
        Only leads and admins see groups.
    """
    require(principal, "admin", "lead")
    groups = {row.name: dict(row.groups) for row in list_staff(store, principal)}
    judged: dict[str, list[bool]] = defaultdict(list)
    for label in list_labels(store, principal, limit=1_000_000):
        if label.finding is not None:
            judged[label.call_id].append(not label.present)
    confidence = {call.call_id: confidence_of(call) for call, _ in heard_calls(store, principal, which)}
    facts = [
        CallFact(
            row.call_id,
            row.agent,
            row.score,
            confidence.get(row.call_id),
            float(np.mean(judged[row.call_id])) if row.call_id in judged else None,
        )
        for row in scored_calls(store, principal, which)
        if row.agent is not None
    ]
    return gaps(facts, groups, draws=draws)


def hidden_groups(
    store: Store, principal: Principal, which: CallFilter = EVERY_CALL
) -> tuple[HiddenGroup, ...]:
    """Groups that are not shown because too few agents are in them, or outside them.

    Raises
    ------
    NotAllowed
        Only leads and admins see groups.
    """
    require(principal, "admin", "lead")
    groups = {row.name: dict(row.groups) for row in list_staff(store, principal)}
    here = {row.agent for row in scored_calls(store, principal, which) if row.agent is not None}
    return tuple(
        HiddenGroup(kind, group, len(inside))
        for kind, group, inside, outside in _members(here, groups)
        if min(len(inside), len(outside)) < MIN_AGENTS
    )


def confidence_of(call: Call) -> float | None:
    """Mean probability of the agent's words; None where the transcript gives none."""
    known = [w.probability for t in call.turns if t.speaker == "agent" for w in t.words if w.probability]
    return float(np.mean(known)) if known else None


def gaps(
    facts: Sequence[CallFact], groups: Mapping[str, Mapping[str, str]], *, draws: int = DRAWS
) -> tuple[Gap, ...]:
    """Gaps of groups given as agent to kind to group."""
    rows = [
        _gap(kind, group, [f for f in facts if f.agent in inside | outside], inside, draws=draws)
        for kind, group, inside, outside in _members({f.agent for f in facts}, groups)
        if min(len(inside), len(outside)) >= MIN_AGENTS
    ]
    return tuple(sorted(rows, key=lambda r: (-abs(r.score.value or 0.0), r.kind, r.group)))


def _members(
    here: Set[str], groups: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[str, str, set[str], set[str]]]:
    """Every group of every kind: the agents in it, and those in other groups of that kind."""
    for kind in sorted({kind for own in groups.values() for kind in own}):
        known = {agent for agent in here if groups.get(agent, {}).get(kind)}
        for group in sorted({groups[agent][kind] for agent in known}):
            inside = {agent for agent in known if groups[agent][kind] == group}
            yield kind, group, inside, known - inside


def _gap(kind: str, group: str, facts: Sequence[CallFact], inside: set[str], *, draws: int) -> Gap:
    def estimate(value: Callable[[CallFact], float | None], *, adjusted: bool = False) -> Estimate:
        return _estimate(facts, inside, value, adjusted=adjusted, draws=draws)

    score, adjusted = estimate(lambda f: f.score), UNKNOWN
    if _is_heard(facts, inside):
        adjusted = estimate(lambda f: f.score, adjusted=True)
    return Gap(
        kind=kind,
        group=group,
        n_agents=len(inside),
        n_calls=sum(f.agent in inside for f in facts),
        score=score,
        score_adjusted=adjusted,
        confidence=estimate(lambda f: f.confidence),
        overturn=estimate(lambda f: f.overturned),
        says=_says(score, adjusted),
    )


def _is_heard(facts: Sequence[CallFact], inside: set[str]) -> bool:
    """Whether the recogniser's confidence is known for most scored calls on both sides."""
    for is_inside in (True, False):
        scored = [f for f in facts if f.score is not None and (f.agent in inside) is is_inside]
        heard = sum(f.confidence is not None for f in scored)
        if not scored or heard < LEAST_HEARD * len(scored):
            return False
    return True


def _estimate(
    facts: Sequence[CallFact],
    inside: set[str],
    value: Callable[[CallFact], float | None],
    *,
    adjusted: bool,
    draws: int,
) -> Estimate:
    kept = [f for f in facts if value(f) is not None and (not adjusted or f.confidence is not None)]
    agents = sorted({f.agent for f in kept})
    of_agent = {a: [i for i, f in enumerate(kept) if f.agent == a] for a in agents}
    y = np.array([value(f) for f in kept], dtype=np.float64)
    x = np.array([f.confidence or 0.0 for f in kept])
    member = np.array([float(f.agent in inside) for f in kept])

    def measure(at: NDArray[np.int_]) -> float | None:
        rows = [i for place in at for i in of_agent[agents[int(place)]]]
        here, there = member[rows] == 1, member[rows] == 0
        if not here.any() or not there.any():
            return None
        if not adjusted:
            return float(y[rows][here].mean() - y[rows][there].mean())
        design = np.column_stack([np.ones(len(rows)), member[rows], x[rows]])
        if np.linalg.matrix_rank(design) < 3:
            return None
        return float(np.linalg.lstsq(design, y[rows], rcond=None)[0][1])

    return bootstrap(measure, len(agents), draws=draws)


def _says(score: Estimate, adjusted: Estimate) -> str:
    if score.low is None or score.high is None:
        return "Too little is known."
    if score.low <= 0 <= score.high:
        return "No gap beyond chance."
    side = "higher" if score.low > 0 else "lower"
    if adjusted.low is None or adjusted.high is None:
        return f"Scores are {side}; the recogniser's confidence is known for too few of these calls."
    if adjusted.low <= 0 <= adjusted.high:
        return f"Scores are {side}, and the gap vanishes at equal confidence: check the recogniser first."
    return f"Scores are {side}, and stay so at equal confidence of the recogniser."
