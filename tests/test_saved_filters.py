"""Saved choices of calls: one's own alone, by name, one of them the default; and the page that uses them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_store import keep_call
from made_web import Firm, make_firm, open_page, words_of

from qa.errors import InputError, NotAllowed
from qa.store import SYSTEM
from qa.store.saved_filters import MOST, delete_filter, keep_filter, make_default, saved_filters
from qa.web import state


@pytest.fixture
def firm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Firm]:
    yield make_firm(tmp_path / "home", monkeypatch)
    monkeypatch.undo()
    state.forget()


def test_a_choice_is_kept_under_its_name_and_replaced(firm: Firm) -> None:
    keep_filter(firm.store, firm.lead, name="  Refunds  ", choice={"q": "refund"})
    keep_filter(firm.store, firm.lead, name="Refunds", choice={"q": "money back", "only": "auto-fail"})
    (row,) = saved_filters(firm.store, firm.lead)
    assert (row.name, dict(row.choice)) == ("Refunds", {"q": "money back", "only": "auto-fail"})
    assert not row.is_default


def test_nobody_sees_or_changes_anothers(firm: Firm) -> None:
    keep_filter(firm.store, firm.lead, name="Refunds", choice={"q": "refund"})
    for other in (firm.admin, firm.priya, firm.supervisor, SYSTEM):
        assert saved_filters(firm.store, other) == ()
        for act in (make_default, delete_filter):
            with pytest.raises(NotAllowed):
                act(firm.store, other, "Refunds")
    assert len(saved_filters(firm.store, firm.lead)) == 1


def test_one_choice_is_the_default_or_none(firm: Firm) -> None:
    for name in ("Refunds", "Recaps"):
        keep_filter(firm.store, firm.lead, name=name, choice={"q": name})
        make_default(firm.store, firm.lead, name)
    assert [row.name for row in saved_filters(firm.store, firm.lead) if row.is_default] == ["Recaps"]
    make_default(firm.store, firm.lead, None)
    assert not any(row.is_default for row in saved_filters(firm.store, firm.lead))


def test_a_choice_is_deleted(firm: Firm) -> None:
    keep_filter(firm.store, firm.lead, name="Refunds", choice={})
    delete_filter(firm.store, firm.lead, "Refunds")
    assert saved_filters(firm.store, firm.lead) == ()
    with pytest.raises(NotAllowed, match="none of that name"):
        delete_filter(firm.store, firm.lead, "Refunds")


def test_what_can_not_be_kept_is_one_line(firm: Firm) -> None:
    with pytest.raises(InputError, match="1 to 60 letters"):
        keep_filter(firm.store, firm.lead, name="   ", choice={})
    with pytest.raises(InputError, match="too long"):
        keep_filter(firm.store, firm.lead, name="a", choice={"q": "x" * 501})
    with pytest.raises(NotAllowed, match="sign in"):
        keep_filter(firm.store, SYSTEM, name="a", choice={})
    for n in range(MOST):
        keep_filter(firm.store, firm.lead, name=str(n), choice={})
    with pytest.raises(InputError, match="delete one first"):
        keep_filter(firm.store, firm.lead, name="one more", choice={})


def test_the_default_is_where_the_page_begins(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    choice = {"q": "submarine", "score": "10;90", "period": "all calls"}
    keep_filter(firm.store, firm.lead, name="Boats", choice=choice)
    make_default(firm.store, firm.lead, "Boats")
    app = open_page(monkeypatch, firm.lead, "calls")
    assert app.text_input(key="q").value == "submarine"
    assert app.slider(key="score").value == (10, 90)
    assert "No call matches" in words_of(app)
    asked = open_page(monkeypatch, firm.lead, "calls", q="parcel")
    assert asked.text_input(key="q").value == "parcel"
    assert "2 calls" in words_of(asked)


def test_a_choice_is_saved_taken_and_deleted_on_the_page(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page(monkeypatch, firm.lead, "calls", q="parcel", customer="C-1")
    app.text_input(key="save-name").set_value("Parcels")
    next(one for one in app.button if one.label == "Save").click().run()
    (row,) = saved_filters(firm.store, firm.lead)
    assert {"q": "parcel", "customer": "C-1"}.items() <= dict(row.choice).items()
    fresh = open_page(monkeypatch, firm.lead, "calls")
    fresh.button(key="take-Parcels").click().run()
    assert fresh.text_input(key="q").value == "parcel"
    fresh.button(key="default-Parcels").click().run()
    assert saved_filters(firm.store, firm.lead)[0].is_default
    fresh.button(key="forget-Parcels").click().run()
    assert saved_filters(firm.store, firm.lead) == ()
    assert not fresh.exception


def test_a_saved_choice_of_what_is_gone_narrows_nothing(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_filter(firm.store, firm.lead, name="Old", choice={"agent": "Nobody Left", "days": "not a day"})
    app = open_page(monkeypatch, firm.lead, "calls")
    app.button(key="take-Old").click().run()
    assert not app.exception
    assert "2 calls" in words_of(app)


def test_calls_are_found_by_customer_score_and_answer(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_call(firm.store, "low-one", agent="Priya Nair", score=30.0)
    everything = {"period": "all calls"}
    assert "3 calls" in words_of(open_page(monkeypatch, firm.lead, "calls", **everything, customer="C-1"))
    assert "No call matches" in words_of(open_page(monkeypatch, firm.lead, "calls", customer="C-9"))
    low = open_page(monkeypatch, firm.lead, "calls", **everything)
    low.slider(key="score").set_value((0, 50)).run()
    assert "1 call" in words_of(low)
    agent = open_page(monkeypatch, firm.priya, "calls", **everything, customer="C-17")
    assert "2 calls" in words_of(agent)
    assert "Joel" not in words_of(agent)
