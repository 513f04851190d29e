"""What people decide: beside the program, kept for ever, in force at once, and seen by nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_people import Desk, made_desk

from qa.batch.verify import verify
from qa.errors import InputError, NotAllowed
from qa.review.deciding import confirm_answers, label_finding, load_case, review_answer
from qa.review.rescoring import corrected
from qa.store import SYSTEM, evaluations_of, load_call
from qa.store.audit import check_chain, list_audit
from qa.store.disputes import Correction
from qa.store.reviews import answers_beside, list_labels, list_reviews
from qa.values import Call, Turn, Word

PROMISES = "promises_only_what_will_happen"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return made_desk(tmp_path)


def review(desk: Desk, who: str = "rita", outcome: str = "met", **more: object) -> object:
    given = {"criterion": PROMISES, "outcome": outcome, "reason": "The terms guarantee it.", **more}
    return review_answer(desk.store, desk[who], desk.pipeline, "c0", **given)  # type: ignore[arg-type]


def test_a_persons_answer_stands_beside_the_programs(desk: Desk) -> None:
    before = load_call(desk.store, SYSTEM, "c0").evaluation
    decided = review(desk)
    assert decided.before.score == before.score  # type: ignore[attr-defined]
    stored = load_call(desk.store, desk["amy"], "c0")
    assert stored.evaluation.score == 100.0 > (before.score or 0)
    assert stored.row.origin == "review"
    assert [e.origin for e in evaluations_of(desk.store, SYSTEM, "c0")] == ["machine", "review"]
    assert evaluations_of(desk.store, SYSTEM, "c0")[-1].by == "Rita"
    (beside,) = [a for a in answers_beside(desk.store, desk["amy"], "c0") if a.people]
    assert (beside.program, beside.in_force, beside.agree) == ("missed", "met", False)
    assert beside.people[0].reason == "The terms guarantee it."
    (answer,) = [a for a in stored.evaluation.answers if a.criterion == PROMISES]
    assert answer.reason == "Answered by Rita. The terms guarantee it."


def test_the_latest_of_several_reviews_is_in_force_and_none_is_lost(desk: Desk) -> None:
    review(desk)
    review(desk, "lea", "missed")
    review(desk, "rob", "not_applicable")
    rows = list_reviews(desk.store, desk["amy"], call_id="c0")
    assert [(r.by, r.outcome) for r in rows] == [
        ("Rita", "met"),
        ("Lea", "missed"),
        ("Rob", "not_applicable"),
    ]
    answers = {a.criterion: a.outcome for a in load_call(desk.store, SYSTEM, "c0").evaluation.answers}
    assert answers[PROMISES] == "not_applicable"


def test_a_share_between_needs_the_answer_that_goes_with_it(desk: Desk) -> None:
    with pytest.raises(InputError, match=r"a share of 0.5 is missed"):
        review(desk, share=0.5)
    with pytest.raises(InputError, match="from 0 to 1"):
        review(desk, share=1.5)
    review(desk, outcome="missed", share=0.5)
    points = {a.criterion: a.points for a in load_call(desk.store, SYSTEM, "c0").evaluation.answers}
    assert points[PROMISES] == 0.5


@pytest.mark.parametrize("who", ["amy", "tom"])
def test_an_agent_reviews_nothing(desk: Desk, who: str) -> None:
    with pytest.raises(NotAllowed, match="may not do this"):
        review(desk, who)


def test_a_review_without_a_reason_or_question_is_refused(desk: Desk) -> None:
    with pytest.raises(InputError, match="say why"):
        review(desk, reason=" ")
    with pytest.raises(InputError, match="has no question 'nonsense'; it has: acknowledges"):
        review(desk, criterion="nonsense")


def test_a_finding_called_wrong_goes_and_the_score_follows(desk: Desk) -> None:
    stored = load_call(desk.store, SYSTEM, "c0")
    ids = dict(zip((f.behaviour for f in stored.detections.findings), stored.finding_ids, strict=True))
    decided = label_finding(
        desk.store, desk["rita"], desk.pipeline, "c0", present=False, reason="It is in the terms.",
        finding=ids["over_promise"],
    )  # fmt: skip
    assert [(c.criterion, c.before, c.after) for c in decided.changed] == [(PROMISES, "missed", "met")]
    now = load_call(desk.store, SYSTEM, "c0")
    assert "over_promise" not in {f.behaviour for f in now.detections.findings}
    (label,) = list_labels(desk.store, desk["lea"])
    assert (label.behaviour, label.present, label.by, label.turn) == ("over_promise", False, "Rita", 2)


def test_what_a_person_heard_is_a_finding_and_stays_through_later_decisions(tmp_path: Path) -> None:
    desk = made_desk(tmp_path, says="Let me look that up for you straight away.")
    label_finding(
        desk.store, desk["rita"], desk.pipeline, "c0", present=True, reason="She says it in her own way.",
        behaviour="empathy", turn=2,
    )  # fmt: skip
    review(desk, "lea")
    stored = load_call(desk.store, SYSTEM, "c0")
    (found,) = [f for f in stored.detections.findings if f.behaviour == "empathy"]
    assert found.probability == 1.0
    assert found.reason == "Heard by Rita. She says it in her own way."
    outcomes = {a.criterion: a.outcome for a in stored.evaluation.answers}
    assert outcomes == {"acknowledges": "met", PROMISES: "met"}


def test_agreeing_with_everything_is_a_review_too(desk: Desk) -> None:
    before = load_call(desk.store, SYSTEM, "c0").evaluation.score
    confirm_answers(desk.store, desk["rita"], desk.pipeline, "c0")
    assert load_call(desk.store, SYSTEM, "c0").evaluation.score == before
    assert [a.agree for a in answers_beside(desk.store, SYSTEM, "c0")] == [True, True]


def test_the_programs_own_score_is_still_proven_after_a_review(desk: Desk) -> None:
    review(desk)
    (verdict,) = verify(desk.store, SYSTEM, ["c0"], pipeline=desk.pipeline)
    assert verdict.same, verdict.differences


def test_every_decision_is_in_the_audit_log_without_a_word_of_it(desk: Desk) -> None:
    review(desk)
    entry = list_audit(desk.store, desk["ada"], object="call")[0]
    assert (entry.actor, entry.action) == ("Rita", "review answer")
    assert entry.before == {"outcome": "missed", "points": 0.0}
    assert "guarantee" not in str(entry)
    assert check_chain(desk.store)[1] is None


def test_corrected_words_keep_the_times_of_those_heard_right() -> None:
    words = tuple(Word(w, i * 1.0, i + 0.8, 0.9) for i, w in enumerate(["I", "can't", "help", "you."]))
    call = Call("c", (Turn("agent", 0.0, 4.0, "I can't help you.", words),), duration=4.0)
    turn = corrected(call, [Correction(0, "I can gladly help you.")]).turns[0]
    assert [w.word for w in turn.words] == ["I", "can", "gladly", "help", "you."]
    assert (turn.words[3].start, turn.words[3].end) == (2.0, 2.8)
    assert turn.words[1].start == 1.0
    assert turn.words[2].end == pytest.approx(1.8)
    with pytest.raises(InputError, match="turns 0 to 0"):
        corrected(call, [Correction(3, "x")])
    with pytest.raises(InputError, match="what is there already"):
        corrected(call, [Correction(0, "I can't help you.")])


def test_a_case_of_somebody_elses_call_does_not_exist(desk: Desk) -> None:
    with pytest.raises(NotAllowed, match="none of that name"):
        load_case(desk.store, desk["tom"], "c0")
