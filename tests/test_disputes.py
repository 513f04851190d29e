"""Disputes: what upholding means is shown at once, somebody else decides, and all of it stays to be read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from made_people import Desk, made_desk
from sqlalchemy import text

from qa.errors import InputError, NotAllowed
from qa.review.course import assign_dispute, comment, withdraw_dispute
from qa.review.disputing import decide_dispute, open_dispute, preview_dispute
from qa.store import SYSTEM, load_call
from qa.store.disputes import Correction, dispute_events, list_disputes, load_dispute
from qa.store.reviews import list_labels, list_reviews

PROMISES = "promises_only_what_will_happen"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return made_desk(tmp_path)


def finding_of(desk: Desk, behaviour: str = "over_promise") -> str:
    stored = load_call(desk.store, SYSTEM, "c0")
    return dict(zip((f.behaviour for f in stored.detections.findings), stored.finding_ids, strict=True))[
        behaviour
    ]


def dispute(desk: Desk, who: str = "amy", **about: Any) -> str:
    given: dict[str, Any] = {"ground": "not_that", "text": "It is guaranteed.", **about}
    if not {"finding", "criterion"} & given.keys():
        given["finding"] = finding_of(desk)
    row, _ = open_dispute(desk.store, desk[who], desk.pipeline, "c0", settings=desk.settings, **given)
    return row.dispute


def end(desk: Desk, public_id: str, state: str = "upheld", who: str = "lea", **more: Any) -> Any:
    return decide_dispute(
        desk.store,
        desk[who],
        desk.pipeline,
        public_id,
        state=state,
        text="Listened again.",
        **more,  # type: ignore[arg-type]
    )


def outcomes(desk: Desk) -> dict[str, str]:
    return {a.criterion: a.outcome for a in load_call(desk.store, SYSTEM, "c0").evaluation.answers}


def test_opening_shows_what_upholding_would_change_and_changes_nothing(desk: Desk) -> None:
    before = load_call(desk.store, SYSTEM, "c0").evaluation
    row, seen = open_dispute(
        desk.store, desk["amy"], desk.pipeline, "c0", settings=desk.settings,
        ground="not_that", text="It is guaranteed.", finding=finding_of(desk),
    )  # fmt: skip
    assert [(c.criterion, c.before, c.after) for c in seen.changed] == [(PROMISES, "missed", "met")]
    assert seen.by_points is not None
    assert seen.by_points > 0
    assert load_call(desk.store, SYSTEM, "c0").evaluation == before
    assert (row.state, row.opened_by, row.agent) == ("open", "Amy", "Priya Nair")
    assert row.due_at is not None
    assert row.due_at - row.opened_at == timedelta(days=desk.settings.dispute_decide_days)


def test_upheld_it_is_in_force_at_once_and_becomes_a_label(desk: Desk) -> None:
    row, decided = end(desk, dispute(desk))
    assert (row.state, row.decided_by) == ("upheld", "Lea")
    assert row.result_evaluation_id == decided.evaluation_id
    stored = load_call(desk.store, desk["amy"], "c0")
    assert (stored.row.origin, stored.evaluation.score) == ("dispute", 100.0)
    (label,) = list_labels(desk.store, desk["lea"])
    assert (label.behaviour, label.present, label.dispute) == ("over_promise", False, row.dispute)


def test_rejected_nothing_changes_and_the_detector_was_right(desk: Desk) -> None:
    before = load_call(desk.store, SYSTEM, "c0").evaluation
    row, decided = end(desk, dispute(desk), "rejected")
    assert (row.state, decided.changed) == ("rejected", ())
    assert load_call(desk.store, SYSTEM, "c0").evaluation == before
    assert [(label.behaviour, label.present) for label in list_labels(desk.store, SYSTEM)] == [
        ("over_promise", True)
    ]


def test_partly_upheld_gives_a_share_of_the_points(desk: Desk) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        end(desk, first := dispute(desk), "partly_upheld")
    row, _ = end(desk, first, "partly_upheld", share=0.5)
    answers = {a.criterion: a.points for a in load_call(desk.store, SYSTEM, "c0").evaluation.answers}
    assert (row.state, answers[PROMISES]) == ("partly_upheld", 0.5)
    assert list_reviews(desk.store, SYSTEM)[-1].dispute == row.dispute
    assert list_labels(desk.store, SYSTEM) == ()


def test_withdrawn_only_by_who_opened_it(desk: Desk) -> None:
    opened = dispute(desk)
    with pytest.raises(NotAllowed, match="only who opened it"):
        withdraw_dispute(desk.store, desk["lea"], opened)
    assert withdraw_dispute(desk.store, desk["amy"], opened, text="I had misread it.").state == "withdrawn"
    with pytest.raises(InputError, match="no longer open"):
        end(desk, opened)


@pytest.mark.parametrize("ground", ["did_not_apply", "policy_forced"])
def test_what_did_not_apply_takes_no_part_and_teaches_nothing(desk: Desk, ground: str) -> None:
    end(desk, dispute(desk, criterion=PROMISES, ground=ground))
    assert outcomes(desk)[PROMISES] == "not_applicable"
    assert list_labels(desk.store, SYSTEM) == ()


def test_corrected_words_are_searched_anew(desk: Desk) -> None:
    said = "I can not guarantee anything. I am so sorry to hear that."
    correction = (Correction(2, said.replace("guarantee", "promise you")),)
    seen = preview_dispute(
        desk.store, desk["amy"], desk.pipeline, "c0", ground="wrong_words",
        finding=finding_of(desk), corrections=correction,
    )  # fmt: skip
    assert [(c.criterion, c.after) for c in seen.changed] == [(PROMISES, "met")]
    end(desk, dispute(desk, ground="wrong_words", corrections=correction))
    stored = load_call(desk.store, SYSTEM, "c0")
    assert stored.call.turns[2].text == correction[0].text
    assert {f.behaviour for f in stored.detections.findings} == {"customer_problem", "empathy"}
    with desk.store.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM transcript")).scalar() == 2


def test_a_wrong_speaker_is_turned_round_without_being_told_how(desk: Desk) -> None:
    end(desk, dispute(desk, ground="wrong_speaker"))
    stored = load_call(desk.store, SYSTEM, "c0")
    assert stored.call.turns[2].speaker == "customer"
    assert "over_promise" not in {f.behaviour for f in stored.detections.findings}


def test_a_missed_answer_is_disputed_by_pointing_at_where_it_was_done(tmp_path: Path) -> None:
    desk = made_desk(tmp_path, says="Let me look that up for you straight away.")
    end(desk, dispute(desk, criterion="acknowledges", at_turn=2))
    assert outcomes(desk)["acknowledges"] == "met"
    assert [(row.behaviour, row.present, row.turn) for row in list_labels(desk.store, SYSTEM)] == [
        ("empathy", True, 2)
    ]


def test_a_human_answer_is_disputed_like_the_programs_and_not_decided_by_who_gave_it(desk: Desk) -> None:
    from qa.review.deciding import review_answer

    review_answer(
        desk.store, desk["lea"], desk.pipeline, "c0", criterion="acknowledges", outcome="missed",
        reason="It sounds read out.",
    )  # fmt: skip
    opened = dispute(desk, criterion="acknowledges")
    with pytest.raises(NotAllowed, match="had a part in dispute"):
        end(desk, opened, who="lea")
    end(desk, opened, who="leo")
    assert outcomes(desk)["acknowledges"] == "met"


def test_a_second_dispute_goes_to_somebody_else_and_there_is_no_third(desk: Desk) -> None:
    first = dispute(desk)
    with pytest.raises(InputError, match="disputed already"):
        dispute(desk)
    end(desk, first, "rejected")
    second = dispute(desk)
    assert load_dispute(desk.store, desk["amy"], second).earlier == first
    with pytest.raises(NotAllowed, match="somebody else decides"):
        end(desk, second, who="lea")
    with pytest.raises(NotAllowed, match="give it to somebody else"):
        assign_dispute(desk.store, desk["ada"], second, "lea")
    assert assign_dispute(desk.store, desk["ada"], second, "leo").assigned_to == "Leo"
    end(desk, second, "rejected", who="leo")
    with pytest.raises(InputError, match="was disputed 2 times"):
        dispute(desk)


def test_the_course_of_a_dispute_can_be_read(desk: Desk) -> None:
    opened = dispute(desk)
    comment(desk.store, desk["lea"], opened, "Listening tomorrow.")
    end(desk, opened, "rejected")
    events = dispute_events(desk.store, desk["amy"], opened)
    assert [(e.event, e.by) for e in events] == [("opened", "Amy"), ("comment", "Lea"), ("rejected", "Lea")]


def test_nobody_sees_or_disputes_the_call_of_another(desk: Desk) -> None:
    opened = dispute(desk)
    assert list_disputes(desk.store, desk["tom"]) == ()
    for ask in (load_dispute, dispute_events):
        with pytest.raises(NotAllowed, match="none of that name"):
            ask(desk.store, desk["tom"], opened)
    with pytest.raises(NotAllowed, match="none of that name"):
        dispute(desk, "tom")
    with pytest.raises(NotAllowed, match="may not do this"):
        dispute(desk, "rita")
    with pytest.raises(NotAllowed, match="may not do this"):
        end(desk, opened, who="amy")


def test_open_and_overdue_disputes_come_first(desk: Desk) -> None:
    opened = dispute(desk)
    end(desk, dispute(desk, criterion=PROMISES, ground="policy_forced"), "rejected")
    assert [row.state for row in list_disputes(desk.store, desk["lea"])] == ["open", "rejected"]
    assert list_disputes(desk.store, desk["lea"], overdue_only=True) == ()
    with desk.store.writing() as connection:
        connection.execute(text("UPDATE dispute SET due_at = 1 WHERE state = 'open'"))
    (late,) = list_disputes(desk.store, desk["lea"], overdue_only=True)
    assert late.dispute == opened


@pytest.mark.parametrize(
    ("about", "wrong"),
    [
        ({"criterion": PROMISES, "finding": "f1-1"}, "dispute one thing"),
        ({"criterion": "nonsense"}, "has no question"),
        ({"criterion": PROMISES, "ground": "wrong_words"}, "what was really said"),
        ({"criterion": PROMISES, "text": ""}, "in a few words"),
    ],
)
def test_a_dispute_that_says_too_little_is_one_line(desk: Desk, about: dict[str, Any], wrong: str) -> None:
    with pytest.raises(InputError, match=wrong):
        dispute(desk, **about)


def test_a_finding_of_another_call_is_not_there(desk: Desk) -> None:
    with pytest.raises(NotAllowed, match="finding f99-0"):
        dispute(desk, finding="f99-0")
