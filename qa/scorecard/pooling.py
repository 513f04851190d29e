"""Means of several agents, partially pooled, with intervals that are as wide as they must be.

The model is the usual hierarchical one: an agent's calls scatter around the agent's own level, the agents'
levels around the team's. An agent with few calls is drawn towards the team, one with many speaks for
themself. The spread between agents is not plugged in as one estimate but averaged over (a grid, weighted by
how well each spread explains the means): with five agents the usual moment estimate is zero every third
time, which would declare all agents equal and the intervals far too short. Everything else is in closed
form, so there is no sampling and no seed. Coverage is tested by simulation.

Conventions: scores are points, 0 to 100; arrays have one entry per agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

PRIOR_DF = 4.0
"""An agent's own scatter counts against the team's as if the latter came from so many calls of theirs."""

FALLBACK_SD = 15.0
"""Scatter of a call's score where no agent has two calls: about what the forms give on mixed calls."""

SPREAD_SCALE = 15.0
"""Spreads between agents well above it are held unlikely beforehand (half-normal); it hardly matters from
six agents on."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What is known of one agent's scores: how many, their mean, and the squares of their distances to it."""

    n: int
    mean: float
    squares: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Sums:
        """The sums of some scores; there must be one at least."""
        return cls(len(values), float(np.mean(values)), float(np.var(values)) * len(values))

    @classmethod
    def of_totals(cls, n: int, total: float, total_of_squares: float) -> Sums:
        """The sums from totals, as a database adds them up."""
        mean = total / n
        return cls(n, mean, max(0.0, total_of_squares - n * mean * mean))


@dataclass(frozen=True, slots=True)
class Pooled:
    """Partially pooled means, with their intervals, and what they were drawn towards."""

    mean: Floats
    low: Floats
    high: Floats
    kept: Floats
    """How much of its own mean each agent keeps, 0 to 1; the rest is the team's."""
    team: float
    spread: float
    """Expected standard deviation between agents, in points."""
    error: Floats
    """Standard error of each unpooled mean, in points."""


def pool(groups: Sequence[Sequence[float]], *, share: float = 0.90) -> Pooled:
    """Pool the means of several agents.

    Parameters
    ----------
    groups : sequence of sequences of float
        Each agent's scores; none may be empty.
    share : float
        How often an interval should hold the agent's true level.

    Raises
    ------
    ValueError
        There is no agent, or one without scores.
    """
    if not groups or any(len(g) == 0 for g in groups):
        raise ValueError("every agent needs at least one score; leave out those with none")
    return pool_sums([Sums.of(g) for g in groups], share=share)


def pool_sums(groups: Sequence[Sums], *, share: float = 0.90) -> Pooled:
    """Pool the means of several agents of whom only the sums are known; as :func:`pool` otherwise."""
    counts = np.array([g.n for g in groups], dtype=np.float64)
    means = np.array([g.mean for g in groups])
    variance, freedom = _scatter(counts, np.array([g.squares for g in groups]))
    error2 = variance / counts
    spreads, weights = _spreads(means, error2)
    total = error2[None, :] + spreads[:, None] ** 2
    pull = 1.0 / total
    team = (pull * means).sum(axis=1) / pull.sum(axis=1)
    drawn = error2[None, :] / total
    centre = (1 - drawn) * means + drawn * team[:, None]
    inner = (1 - drawn) * error2 + drawn**2 / pull.sum(axis=1)[:, None]
    mean = weights @ centre
    deviation = np.sqrt(weights @ (inner + (centre - mean) ** 2))
    reach = stats.t.ppf(0.5 + share / 2, freedom) * deviation
    return Pooled(
        mean=mean,
        low=np.clip(mean - reach, 0, 100),
        high=np.clip(mean + reach, 0, 100),
        kept=1 - weights @ drawn,
        team=float(weights @ team),
        spread=float(weights @ spreads),
        error=np.sqrt(error2),
    )


def scatter(groups: Sequence[Sequence[float]]) -> tuple[Floats, Floats]:
    """Variance of one call's score for each agent, moderated by the team's, and its degrees of freedom."""
    counts = np.array([len(g) for g in groups], dtype=np.float64)
    squares = np.array([float(np.var(g)) * len(g) for g in groups])
    return _scatter(counts, squares)


def _scatter(counts: Floats, squares: Floats) -> tuple[Floats, Floats]:
    freedom = float((counts - 1).sum())
    common = squares.sum() / freedom if freedom > 0 else FALLBACK_SD**2
    # a handful of equal scores is no proof that the next call scores the same
    common = max((squares.sum() + FALLBACK_SD**2) / (freedom + 1.0) if freedom < 3 else common, 1e-6)
    own = (PRIOR_DF * common + squares) / (PRIOR_DF + counts - 1)
    return own, np.maximum(1.0, np.minimum(PRIOR_DF + counts - 1, max(freedom, PRIOR_DF)))


def _spreads(means: Floats, error2: Floats) -> tuple[Floats, Floats]:
    """Spreads between agents to average over, and the weight of each, shape (grid,)."""
    spreads = np.linspace(0.0, 4 * SPREAD_SCALE, 241)
    total = error2[None, :] + spreads[:, None] ** 2
    pull = 1.0 / total
    team = (pull * means).sum(axis=1, keepdims=True) / pull.sum(axis=1, keepdims=True)
    fit = -0.5 * (np.log(total) + pull * (means - team) ** 2).sum(axis=1) - 0.5 * np.log(pull.sum(axis=1))
    fit -= 0.5 * (spreads / SPREAD_SCALE) ** 2
    weights = np.exp(fit - fit.max())
    return spreads, weights / weights.sum()


def interval(values: Sequence[float], *, share: float = 0.90) -> tuple[float, float, float]:
    """Mean of one agent's scores with its interval, unpooled: mean, low, high."""
    pooled = pool([list(values)], share=share)
    return float(pooled.mean[0]), float(pooled.low[0]), float(pooled.high[0])
