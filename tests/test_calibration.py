"""Coefficients of agreement against published worked examples, and what a round of raters shows."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from qa.calibration import (
    Rating,
    agreement_and_alpha,
    bootstrap,
    calibrate,
    icc_2_1,
    kappa,
    kappa_of_tables,
    krippendorff_alpha,
    percent_agreement,
    picks,
)

N = np.nan
# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", example C: 4 observers, 12 units, gaps.
FOUR_OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
        [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
    ]
)
# The same paper, example A: two observers, binary.
BINARY = np.array([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]], dtype=float)
# Example B: two observers, five categories a to e.
NOMINAL = np.array([[0, 0, 1, 1, 3, 2, 2, 2, 4, 3, 3, 0], [1, 0, 1, 1, 1, 2, 2, 2, 4, 3, 3, 3]], dtype=float)
# Wikipedia, "Krippendorff's alpha": three coders, 15 units, 26 pairable values.
THREE_CODERS = np.array(
    [
        [N, N, N, N, N, 3, 4, 1, 2, 1, 1, 3, 3, N, 3],
        [1, N, 2, 1, 3, 3, 4, 3, N, N, N, N, N, N, N],
        [N, N, 2, 1, 3, 4, 4, N, 2, 1, 1, 3, 3, N, 4],
    ]
)
# Shrout & Fleiss (1979), table 2: four judges, six targets.
JUDGES = np.array(
    [[9, 6, 8, 7, 10, 6], [2, 1, 4, 1, 5, 2], [5, 3, 6, 2, 6, 4], [8, 2, 8, 6, 9, 7]], dtype=float
)


@pytest.mark.parametrize(
    ("table", "level", "published"),
    [
        (FOUR_OBSERVERS, "nominal", 0.743),
        (FOUR_OBSERVERS, "ordinal", 0.815),
        (FOUR_OBSERVERS, "interval", 0.849),
        (BINARY, "nominal", 0.095),
        (NOMINAL, "nominal", 0.692),
        (THREE_CODERS, "nominal", 0.691),
        (THREE_CODERS, "interval", 0.811),
    ],
)
def test_alpha_is_what_was_published(table: np.ndarray, level: str, published: float) -> None:
    assert krippendorff_alpha(table, level=level) == pytest.approx(published, abs=6e-4)  # type: ignore[arg-type]


def test_icc_is_what_was_published() -> None:
    assert icc_2_1(JUDGES) == pytest.approx(0.29, abs=0.005)


def test_kappa_of_two_is_cohens() -> None:
    assert kappa(BINARY) == pytest.approx(cohen_kappa_score(BINARY[0], BINARY[1]))
    graded = np.array([[0, 0.5, 1, 1, 0, 0.5], [0, 1, 1, 0.5, 0, 0]])
    expected = cohen_kappa_score(*(graded * 2).astype(int), weights="linear")
    assert kappa(graded, weights="linear") == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=12))
def test_the_quick_kappa_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    one, other = np.array(pairs).T
    for weights in (None, "linear", "quadratic"):
        seen = np.bincount(one * 3 + other, minlength=9).reshape(1, 3, 3).astype(float)
        quick = kappa_of_tables(seen, weights)[0]  # type: ignore[arg-type]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            slow = cohen_kappa_score(one, other, weights=weights, labels=[0, 1, 2])
        assert np.isnan(quick) or quick == pytest.approx(slow)


def test_a_bootstrap_by_sums_redraws_whole_calls() -> None:
    rng = np.random.default_rng(3)
    table = rng.integers(0, 3, size=(3, 12)).astype(float)
    table[0, 4] = np.nan
    drawn = picks(12, draws=25, seed=5)
    for row in drawn:
        again = table[:, np.repeat(np.arange(12), row.astype(int))]
        agreement, alpha = agreement_and_alpha(table, np.arange(12), np.stack([row] * 3))
        assert agreement.low == pytest.approx(percent_agreement(again))
        assert alpha.low == pytest.approx(krippendorff_alpha(again))


def test_what_the_data_can_not_give_is_none() -> None:
    alone = np.array([[1.0, 2.0, 1.0]])
    same = np.ones((3, 4))
    assert krippendorff_alpha(alone) is None
    assert krippendorff_alpha(same) is None
    assert kappa(same) is None
    assert percent_agreement(alone) is None
    assert icc_2_1(alone) is None
    assert percent_agreement(same) == 1.0
    assert bootstrap(lambda _: None, 5).value is None


tables = st.lists(
    st.lists(st.sampled_from([0.0, 1.0, 2.0, np.nan]), min_size=6, max_size=6), min_size=2, max_size=4
).map(np.array)


@settings(max_examples=60, deadline=None)
@given(tables, st.randoms())
def test_neither_the_order_of_raters_nor_of_units_matters(table: np.ndarray, rng: object) -> None:
    mixed = np.random.default_rng(0).permutation(table.T).T[::-1]
    for level in ("nominal", "ordinal", "interval"):
        one, other = krippendorff_alpha(table, level=level), krippendorff_alpha(mixed, level=level)  # type: ignore[arg-type]
        assert (one is None) == (other is None)
        if one is not None:
            assert one == pytest.approx(other)
            assert one <= 1.0 + 1e-12


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=3, max_size=8).filter(lambda v: len(set(v)) > 1))
def test_raters_who_say_the_same_agree_fully(said: list[float]) -> None:
    table = np.array([said, said, said])
    assert krippendorff_alpha(table, level="ordinal") == pytest.approx(1.0)
    assert kappa(table) == pytest.approx(1.0)
    assert icc_2_1(table) == pytest.approx(1.0)


def ratings(n_calls: int = 20) -> list[Rating]:
    """Ann and Ben agree; Cas never gives anything for empathy; on the close all guess."""
    rng = np.random.default_rng(1)
    made = []
    for n in range(n_calls):
        good = bool(rng.random() < 0.6)
        for rater in ("Ann", "Ben", "Cas"):
            empathy = good and rater != "Cas"
            close = bool(rng.random() < 0.5)
            made += [
                Rating(f"c{n:02}", "empathy", rater, "met" if empathy else "missed", float(empathy)),
                Rating(f"c{n:02}", "close", rater, "met" if close else "missed", float(close)),
            ]
    return made


def test_a_round_names_the_worst_question_its_calls_and_the_strict_rater() -> None:
    found = calibrate(ratings(), draws=200)
    assert [row.criterion for row in found.criteria] == ["close", "empathy"]
    worst = found.criteria[0]
    assert worst.alpha.value == pytest.approx(0.0, abs=0.25)
    assert worst.alpha.low is not None
    assert worst.alpha.high is not None
    assert worst.alpha.low <= (worst.alpha.value or 0.0) <= worst.alpha.high
    assert worst.disputed
    assert set(worst.disputed) <= set(found.calls)
    verdicts = {row.rater: row.verdict for row in found.leanings}
    assert verdicts["Cas"] == "strict"
    assert verdicts["Ann"] != "strict"


def test_a_rater_who_did_not_answer_is_not_counted_as_disagreeing() -> None:
    some = [r for r in ratings() if not (r.rater == "Ben" and r.criterion == "empathy" and r.call > "c05")]
    row = next(c for c in calibrate(some, draws=20).criteria if c.criterion == "empathy")
    assert row.n_ratings == 20 * 2 + 6


def test_the_same_round_gives_the_same_numbers() -> None:
    assert calibrate(ratings(), draws=50) == calibrate(ratings(), draws=50)


def test_scores_are_compared_call_by_call() -> None:
    scores = {"Ann": {"a": 80.0, "b": 60.0, "c": 40.0}, "Ben": {"a": 82.0, "b": 58.0, "c": None}}
    found = calibrate(ratings(3), scores=scores, draws=20)
    assert found.scores_icc.value == pytest.approx(icc_2_1(np.array([[80.0, 60.0], [82.0, 58.0]])))
