"""Agents' scorecards: honest intervals, like with like, nobody ranked without reason."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_scoring import at, found, made_call, record, scored

from qa.scorecard import Scorecard, ScoredCall, as_json, coaching, difficulty, progress, scorecards
from qa.scorecard.case_mix import adjusted
from qa.scorecard.pooling import Sums, pool
from qa.scorecard.shares import pool_shares
from qa.scoring import forms
from qa.values import Answer, Detections, Finding, Span


def _cards(*groups: list[float]) -> dict[str, Scorecard]:
    records = [record("ABCDEFGH"[i], score) for i, scores in enumerate(groups) for score in scores]
    return {c.agent: c for c in scorecards(records)}


@pytest.mark.parametrize("agents", [2, 3, 6, 15])
@pytest.mark.parametrize("spread", [0.0, 3.0, 8.0])
def test_intervals_of_ninety_percent_cover_about_ninety_percent(agents: int, spread: float) -> None:
    """The agents' true levels are known, since the calls are made from them."""
    rng = np.random.default_rng(agents * 100 + int(spread))
    covered = total = 0
    pooled_error = own_error = 0.0
    for _ in range(max(40, 900 // agents)):
        levels = 75 + rng.normal(0, spread, agents)
        calls = rng.integers(1, 25, agents)
        groups = [list(rng.normal(levels[i], rng.uniform(8, 16), calls[i])) for i in range(agents)]
        pooled = pool(groups)
        covered += int(((pooled.low <= levels) & (levels <= pooled.high)).sum())
        total += agents
        pooled_error += float(((pooled.mean - levels) ** 2).sum())
        own_error += float(((np.array([np.mean(g) for g in groups]) - levels) ** 2).sum())
    share = covered / total
    print(  # noqa: T201 - the figure is the point
        f"{agents} agents, spread {spread}: intervals of 90 % cover {share:.1%} of {total} levels; "
        f"error {np.sqrt(pooled_error / total):.2f} pooled, {np.sqrt(own_error / total):.2f} alone"
    )
    assert 0.86 <= share <= (1.0 if spread == 0 else 0.96)
    assert pooled_error < own_error


def test_an_interval_of_one_agent_alone_covers_too() -> None:
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(600):
        level, calls = rng.uniform(50, 80), int(rng.integers(2, 12))
        pooled = pool([list(rng.normal(level, 10, calls))])
        inside += bool(pooled.low[0] <= level <= pooled.high[0])
    print(f"one agent alone: intervals of 90 % cover {inside / 600:.1%}")  # noqa: T201
    assert 0.86 <= inside / 600 <= 0.98


@pytest.mark.parametrize("agents", [2, 6, 15])
@pytest.mark.parametrize(("met", "missed"), [(8, 2), (2, 2), (19, 1), (1, 9), (50, 50)])
def test_intervals_of_a_criterion_cover_about_ninety_percent(agents: int, met: int, missed: int) -> None:
    """Answers are yes or no, and some questions are nearly always met: the shares are known, since they are made."""
    rng = np.random.default_rng(agents * 100 + met)
    covered = total = 0
    for _ in range(1800 // agents):
        shares, counts = rng.beta(met, missed, agents), rng.integers(3, 30, agents)
        answers = [100.0 * (rng.random(n) < p) for p, n in zip(shares, counts, strict=True)]
        pooled = pool_shares([Sums.of(list(a)) for a in answers])
        covered += int(((pooled.low <= 100 * shares) & (100 * shares <= pooled.high)).sum())
        total += agents
    print(  # noqa: T201 - the figure is the point
        f"{agents} agents, shares like {met}:{missed}: intervals of 90 % cover {covered / total:.1%} of {total}"
    )
    assert 0.84 <= covered / total <= 0.985


def test_few_calls_are_drawn_towards_the_team_and_many_speak_for_themselves() -> None:
    cards = _cards([40.0, 60.0], [72.0, 88.0] * 20, [71.0, 89.0] * 20, [66.0, 74.0] * 20, [74.0, 86.0] * 20)
    few, many = cards["A"], cards["D"]
    assert few.own_mean == 50.0
    assert few.score is not None
    assert few.score > 55.0
    assert few.kept is not None
    assert many.kept is not None
    assert few.kept < 0.8 < many.kept
    assert many.score == pytest.approx(70.0, abs=1.0)
    assert few.high - few.low > 3 * (many.high - many.low)  # type: ignore[operator]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.floats(0, 100), min_size=1, max_size=8), min_size=1, max_size=6))
def test_every_interval_holds_its_mean_within_the_scale(groups: list[list[float]]) -> None:
    pooled = pool(groups)
    assert (pooled.low >= 0).all()
    assert (pooled.high <= 100).all()
    assert (pooled.low <= pooled.mean + 1e-9).all()
    assert (pooled.mean <= pooled.high + 1e-9).all()
    assert ((pooled.kept >= 0) & (pooled.kept <= 1 + 1e-9)).all()


def test_an_agent_without_any_score_has_a_card_that_says_so() -> None:
    cards = {c.agent: c for c in scorecards([record("A", None), record("B", 80.0)])}
    assert (cards["A"].n_calls, cards["A"].n_without_score, cards["A"].score) == (0, 1, None)
    assert cards["A"].sections == ()
    assert cards["A"].comparison.verdict == "too few calls"
    assert cards["B"].score == 80.0


def test_no_records_give_no_cards() -> None:
    assert scorecards([]) == ()
    with pytest.raises(ValueError, match="every agent needs at least one score"):
        pool([[1.0], []])


def test_agents_are_told_apart_only_where_intervals_do() -> None:
    rng = np.random.default_rng(1)
    alike = {a: list(rng.normal(75, 10, 12)) for a in "ABCD"}
    cards = scorecards([record(a, s) for a, scores in alike.items() for s in scores])
    assert {c.comparison.verdict for c in cards} == {"cannot be told apart"}
    far = alike | {"E": list(rng.normal(45, 8, 25))}
    verdicts = {c.agent: c.comparison for c in scorecards([record(a, s) for a, x in far.items() for s in x])}
    assert verdicts["E"].verdict == "below the team"
    assert verdicts["E"].agent_high < verdicts["E"].team_low  # type: ignore[operator]


def test_few_false_alarms_where_all_agents_are_the_same() -> None:
    rng = np.random.default_rng(2)
    alarms = total = 0
    for _ in range(60):
        records = [record(a, float(s)) for a in "ABCDEF" for s in rng.normal(70, 12, rng.integers(5, 20))]
        cards = scorecards(records)
        alarms += sum(c.comparison.verdict != "cannot be told apart" for c in cards)
        total += len(cards)
    print(f"told apart though all are the same: {alarms} of {total}")  # noqa: T201
    assert alarms / total <= 0.02


def test_fewer_calls_than_the_minimum_are_not_compared() -> None:
    records = [record("A", 10.0) for _ in range(4)] + [record(a, 90.0) for a in "BCD" for _ in range(20)]
    by_agent = {c.agent: c.comparison.verdict for c in scorecards(records, min_calls_to_compare=5)}
    assert by_agent["A"] == "too few calls"
    assert by_agent["B"] != "too few calls"


def test_an_agent_who_takes_the_hard_queue_is_not_below_the_team_for_it() -> None:
    """Everybody scores 20 points less in complaints; A takes nothing else much."""
    rng = np.random.default_rng(4)
    records = []
    for agent, complaints in (("A", 36), ("B", 10), ("C", 10), ("D", 10)):
        for i in range(40):
            queue = "complaints" if i < complaints else "sales"
            score = 80 - 20 * (queue == "complaints") + rng.normal(0, 6)
            records.append(record(agent, float(score), queue=queue))
    card = scorecards(records)[0]
    assert card.score is not None
    assert card.score < 66
    assert card.comparison.verdict == "cannot be told apart"
    assert card.comparison.agent_score == pytest.approx(70, abs=4)
    assert [(m.queue, m.n_calls, m.team_n_calls) for m in card.mix] == [
        ("complaints", 36, 66),
        ("sales", 4, 94),
    ]


def test_no_correction_is_made_up_where_one_agent_alone_takes_a_queue() -> None:
    records = [record("A", 50.0, queue="only")] * 20 + [record("B", 80.0, queue="other")] * 20
    values = adjusted(records)
    assert values[:20].mean() == pytest.approx(50.0, abs=1.5)
    assert values[20:].mean() == pytest.approx(80.0, abs=1.5)


def test_the_trend_is_named_only_where_it_is_more_than_chance() -> None:
    rng = np.random.default_rng(6)
    rising = [
        record("A", float(60 + 3 * w + rng.normal(0, 4)), started_at=at(4) + timedelta(weeks=w))
        for w in range(8)
        for _ in range(4)
    ]
    card = scorecards(rising)[0]
    assert len(card.trend.points) == 8
    assert card.trend.says.startswith("Rising by about")
    assert card.trend.points[0].week.isoformat() == "2024-11-04"
    flat = [replace(r, evaluation=replace(r.evaluation, score=float(70 + rng.normal(0, 6)))) for r in rising]
    assert scorecards(flat)[0].trend.says == "No clear change over these weeks."
    assert scorecards(rising[:8])[0].trend.says == "Too few weeks or calls for a trend."
    assert scorecards([record("A", 50.0)])[0].trend.says == "No dated calls."


def test_dated_and_undated_calls_with_and_without_a_zone_go_together() -> None:
    from datetime import UTC

    records = [
        record("A", 70.0),
        record("A", 80.0, started_at=at(4)),
        record("A", 75.0, started_at=at(5).replace(tzinfo=UTC)),
    ]
    assert scorecards(records)[0].trend.points[0].n_calls == 2


def test_the_json_of_a_card_keeps_its_contract() -> None:
    card = scorecards([record("A", s) for s in (70.0, 80.0, 90.0)])[0]
    given = json.loads(json.dumps(as_json(card)))
    assert list(given)[:6] == ["agent", "n_calls", "score", "low", "high", "sections"]
    assert given["n_calls"] == 3
    assert set(given["sections"]["one"]) == {"score", "low", "high", "n_calls"}
    assert given["low"] < given["score"] < given["high"]


def test_ten_of_ten_is_not_taken_for_always() -> None:
    answer = Answer("a", "one", "met", 1.0, 1.0, 1.0, "Done.")
    cards = scorecards([record(a, 100.0, answers=(answer,)) for a in "AB" for _ in range(10)])
    share = cards[0].criteria[0]
    assert share.n_met == 10
    assert 95 < share.share < 100  # type: ignore[operator]
    assert share.low is not None
    assert 80 < share.low < 98


FORM = forms(Path(__file__).parent.parent / "data" / "forms").get("short")


def _history() -> list[ScoredCall]:
    """A says sorry each time and never greets; B does both. A gave nothing back before the tenth, then did."""
    records = []
    for day in range(1, 21):
        for agent in "AB":
            call = replace(made_call(call_id=f"{agent}{day}"), agent=agent, started_at=at(day))
            findings = [
                found("customer_problem", 3),
                found("apology", 4),
                found("closing", 18),
                found("solution_offer", 8),
            ]
            findings += [found("greeting", 0)] if agent == "B" else []
            findings += [found("paraphrase", 6)] if agent == "B" or day >= 10 else []
            evaluation = scored(FORM, *findings, call=call)
            records.append(ScoredCall(agent=agent, evaluation=evaluation, started_at=at(day)))
    return records


def test_coaching_names_what_costs_most_with_own_examples_and_strengths_first() -> None:
    talk = coaching(
        _history(), "A", FORM, tips={"paraphrase": "Give it back.", "ownership": "Say: I will see to it."}
    )
    assert [t.criterion for t in talk.work_on] == ["owns_it", "gives_it_back", "greets"][
        : len(talk.work_on)
    ] or {t.criterion for t in talk.work_on} <= {"owns_it", "gives_it_back", "greets"}
    back = next(t for t in talk.work_on if t.criterion == "gives_it_back")
    assert back.tip == "Give it back."
    assert back.good is not None
    assert back.missed is not None
    assert (back.good.call_id, back.missed.call_id) == ("A20", "A9")
    assert back.missed.span == Span(19.0, 21.0)  # the customer's problem: the chance that was not taken
    assert talk.strengths[0].criterion in ("acknowledges", "offers_a_solution", "closes")
    assert all(t.good and t.good.span for t in talk.strengths[:1])
    assert not {t.criterion for t in talk.strengths} & {t.criterion for t in talk.work_on}


def test_one_bad_call_makes_no_theme() -> None:
    records = [r for r in _history() if r.agent == "B" or r.evaluation.call_id == "A1"]
    assert coaching(records, "A", FORM).work_on == ()


def test_progress_since_the_last_talk_is_told_from_chance() -> None:
    rows = {p.criterion: p for p in progress(_history(), "A", FORM, since=at(10))}
    assert (rows["gives_it_back"].before, rows["gives_it_back"].since) == (0.0, 100.0)
    assert rows["gives_it_back"].verdict == "better"
    assert rows["acknowledges"].verdict == "no clear change"
    few = {p.criterion: p for p in progress(_history(), "A", FORM, since=at(2), criteria=["gives_it_back"])}
    assert list(few) == ["gives_it_back"]
    assert few["gives_it_back"].verdict == "too few calls"


@pytest.mark.parametrize(
    ("findings", "word"),
    [
        ([], "plain"),
        ([found("customer_problem", 1)], "usual"),
        ([found("customer_problem", 1), found("customer_frustration", 1), found("customer_repeat_contact", 1)], "hard"),
        ([found("customer_problem", 1), found("customer_frustration", 15), found("customer_abuse", 17)], "usual"),
        ([found("customer_abuse", 1)], "hard"),
    ],
)  # fmt: skip
def test_difficulty_is_what_the_customer_brought_not_what_the_agent_made_of_it(
    findings: list[Finding], word: str
) -> None:
    assert difficulty(made_call(), Detections("c1", tuple(findings))) == word
