"""Comparing like with like: what queue and difficulty do to a score, whoever takes the call.

An additive model, score = agent + queue + difficulty, fitted by turns. Queue and difficulty effects are held
towards zero as if each had :data:`HELD_BY` more calls without effect. So where one agent alone takes a
queue, and nobody can tell the agent from the queue, the difference stays with the agent and no correction is
made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.scorecard.records import ScoredCall

HELD_BY = 2.0
ROUNDS = 500
SETTLED_POINTS = 1e-4

Floats = NDArray[np.float64]


Kind = tuple[str | None, str | None]
"""A queue and a difficulty."""


@dataclass(frozen=True, slots=True)
class MixRow:
    """An agent's calls of one kind, beside everybody's."""

    queue: str | None
    difficulty: str | None
    n_calls: int
    score: float
    team_n_calls: int
    team_score: float


def adjusted(records: Sequence[ScoredCall]) -> Floats:
    """Each call's score as it would be in the average mix, shape (calls,); every record must have a score."""
    scores = np.array([_score(r) for r in records])
    agents = _codes([r.agent for r in records])
    kinds = [_codes([r.queue or "" for r in records]), _codes([r.difficulty or "" for r in records])]
    own = np.zeros(len(scores))
    effects = [np.zeros(len(scores)) for _ in kinds]
    for _ in range(ROUNDS):
        before = effects[0] + effects[1]
        own = _means(scores - effects[0] - effects[1], agents, held_by=0.0)
        for index, kind in enumerate(kinds):
            rest = scores - own - effects[1 - index]
            effect = _means(rest, kind, held_by=HELD_BY)
            effects[index] = effect - effect.mean()
        if np.abs(effects[0] + effects[1] - before).max(initial=0.0) < SETTLED_POINTS:
            break
    return np.asarray(scores - effects[0] - effects[1])


def mixes(records: Sequence[ScoredCall]) -> dict[str, tuple[MixRow, ...]]:
    """The kinds of calls each agent took, most frequent first."""
    everybody: dict[Kind, list[float]] = {}
    own: dict[str, dict[Kind, list[float]]] = {}
    for record in records:
        kind, score = (record.queue, record.difficulty), _score(record)
        everybody.setdefault(kind, []).append(score)
        own.setdefault(record.agent, {}).setdefault(kind, []).append(score)
    whole = {kind: (len(scores), round(float(np.mean(scores)), 2)) for kind, scores in everybody.items()}
    made = {}
    for agent, kinds in own.items():
        rows = [
            MixRow(*kind, len(scores), round(float(np.mean(scores)), 2), *whole[kind])
            for kind, scores in kinds.items()
        ]
        made[agent] = tuple(sorted(rows, key=lambda r: (-r.n_calls, r.queue or "", r.difficulty or "")))
    return made


def mix(records: Sequence[ScoredCall], agent: str) -> tuple[MixRow, ...]:
    """The kinds of calls an agent took, most frequent first."""
    return mixes(records).get(agent, ())


def _score(record: ScoredCall) -> float:
    if record.score is None:
        raise ValueError("a call without a score takes no part in a comparison; leave it out")
    return record.score


def _codes(values: Sequence[str]) -> NDArray[np.int_]:
    order = {v: i for i, v in enumerate(sorted(set(values)))}
    return np.array([order[v] for v in values])


def _means(values: Floats, codes: NDArray[np.int_], *, held_by: float) -> Floats:
    sums, counts = np.bincount(codes, weights=values), np.bincount(codes)
    return np.asarray((sums / (counts + held_by))[codes])
