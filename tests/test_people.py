"""Acknowledgements, samples, rounds, what is learned, patterns, promises, replays: each for those it is for."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from made_people import Desk, made_desk
from sqlalchemy import text

from qa.batch import Pipeline
from qa.errors import InputError, ModelError, NotAllowed
from qa.labels import parse_utterances
from qa.learn.metrics import Counts
from qa.learn.promotion import may_replace
from qa.learn.versions import keep_version, models_in_use, roll_back, use_version, version_in_use, versions
from qa.review.deciding import confirm_answers, label_finding, review_answer
from qa.review.fairness import CallFact, gaps
from qa.review.learning import export_labels, learning_rows
from qa.review.ledger import refresh_ledger
from qa.review.overturns import apply_overturns, overturns_from, wilson
from qa.review.patterns import DifficultCall, _slope, _weeks, difficult_calls, patterns, typical_words
from qa.review.replaying import replay_form
from qa.review.rounds import rate_call, round_result
from qa.review.sampling import plan_sample, sample_result, weighted_mean
from qa.scoring import Options, evaluate, parse_form
from qa.settings import Settings
from qa.store import SYSTEM, load_call
from qa.store.acknowledgements import acknowledge, acknowledgements_of, to_acknowledge
from qa.store.calibrations import close_round, list_rounds, may_see_the_program, new_round, ratings_of
from qa.store.erasure import erase, is_erased, purge_sound
from qa.store.promises import keep_follow_ups, list_promises, mark_promise, marks_of
from qa.store.reviews import LabelRow
from qa.store.samples import Candidate, SampleRow, end_sample, keep_sample, list_samples

PROMISES = "promises_only_what_will_happen"
NOW = datetime(2025, 3, 10, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return made_desk(tmp_path)


def review(desk: Desk, call: str = "c0") -> None:
    review_answer(
        desk.store, desk["rita"], desk.pipeline, call, criterion=PROMISES, outcome="met", reason="It is so."
    )


# Acknowledgements


def test_an_evaluation_is_acknowledged_once_and_again_after_a_change(desk: Desk) -> None:
    assert [row.call_id for row in to_acknowledge(desk.store, desk["amy"])] == ["c0"]
    acknowledge(desk.store, desk["amy"], "c0", comment="Fair.")
    assert to_acknowledge(desk.store, desk["amy"]) == ()
    with pytest.raises(InputError, match="acknowledged this evaluation already"):
        acknowledge(desk.store, desk["amy"], "c0")
    review(desk)
    (again,) = to_acknowledge(desk.store, desk["amy"])
    assert (again.again, again.origin) == (True, "review")
    acknowledge(desk.store, desk["amy"], "c0")
    assert [row.in_force for row in acknowledgements_of(desk.store, desk["lea"], "c0")] == [False, True]


def test_only_the_own_agent_acknowledges(desk: Desk) -> None:
    with pytest.raises(NotAllowed, match="only the agent"):
        acknowledge(desk.store, desk["lea"], "c0")
    with pytest.raises(NotAllowed, match="none of that name"):
        acknowledge(desk.store, desk["tom"], "c0")


# Samples


def candidates(n: int = 40) -> list[Candidate]:
    return [Candidate(f"c{i:02}", f"agent {i % 4}", None, None, float(i)) for i in range(n)]


def test_a_sample_stores_the_chance_each_call_had() -> None:
    made = plan_sample(candidates(), per_stratum=3, doubtful=2, seed=7, reviewers=("rita", "rob"))
    assert made == plan_sample(
        candidates()[::-1], per_stratum=3, doubtful=2, seed=7, reviewers=("rita", "rob")
    )
    assert Counter(s.stratum for s in made) == {f"agent {i}": 3 for i in range(4)} | {"doubt": 2}
    assert {s.probability for s in made} == {0.3, None}
    assert len({s.call_id for s in made}) == len(made)
    assert max(Counter(s.assigned_to for s in made).values()) == 7


def test_every_call_of_a_stratum_is_as_likely() -> None:
    drawn = Counter(
        s.call_id for seed in range(400) for s in plan_sample(candidates(8), per_stratum=1, seed=seed)
    )
    assert min(drawn.values()) > 150
    assert max(drawn.values()) < 250


def sampled(call: str, stratum: str, probability: float | None, score: float) -> SampleRow:
    return SampleRow("r", call, None, stratum, probability, None, "done", score, score, NOW, NOW)


def test_a_mean_weighs_calls_by_those_they_stand_for_and_leaves_doubt_out() -> None:
    rows = [sampled(f"a{i}", "a", 0.1, 50.0 + i) for i in range(2)] + [
        sampled(f"b{i}", "b", 1.0, 90.0) for i in range(5)
    ]
    rows.append(sampled("d", "doubt", None, 0.0))
    found = weighted_mean(rows, {r.call_id: r.score or 0.0 for r in rows})
    assert found.mean == pytest.approx((20 * 50.5 + 5 * 90.0) / 25)
    assert (found.n, found.of) == (7, 25.0)
    assert found.low is not None
    assert found.low < 58.4 < (found.high or 0)


def test_the_interval_of_a_sample_holds_the_mean_of_all_calls() -> None:
    rng = np.random.default_rng(0)
    truth = {c.call_id: float(70 + 8 * (i % 4) + rng.normal(0, 10)) for i, c in enumerate(candidates(200))}
    mean, held = np.mean(list(truth.values())), 0
    for seed in range(200):
        made = plan_sample(candidates(200), per_stratum=6, seed=seed)
        rows = [sampled(s.call_id, s.stratum, s.probability, truth[s.call_id]) for s in made]
        found = weighted_mean(rows, truth)
        held += (found.low or 0) <= mean <= (found.high or 0)
    assert 0.84 <= held / 200 <= 0.96


def test_a_sample_is_kept_once_and_followed(desk: Desk) -> None:
    made = plan_sample([Candidate("c0", "Priya Nair", None, None, 1.0)], reviewers=("rita",))
    keep_sample(desk.store, desk["lea"], round_name="w1", seed=0, samples=made)
    with pytest.raises(InputError, match="never changed"):
        keep_sample(desk.store, desk["lea"], round_name="w1", seed=0, samples=made)
    (row,) = list_samples(desk.store, desk["rita"], mine=True, state="waiting")
    assert (row.call_id, row.probability) == ("c0", 1.0)
    review(desk)
    end_sample(desk.store, desk["rita"], "w1", "c0", state="done")
    (row,) = list_samples(desk.store, desk["lea"], round_name="w1")
    assert row.score == 100.0
    assert sample_result([row])["moved"].mean == pytest.approx(100.0 - (row.program_score or 0))
    with pytest.raises(NotAllowed):
        list_samples(desk.store, desk["amy"])


# Calibration rounds


def test_a_round_is_blind_until_it_is_closed(desk: Desk) -> None:
    round_id = new_round(
        desk.store, desk["lea"], name="w1", form="default.v1", calls=["c0"], raters=["rita", "rob"]
    )
    assert not may_see_the_program(desk.store, desk["rita"], "c0")
    rate_call(
        desk.store, desk["rita"], round_id, "c0", {PROMISES: ("met", None), "acknowledges": ("met", None)}
    )
    rate_call(desk.store, desk["rob"], round_id, "c0", {PROMISES: ("missed", None)})
    rate_call(desk.store, desk["rob"], round_id, "c0", {PROMISES: ("met", 1.0)})
    assert {r.rater for r in ratings_of(desk.store, desk["rob"], round_id)} == {"rob"}
    with pytest.raises(InputError, match="once it is closed"):
        round_result(desk.store, desk["rita"], desk.pipeline, round_id)
    with pytest.raises(NotAllowed, match="no rater"):
        rate_call(desk.store, desk["leo"], round_id, "c0", {PROMISES: ("met", None)})
    assert list_rounds(desk.store, desk["amy"]) == ()
    close_round(desk.store, desk["lea"], round_id)
    found = round_result(desk.store, desk["rita"], desk.pipeline, round_id, draws=10)
    assert found.raters == ("rita", "rob", "program")
    row = next(c for c in found.criteria if c.criterion == PROMISES)
    assert (row.n_ratings, row.agreement.value) == (3, pytest.approx(1 / 3))
    assert may_see_the_program(desk.store, desk["rita"], "c0")
    with pytest.raises(InputError, match="is closed"):
        rate_call(desk.store, desk["rob"], round_id, "c0", {PROMISES: ("met", None)})


@pytest.mark.parametrize(
    ("about", "wrong"),
    [
        ({"raters": ["rita"]}, "two raters"),
        ({"raters": ["rita", "amy"]}, "amy: no account that may rate"),
        ({"form": "other.v1"}, "c0: not scored by other.v1"),
    ],
)
def test_a_round_that_can_not_be_is_one_line(desk: Desk, about: dict[str, object], wrong: str) -> None:
    given = {"name": "w", "form": "default.v1", "calls": ["c0"], "raters": ["rita", "rob"]} | about
    with pytest.raises(InputError, match=wrong):
        new_round(desk.store, desk["lea"], **given)  # type: ignore[arg-type]


# Learning


def label(n: int, *, present: bool, behaviour: str = "refusal", dispute: str | None = None) -> LabelRow:
    return LabelRow(n, f"c{n}", behaviour, present, f"f{n}-0", 1, 1.0, 2.0, "", "Rita", NOW, dispute)


def test_a_behaviour_that_is_often_taken_back_is_advice_only() -> None:
    labels = [label(n, present=n % 2 == 0) for n in range(30)]
    labels += [label(n, present=False, behaviour="blame", dispute="d1") for n in range(4)]
    rows = {row.behaviour: row for row in overturns_from(labels, limit=0.3, least=10)}
    assert (rows["refusal"].share, rows["refusal"].advice_only) == (0.5, True)
    assert (rows["blame"].judged, rows["blame"].disputed, rows["blame"].advice_only) == (4, 4, False)
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_latest_word_on_a_finding_counts() -> None:
    rows = overturns_from([label(1, present=False), label(1, present=True)], limit=0.3, least=1)
    assert (rows[0].judged, rows[0].overturned) == (1, 0)


def test_what_is_advice_only_takes_no_part_in_the_score(desk: Desk) -> None:
    stored = load_call(desk.store, SYSTEM, "c0")
    form = desk.pipeline.forms.get("default")
    because = "Advice only: people took back 6 of 10 of its findings."
    options = Options(advice_only={"over_promise": because})
    found = {a.criterion: a for a in evaluate(stored.call, stored.detections, form, options=options).answers}
    assert (found[PROMISES].outcome, found[PROMISES].reason) == ("not_measured", because)
    assert found["acknowledges"].outcome == "met"


def test_advice_only_reaches_the_next_program_that_starts(tmp_path: Path) -> None:
    desk = made_desk(tmp_path, calls=2, min_overturn_judged=1, max_overturn_share=0.2)
    for call in ("c0", "c1"):
        stored = load_call(desk.store, SYSTEM, call)
        by = dict(zip((f.behaviour for f in stored.detections.findings), stored.finding_ids, strict=True))
        label_finding(
            desk.store,
            desk["rita"],
            desk.pipeline,
            call,
            present=False,
            reason="No.",
            finding=by["over_promise"],
        )
    assert set(apply_overturns(desk.store, desk["lea"], desk.settings)) == {"over_promise"}
    assert "over_promise" in Pipeline(desk.settings).options.advice_only
    with pytest.raises(NotAllowed):
        apply_overturns(desk.store, desk["rita"], desk.settings)


def test_decisions_become_rows_that_training_reads(desk: Desk, tmp_path: Path) -> None:
    stored = load_call(desk.store, SYSTEM, "c0")
    by = dict(zip((f.behaviour for f in stored.detections.findings), stored.finding_ids, strict=True))
    label_finding(
        desk.store, desk["rita"], desk.pipeline, "c0", present=False, reason="No.", finding=by["over_promise"]
    )
    (row,) = learning_rows(desk.store, desk["lea"])
    assert row.behaviours == ("empathy",)
    assert row.judged == ("over_promise",)
    assert export_labels(desk.store, desk["lea"], tmp_path / "out") == {"over_promise": 1}
    (read,) = parse_utterances(tmp_path / "out" / "utterances" / "over_promise.txt")
    assert (read.text, read.behaviours) == (stored.call.turns[2].text, frozenset({"empathy"}))
    assert [who for who, _ in read.context] == ["agent", "customer"]
    with pytest.raises(NotAllowed):
        learning_rows(desk.store, desk["rita"])


def calls_with(hit: int, miss: int, *, n: int = 40) -> list[dict[str, Counts]]:
    return [
        {"empathy": Counts(hit, 0, miss), "rare": Counts(1, 0, 0) if i == 0 else Counts()} for i in range(n)
    ]


def test_a_worse_model_does_not_replace_and_a_better_one_does() -> None:
    assert may_replace(calls_with(3, 1), calls_with(4, 0)).allowed
    assert may_replace(calls_with(3, 1), calls_with(3, 1)).allowed
    worse = may_replace(calls_with(3, 1), calls_with(2, 2))
    assert not worse.allowed
    assert [row.name for row in worse.against] == ["all", "empathy"]
    assert next(row for row in worse.rows if row.name == "rare").holds
    with pytest.raises(ValueError, match="the same calls"):
        may_replace(calls_with(1, 0), calls_with(1, 0, n=3))


def test_a_model_is_put_in_force_and_rolled_back(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", models=tmp_path / "models")
    made = []
    for n in range(2):
        trained = tmp_path / f"trained{n}"
        trained.mkdir()
        (trained / "card.json").write_text(json.dumps({"heads_sha256": str(n)}))
        made.append(keep_version(settings, trained))
    assert version_in_use(settings) == "shipped"
    for version in made:
        use_version(settings, version)
    assert models_in_use(settings) == settings.home / "models" / made[1]
    assert set(versions(settings)) == {"shipped", *made}
    assert roll_back(settings) == made[0]
    assert roll_back(settings) == "shipped"
    with pytest.raises(ModelError, match="nothing to go back to"):
        roll_back(settings)
    with pytest.raises(ModelError, match="no version nonsense"):
        use_version(settings, "nonsense")


# Difficult calls and fairness


def test_typical_words_are_those_said_more_in_such_calls() -> None:
    inside = Counter({"refund": 12, "the": 20, "supervisor": 8})
    everything = inside + Counter({"the": 400, "parcel": 90, "refund": 3})
    assert typical_words(inside, everything) == ("refund", "supervisor")


def test_difficult_calls_are_ranked_and_seen_by_those_who_may(desk: Desk) -> None:
    assert difficult_calls(desk.store, desk["lea"], least=0.0)[0].call_id == "c0"
    assert difficult_calls(desk.store, desk["tom"], least=0.0) == ()
    assert patterns(desk.store, desk["lea"]) == ()


def test_a_trend_counts_the_weeks_without_such_calls() -> None:
    days = [date(2025, 3, 3), date(2025, 3, 18), date(2025, 3, 19)]
    rows = [DifficultCall(str(d), "a", None, d, 2.0, ("x",), 50.0, False) for d in days]
    weeks = _weeks(rows)
    assert [n for _, n in weeks] == [1, 0, 2]
    assert _slope(weeks) == 0.5


def facts(*, heard_worse: bool) -> tuple[list[CallFact], dict[str, dict[str, str]]]:
    """Ten agents of each site; the south scores 10 lower, by the recogniser or by itself."""
    rng = np.random.default_rng(4)
    rows, groups = [], {}
    for n in range(20):
        agent, south = f"agent {n}", n % 2 == 1
        groups[agent] = {"site": "south" if south else "north"}
        for i in range(8):
            doubt = rng.uniform(0, 0.1) + (0.2 if south and heard_worse else 0.0)
            score = 80 - 50 * doubt + rng.normal(0, 2) - (10 if south and not heard_worse else 0)
            rows.append(CallFact(f"{agent}-{i}", agent, score, 1 - doubt))
    return rows, groups


def test_a_gap_that_is_the_recognisers_vanishes_at_equal_confidence() -> None:
    (first, _) = gaps(*facts(heard_worse=True), draws=100)
    assert abs(first.score.value or 0) == pytest.approx(10, abs=1.5)
    assert "vanishes" in first.says
    (first, _) = gaps(*facts(heard_worse=False), draws=100)
    assert "stay so" in first.says


def test_a_group_in_which_a_person_could_be_recognised_is_not_shown() -> None:
    rows, groups = facts(heard_worse=False)
    small = {agent: {"site": "east" if agent == "agent 1" else "north"} for agent in groups}
    assert gaps(rows, small, draws=10) == ()


def test_what_is_not_known_of_one_side_is_not_said_to_vanish() -> None:
    rows, groups = facts(heard_worse=True)
    deaf = [replace(f, confidence=None) if groups[f.agent]["site"] == "north" else f for f in rows]
    (first, _) = gaps(deaf, groups, draws=50)
    assert first.score_adjusted.value is None
    assert "too few of these calls" in first.says


# Promises, replays, erasure


def test_promises_are_kept_marked_and_seen_by_those_who_may(tmp_path: Path) -> None:
    from qa.promises import FollowUp, Promise
    from qa.store.promises import keep_ledger
    from qa.values import Span

    desk = made_desk(tmp_path)
    due = NOW - timedelta(days=1)
    made = Promise(
        "c0:2:0", "c0", "Priya Nair", "C-1", "deliveries", "agent", "I will call you.", "contact", "Sunday",
        due, None, due - timedelta(days=6), Span(9.5, 12.0), 0.9,
    )  # fmt: skip
    keep_ledger(desk.store, desk["lea"], [made])
    (row,) = list_promises(desk.store, desk["amy"], overdue_only=True, now=NOW)
    assert (row.due_at, row.overdue, row.agent) == (due, True, "Priya Nair")
    assert list_promises(desk.store, desk["tom"]) == ()
    mark_promise(desk.store, desk["amy"], "c0:2:0", status="kept", note="Called on Saturday.")
    (row,) = list_promises(desk.store, desk["lea"], now=NOW)
    assert (row.status, row.because) == ("kept", "Marked by Amy. Called on Saturday.")
    assert [m.by for m in marks_of(desk.store, desk["lea"], "c0:2:0")] == ["Amy"]
    with pytest.raises(NotAllowed, match="none of that name"):
        mark_promise(desk.store, desk["tom"], "c0:2:0", status="broken")
    follow_up = FollowUp(True, customer="C-1", what="call")
    assert keep_follow_ups(desk.store, desk["lea"], [follow_up, follow_up][:1]) == 1
    assert keep_follow_ups(desk.store, desk["lea"], [follow_up]) == 0
    assert refresh_ledger(desk.store, desk["lea"], desk.settings, now=NOW) == 0


def test_a_new_form_is_tried_on_past_calls_and_keeps_nothing(desk: Desk) -> None:
    text_of = (desk.settings.data / "forms" / "default.v1.yaml").read_text()
    form = parse_form(text_of.replace("default.v1", "default.v2").replace("weight: 1", "weight: 8"))
    found = replay_form(desk.store, desk["lea"], desk.pipeline, form)
    assert [c.call_id for c in found.newly_failing] == ["c0"]
    assert found.agents[0].after < found.agents[0].before
    assert load_call(desk.store, SYSTEM, "c0").evaluation.form == "default.v1"
    review(desk)
    assert replay_form(desk.store, desk["lea"], desk.pipeline, form).newly_failing == ()


def test_an_erased_call_keeps_its_score_and_says_nothing_more(desk: Desk) -> None:
    review(desk)
    acknowledge(desk.store, desk["amy"], "c0", comment="The parcel came in the end.")
    before = load_call(desk.store, SYSTEM, "c0")
    with pytest.raises(NotAllowed):
        erase(desk.store, desk["lea"], reason="asked", call_id="c0")
    done = erase(desk.store, desk["ada"], reason="asked", customer="C-1")
    assert (done.calls, done.files) == (("c0",), 1)
    after = load_call(desk.store, SYSTEM, "c0")
    assert is_erased(desk.store, "c0")
    assert after.evaluation.score == before.evaluation.score
    assert {t.text for t in after.call.turns} == {"erased"}
    assert [(a.criterion, a.outcome, a.points) for a in after.evaluation.answers] == [
        (a.criterion, a.outcome, a.points) for a in before.evaluation.answers
    ]
    tables = (
        "turn",
        "finding",
        "transcript",
        "evaluation",
        "call",
        "review",
        "acknowledgement",
        "call_text",
        "job",
    )
    for table in tables:
        with desk.store.reading() as connection:
            kept = str(connection.execute(text(f"SELECT * FROM {table}")).all())
        for said in ("parcel", "C-1", "It is so"):
            assert said not in kept, (table, said)
    with pytest.raises(Exception, match="append-only"), desk.store.writing() as connection:
        connection.execute(text("UPDATE evaluation SET score = 1"))
    with pytest.raises(NotAllowed, match="not erased yet"):
        erase(desk.store, desk["ada"], reason="asked", call_id="c0")


def test_recordings_go_when_their_time_is_over(desk: Desk) -> None:
    sound = desk.store.home / "recordings" / "x.wav"
    sound.parent.mkdir(parents=True, exist_ok=True)
    sound.write_bytes(b"x")
    with desk.store.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO recording (sha256, path, size_bytes, created_at) "
                "VALUES ('x', 'recordings/x.wav', 1, 1)"
            )
        )
    assert purge_sound(desk.store, desk["ada"], keep_days=None) == 0
    assert purge_sound(desk.store, desk["ada"], keep_days=30, dry_run=True) == 1
    assert sound.exists()
    assert purge_sound(desk.store, desk["ada"], keep_days=30) == 1
    assert not sound.exists()
    assert purge_sound(desk.store, desk["ada"], keep_days=30) == 0


def test_agreeing_is_no_overturn(desk: Desk) -> None:
    confirm_answers(desk.store, desk["rita"], desk.pipeline, "c0")
    assert learning_rows(desk.store, desk["lea"]) == ()
