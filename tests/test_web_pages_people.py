"""The pages on which people decide, as each role sees them: rights first, then what can be done on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_people import Desk, made_desk
from made_web import open_page, words_of
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from qa.calibration import Estimate
from qa.errors import InputError, NotAllowed, SettingsError
from qa.review.course import who_may_decide
from qa.review.disputing import decide_dispute, open_dispute
from qa.review.rounds import RATED, rate_call
from qa.review.sampling import draw_sample
from qa.settings import Settings
from qa.store import SYSTEM, CallFilter, CallRow, list_calls, load_call
from qa.store.accounts import set_active
from qa.store.acknowledgements import acknowledgements_of
from qa.store.audit import list_audit
from qa.store.calibrations import close_round, list_rounds, new_round
from qa.store.colleagues import colleagues
from qa.store.disputes import list_disputes
from qa.store.reviews import list_reviews
from qa.store.samples import list_samples
from qa.values import Outcome
from qa.web import navigation, state
from qa.web.pages.settings import shown
from qa.web.parts import blind_rating, form_trial, round_view

PEOPLE = ("ada", "lea", "rita", "amy")
PAGES = (
    "disputes",
    "promises",
    "review_queue",
    "calibration",
    "patterns",
    "forms",
    "behaviours",
    "audit",
    "settings",
)


def point_app_at(desk: Desk, patch: pytest.MonkeyPatch) -> None:
    """The app works on this desk's folders from now on."""
    for key in ("home", "data", "models"):
        patch.setenv(f"QA_{key.upper()}", str(getattr(desk.settings, key)))
    state.forget()


@pytest.fixture(scope="module")
def looking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk for the tests that only look; one dispute is open."""
    with pytest.MonkeyPatch.context() as patch:
        desk = made_desk(tmp_path_factory.mktemp("looking"), calls=2)
        point_app_at(desk, patch)
        disputed(desk)
        yield desk
    state.forget()
    desk.store.close()


@pytest.fixture
def desk(looking: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk of its own for a test that decides something."""
    made = made_desk(tmp_path, calls=2)
    point_app_at(made, monkeypatch)
    yield made
    monkeypatch.undo()
    state.forget()
    made.store.close()


def first_call(desk: Desk) -> str:
    """The id of one call of Amy's."""
    return list_calls(desk.store, desk["amy"]).rows[0].call_id


def missed(desk: Desk) -> str:
    """A question that was missed in it."""
    answers = load_call(desk.store, desk["lea"], first_call(desk)).evaluation.answers
    return next(a.criterion for a in answers if a.outcome == "missed")


def disputed(desk: Desk) -> str:
    """Amy disputes that question."""
    row, _ = open_dispute(
        desk.store,
        desk["amy"],
        desk.pipeline,
        first_call(desk),
        ground="did_not_apply",
        text="Nobody asked for it.",
        settings=desk.settings,
        criterion=missed(desk),
    )
    return row.dispute


def button(app: AppTest, label: str) -> Button:
    return next(one for one in app.button if one.label == label)


@pytest.mark.parametrize(("login", "page"), [(login, page) for login in PEOPLE for page in PAGES])
def test_each_page_is_there_for_its_roles_and_for_nobody_else(
    looking: Desk, monkeypatch: pytest.MonkeyPatch, login: str, page: str
) -> None:
    entry = next(one for one in navigation.ENTRIES if one.name == page)
    principal = looking[login]
    app = open_page(monkeypatch, principal, page)
    assert not app.exception
    if principal.role in entry.roles:
        assert not app.error
        assert app.title


def test_a_foreign_dispute_looks_like_a_missing_one(looking: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    there = list_disputes(looking.store, looking["lea"])[0].dispute
    foreign = open_page(monkeypatch, looking["tom"], "disputes", id=there)
    missing = open_page(monkeypatch, looking["tom"], "disputes", id="d000")
    assert foreign.error[0].value == missing.error[0].value.replace("d000", there)
    assert "Nobody asked" not in words_of(foreign)
    assert "Nobody asked" not in words_of(open_page(monkeypatch, looking["tom"], "disputes"))


def test_an_agent_sees_what_a_dispute_would_change_before_it_is_sent(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(monkeypatch, desk["amy"], "call", id=first_call(desk))
    app.segmented_control(key="act").set_value("Dispute").run()
    app.selectbox(key="dispute-about").set_value(("criterion", missed(desk))).run()
    app.radio(key="dispute-ground").set_value("did_not_apply").run()
    assert not app.exception
    assert "The score would change from" in words_of(app)
    assert not list_disputes(desk.store, desk["amy"])
    app.text_area(key="dispute-text").set_value("Nobody asked for it.")
    app.button(key="dispute-send").click().run()
    assert not app.exception
    assert [row.state for row in list_disputes(desk.store, desk["amy"])] == ["open"]
    assert "sent" in app.success[0].value


def test_a_dispute_without_a_word_is_not_sent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page(monkeypatch, desk["amy"], "call", id=first_call(desk))
    app.segmented_control(key="act").set_value("Dispute").run()
    app.selectbox(key="dispute-about").set_value(("criterion", missed(desk))).run()
    app.radio(key="dispute-ground").set_value("did_not_apply").run()
    app.button(key="dispute-send").click().run()
    assert "say in a few words" in app.error[0].value.replace("\\", "")
    assert not list_disputes(desk.store, desk["amy"])


def test_a_lead_decides_with_a_reason_and_the_score_changes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispute, call_id = disputed(desk), first_call(desk)
    before = load_call(desk.store, desk["lea"], call_id).evaluation.score
    app = open_page(monkeypatch, desk["lea"], "disputes", id=dispute)
    app.radio(key=f"decision-{dispute}").set_value("upheld").run()
    assert "would change" in words_of(app)
    app.button(key=f"decide-{dispute}").click().run()
    assert "say why" in app.error[0].value
    assert list_disputes(desk.store, desk["lea"])[0].state == "open"
    app.text_area(key=f"why-{dispute}").set_value("It did not come up.")
    app.button(key=f"decide-{dispute}").click().run()
    assert not app.exception
    assert list_disputes(desk.store, desk["lea"])[0].state == "upheld"
    after = load_call(desk.store, desk["lea"], call_id).evaluation.score
    assert before is not None
    assert after is not None
    assert after > before
    seen = words_of(open_page(monkeypatch, desk["amy"], "disputes", id=dispute))
    assert "upheld" in seen
    assert "It did not come up." in seen


def test_neither_an_agent_nor_a_reviewer_decides(looking: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    dispute = list_disputes(looking.store, looking["lea"])[0].dispute
    for login in ("amy", "rita"):
        app = open_page(monkeypatch, looking[login], "disputes", id=dispute)
        assert not [one for one in app.radio if one.key == f"decision-{dispute}"]


def test_who_gave_the_answer_before_does_not_decide(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first = disputed(desk)
    decide_dispute(
        desk.store, desk["lea"], desk.pipeline, first, state="rejected", text="It was asked twice."
    )
    again = disputed(desk)
    said = [one.value for one in open_page(monkeypatch, desk["lea"], "disputes", id=again).info]
    assert any("somebody else decides" in one for one in said)


def test_a_dispute_is_given_to_somebody_who_had_no_part_in_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = disputed(desk)
    decide_dispute(
        desk.store, desk["lea"], desk.pipeline, first, state="rejected", text="It was asked twice."
    )
    again = disputed(desk)
    app = open_page(monkeypatch, desk["lea"], "disputes", id=again)
    offered = app.selectbox(key=f"give-to-{again}")
    assert set(offered.options) == {"Ada", "Leo"}
    app.selectbox(key=f"give-to-{again}").set_value("leo").run()
    app.button(key=f"give-{again}").click().run()
    assert not app.exception
    assert "Leo has it now" in app.success[0].value
    assert list_disputes(desk.store, desk["lea"], state="open")[0].assigned_to == "Leo"
    seen = open_page(monkeypatch, desk["leo"], "disputes")
    assert "Given to you 1" in str(seen.segmented_control(key="dispute-state").options)
    assert "given to Leo" in words_of(open_page(monkeypatch, desk["amy"], "disputes"))


def test_where_nobody_may_decide_it_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first = disputed(desk)
    decide_dispute(
        desk.store, desk["ada"], desk.pipeline, first, state="rejected", text="It was asked twice."
    )
    again = disputed(desk)
    for login in ("leo", "lea"):
        set_active(desk.store, SYSTEM, login, active=False)
    app = open_page(monkeypatch, desk["ada"], "disputes", id=again)
    assert any("Everybody who may decide had a part" in one.value for one in app.warning)


def test_nobody_but_those_who_decide_sees_who_could(looking: Desk) -> None:
    there = list_disputes(looking.store, looking["lea"])[0].dispute
    assert set(who_may_decide(looking.store, looking["lea"], there)) == {"ada", "lea", "leo"}
    for login in ("amy", "rita"):
        with pytest.raises(NotAllowed):
            who_may_decide(looking.store, looking[login], there)


def test_an_agent_takes_a_dispute_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    dispute = disputed(desk)
    app = open_page(monkeypatch, desk["amy"], "disputes", id=dispute)
    app.button(key=f"withdraw-{dispute}").click().run()
    assert not app.exception
    assert list_disputes(desk.store, desk["amy"])[0].state == "withdrawn"


def test_an_agent_acknowledges_an_own_call_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    call_id = first_call(desk)
    app = open_page(monkeypatch, desk["amy"], "call", id=call_id)
    app.segmented_control(key="act").set_value("Acknowledge").run()
    app.button(key="acknowledge").click().run()
    assert not app.exception
    assert [row.in_force for row in acknowledgements_of(desk.store, desk["amy"], call_id)] == [True]
    again = open_page(monkeypatch, desk["amy"], "call", id=call_id)
    assert "Acknowledge" not in again.segmented_control(key="act").options
    assert "Amy has seen this score" in words_of(again)


def test_a_reviewer_accepts_answers_one_by_one_and_finishes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_sample(desk.store, desk["lea"], round_name="s1", which=CallFilter(), per_stratum=1)
    call_id = list_samples(desk.store, desk["rita"])[0].call_id
    app = open_page(monkeypatch, desk["rita"], "review_queue", round="s1", call=call_id)
    assert not app.exception
    app.button(key="accept").click().run()
    assert not app.exception
    assert len(list_reviews(desk.store, desk["rita"], call_id=call_id)) == 1
    app.button(key="finish").click().run()
    assert [row.state for row in list_samples(desk.store, desk["rita"])] == ["done"]


def test_rejecting_needs_a_reason(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    draw_sample(desk.store, desk["lea"], round_name="s1", which=CallFilter(), per_stratum=1)
    call_id = list_samples(desk.store, desk["rita"])[0].call_id
    app = open_page(monkeypatch, desk["rita"], "review_queue", round="s1", call=call_id)
    app.button(key="reject").click().run()
    app.radio[0].set_value("not_applicable")
    button(app, "Keep my answer").click().run()
    assert "say why" in app.error[0].value
    assert not list_reviews(desk.store, desk["rita"], call_id=call_id)


def begun_round(desk: Desk) -> str:
    calls = [row.call_id for row in _calls(desk)]
    return new_round(
        desk.store, desk["lea"], name="first", form="default.v1", calls=calls, raters=["rita", "rob"]
    )


def _calls(desk: Desk) -> tuple[CallRow, ...]:
    return list_calls(desk.store, desk["lea"]).rows


def test_a_rater_of_an_open_round_sees_no_answer_of_the_program(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    round_id = begun_round(desk)
    call = open_page(monkeypatch, desk["rita"], "call", id=first_call(desk))
    assert "You rate this call blind" in words_of(call)
    assert not call.metric
    assert not call.get("bidi_component")
    page = open_page(monkeypatch, desk["rita"], "calibration", round=round_id)
    assert not page.exception
    assert not page.metric
    assert "The program" not in words_of(page)


def test_a_round_is_rated_closed_and_compared(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    round_id = begun_round(desk)
    call_id = list_rounds(desk.store, desk["lea"])[0].calls[0]
    app = open_page(monkeypatch, desk["rita"], "calibration", round=round_id)
    key = f"rate-{round_id}-{call_id}-{missed(desk)}"
    app.segmented_control(key=key).set_value("met")
    button(app, "Keep these answers").click().run()
    assert not app.exception
    for n, one in enumerate(list_rounds(desk.store, desk["lea"])[0].calls):
        outcome: Outcome = "missed" if n == 0 else "met"
        rate_call(desk.store, desk["rob"], round_id, one, {missed(desk): (outcome, None)})
    lead = open_page(monkeypatch, desk["lea"], "calibration", round=round_id)
    lead.button(key="close-round").click().run()
    assert not lead.exception
    said = words_of(open_page(monkeypatch, desk["rita"], "calibration", round=round_id))
    assert "Same answer" in said
    assert "Krippendorff's alpha" in said
    assert "kappa" in said


def test_a_round_of_others_looks_like_a_missing_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = [first_call(desk)]
    round_id = new_round(
        desk.store, desk["lea"], name="x", form="default.v1", calls=calls, raters=["rob", "leo"]
    )
    foreign = open_page(monkeypatch, desk["rita"], "calibration", round=round_id)
    assert "there is none of that name" in foreign.error[0].value


def test_figures_stand_with_their_interval_and_a_word() -> None:
    assert round_view.figure(Estimate(0.62, 0.4, 0.75)) == "0.62 (0.40 to 0.75)"
    assert round_view.strength(Estimate(0.62, 0.4, 0.75)) == "substantial"
    assert round_view.strength(Estimate(None)).startswith("can't be told")
    assert round_view.percent(Estimate(0.816, 0.75, 0.88)) == "82 % (75–88)"
    assert round_view.icc(Estimate(0.2, 0.1, 0.3)) == "poor"
    assert set(blind_rating.SAYS) == set(RATED)


def test_a_form_that_can_not_be_used_is_refused_line_by_line(looking: Desk) -> None:
    with pytest.raises(SettingsError, match="'about' is missing; add it"):
        form_trial.read_proposed(b"id: x", name="x.yaml")
    text = (state.library().folder / f"{state.library().all[0].id}.yaml").read_bytes()
    with pytest.raises(InputError, match="is in use already; call the new one"):
        form_trial.read_proposed(text, name="same.yaml")
    with pytest.raises(InputError, match="UTF-8"):
        form_trial.read_proposed(b"\xff\xfe\x00", name="bad.yaml")


def test_a_new_form_is_tried_then_published_and_never_changed(desk: Desk) -> None:
    old = state.default_form()
    assert old is not None
    text = (state.library().folder / f"{old.id}.yaml").read_text(encoding="utf-8")
    new_id = f"{old.name}.v{old.version + 1}"
    proposed = form_trial.read_proposed(text.replace(old.id, new_id).encode(), name="new.yaml")
    found = form_trial.try_form(desk["lea"], old, proposed.form, most=10)
    assert found.n_calls == 2
    assert found.mean_before == found.mean_after
    assert not found.answers
    form_trial.publish(desk["lea"], proposed)
    assert state.form_named(new_id) is not None
    assert list_audit(desk.store, desk["lea"], object="form")[0].object_id == new_id
    with pytest.raises(SettingsError, match="published meanwhile"):
        form_trial.publish(desk["lea"], proposed)


def test_settings_never_show_what_could_be_a_password(looking: Desk) -> None:
    settings = Settings(webhook_secret="a" * 20, database_url="postgresql://me:secret@host/db")
    assert shown("webhook_secret", settings.webhook_secret) == "set, not shown"
    assert shown("database_url", settings.database_url) == "set, not shown"
    assert shown("model", None) == "none"


def test_only_leads_choose_people(looking: Desk) -> None:
    assert set(colleagues(looking.store, looking["lea"], ("reviewer",))) == {"rita", "rob"}
    with pytest.raises(NotAllowed):
        colleagues(looking.store, looking["amy"], ("reviewer",))


def test_behaviours_are_searched_in_their_words(looking: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page(monkeypatch, looking["amy"], "behaviours", q="submarine")
    assert "No behaviour matches" in words_of(app)


def test_a_closed_round_stays_closed(desk: Desk) -> None:
    round_id = begun_round(desk)
    close_round(desk.store, desk["lea"], round_id)
    with pytest.raises(InputError, match="is closed"):
        rate_call(desk.store, desk["rita"], round_id, first_call(desk), {missed(desk): ("met", None)})
