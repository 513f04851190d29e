"""The home of an agent: what waits, what changed, said fairly; and nothing of anybody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from made_people import Desk, made_desk
from made_store import MONDAY, keep, made_call, made_scored
from made_web import FOREIGN, OWN, Firm, make_firm, open_page, words_of
from sqlalchemy import insert, select

from qa.errors import NotAllowed
from qa.report import progress_of
from qa.review.disputing import decide_dispute, open_dispute
from qa.scorecard import Progress
from qa.store import list_calls, load_call
from qa.store.acknowledgements import acknowledgements_of, to_acknowledge
from qa.store.promises import PromiseRow, list_promises
from qa.store.tables import Call, Promise
from qa.web import data, look, state
from qa.web.parts.own_desk import due_of

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.fixture
def firm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Firm]:
    yield make_firm(tmp_path / "home", monkeypatch)
    monkeypatch.undo()
    state.forget()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    desk = made_desk(tmp_path, calls=2)
    for key in ("home", "data", "models"):
        monkeypatch.setenv(f"QA_{key.upper()}", str(getattr(desk.settings, key)))
    state.forget()
    yield desk
    monkeypatch.undo()
    state.forget()
    desk.store.close()


def promise(due_at: datetime | None, *, what: str = "ring back") -> PromiseRow:
    return PromiseRow(
        promise_id=what,
        call_id="c",
        agent="Priya Nair",
        team=None,
        customer="C-1",
        queue=None,
        who="agent",
        what=what,
        kind=None,
        by="Friday",
        due_at=due_at,
        amount=None,
        start_s=1.0,
        end_s=2.0,
        probability=0.9,
        status="open",
        because="",
        decided_by_call=None,
        overdue=False,
    )


def keep_promise(firm: Firm, call_id: str, *, due: datetime, what: str) -> None:
    with firm.store.writing() as connection:
        row_id = connection.execute(select(Call.id).where(Call.call_id == call_id)).scalar_one()
        connection.execute(
            insert(Promise).values(
                promise_id=what.replace(" ", "-"),
                call_id=row_id,
                who="agent",
                what=what,
                by="today",
                due_ms=round(due.timestamp() * 1000),
                due_iso=due.isoformat(),
                start_ms=1000,
                end_ms=2000,
                probability=0.9,
                status="open",
                because="",
                changed_at=0,
            )
        )


def test_promises_are_sorted_by_their_day_where_they_were_given() -> None:
    early = promise(NOW.replace(hour=8), what="this morning")
    late = promise(NOW.replace(hour=23), what="tonight")
    old = promise(NOW - timedelta(days=3), what="old")
    next_one = promise(NOW + timedelta(days=4), what="next week")
    due = due_of([old, early, late, promise(None, what="no day"), next_one], NOW)
    assert [row.what for row in due.today] == ["this morning", "tonight"]
    assert [row.what for row in due.passed] == ["old"]
    assert due.next == next_one


def test_a_promise_due_today_is_marked_as_kept_by_one_click(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = datetime.now(UTC).replace(hour=23, minute=59)
    keep_promise(firm, OWN, due=today, what="ring back about the lamp")
    keep_promise(firm, FOREIGN, due=today, what="send the form again")
    app = open_page(monkeypatch, firm.priya, "home")
    assert "ring back about the lamp" in words_of(app)
    assert "send the form again" not in words_of(app)
    app.button(key="due-kept-ring-back-about-the-lamp").click().run()
    assert not app.exception
    assert [row.status for row in list_promises(firm.store, firm.priya)] == ["kept"]
    assert "Nothing you promised falls due today" in words_of(app)


def test_a_score_is_acknowledged_by_one_click_on_the_home(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(monkeypatch, firm.priya, "home")
    assert "not that you agree" in words_of(app)
    app.button(key=f"seen-{OWN}").click().run()
    assert not app.exception
    assert [row.in_force for row in acknowledgements_of(firm.store, firm.priya, OWN)] == [True]
    assert not to_acknowledge(firm.store, firm.priya)
    assert "You have seen all of them" in words_of(app)


def test_own_disputes_stand_with_their_state_and_what_they_changed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_id = list_calls(desk.store, desk["amy"]).rows[0].call_id
    answers = load_call(desk.store, desk["lea"], call_id).evaluation.answers
    missed = next(a.criterion for a in answers if a.outcome == "missed")
    row, _ = open_dispute(
        desk.store,
        desk["amy"],
        desk.pipeline,
        call_id,
        ground="did_not_apply",
        text="Nobody asked.",
        settings=desk.settings,
        criterion=missed,
    )
    assert "waits: to be decided in" in words_of(open_page(monkeypatch, desk["amy"], "home"))
    decide_dispute(desk.store, desk["lea"], desk.pipeline, row.dispute, state="upheld", text="Right.")
    said = words_of(open_page(monkeypatch, desk["amy"], "home"))
    assert "upheld: the dispute was right, score" in said
    assert "Nobody asked" not in words_of(open_page(monkeypatch, desk["tom"], "home"))


def test_a_first_call_is_no_verdict(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    said = words_of(open_page(monkeypatch, firm.priya, "home"))
    assert "Your first call in this time" in said
    assert "one call that went wrong does not decide it" in said
    assert "None so far." in said


def test_an_agent_without_calls_is_told_what_will_be_here(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(monkeypatch, desk["tom"], "home")
    assert not app.exception
    said = words_of(app)
    assert "Your calls will be here" in said
    assert "None has been scored yet" in said


def test_a_period_without_calls_is_not_called_a_beginning(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(monkeypatch, firm.priya, "home", period="choose days")
    app.date_input(key="days").set_value(
        (MONDAY.date() - timedelta(days=9), MONDAY.date() - timedelta(days=8))
    )
    app.run()
    assert not app.exception
    assert "No calls in this time" in words_of(app)
    assert "Your calls will be here" not in words_of(app)


def test_what_changed_is_said_better_first_with_both_counts(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(firm.store, made_scored(made_call("before", days=-30)))
    rows = (
        Progress("a", "Did the agent act at once?", 6, 7, 80.0, 40.0, "worse"),
        Progress("b", "Did the agent keep an even voice?", 5, 8, 20.0, 75.0, "better"),
        Progress("c", "Did the agent use the customer's name?", 5, 8, 50.0, 55.0, "no clear change"),
        Progress("d", "Did the agent avoid arguing?", 1, 2, 50.0, 55.0, "too few calls"),
    )
    monkeypatch.setattr(data, "progress_for", lambda *_: rows)
    monkeypatch.setattr(data, "coaching_for", lambda *_: None)
    said = words_of(open_page(monkeypatch, firm.priya, "home"))
    assert "Did you keep an even voice?  **20 → 75 %**" in said
    assert "of its points, 5 and 8 calls" in said
    assert said.index("even voice") < said.index("act at once")
    assert "1 question without a clear change, 1 with too few calls to say" in said
    assert "then **80 (" in said


def test_nobody_asks_for_the_progress_of_somebody_else(firm: Firm) -> None:
    form = state.default_form()
    assert form is not None
    with pytest.raises(NotAllowed):
        progress_of(firm.store, firm.priya, "Joel Okafor", form=form, since=MONDAY)
    assert progress_of(firm.store, firm.lead, "Joel Okafor", form=form, since=MONDAY) == ()


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        (
            "Did the agent give the problem back in their own words?",
            "Did you give the problem back in your own words?",
        ),
        (
            "Was the agent open about limits, delays or doubts?",
            "Were you open about limits, delays or doubts?",
        ),
        (
            "Did the agent say that they will see it through themself?",
            "Did you say that you will see it through yourself?",
        ),
        (
            "Did the agent thank the customer for raising it or for their patience?",
            "Did you thank the customer for raising it or for their patience?",
        ),
        ("Did the agent ask how they feel?", "Did you ask how they feel?"),
    ],
)
def test_questions_are_put_to_the_agent_and_they_stays_the_customer(question: str, asked: str) -> None:
    assert look.addressed(question) == asked
    assert look.addressed("Did the agent act at once?", "Priya Nair") == "Did Priya act at once?"


def test_no_question_of_a_form_speaks_of_the_agent_to_the_agent() -> None:
    for form in state.library().all:
        for question in look.questions(form).values():
            told = look.addressed(question)
            assert "agent" not in told
            assert "themself" not in told
