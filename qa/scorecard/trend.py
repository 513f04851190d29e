"""How an agent's scores go from week to week, and whether that is more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy import stats

from qa.scorecard.pooling import scatter
from qa.scorecard.records import ScoredCall


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One week, by its Monday: mean of its calls with the interval."""

    week: date
    n_calls: int
    score: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Trend:
    """The weeks in order, and the change per week with its interval; None where too little is known."""

    points: tuple[TrendPoint, ...]
    per_week: float | None
    low: float | None
    high: float | None
    says: str


def trend(records: Sequence[ScoredCall], *, share: float = 0.90, min_calls: int = 5) -> Trend:
    """The trend of one agent's scored calls; undated calls take no part."""
    weeks: dict[date, list[float]] = {}
    for record in records:
        if record.week is not None and record.score is not None:
            weeks.setdefault(record.week, []).append(record.score)
    if not weeks:
        return Trend((), None, None, None, "No dated calls.")
    order = sorted(weeks)
    groups = [weeks[w] for w in order]
    # each week speaks for itself: only the scatter of single calls is shared between weeks
    variance, freedom = scatter(groups)
    counts = np.array([len(g) for g in groups])
    reach = stats.t.ppf(0.5 + share / 2, freedom) * np.sqrt(variance / counts)
    points = tuple(
        TrendPoint(
            week,
            len(weeks[week]),
            round(float(np.mean(weeks[week])), 2),
            round(max(0.0, float(np.mean(weeks[week]) - reach[i])), 2),
            round(min(100.0, float(np.mean(weeks[week]) + reach[i])), 2),
        )
        for i, week in enumerate(order)
    )
    return _sloped(points, weeks, share=share, min_calls=min_calls)


def _sloped(
    points: tuple[TrendPoint, ...], weeks: dict[date, list[float]], *, share: float, min_calls: int
) -> Trend:
    x = np.array([(w - points[0].week).days / 7 for w in sorted(weeks) for _ in weeks[w]])
    y = np.array([s for w in sorted(weeks) for s in weeks[w]])
    if len(points) < 3 or len(y) < max(min_calls, 3):
        return Trend(points, None, None, None, "Too few weeks or calls for a trend.")
    across = ((x - x.mean()) ** 2).sum()
    slope = float(((x - x.mean()) * (y - y.mean())).sum() / across)
    left = y - y.mean() - slope * (x - x.mean())
    error = float(np.sqrt(max((left**2).sum() / (len(y) - 2), 1.0) / across))
    reach = float(stats.t.ppf(0.5 + share / 2, len(y) - 2)) * error
    low, high = slope - reach, slope + reach
    if low > 0:
        says = f"Rising by about {slope:.1f} points a week."
    elif high < 0:
        says = f"Falling by about {-slope:.1f} points a week."
    else:
        says = "No clear change over these weeks."
    return Trend(points, round(slope, 2), round(low, 2), round(high, 2), says)
