"""Scorecards out of the store: only those one may see, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_store import keep_call, new_store
from openpyxl import load_workbook

from qa.errors import NotAllowed
from qa.report import fonts, team_scorecards, to_csv, to_json
from qa.report.pdf import Wording, to_pdf
from qa.report.right_to_left import drawn
from qa.report.spreadsheet import to_xlsx
from qa.scorecard import CriterionCard, MixRow
from qa.store import SYSTEM, CallFilter, Store
from qa.values import Principal

ATTACK = '=HYPERLINK("http://evil.example","Open")'


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = new_store(tmp_path)
    for n in range(6):
        keep_call(store, f"p{n}", agent="Priya Nair", score=70.0 + n, days=7 * n)
        keep_call(store, f"t{n}", agent="Tom Reed", team="South", score=50.0 + n, days=7 * n)
    keep_call(store, "x", agent=ATTACK, score=None)
    return store


def test_each_agent_has_one_object(store: Store) -> None:
    objects = {row["agent"]: row for row in json.loads(to_json(team_scorecards(store, SYSTEM)))}
    assert set(objects) == {"Priya Nair", "Tom Reed", ATTACK}
    assert {"agent", "n_calls", "score", "low", "high", "sections"} <= set(objects["Tom Reed"])
    assert objects["Priya Nair"]["n_calls"] == 6
    assert objects[ATTACK]["score"] is None


def test_an_agent_gets_the_own_card_and_it_is_pooled_towards_everybody(store: Store) -> None:
    own = team_scorecards(store, Principal(1, "Tom", "agent", agent="Tom Reed"))
    everybody = team_scorecards(store, SYSTEM)
    assert [card.agent for card in own] == ["Tom Reed"]
    assert own[0] in everybody


def test_a_supervisor_gets_the_own_team(store: Store) -> None:
    cards = team_scorecards(store, Principal(1, "Nora", "supervisor", team="North"))
    assert {card.agent for card in cards} == {"Priya Nair", ATTACK}


def test_an_agent_of_another_is_answered_like_nobody(store: Store) -> None:
    asking = Principal(1, "Tom", "agent", agent="Tom Reed")
    says = set()
    for name in ("Priya Nair", "Nobody Atall"):
        with pytest.raises(NotAllowed) as err:
            team_scorecards(store, asking, CallFilter(agent=name))
        says.add(str(err.value).replace(name, "X"))
    assert len(says) == 1


def test_csv_never_holds_a_formula(store: Store) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(team_scorecards(store, SYSTEM)))))
    assert {row["agent"] for row in rows} == {"Priya Nair", "Tom Reed", "'" + ATTACK}


def test_a_workbook_never_holds_a_formula(store: Store) -> None:
    book = load_workbook(io.BytesIO(to_xlsx(team_scorecards(store, SYSTEM))))
    assert book.sheetnames == ["Agents", "Sections", "Criteria", "Weeks", "Kinds of calls"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    attack = next(cell for cell in cells if cell.value == ATTACK)
    assert attack.data_type == "s"
    assert attack.quotePrefix
    assert book["Agents"]["F2"].value is None or isinstance(book["Agents"]["F2"].value, float)


def test_a_workbook_takes_names_with_control_characters(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    keep_call(store, "a", agent="Zoë\x07 \x0bKovač")
    book = load_workbook(io.BytesIO(to_xlsx(team_scorecards(store, SYSTEM))))
    assert book["Agents"]["A2"].value == "Zoë Kovač"


@pytest.mark.parametrize(
    "agent", ["Zażółć Gęślą-Jaźń", "陳大文", "<b>&amp;</i>", "Ελένη", "   ", "محمد بن عبد الله", "👩🏽‍💻"]
)
def test_a_pdf_takes_every_name_and_comes_out_the_same(tmp_path: Path, agent: str) -> None:
    store = new_store(tmp_path)
    for n in range(3):
        keep_call(store, f"c{n}", agent=agent, days=7 * n)
    (card,) = team_scorecards(store, SYSTEM)
    wording = Wording({}, date(2025, 3, 3))
    made = to_pdf(card, None, wording)
    assert made.startswith(b"%PDF")
    assert made == to_pdf(card, None, wording)


def test_a_pdf_is_made_without_any_installed_font(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_find_pair", lambda: None)
    for cached in (fonts.register, fonts._font_for):
        cached.cache_clear()
    try:
        for card in team_scorecards(store, SYSTEM):
            assert to_pdf(card, None, Wording({}, date(2025, 3, 3))).startswith(b"%PDF")
    finally:
        for cached in (fonts.register, fonts._font_for):
            cached.cache_clear()


@pytest.mark.parametrize(
    ("name", "in_order"),
    [
        ("Priya Nair", "Priya Nair"),
        ("שרה כהן", "ןהכ הרש"),
        ("Smith (שרה)", "Smith (הרש)"),
        ("שרה (Sarah) כהן 24", "24 ןהכ (Sarah) הרש"),
        ("محمد", "\ufea9\ufee4\ufea4\ufee3".replace("\ufea9", "\ufeaa")),
        ("سلام", "\ufee1\ufefc\ufeb3"),  # lam and alef are one letter, after which nothing joins
        ("", ""),
    ],
)  # fmt: skip
def test_arabic_and_hebrew_are_joined_and_in_drawing_order(name: str, in_order: str) -> None:
    assert drawn(name) == in_order


def test_letters_that_a_font_lacks_stay_as_they_are() -> None:
    assert drawn("محمد", has=lambda _: False) == "دمحم"


@given(st.text(max_size=30))
def test_every_text_has_its_letters_in_some_order(text: str) -> None:
    mirrored = str.maketrans("([<«", ")]>»")
    left = [c for c in text if unicodedata.bidirectional(c) != "NSM"]
    if not any("\u0600" <= c <= "\u06ff" or c > "\ufb00" for c in text):
        same = sorted("".join(left).translate(mirrored))
        assert sorted(drawn(text).translate(mirrored)) in (same, sorted(text.translate(mirrored)))


def test_a_pdf_lists_every_question_and_the_kinds_of_calls(store: Store) -> None:
    card = next(c for c in team_scorecards(store, SYSTEM) if c.agent == "Tom Reed")
    wording = Wording({}, date(2025, 3, 3), questions={"greets": "Did the agent greet?"})
    mix = tuple(MixRow(queue, "usual", 2, 70.0, 9, 71.0) for queue in ("billing", "billing-عربي"))
    asked = CriterionCard("greets", "open", 3, 1, 0, 0, 0, 70.0, 50.0, 90.0, 1.5)
    long = replace(card, mix=mix, criteria=(asked,) * 80)
    assert to_pdf(long, None, wording).count(b"/Type /Page\n") > to_pdf(card, None, wording).count(
        b"/Type /Page\n"
    )


def test_markup_in_a_name_is_shown_and_not_obeyed() -> None:
    assert "<b>" not in fonts.marked_up("<b>x</b>")
    assert "&lt;b&gt;" in fonts.marked_up("<b>x</b>")


def test_nothing_found_is_told_from_nothing_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import typer
    from typer.testing import CliRunner

    from qa.cli import report

    monkeypatch.setenv("QA_HOME", str(tmp_path))
    app = typer.Typer()
    report.register(app)
    assert "no calls are scored yet" in CliRunner().invoke(app, []).stderr
    store = new_store(tmp_path)
    keep_call(store, "a", score=None)
    store.close()
    assert "ask for a longer period" in CliRunner().invoke(app, ["--since", "2030-01-01"]).stderr
    assert "1 call has no total" in CliRunner().invoke(app, []).stdout
    kept = tmp_path / "handed-out"
    assert CliRunner().invoke(app, ["--format", "pdf", "--out", str(kept)]).exit_code == 0
    assert [p.name for p in kept.iterdir()] == ["Priya-Nair.pdf"]
