"""Whether scores differ between groups of agents, and whether the recogniser's ear explains it.

Conventions
-----------
- Groups are what the firm supplies for its agents (site, shift, language, self-reported); nothing is guessed.
- A gap is a group's mean minus the mean of everybody else, with an interval that redraws agents, not calls:
  ten calls of one agent are one person.
- The adjusted gap of the score holds the recogniser's confidence constant (linear regression over calls). A
  gap that vanishes with it is more likely the recogniser's than the agents'.
- Groups of fewer than ``MIN_AGENTS`` agents are not shown: a person could be recognised in them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

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
DRAWS = 500
Measure = Literal["score", "confidence", "overturn"]


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


def confidence_of(call: Call) -> float | None:
    """Mean probability of the agent's words; None where the transcript gives none."""
    known = [w.probability for t in call.turns if t.speaker == "agent" for w in t.words if w.probability]
    return float(np.mean(known)) if known else None


def gaps(
    facts: Sequence[CallFact], groups: Mapping[str, Mapping[str, str]], *, draws: int = DRAWS
) -> tuple[Gap, ...]:
    """Gaps of groups given as agent to kind to group."""
    kinds = sorted({kind for own in groups.values() for kind in own})
    rows = []
    for kind in kinds:
        known = [f for f in facts if groups.get(f.agent, {}).get(kind)]
        for group in sorted({groups[f.agent][kind] for f in known}):
            inside = {a for a in {f.agent for f in known} if groups[a][kind] == group}
            outside = {f.agent for f in known} - inside
            if min(len(inside), len(outside)) >= MIN_AGENTS:
                rows.append(_gap(kind, group, known, inside, draws=draws))
    return tuple(sorted(rows, key=lambda r: (-abs(r.score.value or 0.0), r.kind, r.group)))


def _gap(kind: str, group: str, facts: Sequence[CallFact], inside: set[str], *, draws: int) -> Gap:
    def estimate(value: Callable[[CallFact], float | None], *, adjusted: bool = False) -> Estimate:
        return _estimate(facts, inside, value, adjusted=adjusted, draws=draws)

    score, adjusted = estimate(lambda f: f.score), estimate(lambda f: f.score, adjusted=True)
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
        return f"Scores are {side}; the recogniser's confidence is not known for these calls."
    if adjusted.low <= 0 <= adjusted.high:
        return f"Scores are {side}, and the gap vanishes at equal confidence: check the recogniser first."
    return f"Scores are {side}, and stay so at equal confidence of the recogniser."
