"""How large a share of its points a criterion earns, in one world or in thousands at once.

A *world* says which findings are true. The score as it stands is measured in the world in which every
finding is true that is at least as likely as not; the range is measured over many worlds drawn from the
findings' probabilities. Both go through the same functions, so they cannot drift apart.

Conventions: worlds are booleans of shape (samples, columns); results have shape (samples,).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.scoring.form import Absence, Bands, Criterion, Manual, PerEvent, PerOpportunity, Presence
from qa.scoring.scene import Scene, Worlds, windows

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """Per world: whether the criterion applies, and the share of its points that it earns."""

    applies: Worlds
    share: Floats


def measure(criterion: Criterion, scene: Scene, worlds: Worlds) -> Measured:
    """A criterion in each of the worlds; ``worlds`` has shape (samples, columns)."""
    applies = condition(criterion, scene, worlds)
    if isinstance(criterion, Manual):
        return Measured(np.zeros_like(applies), np.zeros(len(worlds)))
    if isinstance(criterion, PerOpportunity):
        chances, taken = opportunities(criterion, scene, worlds)
        share = np.divide(taken, chances, out=np.ones(len(worlds)), where=chances > 0)
        return Measured(applies & (chances > 0), share)
    count = events(criterion, scene, worlds).sum(axis=1)
    return Measured(applies, share_of_count(criterion, count, minutes=scene.minutes))


def share_of_count(criterion: Criterion, count: NDArray[np.int_], *, minutes: float) -> Floats:
    """The share that so many findings earn; ``count`` of shape (samples,)."""
    if isinstance(criterion, Presence):
        return np.asarray(count >= criterion.at_least, dtype=np.float64)
    if isinstance(criterion, Absence):
        return np.asarray(count == 0, dtype=np.float64)
    if isinstance(criterion, PerEvent):
        off = criterion.off_each * np.maximum(count - criterion.free, 0)
        return np.asarray(np.maximum(criterion.weight - off, criterion.floor) / criterion.weight)
    if isinstance(criterion, Bands):
        value = count / minutes if criterion.measure == "per_minute" else count.astype(np.float64)
        share = np.full(len(count), criterion.bands[-1].share)
        for band in reversed(criterion.bands[:-1]):
            share[value <= (band.up_to or 0.0)] = band.share
        return share
    raise TypeError(f"a {criterion.answered_by} criterion is not answered by a count")


def condition(criterion: Criterion, scene: Scene, worlds: Worlds) -> Worlds:
    """Whether the condition of a criterion arose, per world."""
    when = criterion.applies_when
    applies = np.ones(len(worlds), dtype=np.bool_)
    if when is None:
        return applies
    for group in when.groups:
        applies &= worlds[:, list(scene.columns_of(group))].any(axis=1)
    return applies


def events(criterion: Presence | Absence | PerEvent | Bands, scene: Scene, worlds: Worlds) -> Worlds:
    """The findings that count for a criterion, shape (samples, its findings); ``only_after`` applied."""
    where = criterion.where if isinstance(criterion, Presence | Absence) else None
    columns = scene.columns_of(criterion.behaviours, where)
    true = worlds[:, list(columns)]
    when = criterion.applies_when
    if when is None or not when.only_after or not columns:
        return true
    starts = np.array([_start(scene, i) for i in columns])
    began = np.zeros(len(worlds))
    for group in when.groups:
        first = np.full(len(worlds), np.inf)
        for column in scene.columns_of(group):
            first = np.where(worlds[:, column], np.minimum(first, _start(scene, column)), first)
        began = np.maximum(began, first)
    return np.asarray(true & (starts[None, :] >= began[:, None]))


def opportunities(
    criterion: PerOpportunity, scene: Scene, worlds: Worlds
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many opportunities there were and how many were taken, per world."""
    chances, taken = np.zeros(len(worlds)), np.zeros(len(worlds))
    for window in windows(
        scene, criterion.opportunities, criterion.behaviours, within_turns=criterion.within_turns
    ):
        arose = worlds[:, list(window.opportunity)].any(axis=1)
        answered = worlds[:, list(window.answers)].any(axis=1)
        chances += arose
        taken += arose & answered
    return chances, taken


def _start(scene: Scene, column: int) -> float:
    """When a column's finding starts; one that was not found may be anywhere, so it counts as after."""
    return scene.findings[column].start if column < len(scene.findings) else np.inf


def combined(probabilities: Floats, *, min_probability: float = 0.5) -> float:
    """The probability that a behaviour is in the call at all, from its findings' probabilities.

    The findings of one behaviour in one call come from the same detector, voice and recogniser, so their
    doubts are not independent, and ``1 - prod(1 - p)`` would turn ten findings of 0.1 into 0.65. Here the
    strongest finding counts in full and each further one only by its square: ten of 0.1 give 0.18, two of
    0.6 give 0.74 (0.84 if independent), sure ones stay sure. And where no single finding reaches
    ``min_probability``, they can together leave the question open but not decide it: never over 0.5.
    """
    if probabilities.size == 0:
        return 0.0
    ordered = np.sort(probabilities)[::-1]
    strongest = float(ordered[0])
    absent = (1.0 - strongest) * float(np.prod(1.0 - ordered[1:] ** 2))
    present = 1.0 - absent
    return min(present, max(0.5, strongest)) if strongest < min_probability else present
