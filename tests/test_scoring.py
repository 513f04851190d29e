"""From findings to a score: five outcomes, a waterfall that adds up, and the smallest change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_scoring import answer_of, findings_made, forms_made, found, made_call, made_form, scored

from qa.scoring import Form, Mark, Options, SmallestChange, forms, smallest_change
from qa.scoring.form import PerOpportunity, Presence
from qa.scoring.measure import combined
from qa.scoring.tally import sheet_of, totals
from qa.settings import load_settings
from qa.values import Evaluation, Finding, Silence, Timing, Turn

FORMS = forms(Path(__file__).parent.parent / "data" / "forms")

SORRY = made_form(
    """
- id: sorry
  question: Did the agent say sorry?
  answered_by: presence
  behaviours: [apology]
  applies_when: {any_of: [customer_problem]}
  weight: 2
- id: no_refusal
  question: Did the agent avoid a bare no?
  answered_by: absence
  behaviours: [refusal]
  weight: 2
"""
)
PROBLEM = found("customer_problem", 3)
SURE = sorted(b for b in FORMS.get("default").behaviours() if ":" not in b and b != "hold_request")


@pytest.mark.parametrize(
    ("findings", "outcome", "says"),
    [
        ([], "not_applicable", "No occasion: no customer problem in this call."),
        ([PROBLEM], "missed", "Not heard between 0:00 and 1:59: apology. There was reason to at 0:19."),
        ([PROBLEM, found("apology", 6)], "met", "Apology at 0:37."),
        ([PROBLEM, found("apology", 6, 0.5)], "uncertain", "Possible apology at 0:37. Too unsure to say: 50%"),
        ([PROBLEM, found("apology", 6, 0.2)], "missed", "Not heard"),
        ([found("customer_problem", 3, 0.5)], "uncertain", "unsure whether it had a chance: customer problem at 0:19"),
        ([found("customer_problem", 3, 0.2)], "not_applicable", "No occasion"),
    ],
)  # fmt: skip
def test_the_five_outcomes_follow_from_the_findings(findings: list[Finding], outcome: str, says: str) -> None:
    answer = answer_of(scored(SORRY, *findings), "sorry")
    assert answer.outcome == outcome
    assert says in answer.reason
    assert (answer.points, answer.max_points) == {"met": (2, 2), "missed": (0, 2)}.get(outcome, (0, 0))


def test_a_missed_answer_carries_the_chance_and_the_stretch_that_was_searched() -> None:
    answer = answer_of(scored(SORRY, PROBLEM), "sorry")
    assert answer.opportunity == (PROBLEM,)
    assert answer.evidence == ()
    assert (answer.searched.start, answer.searched.end) == (0.0, 119.5)  # type: ignore[union-attr]


def test_a_met_answer_carries_what_was_found() -> None:
    sorry = found("apology", 6, 0.9)
    answer = answer_of(scored(SORRY, PROBLEM, sorry), "sorry")
    assert answer.evidence == (sorry,)
    assert answer.probability == 0.9


def test_what_the_recording_cannot_show_is_not_measured_unless_it_was_found_all_the_same() -> None:
    one_channel = [("refusal", "the recording has one channel")]
    answer = answer_of(scored(SORRY, not_measured=one_channel), "no_refusal")
    assert (answer.outcome, answer.reason) == ("not_measured", "The recording has one channel.")
    answer = answer_of(scored(SORRY, found("refusal", 4), not_measured=one_channel), "no_refusal")
    assert answer.outcome == "missed"


def test_a_chance_that_cannot_be_measured_makes_the_answer_not_measured() -> None:
    answer = answer_of(scored(SORRY, not_measured=[("customer_problem", "no customer channel")]), "sorry")
    assert answer.outcome == "not_measured"
    assert "can't be told: No customer channel." in answer.reason


def test_a_criterion_without_a_chance_takes_no_part_in_the_score() -> None:
    assert scored(SORRY).score == 100.0
    assert scored(SORRY, PROBLEM).score == 50.0


def test_no_total_is_given_under_the_measured_share() -> None:
    evaluation = scored(SORRY, PROBLEM, not_measured=[("refusal", "one channel"), ("apology", "noise")])
    assert (evaluation.score, evaluation.measured_share) == (None, 0.0)
    assert (
        evaluation.why_no_score == "No total: none of the form's questions could be answered for this call."
    )
    half = scored(SORRY, PROBLEM, not_measured=[("refusal", "one channel")])
    assert (half.score, half.measured_share) == (0.0, 0.5)
    strict = scored(SORRY, PROBLEM, not_measured=[("refusal", "x")], options=Options(min_measured_share=0.6))
    assert strict.score is None
    assert strict.why_no_score == (
        "No total: only 50% of what applies to this call could be answered, 60% is needed."
    )


def test_questions_for_a_person_wait_without_costing_anything_and_then_count() -> None:
    form = made_form(
        """
- {id: terms, question: "Terms read out?", answered_by: manual, guidance: Listen., weight: 8, fails: evaluation}
- {id: no_refusal, question: "No bare no?", answered_by: absence, behaviours: [refusal], weight: 2}
"""
    )
    waiting = scored(form)
    assert answer_of(waiting, "terms").outcome == "not_measured"
    assert (waiting.score, waiting.measured_share) == (100.0, 1.0)
    half = scored(form, marks=[Mark(criterion="terms", share=0.5, by="Ada")])
    assert (half.score, half.auto_failed_by) == (0.0, "terms")
    done = scored(form, marks=[Mark(criterion="terms", share=1.0, by="Ada", note="Both pages.")])
    assert done.score == 100.0
    assert answer_of(done, "terms").reason == "Answered by Ada. Both pages."
    away = scored(form, marks=[Mark(criterion="terms", share=None, by="Ada")])
    assert answer_of(away, "terms").outcome == "not_applicable"


def test_a_persons_answer_stands_in_place_of_the_programs() -> None:
    evaluation = scored(SORRY, found("refusal", 4), marks=[Mark(criterion="no_refusal", share=1.0, by="Ada")])
    assert (evaluation.score, evaluation.low, evaluation.high) == (100.0, 100.0, 100.0)


PER_EVENT = made_form(
    """
- id: no_refusal
  question: Did the agent avoid a bare no?
  answered_by: per_event
  behaviours: [refusal]
  off_each: 1.5
  free: 1
  floor: 0.5
  weight: 4
"""
)


@pytest.mark.parametrize(("events", "points"), [(0, 4), (1, 4), (2, 2.5), (3, 1.0), (4, 0.5), (9, 0.5)])
def test_points_come_off_for_each_event_down_to_the_floor(events: int, points: float) -> None:
    answer = answer_of(scored(PER_EVENT, *[found("refusal", 2 * i) for i in range(events)]), "no_refusal")
    assert answer.points == points
    assert answer.outcome == ("met" if points == 4 else "missed")


@pytest.mark.parametrize(("events", "share"), [(0, 1.0), (1, 0.5), (2, 0.5), (3, 0.0)])
def test_bands_give_a_share_by_count(events: int, share: float) -> None:
    form = made_form(
        """
- id: silence
  question: No silence?
  answered_by: bands
  behaviours: [dead_air]
  bands: [{up_to: 0, share: 1}, {up_to: 2, share: 0.5}, {share: 0}]
  met_from: 0.5
  weight: 4
"""
    )
    answer = answer_of(scored(form, *[found("dead_air", 2 * i) for i in range(events)]), "silence")
    assert answer.points == 4 * share
    assert answer.outcome == ("met" if share >= 0.5 else "missed")


def test_bands_can_count_by_the_minute() -> None:
    form = made_form(
        """
- id: silence
  question: No silence?
  answered_by: bands
  behaviours: [dead_air]
  measure: per_minute
  bands: [{up_to: 1, share: 1}, {share: 0}]
  weight: 4
"""
    )
    three = [found("dead_air", 2 * i) for i in range(3)]
    assert scored(form, *three, call=made_call(turns=20)).score == 0.0  # three in two minutes
    assert scored(form, *three, call=made_call(turns=40)).score == 100.0  # three in four


EACH_TIME = made_form(
    """
- id: each
  question: Each time acknowledged?
  answered_by: per_opportunity
  opportunities: [customer_frustration]
  behaviours: [empathy, apology]
  within_turns: 2
  weight: 4
"""
)


@pytest.mark.parametrize(
    ("frustrated", "acknowledged", "outcome", "points"),
    [
        ([], [4], "not_applicable", 0),
        ([3], [4], "met", 4),
        ([3], [6], "met", 4),  # the agent's second turn after it
        ([3], [8], "missed", 0),  # the third is too late
        ([3], [2], "missed", 0),  # before it happened
        ([3, 9], [4], "missed", 2),
        ([3, 9], [4, 10], "met", 4),
        ([19], [], "not_applicable", 0),  # the call ends before the agent could answer
    ],
)
def test_each_opportunity_is_looked_for_in_the_agents_next_turns(
    frustrated: list[int], acknowledged: list[int], outcome: str, points: float
) -> None:
    findings = [found("customer_frustration", t) for t in frustrated] + [
        found("empathy", t) for t in acknowledged
    ]
    answer = answer_of(scored(EACH_TIME, *findings), "each")
    assert (answer.outcome, answer.points) == (outcome, points)


def test_a_missed_opportunity_is_the_one_that_was_not_answered() -> None:
    second = found("customer_frustration", 9)
    answer = answer_of(
        scored(EACH_TIME, found("customer_frustration", 3), found("empathy", 4), second), "each"
    )
    assert answer.opportunity == (second,)
    assert (answer.searched.start, answer.searched.end) == (55.0, 77.5)  # type: ignore[union-attr]
    assert answer.reason == (
        "1 of 2 occasions were answered; not heard within the agent's next 2 turns after "
        "customer frustration at 0:55: empathy or apology."
    )


def test_a_sign_of_listening_uses_up_no_turn_to_answer_in() -> None:
    call = made_call(texts={4: "mm-hm", 6: "right"})
    findings = [found("customer_frustration", 3), found("backchannel", 4), found("backchannel", 6)]
    assert answer_of(scored(EACH_TIME, *findings, found("empathy", 10), call=call), "each").outcome == "met"
    assert (
        answer_of(scored(EACH_TIME, *findings, found("empathy", 12), call=call), "each").outcome == "missed"
    )


def test_two_feelings_heard_before_one_answer_are_one_opportunity() -> None:
    findings = [found("customer_frustration", 3), found("customer_frustration", 3), found("apology", 4)]
    assert answer_of(scored(EACH_TIME, *findings), "each").reason == "1 of 1 occasion was answered."


ONLY_AFTER = made_form(
    """
- id: boundary
  question: A boundary after abuse?
  answered_by: presence
  behaviours: [boundary]
  applies_when: {any_of: [customer_abuse], only_after: true}
  weight: 1
"""
)


@pytest.mark.parametrize(("turn", "outcome"), [(2, "missed"), (6, "met")])
def test_only_what_follows_the_condition_counts_where_the_form_says_so(turn: int, outcome: str) -> None:
    answer = answer_of(scored(ONLY_AFTER, found("customer_abuse", 5), found("boundary", turn)), "boundary")
    assert answer.outcome == outcome
    if outcome == "missed":
        assert "between 0:31 and 1:59" in answer.reason


def test_every_one_of_all_of_must_have_happened() -> None:
    form = made_form(
        """
- id: suits
  question: Asked if it suits?
  answered_by: presence
  behaviours: [acceptance_check]
  applies_when: {all_of: [customer_problem, solution_offer], only_after: true}
  weight: 1
"""
    )
    assert answer_of(scored(form, PROBLEM), "suits").outcome == "not_applicable"
    early = scored(form, PROBLEM, found("solution_offer", 8), found("acceptance_check", 6))
    assert answer_of(early, "suits").outcome == "missed"
    assert (
        answer_of(
            scored(form, PROBLEM, found("solution_offer", 8), found("acceptance_check", 8)), "suits"
        ).outcome
        == "met"
    )


def test_a_hold_is_known_from_its_announcement_or_from_the_sound() -> None:
    form = made_form(
        """
- id: back
  question: Thanks after each hold?
  answered_by: per_opportunity
  opportunities: ["call:hold"]
  behaviours: [hold_return]
  within_turns: 1
  weight: 1
"""
    )
    assert scored(form).score is None
    assert scored(form, found("hold_request", 4), found("hold_return", 6)).score == 100.0
    music = replace(made_call(), timing=Timing("sound", silences=(Silence(30.0, 35.0, "music"),)))
    assert scored(form, call=music).score == 0.0
    before_anyone = replace(made_call(), timing=Timing("sound", silences=(Silence(0.0, 1.0, "music"),)))
    assert scored(form, call=before_anyone).score is None


def test_a_fact_that_no_finding_carries_is_not_measured() -> None:
    form = made_form(
        """
- id: warm
  question: A warm transfer?
  answered_by: presence
  behaviours: [transfer]
  where: {kind: warm}
  applies_when: {any_of: [transfer]}
  weight: 1
- {id: other, question: "No no?", answered_by: absence, behaviours: [refusal], weight: 9}
"""
    )
    assert answer_of(scored(form, found("transfer", 4, kind="warm")), "warm").outcome == "met"
    assert answer_of(scored(form, found("transfer", 4, kind="cold")), "warm").outcome == "missed"
    assert answer_of(scored(form, found("transfer", 4)), "warm").outcome == "not_measured"


FAILING = """
- {{id: a, question: "Respectful?", answered_by: absence, behaviours: [hostility], weight: 1, fails: {fails}}}
- {{id: b, question: "Sorry?", answered_by: presence, behaviours: [apology], weight: 9}}
"""


@pytest.mark.parametrize(
    ("fails", "effect", "score", "failed_by"),
    [
        ("section", "zero", 0.0, None),
        ("evaluation", "zero", 0.0, "a"),
        ("evaluation", "cap:40", 40.0, "a"),
        ("evaluation", "mark", 90.0, "a"),
    ],
)
def test_failing_a_criterion_takes_with_it_what_the_form_says(
    fails: str, effect: str, score: float, failed_by: str | None
) -> None:
    form = made_form(FAILING.format(fails=fails), head=f"auto_fail: {effect}")
    evaluation = scored(form, found("hostility", 4), found("apology", 6))
    assert (evaluation.score, evaluation.auto_failed_by) == (score, failed_by)
    assert evaluation.passed is False if failed_by else True
    assert scored(form, found("apology", 6)).score == 100.0


def test_an_auto_fail_needs_more_certainty_than_a_miss() -> None:
    form = made_form(FAILING.format(fails="evaluation"))
    evaluation = scored(form, found("hostility", 4, 0.7), found("apology", 6))
    assert answer_of(evaluation, "a").outcome == "missed"
    assert (evaluation.score, evaluation.auto_failed_by) == (90.0, None)


def test_a_bonus_adds_and_never_costs() -> None:
    form = made_form(
        """
- {id: a, question: "Sorry?", answered_by: presence, behaviours: [apology], weight: 1}
- {id: c, question: "No no?", answered_by: absence, behaviours: [refusal], weight: 1}
- {id: b, question: "A gift?", answered_by: presence, behaviours: [goodwill_gesture], weight: 5, bonus: true}
"""
    )
    assert scored(form).score == 50.0
    assert scored(form, found("goodwill_gesture", 4)).score == 55.0
    full = scored(form, found("apology", 2), found("goodwill_gesture", 4))
    assert full.score == 100.0
    assert [(s.kind, s.points) for s in full.waterfall[-3:]] == [
        ("bonus", 5.0),
        ("cap", -5.0),
        ("total", 100.0),
    ]
    assert answer_of(scored(form), "b").outcome == "not_applicable"


def test_weight_without_an_answer_stays_in_its_section_where_the_form_says_so() -> None:
    text = """
sections:
  - id: one
    title: One
    criteria:
      - id: a
        question: Sorry?
        answered_by: presence
        behaviours: [apology]
        applies_when: {any_of: [customer_problem]}
        weight: 3
      - {id: b, question: "Greet?", answered_by: presence, behaviours: [greeting], weight: 1}
  - id: two
    title: Two
    criteria:
      - {id: c, question: "No no?", answered_by: absence, behaviours: [refusal], weight: 4}
"""
    from made_scoring import HEAD

    from qa.scoring import parse_form

    assert scored(parse_form(f"{HEAD}unanswered: form{text}")).score == 80.0
    assert scored(parse_form(f"{HEAD}unanswered: section{text}")).score == 50.0


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (made_call(turns=2), "lasts 12 s, less than the 20 s"),
        (made_call(turns=0), "nothing was said"),
        (replace(made_call(), turns=made_call().turns[::2]), "the customer does not speak"),
        (replace(made_call(), turns=made_call().turns[1::2]), "the agent does not speak"),
        (
            made_call(turns=4, turn_s=9, texts={1: "Hi, this is Jo. Please leave a message after the tone.", 3: ""}),
            "only an answering machine",
        ),
        (
            replace(made_call(), turns=(Turn("customer", 0, 30, "..."), Turn("agent", 31, 40, "Hello?"))),
            "the customer does not",
        ),
    ],
)  # fmt: skip
def test_calls_that_are_no_conversation_are_not_scored_and_say_so(call: object, says: str) -> None:
    evaluation = scored(FORMS.get("default"), call=call)  # type: ignore[arg-type]
    assert evaluation.score is None
    assert evaluation.why_no_score is not None
    assert evaluation.why_no_score.startswith("Not scored: ")
    assert says in evaluation.why_no_score
    assert (evaluation.low, evaluation.expected, evaluation.passed, evaluation.waterfall) == (
        None,
        None,
        None,
        (),
    )


def test_somebody_who_picks_up_after_the_machine_makes_it_a_call() -> None:
    call = made_call(
        turns=8, texts={1: "Please leave a message after the tone.", 3: "Oh hello, sorry, I am here now."}
    )
    assert scored(FORMS.get("default"), call=call).why_no_score is None


@pytest.mark.parametrize(
    ("probabilities", "low", "high"),
    [
        ([], 0, 0),
        ([0.9], 0.9, 0.9),
        ([0.1] * 10, 0.1, 0.2),
        ([0.45] * 10, 0.5, 0.5),
        ([0.6, 0.6], 0.7, 0.8),
        ([1.0, 0.1], 1.0, 1.0),
    ],
)
def test_many_weak_findings_leave_a_question_open_but_do_not_decide_it(
    probabilities: list[float], low: float, high: float
) -> None:
    assert low - 1e-9 <= combined(np.array(probabilities)) <= high + 1e-9


@settings(max_examples=150, deadline=None)
@given(form=forms_made(), findings=findings_made)
def test_the_steps_of_the_waterfall_add_up_to_the_score_to_the_cent(
    form: Form, findings: list[Finding]
) -> None:
    evaluation = scored(form, *findings, options=Options(samples=50, min_measured_share=0.0))
    if evaluation.score is None:
        assert evaluation.waterfall == ()
        return
    steps = evaluation.waterfall
    assert steps[0].kind == "base"
    assert steps[-1] == replace(steps[-1], kind="total", points=evaluation.score)
    assert sum(round(s.points * 100) for s in steps[:-1]) == round(evaluation.score * 100)
    assert all(abs(s.points * 100 - round(s.points * 100)) < 1e-6 for s in steps)


@settings(max_examples=150, deadline=None)
@given(form=forms_made(), findings=findings_made)
def test_the_waterfall_and_the_worlds_are_scored_by_the_same_rules(
    form: Form, findings: list[Finding]
) -> None:
    sure = [replace(f, probability=float(f.probability >= 0.5)) for f in findings]
    evaluation = scored(form, *sure, options=Options(samples=5, min_measured_share=0.0))
    if evaluation.score is None:
        return
    assert evaluation.low == evaluation.high == evaluation.score
    assert evaluation.expected == pytest.approx(evaluation.score, abs=0.011)
    assert 0 <= evaluation.score <= 100


@settings(max_examples=100, deadline=None)
@given(form=forms_made(), findings=findings_made)
def test_every_answer_keeps_the_promises_of_its_kind(form: Form, findings: list[Finding]) -> None:
    evaluation = scored(form, *findings, options=Options(samples=50, min_measured_share=0.0))
    for answer in evaluation.answers:
        assert answer.points >= 0
        criterion = form.criterion(answer.criterion)
        assert criterion is not None
        if answer.outcome not in ("met", "missed"):
            assert (answer.points, answer.max_points) == (0.0, 0.0)
        elif not criterion.bonus:
            assert answer.points <= answer.max_points
        assert answer.reason[0].isupper() or answer.reason[0].isdigit()
        assert answer.reason.endswith(".")
    if evaluation.score is not None:
        assert evaluation.low <= evaluation.score <= evaluation.high  # type: ignore[operator]
        assert evaluation.passed == (evaluation.score >= form.pass_mark and evaluation.auto_failed_by is None)


@settings(max_examples=100, deadline=None)
@given(form=forms_made(), findings=findings_made)
def test_the_smallest_change_would_have_passed(form: Form, findings: list[Finding]) -> None:
    evaluation = scored(form, *findings, options=Options(samples=5, min_measured_share=0.0))
    change = smallest_change(evaluation, form)
    if evaluation.score is None or evaluation.passed:
        assert change is None
    elif change is not None:
        assert change.score >= form.pass_mark
        assert _score_with(evaluation, form, {c.criterion: c.share for c in change.changes}) == change.score
        for left_out in change.changes:
            fewer = {c.criterion: c.share for c in change.changes if c is not left_out}
            still_failed = form.criterion(left_out.criterion).fails == "evaluation"  # type: ignore[union-attr]
            assert still_failed or _score_with(evaluation, form, fewer) < form.pass_mark


@settings(max_examples=100, deadline=None)
@given(form=forms_made(), findings=findings_made)
def test_answering_as_the_smallest_change_says_really_passes(form: Form, findings: list[Finding]) -> None:
    options = Options(samples=5, min_measured_share=0.0)
    change = smallest_change(scored(form, *findings, options=options), form)
    if change is not None:
        marks = [Mark(criterion=c.criterion, share=c.share, by="a test") for c in change.changes]
        again = scored(form, *findings, options=options, marks=marks)
        assert (again.passed, again.score) == (True, change.score)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(SURE), st.integers(1, 8)), max_size=30))
def test_a_call_that_goes_as_the_smallest_change_says_really_passes(said: list[tuple[str, int]]) -> None:
    """What the agent does is changed in the call itself, and everything is asked anew."""
    form = FORMS.get("default")
    findings = [found(b, 2 * turn + b.startswith("customer_")) for b, turn in said]
    before = scored(form, *findings)
    change = smallest_change(before, form)
    if change is not None:
        again = scored(form, *_done_better(before, form, findings, change))
        assert again.passed
        assert again.score is not None
        assert again.score >= change.score - 0.01


def _done_better(
    before: Evaluation, form: Form, findings: list[Finding], change: SmallestChange
) -> list[Finding]:
    """The findings of the same call, had the agent made the changes."""
    better = list(findings)
    for part in change.changes:
        criterion, was = form.criterion(part.criterion), answer_of(before, part.criterion)
        if isinstance(criterion, Presence):
            late = [found(b, 18, **criterion.where) for b in criterion.behaviours[:1]]
            better += late * criterion.at_least
        elif isinstance(criterion, PerOpportunity):
            # right after each chance that was not taken
            turns = {f.turn + 1 for f in was.opportunity if f.turn is not None}
            better += [found(criterion.behaviours[0], turn) for turn in sorted(turns)]
        else:
            gone = len(was.evidence) if part.says == "not once" else int(part.says.split()[0])
            better = [f for f in better if f not in was.evidence[len(was.evidence) - gone :]]
    return better


def _score_with(evaluation: Evaluation, form: Form, shares: dict[str, float]) -> float:
    """The score with some criteria done better, by the rules for worlds."""
    from qa.scoring.change import fails

    rows = [(form.criterion(a.criterion), a) for a in evaluation.answers]
    points = form.points()
    share = np.array([[shares.get(a.criterion, a.points / points[a.criterion]) for _, a in rows]])
    failing = np.array([[fails(c, a) and shares.get(a.criterion, 0.0) < c.met_from for c, a in rows if c]])
    counted = np.array([[a.outcome in ("met", "missed") for _, a in rows]])
    return round(float(totals(sheet_of(form), counted, share, failing)[0]), 2)


def test_the_smallest_change_names_an_event_fewer_where_that_is_enough() -> None:
    form = made_form(
        """
- id: lets_finish
  question: Did the agent let the customer finish?
  answered_by: per_event
  behaviours: [interruption]
  off_each: 2
  weight: 10
"""
    )
    change = smallest_change(scored(form, *[found("interruption", 2 * i) for i in range(3)]), form)
    assert change is not None
    assert [(c.criterion, c.says) for c in change.changes] == [("lets_finish", "2 times fewer, of 3")]
    assert str(change) == (
        "The smallest change that would have passed it, with 80 points at least: "
        "“Did the agent let the customer finish?” 2 times fewer, of 3."
    )
    assert change.score == 80.0


def test_the_same_call_gives_the_same_evaluation() -> None:
    findings = [found(b, 4, 0.6) for b in ("apology", "refusal", "empathy", "customer_problem")]
    form = FORMS.get("default")
    assert scored(form, *findings) == scored(form, *reversed(findings))


def test_behaviours_are_called_by_their_words_in_the_reasons() -> None:
    options = Options(words={"apology": "word of regret", "refusal": "bare no"})
    evaluation = scored(SORRY, PROBLEM, options=options)
    assert answer_of(evaluation, "sorry").reason.startswith(
        "Not heard between 0:00 and 1:59: word of regret."
    )
    assert answer_of(evaluation, "no_refusal").reason == "Not in this call: bare no."


def test_every_behaviour_of_the_forms_has_words() -> None:
    words = Options.from_settings(load_settings()).words
    named = {b for form in FORMS.all for b in form.behaviours()}
    assert named - set(words) == set()
