"""The page on fairness: groups of the firm's own table, none in which a person could be recognised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from made_store import keep, made_call, made_scored
from made_web import Firm, make_firm, open_page, words_of

from qa.calibration import Estimate
from qa.errors import InputError
from qa.review.fairness import Gap, hidden_groups
from qa.review.staff_table import parse_staff, write_staff
from qa.store.staff import StaffRow, keep_staff, list_staff
from qa.values import Word
from qa.web import data, state
from qa.web.pages.fairness import _row, _sign

NONE = Estimate(None)


@pytest.fixture
def firm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Firm]:
    yield make_firm(tmp_path / "home", monkeypatch)
    monkeypatch.undo()
    state.forget()


def staffed(firm: Firm) -> None:
    """Eight agents with calls, four to a site; one of them works a shift of their own."""
    rows = []
    for n in range(8):
        name = f"Agent {n}"
        for i in range(2):
            call = made_call(f"s{n}-{i}", agent=name)
            words = (Word("I", 2.75, 3.0, 0.9 - 0.05 * (n % 2)),)
            turns = (call.turns[0], replace(call.turns[1], words=words))
            keep(firm.store, made_scored(replace(call, turns=turns), score=70.0 + 8 * (n % 2) + i))
        shift = "night" if n == 0 else "day"
        rows.append(StaffRow(name, groups={"site": "Leeds" if n % 2 else "Galway", "shift": shift}))
    keep_staff(firm.store, firm.lead, rows)


def test_groups_are_compared_once_and_small_ones_are_named_but_not_shown(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    staffed(firm)
    app = open_page(monkeypatch, firm.lead, "fairness")
    assert not app.exception
    said = words_of(app)
    assert said.count("4 agents, 8 calls") == 1, "of two groups, one gap is the other turned round"
    assert "Scores are" in said
    assert "Not shown, since a person could be recognised: day (7 agents), night (1 agent)" in said
    assert [row.n_agents for row in hidden_groups(firm.store, firm.lead)] == [7, 1]
    assert {gap.kind for gap in data.gaps_for(firm.lead, list_all())[0]} == {"site"}


def list_all():  # type: ignore[no-untyped-def]
    from qa.store import CallFilter

    return CallFilter()


def test_without_groups_the_page_says_how_to_name_them(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    said = words_of(open_page(monkeypatch, firm.lead, "fairness"))
    assert "No groups to compare yet" in said


@pytest.mark.parametrize("role", ["supervisor", "priya"])
def test_nobody_but_leads_sees_groups(firm: Firm, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    staffed(firm)
    said = words_of(open_page(monkeypatch, getattr(firm, role), "fairness"))
    assert "Galway" not in said


def test_a_table_is_looked_at_before_it_is_kept_and_replaces_what_was(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    staffed(firm)
    app = open_page(monkeypatch, firm.lead, "fairness")
    table = b"agent,site\nAgent 1,Cork\nAgent 2,Cork\nNobody Known,Cork\n"
    app.file_uploader(key="groups").set_value(("groups.csv", table, "text/csv")).run()
    assert not app.exception
    assert "Nobody Known" in app.warning[0].value
    assert list_staff(firm.store, firm.lead)[1].groups != {"site": "Cork"}
    app.button(key="groups-keep").click().run()
    assert not app.exception
    groups = {row.name: dict(row.groups) for row in list_staff(firm.store, firm.lead)}
    assert groups["Agent 1"] == {"site": "Cork"}
    assert groups["Agent 3"] == {}


def test_what_is_added_leaves_the_other_groups(firm: Firm) -> None:
    staffed(firm)
    keep_staff(firm.store, firm.lead, [StaffRow("Agent 1", groups={"language": "Polish"})])
    groups = {row.name: dict(row.groups) for row in list_staff(firm.store, firm.lead)}
    assert groups["Agent 1"] == {"site": "Leeds", "shift": "day", "language": "Polish"}
    assert groups["Agent 3"] == {"site": "Leeds", "shift": "day"}


def test_a_table_comes_back_as_it_was_written() -> None:
    rows = (StaffRow("Priya Nair", "North", None, {"site": "Leeds"}), StaffRow("=cmd()", None, None, {}))
    text = write_staff(rows, kinds=("site", "shift"))
    assert text.splitlines()[0] == "agent,team,site,shift"
    assert "'=cmd()" in text, "a spreadsheet must not reckon it"
    assert parse_staff(text.encode(), name="x.csv") == rows


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"name,site\nA,B\n", "has no column 'agent'"),
        (b"agent,site\n,B\n", "names no agent"),
        (b"agent\nA\nA\n", "names A twice"),
        (b"\xff\xfea\x00g\x00", "save it as CSV in UTF-8"),
    ],
)
def test_a_table_that_can_not_be_used_is_refused_with_one_line(content: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why):
        parse_staff(content, name="groups.csv")


def test_a_gap_is_calm_a_question_or_a_call_for_attention() -> None:
    def gap(score: Estimate, equal: Estimate) -> Gap:
        return Gap("site", "Leeds", 4, 9, score, equal, NONE, NONE, "")

    beyond, chance = Estimate(-8.0, -12.0, -3.0), Estimate(-1.0, -4.0, 2.0)
    assert "✓" in _sign(gap(chance, NONE))
    assert "?" in _sign(gap(beyond, chance))
    assert "!" in _sign(gap(beyond, beyond))
    assert _row("Score", beyond, 1.0).beside == "−8 (−12 to −3)"
    assert _row("Confidence", Estimate(0.001, -0.002, 0.004), 100.0).beside == "0 (0 to 0)"
    assert _row("Score", NONE, 1.0).beside == "∅ not known"
