"""The same store on PostgreSQL, where one is installed: tests of other files again, then what only it can get wrong.

The tests that are imported open their stores by the settings, and here QA_DATABASE_URL names the server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from made_data import make_data, write_call
from made_people import Desk, made_desk
from made_postgresql import Server, run_server
from made_store import keep, keep_call, made_call, made_scored, new_store
from made_web import Firm, make_firm
from sqlalchemy import text
from test_accounts import (  # noqa: F401
    lea,
    test_a_session_ends_with_its_account_or_password,
    test_every_change_is_in_the_log_and_the_log_is_whole,
    test_many_logins_from_one_address_are_refused,
    test_the_last_admin_stays,
)
from test_batch import (  # noqa: F401
    data,
    run,
    settings,
    test_promises_are_up_to_date_when_a_later_call_of_the_customer_is_scored,
    test_promises_worked_out_from_what_has_changed_meanwhile_are_not_kept,
    test_the_same_content_is_not_scored_twice,
    test_what_failed_can_be_tried_again,
    test_who_lost_the_lease_can_not_finish,
)
from test_disputes import (  # noqa: F401
    test_a_second_dispute_goes_to_somebody_else_and_there_is_no_third,
    test_corrected_words_are_searched_anew,
    test_open_and_overdue_disputes_come_first,
    test_rejected_nothing_changes_and_the_detector_was_right,
    test_the_course_of_a_dispute_can_be_read,
    test_upheld_it_is_in_force_at_once_and_becomes_a_label,
)
from test_oidc import (  # noqa: F401
    ISSUER,
    test_an_agent_is_found_by_the_id_in_another_system,
    test_logins_of_made_accounts_never_meet,
    test_one_identity_opens_one_account_until_it_is_unlinked,
    test_what_the_provider_decides_is_in_the_log,
)
from test_people import (  # noqa: F401
    PROMISES,
    test_a_round_is_blind_until_it_is_closed,
    test_a_sample_is_kept_once_and_followed,
    test_an_erased_call_keeps_its_score_and_says_nothing_more,
    test_an_evaluation_is_acknowledged_once_and_again_after_a_change,
    test_difficult_calls_are_ranked_and_seen_by_those_who_may,
    test_promises_are_kept_marked_and_seen_by_those_who_may,
    test_recordings_go_when_their_time_is_over,
)
from test_review import (  # noqa: F401
    test_a_persons_answer_stands_beside_the_programs,
    test_every_decision_is_in_the_audit_log_without_a_word_of_it,
    test_the_latest_of_several_reviews_is_in_force_and_none_is_lost,
)
from test_saved_filters import (  # noqa: F401
    test_a_choice_is_deleted,
    test_a_choice_is_kept_under_its_name_and_replaced,
    test_calls_are_found_by_customer_score_and_answer,
    test_nobody_sees_or_changes_anothers,
    test_one_choice_is_the_default_or_none,
)
from test_store import (  # noqa: F401
    test_a_failed_transaction_leaves_nothing,
    test_a_foreign_call_is_answered_like_a_missing_one,
    test_a_moment_without_a_zone_comes_back_without_one,
    test_a_new_form_adds_an_evaluation_beside_the_old,
    test_a_row_says_what_a_list_shows,
    test_calls_are_found_by_every_filter,
    test_criteria_are_counted_per_agent,
    test_each_role_sees_its_own,
    test_every_query_takes_every_filter_of_every_role,
    test_lists_are_ordered_and_paged,
    test_other_content_under_the_same_name_is_another_call,
    test_records_with_evidence_hold_the_evaluation_as_it_was,
    test_the_migrations_make_exactly_the_tables,
    test_the_program_never_puts_itself_over_a_person,
    test_the_same_content_is_kept_once,
    test_what_goes_in_comes_out_equal,
)
from test_web_team import (  # noqa: F401
    test_an_auto_fail_leads_to_its_calls,
    test_calls_are_chosen_by_form_where_there_are_several,
)

from qa.batch import Pipeline, enqueue, work
from qa.batch.promised import renew_promises
from qa.errors import SettingsError, StoreError
from qa.hearing import find_inputs
from qa.oidc import Grant, Identity
from qa.report import team_scorecards
from qa.review.deciding import review_answer
from qa.review.disputing import decide_dispute, open_dispute
from qa.settings import Settings
from qa.store import (
    SYSTEM,
    CallFilter,
    Store,
    criterion_counts,
    list_calls,
    open_store,
    save_scored,
    scored_calls,
)
from qa.store import accounts as accounts_module
from qa.store.accounts import add_account, authenticate, list_accounts, set_active
from qa.store.attempts import PER_LOGIN, TooManyAttempts
from qa.store.audit import check_chain, record
from qa.store.customers import basis_of, keep_promises_of
from qa.store.erasure import erase, is_erased
from qa.store.facts import forms_used
from qa.store.identities import sign_in_identity
from qa.store.levels import level_rows, tallies
from qa.store.overview import attention, revision
from qa.store.progress import batch_progress
from qa.store.promises import list_promises, promise_counts, promise_groups
from qa.store.reviews import list_reviews
from qa.store.samples import candidates
from qa.store.signs import behaviours_of_agent, last_of_customer, newest_ids, signed_calls, words_of_customer
from qa.store.webhooks import announce_test, claim_due, list_endpoints, note_result
from qa.values import Principal
from qa.web import state

pytest.importorskip("psycopg", reason="psycopg is not installed (pip install 'call-qa[postgres]')")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with run_server(tmp_path_factory.mktemp("postgresql")) as running:
        yield running


@pytest.fixture(autouse=True)
def _on_postgresql(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every store that is opened here is the server's, empty."""
    server.empty()
    monkeypatch.setenv("QA_DATABASE_URL", server.url)
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(accounts_module, "_hasher", lambda: quick)
    accounts_module._nobodys_hash.cache_clear()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = new_store(tmp_path / "home")
    assert made.dialect == "postgresql"
    yield made
    made.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = made_desk(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def firm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Firm]:
    yield make_firm(tmp_path / "home", monkeypatch)
    monkeypatch.undo()
    state.forget()


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """All of it begun at the same moment, each in a thread; what each gave, or the error it ended with."""
    begin = threading.Barrier(len(jobs))

    def do(job: Callable[[], Any]) -> Any:
        begin.wait(timeout=60)
        try:
            return job()
        except Exception as err:
            return err

    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(do, jobs))


def no_error(ended: list[Any]) -> list[Any]:
    errors = [one for one in ended if isinstance(one, Exception)]
    assert errors == []
    return ended


# The same as on SQLite


def fill(store: Store) -> None:
    said = (
        "The café's follow-up is order C-17; see shop.example.com/returns or ring 07700-900123.",
        "We will refund the money back to you, £30.50, on the 3rd. Don’t worry, Straße 5.",
        "I am so sorry to hear that.",
    )
    for n in range(9):
        agent, team = (("Priya Nair", "North"), ("Tom Reed", "South"), ("zoë Adler", None))[n % 3]
        call = made_call(
            f"c{n}", agent=agent, text=said[n % 3], days=5 * n, queue=("cards", "Billing")[n % 2]
        )
        call = replace(call, customer=("C-1", "c-1", "C-17", "D 1", None)[n % 5])
        call = replace(call, started_at=None) if n == 4 else call
        form = "short.v1" if n == 8 else "default.v1"
        keep(store, made_scored(call, score=None if n == 5 else 40.0 + 7 * n, team=team, form=form))


def everything_asked(store: Store, principal: Principal) -> dict[str, Any]:
    """What lists, searches, levels and signs answer."""
    words = (
        "cafe", "CAFÉ", '"the cafe"', "follow-up", '"follow up is"', "C-17", "17", "example", "returns", "900123",
        "30.50", "£30", "don't", "dont", "strasse", "straße", "3rd", '"money back"', '"back money"', "refund sorry",
        "_", "'", '"', "x OR y", "!&|:*",
    )  # fmt: skip
    asked = {f"text {w}": CallFilter(text=w) for w in words}
    asked |= {f"from {c}": CallFilter(customer_from=c) for c in ("C", "c", "C-1", "C-17", "D", "%", "_", "")}
    asked |= {f"min {s}": CallFilter(min_score=s, max_score=90.0) for s in (0.0, 61.0)}
    asked["all"] = CallFilter()
    found: dict[str, Any] = {
        about: {row.call_id for row in list_calls(store, principal, which).rows}
        for about, which in asked.items()
    }
    for order in ("started_at", "-started_at", "score", "-score", "-duration_s", "-created_at"):
        rows = list_calls(store, principal, order=order).rows  # type: ignore[arg-type]
        found[order] = [replace(row, created_at=datetime(2025, 1, 1, tzinfo=UTC)) for row in rows]
    ids = newest_ids(store, principal, most=20)
    signed = signed_calls(store, principal, behaviours=("empathy",), min_probability=0.5, without_too=True)
    return found | {
        "levels": level_rows(store, principal),
        "tallies": [tallies(store, principal), tallies(store, principal, newest=2)],
        "counts": sorted(map(repr, criterion_counts(store, principal))),
        "scores": sorted(map(repr, scored_calls(store, principal))),
        "forms": forms_used(store, principal),
        "signs": [ids, signed, last_of_customer(store, principal, ids, min_probability=0.1)],
        "words": words_of_customer(store, principal, ids),
        "behaviours": behaviours_of_agent(store, principal, ids, min_probability=0.1),
        "attention": attention(store, principal),
        "promises": [promise_counts(store, principal), promise_groups(store, principal)],
        "cards": [(card.agent, card.n_calls) for card in team_scorecards(store, principal)],
        "doubt": candidates(store, principal) if principal.role in ("lead", "system") else (),
    }  # fmt: skip


@pytest.mark.parametrize(
    "principal",
    [
        SYSTEM,
        Principal(1, "Nora", "supervisor", team="North"),
        Principal(2, "P", "agent", agent="Priya Nair"),
    ],
    ids=lambda one: one.role,
)
def test_both_databases_give_the_same_answers(store: Store, principal: Principal, tmp_path: Path) -> None:
    url = f"sqlite:///{(tmp_path / 'other.db').as_posix()}"
    other = open_store(Settings(home=tmp_path / "other", database_url=url))
    for one in (store, other):
        fill(one)
    there, here = everything_asked(other, principal), everything_asked(store, principal)
    assert {about: here[about] for about in here if here[about] != there[about]} == {
        about: there[about] for about in there if here[about] != there[about]
    }
    assert revision(store)[1] == revision(other)[1] == 9
    other.close()


def test_words_kept_by_an_earlier_version_are_found_like_new_ones(store: Store) -> None:
    keep_call(store, "a")
    with store.writing() as connection:
        connection.execute(text("UPDATE call_text SET text = 'The Café of order C-17'"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0005'"))
    again = new_store(store.home)
    for wanted in ("cafe", '"order C-17"'):
        assert list_calls(again, SYSTEM, CallFilter(text=wanted)).total == 1
    again.close()


def test_nothing_that_is_append_only_is_changed_or_emptied(store: Store) -> None:
    keep_call(store, "a")
    for change in (
        "UPDATE evaluation SET score = 100",
        "DELETE FROM answer",
        "TRUNCATE audit",
        "DELETE FROM erasure",
    ):
        with pytest.raises(StoreError, match="append-only"), store.writing() as connection:
            connection.execute(text(change))


def test_what_the_database_refuses_is_told_without_the_row(store: Store) -> None:
    keep_call(store, "a")
    with pytest.raises(StoreError, match="violates") as err, store.writing() as connection:
        connection.execute(text("UPDATE call SET status = 'nonsense'"))
    assert "C-17" not in str(err.value)
    assert "\n" not in str(err.value)


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    url = "postgresql://qa:hunter22@127.0.0.1:1/nothing?connect_timeout=2"
    with pytest.raises(StoreError) as err:
        open_store(Settings(home=tmp_path, database_url=url))
    assert "\n" not in str(err.value)
    assert "hunter22" not in str(err.value)


# Many at once


def test_several_workers_share_the_queue(store: Store, tmp_path: Path) -> None:
    made = Settings(home=store.home, data=make_data(tmp_path / "data"), models=tmp_path / "models")
    for n in range(8):
        write_call(tmp_path / "calls", f"c{n}")
    batch = enqueue(find_inputs([tmp_path / "calls"]), store=store, pipeline=Pipeline(made))
    no_error(at_once(*[lambda: work(store, Pipeline(made), until_empty=True)] * 3))
    assert batch_progress(store, SYSTEM, batch).done == 8
    assert list_calls(store, SYSTEM).total == 8


def test_the_audit_chain_holds_when_many_write(store: Store) -> None:
    def write() -> None:
        for n in range(5):
            record(store, SYSTEM, "listen", object="call", object_id=str(n))

    no_error(at_once(*[write] * 6))
    assert check_chain(store) == (30, None)
    with store.writing() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE audit SET actor = 'somebody else' WHERE id = 7"))
    assert check_chain(store)[1] == 7


def promising(folder: Path) -> Settings:
    """Settings whose cards find a promise."""
    cards = make_data(folder / "data") / "behaviours"
    commitment = (cards / "over_promise.yaml").read_text().replace("over_promise", "commitment")
    (cards / "commitment.yaml").write_text(commitment)
    return Settings(home=folder / "home", data=folder / "data", models=folder / "models")


def test_promises_hold_while_workers_score_calls_of_one_customer(store: Store, tmp_path: Path) -> None:
    made = promising(tmp_path)
    for n in range(6):
        write_call(tmp_path / "calls", f"c{n}", says=f"I guarantee I will ring you at {n + 1} tomorrow.")
    enqueue(find_inputs([tmp_path / "calls"]), store=store, pipeline=Pipeline(made))
    no_error(at_once(*[lambda: work(store, Pipeline(made), until_empty=True)] * 3))
    assert sorted(p.call_id for p in list_promises(store, SYSTEM)) == [f"c{n}" for n in range(6)]
    renewed = no_error(
        at_once(*[lambda: renew_promises(store, made, "c0", customer="C-1") for _ in range(4)])
    )
    assert renewed == [6] * 4
    assert len(list_promises(store, SYSTEM)) == 6


def test_no_call_is_kept_between_the_look_at_a_customers_calls_and_their_promises(store: Store) -> None:
    keep_call(store, "a")
    seen = basis_of(store, call_id="a", customer="C-17")
    looked, kept_too = threading.Event(), threading.Event()

    def save() -> bool:
        with store.writing() as connection:
            save_scored(connection, made_scored(made_call("b")))
            looked.set()
            # The other one may look only when this one has ended.
            return not kept_too.wait(timeout=0.5)

    def renew() -> bool:
        assert looked.wait(timeout=30)
        done = keep_promises_of(store, seen, (), call_id="a", customer="C-17")
        kept_too.set()
        return done

    assert no_error(at_once(save, renew)) == [True, False]


def test_two_reviews_of_one_call_at_once_are_both_in_force(desk: Desk) -> None:
    def review(who: str, criterion: str) -> Any:
        return review_answer(
            desk.store, desk[who], desk.pipeline, "c0", criterion=criterion, outcome="not_applicable",
            reason="It is so.",
        )  # fmt: skip

    no_error(at_once(lambda: review("rita", PROMISES), lambda: review("rob", "acknowledges")))
    assert len(list_reviews(desk.store, SYSTEM)) == 2
    counted = {(row.criterion, row.outcome) for row in criterion_counts(desk.store, SYSTEM)}
    assert counted == {(PROMISES, "not_applicable"), ("acknowledges", "not_applicable")}


def test_nobody_waits_for_one_who_waits_for_them(tmp_path: Path) -> None:
    """Reviews, a dispute, sign-ins, scoring and the erasure of the customer, all at the same moment."""
    desk = made_desk(tmp_path, calls=4)
    store = desk.store
    row, _ = open_dispute(
        store, desk["amy"], desk.pipeline, "c3", settings=desk.settings, ground="policy_forced", text="It is so.",
        criterion=PROMISES,
    )  # fmt: skip
    for n in range(3):
        write_call(tmp_path / "more", f"d{n}", customer="C-2")
    enqueue(find_inputs([tmp_path / "more"]), store=store, pipeline=desk.pipeline)

    def review(call: str) -> Any:
        return review_answer(
            store, desk["rita"], desk.pipeline, call, criterion=PROMISES, outcome="met", reason="It is so."
        )

    def come_in(n: int) -> Any:
        grant = Grant("agent", agent=f"New {n}", may_create=True)
        return [
            sign_in_identity(store, Identity(ISSUER, str(n), name=f"N{n}", grant=grant)) for _ in range(3)
        ]

    no_error(
        at_once(
            *(lambda call=call: review(call) for call in ("c0", "c1", "c2")),
            *(lambda n=n: come_in(n) for n in range(3)),
            lambda: erase(store, desk["ada"], reason="asked", customer="C-1"),
            lambda: decide_dispute(
                store, desk["lea"], desk.pipeline, row.dispute, state="rejected", text="Heard."
            ),
            lambda: work(store, desk.pipeline, until_empty=True),
        )
    )
    assert all(is_erased(store, f"c{n}") for n in range(4))
    assert check_chain(store)[1] is None


def test_a_message_is_taken_by_one_sender(store: Store) -> None:
    told = replace(store, webhooks=("https://qa.firm.example/hook",))
    for _ in range(30):
        announce_test(told, SYSTEM)
    taken = list(chain(*no_error(at_once(*[lambda: claim_due(told, limit=10)] * 5))))
    while more := claim_due(told):
        taken += more
    assert len(taken) == len({one.event_id for one in taken}) == 30
    for one in taken:
        note_result(told, one, status=200, error=None)
    (endpoint,) = list_endpoints(told, SYSTEM)
    assert (endpoint.n_delivered, endpoint.n_waiting) == (30, 0)


def test_an_identity_that_comes_twice_at_once_gets_one_account(store: Store) -> None:
    who = Identity(ISSUER, "1", name="Lea", grant=Grant("lead", may_create=True))
    came = no_error(at_once(*[lambda: sign_in_identity(store, who)] * 5))
    assert len({one.account_id for one in came}) == len(list_accounts(store, SYSTEM)) == 1


def test_passwords_that_are_tried_at_once_count_like_one_after_another(store: Store) -> None:
    add_account(store, SYSTEM, login="lea", role="lead", password="correct horse battery")
    ended = at_once(*[lambda: authenticate(store, "lea", "wrong")] * (PER_LOGIN + 6))
    assert [one for one in ended if one is not None and not isinstance(one, TooManyAttempts)] == []
    assert ended.count(None) == PER_LOGIN


def test_two_admins_that_shut_each_other_out_leave_one(store: Store) -> None:
    for login in ("ada", "ann"):
        add_account(store, SYSTEM, login=login, role="admin")
    ended = at_once(
        *(lambda login=login: set_active(store, SYSTEM, login, active=False) for login in ("ada", "ann"))
    )
    assert [type(one) for one in ended if one is not None] == [SettingsError]
    assert [row.active for row in list_accounts(store, SYSTEM)].count(True) == 1
