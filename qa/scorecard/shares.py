"""Shares of points of several agents, partially pooled: how often a question of the form was met.

Shares lie between 0 and 100 and most answers are all or none, so the scatter of an agent's answers follows from
the level itself: somebody who met a question ten times of ten has no scatter, and may still miss the next. The
normal model of :mod:`pooling` would take that for certainty. Here an agent's level is drawn from a beta
distribution of the team, the answers are binomial, and the team's mean and spread are averaged over (a grid,
weighted by how well each explains the answers). Part of the points counts as part of a success, which makes
intervals a little too wide, never too short. Coverage is tested by simulation.

Conventions: shares are points of 100; arrays have one entry per agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from qa.scorecard.pooling import Sums

Floats = NDArray[np.float64]

_LEVELS = special.expit(np.linspace(-6.0, 6.0, 41))
"""Means of the team to average over, denser towards never and always."""

_HELD = np.geomspace(0.5, 128.0, 17)
"""By how many answers an agent is held to the team's mean: agents differ in everything, or in next to nothing."""


@dataclass(frozen=True, slots=True)
class PooledShares:
    """Partially pooled shares with their intervals; ``kept`` is how much of the own share each agent keeps."""

    mean: Floats
    low: Floats
    high: Floats
    kept: Floats


def pool_shares(groups: Sequence[Sums], *, share: float = 0.90) -> PooledShares:
    """Pool the shares of several agents.

    Parameters
    ----------
    groups : sequence of Sums
        How many answers each agent gave and their mean, 0 to 100; there must be one at least.
    share : float
        How often an interval should hold the agent's true share.
    """
    counts = np.array([g.n for g in groups], dtype=np.float64)
    earned = np.clip(counts * np.array([g.mean for g in groups]) / 100, 0.0, counts)
    level, held = (part.ravel()[:, None] for part in np.meshgrid(_LEVELS, _HELD))
    a, b = level * held, (1 - level) * held
    fit = (special.betaln(a + earned, b + counts - earned) - special.betaln(a, b)).sum(axis=1)
    # the grid is even in the log-odds of the level: weighed so that every level is as likely beforehand
    fit += np.log(level * (1 - level))[:, 0]
    weights = np.exp(fit - fit.max())
    weights /= weights.sum()
    centre = (a + earned) / (held + counts)
    spread = centre * (1 - centre) / (held + counts + 1)
    mean = weights @ centre
    variance = weights @ (spread + (centre - mean) ** 2)
    # one beta distribution with the mean and the variance of them all
    size = np.maximum(mean * (1 - mean) / np.maximum(variance, 1e-12) - 1, 1e-3)
    tail = (1 - share) / 2
    low, high = (stats.beta.ppf(q, mean * size, (1 - mean) * size) for q in (tail, 1 - tail))
    return PooledShares(
        mean=100 * mean,
        # where it was met each time nothing speaks against always, where it never was nothing against never
        low=100 * np.where(earned <= 0, 0.0, np.minimum(low, mean)),
        high=100 * np.where(earned >= counts, 1.0, np.maximum(high, mean)),
        kept=weights @ (counts / (counts + held)),
    )
