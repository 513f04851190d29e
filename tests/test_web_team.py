"""The team overview: what needs somebody, intervals in place of ranks, and a choice that stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from made_store import MONDAY, keep, made_call, made_scored
from made_web import Firm, keep_with_sound, make_firm, open_page, words_of
from sqlalchemy import insert, update

from qa.scorecard import scorecards
from qa.store import CallFilter
from qa.store.overview import attention
from qa.store.records import scorecard_records
from qa.store.tables import Call, Dispute, WebhookDelivery
from qa.web import state
from qa.web.pages.team import _change
from qa.web.parts.agent_rows import _direction, compared
from qa.web.parts.filters import _between


@pytest.fixture
def firm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Firm]:
    yield make_firm(tmp_path / "home", monkeypatch)
    monkeypatch.undo()
    state.forget()


def lose_a_message(firm: Firm) -> None:
    with firm.store.writing() as connection:
        connection.execute(
            insert(WebhookDelivery).values(
                event_id="e1",
                event="call.scored",
                url="https://example.org/hook",
                body={},
                state="failed",
                attempts=12,
                next_try_at=0,
                created_at=0,
            )
        )


def open_a_dispute(firm: Firm, *, due_at: int) -> None:
    with firm.store.writing() as connection:
        call = connection.execute(Call.__table__.select().limit(1)).one()
        connection.execute(
            insert(Dispute).values(
                public_id="d1",
                call_id=call.id,
                evaluation_id=call.evaluation_id,
                criterion="empathy",
                ground="other",
                text="",
                state="open",
                opened_by=firm.priya.account_id,
                opened_at=0,
                due_at=due_at,
            )
        )


def test_messages_that_were_not_delivered_wait_for_admins_alone(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_a_message(firm)
    assert "**1** message was not delivered" in words_of(open_page(monkeypatch, firm.admin, "team"))
    assert "delivered" not in words_of(open_page(monkeypatch, firm.lead, "team"))
    assert attention(firm.store, firm.lead).failed_deliveries is None


def test_a_dispute_past_its_deadline_is_said(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    open_a_dispute(firm, due_at=1000)
    found = attention(firm.store, firm.lead)
    assert (found.open_disputes, found.overdue_disputes) == (1, 1)
    assert "**1** dispute waits (1 past the deadline)" in words_of(open_page(monkeypatch, firm.lead, "team"))


def test_an_auto_fail_leads_to_its_calls(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    with firm.store.writing() as connection:
        connection.execute(update(Call).values(auto_failed_by="conduct"))
    app = open_page(monkeypatch, firm.lead, "team")
    links = {one.proto.label: one.proto for one in app.get("page_link")}
    assert "**2** calls failed outright" in links
    assert "only=auto-fail" in links["**2** calls failed outright"].query_string


def test_agents_stand_by_name_and_are_told_apart_only_where_they_can_be(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(6):
        for agent, score in (("Priya Nair", 70.0 + 5 * (n % 3)), ("Joel Okafor", 72.0 + 5 * (n % 3))):
            keep(firm.store, made_scored(made_call(f"{agent[0]}{n}", agent=agent, days=7 * n), score=score))
    app = open_page(monkeypatch, firm.lead, "team", period="all calls")
    said = words_of(app)
    assert said.index("Joel Okafor") < said.index("Priya Nair")
    assert said.count("cannot be told apart from the others'") == 2
    assert "no clear change" in said
    cards = scorecards(scorecard_records(firm.store, firm.lead, CallFilter()))
    assert {compared(card).split(" from")[0] for card in cards} == {"cannot be told apart"}


def test_one_week_gives_no_direction(firm: Firm) -> None:
    card = scorecards(scorecard_records(firm.store, firm.lead, CallFilter()))[0]
    assert _direction(card.trend) == "too early for a trend"
    assert compared(card) == "too few calls to compare"


def test_a_change_of_a_section_needs_calls_on_both_sides_and_more_than_chance() -> None:
    low, high = [40.0, 42, 41, 43, 40, 42], [80.0, 82, 81, 79, 80, 83]
    assert _change(high, low) == "▲39"
    assert _change(low, high) == "▼39"
    assert _change(low, [41.0, 42, 40, 43, 41, 42]) == "≈"
    assert _change(high, [0.0]) == ""


def test_calls_are_chosen_by_form_where_there_are_several(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not [one for one in open_page(monkeypatch, firm.lead, "team").selectbox if one.key == "form"]
    keep(firm.store, made_scored(made_call("short"), form="short.v1"))
    app = open_page(monkeypatch, firm.lead, "team")
    assert app.selectbox(key="form").options == ["all forms", "default.v1", "short.v1"]
    app.selectbox(key="form").set_value("short.v1").run()
    assert not app.exception
    assert "1 call" in app.caption[0].value


def test_days_are_taken_whole_and_compared_with_as_many_before() -> None:
    chosen = _between((date(2026, 11, 2), date(2026, 11, 8)), CallFilter(queue="cards"))
    assert chosen.which.since == datetime(2026, 11, 2, tzinfo=UTC)
    assert chosen.which.until == datetime(2026, 11, 9, tzinfo=UTC)
    assert chosen.before is not None
    assert chosen.before.since == datetime(2026, 10, 26, tzinfo=UTC)
    assert chosen.before.until == chosen.which.since
    assert chosen.before.queue == "cards"
    assert chosen.says == "2 Nov 2026 to 8 Nov 2026"
    assert _between((date(2026, 11, 2),), CallFilter()).says == "2 Nov 2026"
    assert _between((), CallFilter()).before is None


def test_own_days_are_chosen_on_the_page(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_with_sound(firm.store, "third", agent="Priya Nair", team="North")
    app = open_page(monkeypatch, firm.lead, "team", period="choose days")
    assert not app.exception
    assert "3 calls" in app.caption[0].value
    app.date_input(key="days").set_value((MONDAY.date().replace(day=1), MONDAY.date().replace(day=2))).run()
    assert "0 calls" in app.caption[0].value
