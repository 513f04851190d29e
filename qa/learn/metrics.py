"""Precision, recall and F1 per turn, kept as counts so that calls can be added up, with intervals over calls.

Conventions
-----------
- The unit is a turn and a behaviour: did this turn carry it or not. Labels without a turn (once a call) are
  compared per call.
- A rate with nothing under it is None, never 0 or 1.
- Intervals are percentile bootstraps over calls, seeded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Item = tuple[int, str]
"""(turn, behaviour); turn -1 for a label of the whole call."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How often found and so, found and not so, not found though so."""

    hit: float = 0.0
    false_alarm: float = 0.0
    miss: float = 0.0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.hit + other.hit, self.false_alarm + other.false_alarm, self.miss + other.miss)

    @property
    def precision(self) -> float | None:
        found = self.hit + self.false_alarm
        return self.hit / found if found else None

    @property
    def recall(self) -> float | None:
        so = self.hit + self.miss
        return self.hit / so if so else None

    @property
    def f1(self) -> float | None:
        weight = 2 * self.hit + self.false_alarm + self.miss
        return 2 * self.hit / weight if weight else None


def compare(
    found: frozenset[Item], truth: frozenset[Item], ignored: frozenset[Item] = frozenset()
) -> dict[str, Counts]:
    """Counts per behaviour of one call; ``ignored`` items count neither way (only one reader gave them)."""
    names = {b for _, b in found | truth}
    counts = {}
    for name in sorted(names):
        mine = {i for i in found if i[1] == name}
        real = {i for i in truth if i[1] == name}
        open_cases = {i for i in ignored if i[1] == name}
        counts[name] = Counts(
            hit=len(mine & real), false_alarm=len(mine - real - open_cases), miss=len(real - mine)
        )
    return counts


def total(counts: Iterable[Counts]) -> Counts:
    """All counts added up (micro)."""
    return sum(counts, Counts())


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a report: F1 with a 90 % interval over calls."""

    name: str
    counts: Counts
    low: float | None
    high: float | None


def by_behaviour(
    calls: Sequence[Mapping[str, Counts]], *, draws: int = 400, seed: int = 0
) -> tuple[Row, ...]:
    """One row per behaviour and a last one, ``all``, that adds them up."""
    names = sorted({b for call in calls for b in call})
    rows = [
        _row(name, [call.get(name, Counts()) for call in calls], draws=draws, seed=seed) for name in names
    ]
    everything = [total(call.values()) for call in calls]
    return (*rows, _row("all", everything, draws=draws, seed=seed))


def _row(name: str, counts: Sequence[Counts], *, draws: int, seed: int) -> Row:
    table = np.array([(c.hit, c.false_alarm, c.miss) for c in counts], dtype=float).reshape(-1, 3)
    summed = Counts(*(float(v) for v in table.sum(axis=0)))
    picks = np.random.default_rng(seed).integers(0, len(table), size=(draws, len(table)))
    sums = table[picks].sum(axis=1)
    weight = 2 * sums[:, 0] + sums[:, 1] + sums[:, 2]
    values = 2 * sums[weight > 0, 0] / weight[weight > 0]
    if len(values) < draws / 2:
        return Row(name, summed, None, None)
    low, high = np.quantile(values, [0.05, 0.95])
    return Row(name, summed, float(low), float(high))


def weighted_f1(found: Sequence[bool], truth: Sequence[bool], weights: Sequence[float]) -> Counts:
    """Counts of single decisions with weights (a benchmark's sampling)."""
    counts = Counts()
    for f, t, w in zip(found, truth, weights, strict=True):
        counts += Counts(hit=w * (f and t), false_alarm=w * (f and not t), miss=w * (t and not f))
    return counts


def reliability(
    probabilities: Sequence[float], truth: Sequence[bool], *, bins: int = 10
) -> tuple[tuple[float, float, int], ...]:
    """Mean probability, share that was so, and count, per bin of probability that holds anything."""
    p, y = np.asarray(probabilities, dtype=float), np.asarray(truth, dtype=float)
    place = np.minimum((p * bins).astype(int), bins - 1)
    return tuple(
        (float(p[place == k].mean()), float(y[place == k].mean()), int((place == k).sum()))
        for k in range(bins)
        if (place == k).any()
    )
