"""Coefficients of agreement with their intervals: numbers in, numbers out.

Conventions: tables have shape (raters, units), NaN where there is no rating; a coefficient that the data can't
give is None. Several of them are made of sums over units, so that a bootstrap is one product of matrices.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

Floats = NDArray[np.float64]
Places = NDArray[np.int_]
Level = Literal["nominal", "ordinal", "interval"]
Weights = Literal["linear", "quadratic"]

SHARE = 0.90
DRAWS = 300
SEED = 20_231


@dataclass(frozen=True, slots=True)
class Estimate:
    """A coefficient with its interval; None where the data can't give it."""

    value: float | None
    low: float | None = None
    high: float | None = None


def percent_agreement(table: Floats) -> float | None:
    """Share of pairs of ratings of the same unit that are equal; ``table`` of shape (raters, units)."""
    equal = pairs = 0
    for one, other in combinations(table, 2):
        pairs += int((~np.isnan(one) & ~np.isnan(other)).sum())
        equal += int((one == other).sum())
    return equal / pairs if pairs else None


def kappa(table: Floats, *, weights: Weights | None = None) -> float | None:
    """Cohen's kappa; of more than two raters the mean over pairs that rated at least two units in common.

    Parameters
    ----------
    table : array of shape (raters, units)
        Categories as numbers; their order counts where ``weights`` are given.
    """
    return _over_pairs(table, lambda one, other, size: _sklearn_kappa(one, other, size, weights))


def _over_pairs(table: Floats, of_pair: Callable[[Places, Places, int], float]) -> float | None:
    found = []
    for one, other in combinations(table, 2):
        both = ~np.isnan(one) & ~np.isnan(other)
        labels = np.unique(np.concatenate([one[both], other[both]]))
        if both.sum() < 2 or len(labels) < 2:
            continue
        value = of_pair(np.searchsorted(labels, one[both]), np.searchsorted(labels, other[both]), len(labels))
        if np.isfinite(value):
            found.append(value)
    return float(np.mean(found)) if found else None


def _sklearn_kappa(one: Places, other: Places, size: int, weights: Weights | None) -> float:
    return float(cohen_kappa_score(one, other, weights=weights, labels=np.arange(size)))


def kappa_of_tables(seen: Floats, weights: Weights | None) -> Floats:
    """Kappa of many tables at once, shape (..., categories, categories); NaN where nothing varies.

    The same number as scikit-learn's, for the thousands of tables of a bootstrap.
    """
    size = seen.shape[-1]
    apart = np.abs(np.arange(size)[:, None] - np.arange(size)[None, :]).astype(np.float64)
    cost = {None: (apart > 0).astype(np.float64), "linear": apart, "quadratic": apart**2}[weights]
    n = np.maximum(seen.sum(axis=(-1, -2), keepdims=True), 1e-12)
    expected = seen.sum(axis=-1)[..., :, None] * seen.sum(axis=-2)[..., None, :] / n
    below = (cost * expected).sum(axis=(-1, -2))
    above = (cost * seen).sum(axis=(-1, -2))
    return np.asarray(1.0 - np.divide(above, below, out=np.full(below.shape, np.nan), where=below > 0))


def kappa_estimate(table: Floats, *, weights: Weights | None, picks: Floats) -> Estimate:
    """Cohen's kappa with its interval; ``picks`` of shape (draws, units): how often each unit was drawn."""
    values = np.unique(table[~np.isnan(table)])
    if len(values) < 2:
        return Estimate(None)
    size, places = len(values), np.searchsorted(values, table)
    drawn = []
    for (one, a), (other, b) in combinations(zip(table, places, strict=True), 2):
        both = ~np.isnan(one) & ~np.isnan(other)
        hot = np.zeros((table.shape[1], size * size))
        hot[both, a[both] * size + b[both]] = 1.0
        drawn.append(kappa_of_tables((picks @ hot).reshape(-1, size, size), weights))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return _interval(kappa(table, weights=weights), np.nanmean(np.array(drawn), axis=0))


def _interval(value: float | None, drawn: Floats, *, share: float = SHARE) -> Estimate:
    known = drawn[~np.isnan(drawn)]
    if value is None or known.size < max(1, len(drawn) / 2):
        return Estimate(value)
    low, high = np.quantile(known, [(1 - share) / 2, (1 + share) / 2])
    return Estimate(value, float(low), float(high))


def picks(n: int, *, draws: int, seed: int) -> Floats:
    """How often each of ``n`` units is drawn, shape (draws, n); no draws where there are too few units."""
    if n < 3:
        return np.zeros((0, n))
    drawn = np.random.default_rng(seed).integers(0, n, size=(draws, n))
    return np.stack([np.bincount(row, minlength=n) for row in drawn]).astype(np.float64)


def agreement_and_alpha(table: Floats, unit_of: Places, picks: Floats) -> tuple[Estimate, Estimate]:
    """Percent agreement and nominal alpha with intervals.

    Both are made of sums over columns, so that a bootstrap is one product of matrices.

    Parameters
    ----------
    table : array of shape (raters, columns)
    unit_of : array of shape (columns,)
        The drawn unit (the call) that each column belongs to.
    """
    values = np.unique(table[~np.isnan(table)])
    size, n = max(1, len(values)), picks.shape[1]
    pairs, equal, coincidence = np.zeros(n), np.zeros(n), np.zeros((n, size, size))
    for column, unit in zip(table.T, unit_of, strict=True):
        known = column[~np.isnan(column)]
        if len(known) < 2:
            continue
        counts = np.bincount(np.searchsorted(values, known), minlength=size).astype(np.float64)
        pairs[unit] += len(known) * (len(known) - 1) / 2
        equal[unit] += (counts * (counts - 1)).sum() / 2
        coincidence[unit] += (np.outer(counts, counts) - np.diag(counts)) / (len(known) - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        agreement = (picks @ equal) / (picks @ pairs)
        drawn = (picks @ coincidence.reshape(n, -1)).reshape(-1, size, size)
        total, whole = drawn.sum(axis=2), drawn.sum(axis=(1, 2))
        observed = whole - np.trace(drawn, axis1=1, axis2=2)
        expected = (whole**2 - (total**2).sum(axis=1)) / (whole - 1)
        alpha = np.where(expected > 0, 1.0 - observed / expected, np.nan)
    return (
        _interval(percent_agreement(table), agreement),
        _interval(krippendorff_alpha(table), alpha),
    )


def krippendorff_alpha(table: Floats, *, level: Level = "nominal") -> float | None:
    """Krippendorff's alpha of ratings with any number of raters and any of them missing.

    Parameters
    ----------
    table : array of shape (raters, units)
        Values as numbers, NaN where missing. Units with fewer than two ratings take no part.

    Returns
    -------
    float or None
        1: they agree always; 0: as if by chance. None where nothing can be compared or nothing varies.
    """
    units = [unit[~np.isnan(unit)] for unit in np.asarray(table, dtype=np.float64).T]
    units = [unit for unit in units if len(unit) >= 2]
    if not units:
        return None
    values = np.unique(np.concatenate(units))
    if len(values) < 2:
        return None
    coincidence = np.zeros((len(values), len(values)))
    for unit in units:
        counts = np.bincount(np.searchsorted(values, unit), minlength=len(values)).astype(np.float64)
        coincidence += (np.outer(counts, counts) - np.diag(counts)) / (len(unit) - 1)
    totals = coincidence.sum(axis=1)
    n = totals.sum()
    distance = _distance(values, totals, level)
    expected = (np.outer(totals, totals) * distance).sum() / (n - 1)
    if expected == 0:
        return None
    return float(1.0 - (coincidence * distance).sum() / expected)


def _distance(values: Floats, totals: Floats, level: Level) -> Floats:
    """Squared distances between values, shape (values, values)."""
    if level == "nominal":
        return np.asarray(1.0 - np.eye(len(values)))
    if level == "interval":
        return np.asarray((values[:, None] - values[None, :]) ** 2)
    between = np.cumsum(totals) - totals / 2.0
    # from the middle of one rank to the middle of the other
    return np.asarray((between[:, None] - between[None, :]) ** 2)


def icc_2_1(table: Floats) -> float | None:
    """ICC(2,1): agreement of single raters drawn from many, on a measurement; complete columns only.

    Parameters
    ----------
    table : array of shape (raters, units)
    """
    whole = table[:, ~np.isnan(table).any(axis=0)].T
    n, k = whole.shape
    if n < 2 or k < 2:
        return None
    mean = whole.mean()
    rows = k * ((whole.mean(axis=1) - mean) ** 2).sum() / (n - 1)
    columns = n * ((whole.mean(axis=0) - mean) ** 2).sum() / (k - 1)
    rest = ((whole - mean) ** 2).sum() - rows * (n - 1) - columns * (k - 1)
    error = rest / ((n - 1) * (k - 1))
    below = rows + (k - 1) * error + k * (columns - error) / n
    return None if below == 0 else float((rows - error) / below)


def bootstrap(
    measure: Callable[[Places], float | None],
    n: int,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
    share: float = SHARE,
) -> Estimate:
    """A measure of units chosen by place, with its interval over redrawn units."""
    value = measure(np.arange(n)) if n else None
    if value is None or n < 3:
        return Estimate(value)
    rng = np.random.default_rng(seed)
    drawn = [measure(rng.integers(0, n, size=n)) for _ in range(draws)]
    known = [v for v in drawn if v is not None]
    if len(known) < draws / 2:
        return Estimate(value)
    low, high = np.quantile(known, [(1 - share) / 2, (1 + share) / 2])
    return Estimate(value, float(low), float(high))
