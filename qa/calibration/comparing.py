"""A round of raters compared: over all answers, per question, per rater, on total scores."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from qa.calibration.coefficients import (
    DRAWS,
    SEED,
    Estimate,
    Floats,
    Places,
    agreement_and_alpha,
    bootstrap,
    icc_2_1,
    kappa_estimate,
    percent_agreement,
    picks,
)


@dataclass(frozen=True, slots=True)
class Rating:
    """One rater's answer to one question of one call; ``share`` is None where the outcome has no points."""

    call: str
    criterion: str
    rater: str
    outcome: str
    share: float | None = None


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

    drawn = picks(len(calls), draws=draws, seed=seed)
    flat = cube.reshape(len(raters), -1)
    agreement, alpha = agreement_and_alpha(flat, np.repeat(np.arange(len(calls)), len(criteria)), drawn)
    rows = [_criterion(name, cube[:, :, i], shares[:, :, i], calls, drawn) for i, name in enumerate(criteria)]
    return Calibration(
        raters=raters,
        calls=calls,
        agreement=agreement,
        alpha=alpha,
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
    name: str, table: Floats, shares: Floats, calls: Sequence[str], drawn: Floats
) -> CriterionAgreement:
    agreement, alpha = agreement_and_alpha(table, np.arange(len(calls)), drawn)
    split = [(_split(column), call) for column, call in zip(table.T, calls, strict=True)]
    return CriterionAgreement(
        criterion=name,
        n_calls=int((~np.isnan(table)).any(axis=0).sum()),
        n_ratings=int((~np.isnan(table)).sum()),
        agreement=agreement,
        kappa=kappa_estimate(table, weights=None, picks=drawn),
        weighted_kappa=kappa_estimate(shares, weights="linear", picks=drawn),
        alpha=alpha,
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
