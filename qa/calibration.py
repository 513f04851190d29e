"""Agreement of several raters on the same calls: how much, of whom, and on which questions not.

Conventions
-----------
- A *rating* is one rater's answer to one question of one call: an outcome and, where it counts, a share of the
  points in [0, 1]. A rating that is missing is missing; nobody is made to have said anything.
- Tables for the coefficients have shape (raters, units), NaN where there is no rating.
- A coefficient that the data can't give (fewer than two raters, no variation) is None, never 0 or 1.
- Intervals are percentile bootstraps over calls, seeded: calls, not single answers, are what was chosen.

Metrics
-------
Percent agreement, Cohen's kappa (of two raters; of more, the mean over pairs, Light 1971) and its linearly
weighted form, Krippendorff's alpha (nominal, ordinal, interval; Krippendorff 2011, "Computing Krippendorff's
Alpha-Reliability") and the intraclass correlation ICC(2,1) (Shrout & Fleiss 1979).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
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
class Rating:
    """One rater's answer to one question of one call; ``share`` is None where the outcome has no points."""

    call: str
    criterion: str
    rater: str
    outcome: str
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A coefficient with its interval; None where the data can't give it."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class CriterionAgreement:
    """How far raters agree on one question. ``disputed`` are its calls, those with most disagreement first."""

    criterion: str
    n_calls: int
    n_ratings: int
    agreement: Estimate
    kappa: Estimate
    weighted_kappa: Estimate
    alpha: Estimate
    disputed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RaterLeaning:
    """How much more (or less) of the points a rater gives than the others on the same answers, in shares of 1."""

    rater: str
    n_ratings: int
    leaning: Estimate
    agreement: Estimate
    """Share of answers on which the rater says what most of the others say."""

    @property
    def verdict(self) -> Literal["lenient", "strict", "in line", "too few"]:
        low, high = self.leaning.low, self.leaning.high
        if low is None or high is None:
            return "too few"
        if low > 0:
            return "lenient"
        return "strict" if high < 0 else "in line"


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a round shows: over all answers, per question (the worst first), per rater, on total scores."""

    raters: tuple[str, ...]
    calls: tuple[str, ...]
    agreement: Estimate
    alpha: Estimate
    scores_icc: Estimate
    criteria: tuple[CriterionAgreement, ...]
    leanings: tuple[RaterLeaning, ...]


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


def quick_kappa(one: Places, other: Places, size: int, weights: Weights | None) -> float:
    """The same number as scikit-learn's, some thirty times as fast: what the bootstrap calls."""
    seen = np.bincount(one * size + other, minlength=size * size).reshape(size, size)
    apart = np.abs(np.arange(size)[:, None] - np.arange(size)[None, :]).astype(np.float64)
    cost = {None: (apart > 0).astype(np.float64), "linear": apart, "quadratic": apart**2}[weights]
    expected = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / len(one)
    below = float((cost * expected).sum())
    return 1.0 - float((cost * seen).sum()) / below if below else float("nan")


def _kappa_estimate(table: Floats, *, weights: Weights | None, draws: int, seed: int) -> Estimate:
    def quick(at: Places) -> float | None:
        return _over_pairs(table[:, at], lambda a, b, size: quick_kappa(a, b, size, weights))

    estimate = bootstrap(quick, table.shape[1], draws=draws, seed=seed)
    return Estimate(kappa(table, weights=weights), estimate.low, estimate.high)


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


def calibrate(
    ratings: Sequence[Rating],
    *,
    scores: dict[str, dict[str, float | None]] | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Calibration:
    """All that a round shows.

    Parameters
    ----------
    ratings
        Every rater's answers, the program's among them under a name of its own.
    scores
        Total scores by rater and call, for ICC(2,1); None leaves it out.
    """
    raters = tuple(dict.fromkeys(r.rater for r in ratings))
    calls = tuple(sorted({r.call for r in ratings}))
    criteria = tuple(dict.fromkeys(r.criterion for r in ratings))
    outcomes = sorted({r.outcome for r in ratings})
    cube = _cube(ratings, raters, calls, criteria, lambda r: float(outcomes.index(r.outcome)))
    shares = _cube(ratings, raters, calls, criteria, lambda r: np.nan if r.share is None else r.share)

    def over_all(what: Callable[[Floats], float | None]) -> Estimate:
        return bootstrap(
            lambda at: what(cube[:, at, :].reshape(len(raters), -1)), len(calls), draws=draws, seed=seed
        )

    rows = [
        _criterion(name, cube[:, :, i], shares[:, :, i], calls, draws=draws, seed=seed)
        for i, name in enumerate(criteria)
    ]
    return Calibration(
        raters=raters,
        calls=calls,
        agreement=over_all(percent_agreement),
        alpha=over_all(krippendorff_alpha),
        scores_icc=_icc(scores or {}, draws=draws, seed=seed),
        criteria=tuple(sorted(rows, key=_worst_first)),
        leanings=tuple(
            _leaning(i, name, cube, shares, draws=draws, seed=seed) for i, name in enumerate(raters)
        ),
    )


def _cube(
    ratings: Sequence[Rating],
    raters: Sequence[str],
    calls: Sequence[str],
    criteria: Sequence[str],
    value: Callable[[Rating], float],
) -> Floats:
    """Shape (raters, calls, criteria); NaN where nobody said anything. The last of several ratings counts."""
    cube = np.full((len(raters), len(calls), len(criteria)), np.nan)
    place_r = {name: i for i, name in enumerate(raters)}
    place_c = {name: i for i, name in enumerate(calls)}
    place_k = {name: i for i, name in enumerate(criteria)}
    for r in ratings:
        cube[place_r[r.rater], place_c[r.call], place_k[r.criterion]] = value(r)
    return cube


def _criterion(
    name: str, table: Floats, shares: Floats, calls: Sequence[str], *, draws: int, seed: int
) -> CriterionAgreement:
    def of(what: Callable[[Floats], float | None]) -> Estimate:
        return bootstrap(lambda at: what(table[:, at]), table.shape[1], draws=draws, seed=seed)

    split = [(_split(column), call) for column, call in zip(table.T, calls, strict=True)]
    return CriterionAgreement(
        criterion=name,
        n_calls=int((~np.isnan(table)).any(axis=0).sum()),
        n_ratings=int((~np.isnan(table)).sum()),
        agreement=of(percent_agreement),
        kappa=_kappa_estimate(table, weights=None, draws=draws, seed=seed),
        weighted_kappa=_kappa_estimate(shares, weights="linear", draws=draws, seed=seed),
        alpha=of(krippendorff_alpha),
        disputed=tuple(call for much, call in sorted(split, key=lambda s: (-s[0], s[1])) if much > 0),
    )


def _split(ratings: Floats) -> float:
    """Share of pairs that disagree."""
    agree = percent_agreement(ratings[:, None])
    return 0.0 if agree is None else 1.0 - agree


def _worst_first(row: CriterionAgreement) -> tuple[float, float, str]:
    agreement = 1.0 if row.agreement.value is None else row.agreement.value
    # Where everybody gives the same answer nothing varies, alpha has no value, and nothing is wrong.
    alpha = row.alpha.value if row.alpha.value is not None else (1.0 if agreement == 1.0 else 0.0)
    return alpha, agreement, row.criterion


def _leaning(index: int, name: str, cube: Floats, shares: Floats, *, draws: int, seed: int) -> RaterLeaning:
    others = np.delete(shares, index, axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        gap = shares[index] - np.nanmean(others, axis=0)
    most = _most_say(np.delete(cube, index, axis=0))
    same = np.where(np.isnan(cube[index]) | np.isnan(most), np.nan, cube[index] == most)

    def mean(values: Floats) -> Callable[[Places], float | None]:
        def of(at: Places) -> float | None:
            known = values[at][~np.isnan(values[at])]
            return float(known.mean()) if known.size else None

        return of

    n = cube.shape[1]
    return RaterLeaning(
        rater=name,
        n_ratings=int((~np.isnan(cube[index])).sum()),
        leaning=bootstrap(mean(gap), n, draws=draws, seed=seed),
        agreement=bootstrap(mean(same), n, draws=draws, seed=seed),
    )


def _most_say(cube: Floats) -> Floats:
    """The outcome of more than half of the raters; NaN where there is none."""
    most = np.full(cube.shape[1:], np.nan)
    for place in np.ndindex(*most.shape):
        known = cube[(slice(None), *place)]
        known = known[~np.isnan(known)]
        if known.size:
            values, counts = np.unique(known, return_counts=True)
            if counts.max() * 2 > known.size:
                most[place] = values[counts.argmax()]
    return most


def _icc(scores: dict[str, dict[str, float | None]], *, draws: int, seed: int) -> Estimate:
    calls = sorted({call for row in scores.values() for call in row})
    if len(scores) < 2 or not calls:
        return Estimate(None)
    table = np.array(
        [[np.nan if (v := row.get(call)) is None else v for call in calls] for row in scores.values()]
    )
    return bootstrap(lambda at: icc_2_1(table[:, at]), len(calls), draws=draws, seed=seed)
