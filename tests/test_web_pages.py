"""The pages as each role sees them: rights first, then what they say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_store import MONDAY
from made_web import FOREIGN, OWN, Firm, keep_with_sound, make_firm, open_page, words_of
from streamlit.testing.v1 import AppTest

from qa.behaviours import Cards
from qa.store import CallFilter, load_call
from qa.store.accounts import list_accounts
from qa.values import Finding, Span, Turn, Word
from qa.web import identity, intake, look, navigation, state
from qa.web.parts import call_view
from qa.web.parts.call_list import shortened
from qa.web.parts.filters import _chosen


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """One firm for the tests that only look."""
    with pytest.MonkeyPatch.context() as patch:
        yield make_firm(tmp_path_factory.mktemp("firm") / "home", patch)
    state.forget()


@pytest.fixture
def own_firm(firm: Firm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Firm]:
    """A firm of its own for a test that changes something."""
    yield make_firm(tmp_path / "home", monkeypatch)
    monkeypatch.undo()
    state.forget()


def view_data(app: AppTest) -> dict[str, object]:
    """What the view of a call was given."""
    views = [one.proto for one in app.get("bidi_component") if "call_view" in one.proto.component_name]
    made: dict[str, object] = json.loads(views[0].json)
    return made


@pytest.mark.parametrize("page", ["team", "agent", "upload", "accounts"])
def test_an_agent_has_no_page_of_those_who_lead(
    firm: Firm, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    app = open_page(monkeypatch, firm.priya, page, name="Joel Okafor")
    assert not app.exception
    assert "Joel" not in words_of(app)
    assert page not in {entry.name for entry in navigation.ENTRIES if "agent" in entry.roles}


ROLES = ("admin", "lead", "supervisor", "agent")


@pytest.mark.parametrize(
    ("role", "page"), [(role, one.name) for role in ROLES for one in navigation.ENTRIES if role in one.roles]
)
def test_every_page_of_every_role_runs(
    firm: Firm, monkeypatch: pytest.MonkeyPatch, role: str, page: str
) -> None:
    principal = firm.priya if role == "agent" else getattr(firm, role)
    # ``id`` names a call; on the page of disputes it would name a dispute that does not exist.
    asked = {} if page == "disputes" else {"id": OWN, "name": "Priya Nair"}
    app = open_page(monkeypatch, principal, page, **asked)
    assert not app.exception
    assert not app.error
    assert app.title


def test_the_team_is_shown_with_ranges_and_counts(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page(monkeypatch, firm.lead, "team")
    said = words_of(app)
    assert "2 calls" in said
    assert app.metric[0].value.startswith("80 (")
    assert said.index("Joel Okafor") < said.index("Priya Nair")
    assert "Nothing waits for you" in said


def test_what_waits_is_at_the_top(own_firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_with_sound(own_firm.store, "no-total", agent="Joel Okafor", team="South", score=None)
    said = words_of(open_page(monkeypatch, own_firm.lead, "team"))
    assert "**1** call has no total" in said
    assert "Nothing waits" not in said


def test_a_supervisor_sees_the_own_team_only(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    said = words_of(open_page(monkeypatch, firm.supervisor, "team"))
    assert "Priya Nair" in said
    assert "Joel" not in said
    app = open_page(monkeypatch, firm.supervisor, "agent", name="Joel Okafor")
    assert [error.value for error in app.error] == [
        "agent Joel Okafor: there is none of that name, or it is not yours to see"
    ]


def test_an_agents_home_speaks_to_the_agent_and_of_nobody_else(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = words_of(open_page(monkeypatch, firm.priya, "home"))
    assert "Hello Priya" in said
    assert "Your level 80 (" in said
    assert "Joel" not in said
    assert "Joel" not in words_of(open_page(monkeypatch, firm.priya, "calls"))


def test_a_foreign_call_looks_like_a_missing_one(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = open_page(monkeypatch, firm.priya, "call", id=FOREIGN)
    missing = open_page(monkeypatch, firm.priya, "call", id="no-such-call")
    assert foreign.error[0].value == missing.error[0].value.replace("no-such-call", FOREIGN)
    assert not foreign.get("audio")


def test_a_call_says_where_its_words_come_from_and_what_it_can_not_show(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = words_of(open_page(monkeypatch, firm.lead, "call", id=OWN))
    assert "recognised by the speech model tiny.en" in said
    assert "measured from the sound of the two channels" in said
    assert "one channel" in said
    assert "80 (75–85)" in said


def test_the_sound_is_an_address_of_our_own_route(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page(monkeypatch, firm.lead, "call", id=OWN, t="30.5")
    sound = app.get("audio")[0].proto
    assert sound.url.endswith(f"/qa/audio/{OWN}")
    assert sound.url.startswith("http")
    assert sound.start_time == 28


def test_the_view_of_a_call_has_turns_marks_and_answers(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    view = view_data(open_page(monkeypatch, firm.lead, "call", id=OWN, t="30"))
    turns = view["turns"]
    assert isinstance(turns, list)
    assert ["My", 0.0, True, []] in turns[0]["parts"]
    assert ["so sorry", None, False, [0]] in turns[1]["parts"]
    sections = view["sections"]
    assert isinstance(sections, list)
    answers = {a["id"]: a for section in sections for a in section["answers"]}
    assert (answers["empathy"]["sign"], answers["empathy"]["evidence"][0]["start"]) == ("✓", 2.75)
    assert (answers["recap"]["sign"], answers["recap"]["opportunity"][0]["n"]) == ("✕", 0)
    assert view["moment"] == [30.0, 34.0]


def test_calls_are_searched_in_the_words(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page(monkeypatch, firm.lead, "calls", q="parcel")
    assert "2 calls" in words_of(app)
    app.text_input(key="q").set_value("submarine").run()
    assert "No call matches" in words_of(app)


def test_calls_are_narrowed_by_agent_and_answer(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    said = words_of(open_page(monkeypatch, firm.lead, "calls", agent="Joel Okafor"))
    assert "1 call" in said
    assert "Priya" not in said


def test_what_was_said_is_never_markup() -> None:
    tricky = "<img src=x onerror=alert(1)> [a](javascript:b) **c** $d$ https://evil.example :red[e]"
    shown = look.escape(tricky)
    assert re.search(r"(?<!\\)[<>\[\]()*$:_`]", shown) is None


def test_a_period_counts_back_from_the_newest_call(firm: Firm) -> None:
    chosen = _chosen(4, MONDAY, CallFilter())
    assert chosen.which.since is not None
    assert (MONDAY - chosen.which.since).days == 27
    assert chosen.before is not None
    assert chosen.before.until == chosen.which.since
    assert _chosen(4, None, CallFilter()).which.since is None


def test_words_and_findings_are_cut_at_each_others_borders() -> None:
    words = (Word("I", 1.0, 1.1), Word("am", 1.1, 1.3), Word("sorry.", 1.3, 1.9, 0.3, doubtful=True))
    turn = Turn("agent", 1.0, 2.0, "I am sorry.", words)
    found = Finding("c", 0, "apology", "agent", 1.1, 1.9, "am sorry", 0.9, "why", 2, 10)
    assert call_view.parts_of(turn, {3: found}) == [
        ["I", 1.0, False, []],
        [" ", None, False, []],
        ["am", 1.1, False, [3]],
        [" ", None, False, [3]],
        ["sorry", 1.3, True, [3]],
        [".", 1.3, True, []],
    ]


def test_overlaps_are_where_both_speak_for_long_enough() -> None:
    agent, customer = (Span(0, 5), Span(9, 10)), (Span(4.5, 9.1),)
    assert call_view.overlaps(agent, customer) == (Span(4.5, 5),)


def test_the_view_needs_neither_form_nor_card(firm: Firm) -> None:
    stored = load_call(firm.store, firm.lead, OWN)
    bare = call_view.Shown(stored, None, Cards({}), 0.5, has_sound=False)
    view = call_view.view_of(bare)
    assert view["findings"][0]["name"] == "Empathy"
    assert view["sections"][0]["answers"][0]["question"] == "Empathy"


def test_an_upload_is_looked_at_file_by_file(own_firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    token = intake.new_token()
    folder = intake.folder_of(own_firm.store.home, own_firm.lead, token)
    folder.mkdir(parents=True)
    (folder / "good.txt").write_text(
        "Agent: Good morning, how can I help?\nCustomer: My parcel never came.\n"
    )
    (folder / "broken.json").write_text("{")
    (folder / "text.wav").write_text("this is a text and not a recording at all")
    (folder / "notes.docx").write_bytes(b"PK")
    rows = {row.name: row for row in intake.look(own_firm.store, own_firm.lead, state.settings(), folder)}
    assert rows["good.txt"].verdict == "ready"
    assert {n for n, row in rows.items() if row.verdict == "problem"} == {
        "broken.json",
        "text.wav",
        "notes.docx",
    }
    assert not any(str(folder) in row.says for row in rows.values())

    app = open_page(monkeypatch, own_firm.lead, "upload")
    app.session_state["upload"] = token
    app.run()
    assert "1 call ready" in words_of(app)
    next(button for button in app.button if button.label.startswith("Score 1 call")).click().run()
    assert not app.exception
    assert "0 of 1 call" in words_of(app)


def test_what_was_handed_in_before_is_recognised(own_firm: Firm) -> None:
    from qa.batch import Pipeline, score
    from qa.hearing import find_inputs

    text = "Agent: Good morning, how can I help?\nCustomer: My parcel never came, and I have waited a week.\n"
    folder = intake.folder_of(own_firm.store.home, own_firm.lead, intake.new_token())
    folder.mkdir(parents=True)
    (folder / "one.txt").write_text(text)
    # By another form than the made calls: theirs is in use, with other bytes.
    pipeline = Pipeline(state.settings(), form="short")
    done = list(score(find_inputs([folder]), store=own_firm.store, pipeline=pipeline))
    assert done[0].error is None, done[0].error
    again = intake.folder_of(own_firm.store.home, own_firm.lead, intake.new_token())
    again.mkdir()
    (again / "other name.txt").write_text(text)
    rows = intake.look(own_firm.store, own_firm.lead, state.settings(), again)
    assert [(row.verdict, row.call_id) for row in rows] == [("known", done[0].call_id)]


def test_an_admin_keeps_an_account_out(own_firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page(monkeypatch, own_firm.admin, "accounts")
    priya = next(row for row in list_accounts(own_firm.store, own_firm.admin) if row.login == "priya")
    app.button(key=f"active-{priya.account_id}").click().run()
    assert not app.exception
    assert not next(
        row for row in list_accounts(own_firm.store, own_firm.admin) if row.login == "priya"
    ).active


def test_whoever_is_not_signed_in_sees_nothing(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "session_token", lambda: None)
    app = AppTest.from_file(
        str(Path(__file__).parents[1] / "qa" / "web" / "pages" / "main.py"), default_timeout=30
    )
    app.run()
    assert [one.value for one in app.info] == ["You are signed out."]
    assert not app.title


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("My parcel never came.", "My parcel never came."),
        ("and it came with one leg broken off,", "… and it came with one leg broken off…"),
        ("i pay for the new one", "i pay for the new one"),
        ("I took a day off work, for your engineer", "I took a day off work…"),
    ],
)
def test_a_quote_shows_where_it_was_cut(said: str, shown: str) -> None:
    assert shortened(said, 40 if said.startswith(("and", "i", "My")) else 25) == shown


def test_the_agent_is_asked_in_person_on_an_own_call(firm: Firm) -> None:
    stored = load_call(firm.store, firm.lead, OWN)
    shown = call_view.Shown(stored, state.default_form(), Cards({}), 0.5, has_sound=False, mine=True)
    told = json.dumps(call_view.view_of(shown)["sections"])
    assert "the agent" not in told
