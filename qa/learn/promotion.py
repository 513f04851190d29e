"""Whether a newly trained model may replace the one in force: judged on the same held-back calls, paired.

Conventions
-----------
- Both models are counted on the same calls in the same order; calls are redrawn together, so that what a call
  makes hard for both cancels out.
- The new model must not be worse than ``max_loss`` at the lower end of the difference's interval: overall, and
  for every behaviour that occurs often enough to tell (``min_positive`` times).
- A behaviour that is too rare to tell is reported and stops nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.learn.metrics import Counts, total

MAX_LOSS = 0.01
MAX_LOSS_BEHAVIOUR = 0.05
"""A behaviour has a twentieth of the turns: its F1 scatters more, so it is given more room."""
MIN_POSITIVE = 10
DRAWS = 2000
SHARE = 0.90

PerCall = Sequence[Mapping[str, Counts]]


@dataclass(frozen=True, slots=True)
class Compared:
    """F1 of both models on one behaviour (or ``all``), and the difference (new minus old) with its interval."""

    name: str
    n_positive: float
    old: float | None
    new: float | None
    low: float | None
    high: float | None
    max_loss: float
    enough: bool

    @property
    def holds(self) -> bool:
        """Whether the new model is not worse than allowed here, or this is too rare to tell."""
        return not self.enough or (self.low is not None and self.low >= -self.max_loss)


@dataclass(frozen=True, slots=True)
class Promotion:
    """The verdict: every row must hold. The first row is ``all``."""

    rows: tuple[Compared, ...]

    @property
    def allowed(self) -> bool:
        return all(row.holds for row in self.rows)

    @property
    def against(self) -> tuple[Compared, ...]:
        """What speaks against it."""
        return tuple(row for row in self.rows if not row.holds)


def may_replace(
    old: PerCall,
    new: PerCall,
    *,
    max_loss: float = MAX_LOSS,
    max_loss_behaviour: float = MAX_LOSS_BEHAVIOUR,
    min_positive: int = MIN_POSITIVE,
    draws: int = DRAWS,
    seed: int = 0,
) -> Promotion:
    """Compare two models by their counts per call and behaviour (:func:`qa.learn.metrics.compare`).

    Raises
    ------
    ValueError
        The models were counted on different numbers of calls, or on none.
    """
    if len(old) != len(new) or not old:
        raise ValueError(f"both models need counts of the same calls, got {len(old)} and {len(new)}")
    picks = np.random.default_rng(seed).integers(0, len(old), size=(draws, len(old)))
    everything = _compared(
        "all",
        [total(c.values()) for c in old],
        [total(c.values()) for c in new],
        picks,
        max_loss=max_loss,
        enough=True,
    )
    rows = [everything]
    for name in sorted({b for call in (*old, *new) for b in call}):
        was, now = ([c.get(name, Counts()) for c in calls] for calls in (old, new))
        positive = total(was).hit + total(was).miss
        rows.append(
            _compared(name, was, now, picks, max_loss=max_loss_behaviour, enough=positive >= min_positive)
        )
    return Promotion(tuple(rows))


def _compared(
    name: str,
    old: Sequence[Counts],
    new: Sequence[Counts],
    picks: NDArray[np.int64],
    *,
    max_loss: float,
    enough: bool,
) -> Compared:
    was, now = _table(old), _table(new)
    difference = _f1(now[picks].sum(axis=1)) - _f1(was[picks].sum(axis=1))
    known = difference[~np.isnan(difference)]
    low = high = None
    if known.size >= len(picks) / 2:
        low, high = (float(q) for q in np.quantile(known, [(1 - SHARE) / 2, (1 + SHARE) / 2]))
    summed = total(old)
    return Compared(name, summed.hit + summed.miss, summed.f1, total(new).f1, low, high, max_loss, enough)


def _table(counts: Sequence[Counts]) -> NDArray[np.float64]:
    return np.array([(c.hit, c.false_alarm, c.miss) for c in counts], dtype=np.float64)


def _f1(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    below = 2 * sums[:, 0] + sums[:, 1] + sums[:, 2]
    return np.asarray(np.divide(2 * sums[:, 0], below, out=np.full(len(sums), np.nan), where=below > 0))
