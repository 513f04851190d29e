"""Probabilities of texts that are handed in without a call."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.learn.alone import ALONE_SHARE, as_alone
from qa.learn.train import alone_scale

P = st.floats(0.001, 0.999)


@settings(deadline=None)
@given(P, P)
def test_a_likelier_text_stays_likelier_alone(one: float, other: float) -> None:
    for scales in ({}, {"apology": (1.2, 2.0)}):
        low, high = (as_alone(p, "apology", scales=scales, share_of_turns=0.02) for p in sorted((one, other)))
        assert 0.0 < low <= high < 1.0


def test_without_a_scale_the_prior_alone_changes() -> None:
    assert as_alone(0.02, "apology", scales={}, share_of_turns=0.02) == pytest.approx(ALONE_SHARE)


def test_what_is_certain_stays_certain() -> None:
    for p in (0.0, 1.0):
        assert as_alone(p, "apology", scales={"apology": (1.0, 3.0)}, share_of_turns=0.02) == p


def test_a_scale_makes_probabilities_of_utterances_true_at_their_prior() -> None:
    rng = np.random.default_rng(5)
    evidence = rng.normal(0, 2, 20_000)
    y = (rng.random(20_000) < 1 / (1 + np.exp(-evidence))).astype(np.int64)
    timid = 1 / (1 + np.exp(-(0.5 * evidence - 3)))  # as a classifier for calls would have it
    scale = alone_scale(timid, y)
    assert scale is not None
    told = np.asarray([as_alone(p, "b", scales={"b": scale}, share_of_turns=0.02) for p in timid])
    weight = np.where(y == 1, ALONE_SHARE / y.mean(), (1 - ALONE_SHARE) / (1 - y.mean()))
    for low, high in ((0.05, 0.2), (0.2, 0.5), (0.5, 0.8)):
        mine = (told >= low) & (told < high)
        share = float(np.average(y[mine], weights=weight[mine]))
        assert share == pytest.approx(float(np.average(told[mine], weights=weight[mine])), abs=0.04)


def test_no_scale_is_made_of_a_few_utterances_or_of_noise_that_points_the_wrong_way() -> None:
    assert alone_scale(np.full(50, 0.3), np.asarray([1] * 10 + [0] * 40)) is None
    backwards = np.asarray([0.1] * 100 + [0.9] * 100)
    assert alone_scale(backwards, np.asarray([1] * 100 + [0] * 100)) is None
