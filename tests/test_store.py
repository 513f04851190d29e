"""The store: what goes in comes out, only for those who may see it, and nothing is rewritten."""

from __future__ import annotations

import stat
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from made_store import MONDAY, keep, keep_call, made_call, made_scored, new_store
from sqlalchemy import text

from qa.errors import NotAllowed, StoreError
from qa.settings import Settings
from qa.store import (
    SYSTEM,
    CallFilter,
    Store,
    agents,
    criterion_counts,
    evaluations_of,
    list_calls,
    listening_copy,
    load_call,
    open_store,
    save_scored,
    scored_calls,
)
from qa.store.records import scorecard_records
from qa.store.tables import APPEND_ONLY
from qa.values import Principal

PRIYA = Principal(2, "Priya", "agent", agent="Priya Nair")
TOM = Principal(3, "Tom", "agent", agent="Tom Reed")
NORTH = Principal(4, "Nora", "supervisor", team="North")
LEAD = Principal(5, "Lea", "lead")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path / "home")


def ids(store: Store, principal: Principal, **which: object) -> list[str]:
    return [row.call_id for row in list_calls(store, principal, CallFilter(**which)).rows]  # type: ignore[arg-type]


def test_what_goes_in_comes_out_equal(store: Store) -> None:
    scored = made_scored(made_call())
    keep(store, scored)
    stored = load_call(store, SYSTEM, "c1")
    assert stored.call == scored.call
    assert stored.detections == scored.detections
    assert stored.evaluation == scored.evaluation
    assert stored.manifest == {"form": "default.v1"}
    assert len(stored.finding_ids) == 1


def test_the_same_content_is_kept_once(store: Store) -> None:
    first = keep(store, made_scored(made_call()))
    again = keep(store, made_scored(made_call()))
    assert first.new
    assert not again.new
    assert again.evaluation_id == first.evaluation_id
    assert list_calls(store, SYSTEM).total == 1


def test_other_content_under_the_same_name_is_another_call(store: Store) -> None:
    keep(store, made_scored(made_call()))
    other = keep(store, made_scored(made_call(), key="other"))
    assert other.call_id.startswith("c1-")
    assert load_call(store, SYSTEM, other.call_id).detections.findings[0].call == other.call_id


def test_a_new_form_adds_an_evaluation_beside_the_old(store: Store) -> None:
    keep(store, made_scored(made_call()))
    keep(store, made_scored(made_call(), form="default.v2", score=70.0))
    assert [e.form for e in evaluations_of(store, SYSTEM, "c1")] == ["default.v1", "default.v2"]
    assert load_call(store, SYSTEM, "c1").evaluation.score == 70.0


def test_the_program_never_puts_itself_over_a_person(store: Store) -> None:
    keep(store, made_scored(made_call()))
    keep(store, made_scored(made_call(), score=90.0, origin="review"))
    keep(store, made_scored(made_call(), score=10.0))
    assert load_call(store, SYSTEM, "c1").evaluation.score == 90.0
    assert len(evaluations_of(store, SYSTEM, "c1")) == 3


@pytest.mark.parametrize(
    "principal", [TOM, Principal(9, "x", "agent"), Principal(9, "x", "supervisor", team="South")]
)
def test_a_foreign_call_is_answered_like_a_missing_one(store: Store, principal: Principal) -> None:
    keep_call(store, "c1")
    for ask in (load_call, evaluations_of, listening_copy):
        with pytest.raises(NotAllowed) as foreign:
            ask(store, principal, "c1")
        with pytest.raises(NotAllowed) as missing:
            ask(store, principal, "c2")
        assert str(foreign.value).replace("c1", "c2") == str(missing.value)
    assert list_calls(store, principal).total == 0
    assert scored_calls(store, principal) == ()
    assert criterion_counts(store, principal) == ()
    assert agents(store, principal) in ((), (("Tom Reed", None),))


def test_each_role_sees_its_own(store: Store) -> None:
    keep_call(store, "p", agent="Priya Nair", team="North")
    keep_call(store, "t", agent="Tom Reed", team="South")
    keep_call(store, "n", agent=None)
    assert ids(store, PRIYA) == ["p"]
    assert ids(store, TOM) == ["t"]
    assert ids(store, NORTH) == ["p"]
    assert sorted(ids(store, LEAD)) == ["n", "p", "t"]
    assert agents(store, NORTH) == (("Priya Nair", "North"),)
    assert ids(store, PRIYA, agent="Tom Reed") == []


def test_calls_are_found_by_every_filter(store: Store) -> None:
    keep_call(store, "a", days=0, text="We will refund the money back to you.", score=50.0)
    keep_call(store, "b", days=1, queue="billing", score=None)
    assert ids(store, LEAD, text="refund") == ["a"]
    assert ids(store, LEAD, text='"money back"') == ["a"]
    assert ids(store, LEAD, text='"back money"') == []
    assert ids(store, LEAD, text='refund" OR *:^') == []
    assert ids(store, LEAD, text="REFUND parcel") == ["a"]
    assert ids(store, LEAD, queue="billing") == ["b"]
    assert ids(store, LEAD, since=MONDAY + timedelta(hours=1)) == ["b"]
    assert ids(store, LEAD, until=MONDAY + timedelta(hours=1)) == ["a"]
    assert ids(store, LEAD, behaviour="empathy") == ["b", "a"]
    assert ids(store, LEAD, behaviour="empathy", min_probability=0.95) == []
    assert ids(store, LEAD, criterion="recap", outcome="met") == []
    assert ids(store, LEAD, criterion="recap", outcome="missed") == ["b", "a"]
    assert ids(store, LEAD, status="not_scored") == ["b"]
    assert ids(store, LEAD, max_score=60.0) == ["a"]
    assert ids(store, LEAD, form="default.v1", customer="C-17", auto_failed=False) == ["b", "a"]


def test_lists_are_ordered_and_paged(store: Store) -> None:
    for n, score in enumerate([70.0, None, 90.0, 80.0]):
        keep_call(store, f"c{n}", score=score, days=n)
    page = list_calls(store, LEAD, order="-score", limit=2, offset=1)
    assert [row.call_id for row in page.rows] == ["c3", "c0"]
    assert page.total == 4
    assert [r.call_id for r in list_calls(store, LEAD, order="score").rows] == ["c0", "c3", "c2", "c1"]
    assert [r.call_id for r in list_calls(store, LEAD, order="agent").rows] == ["c3", "c2", "c1", "c0"]
    with pytest.raises(ValueError, match="is not one of"):
        list_calls(store, LEAD, order="id; drop table call")  # type: ignore[arg-type]


def test_a_row_says_what_a_list_shows(store: Store) -> None:
    keep_call(store, "c1")
    row = list_calls(store, LEAD).rows[0]
    assert (row.agent, row.team, row.score, row.low, row.high) == ("Priya Nair", "North", 80.0, 75.0, 85.0)
    assert (row.started_at, row.duration_s, row.n_findings, row.has_sound) == (MONDAY, 61.5, 1, False)


def test_criteria_are_counted_per_agent(store: Store) -> None:
    keep_call(store, "a")
    keep_call(store, "b")
    counted = {(row.criterion, row.outcome): row for row in criterion_counts(store, LEAD)}
    assert counted["empathy", "met"].n_calls == 2
    assert counted["recap", "missed"].max_points == 10.0


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_what_was_decided_can_not_be_rewritten(store: Store, table: str) -> None:
    keep_call(store, "c1")
    with store.writing() as connection:
        connection.execute(text(f"SELECT count(*) FROM {table}"))
    triggers = {"update", "delete"}
    with store.reading() as connection:
        found = connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :t"), {"t": table}
        ).scalars()
        assert {name.removeprefix(f"{table}_no_") for name in found} == triggers


def test_a_score_can_not_be_changed_in_the_database(store: Store) -> None:
    keep_call(store, "c1")
    for change in ("UPDATE evaluation SET score = 100", "DELETE FROM answer"):
        with pytest.raises(StoreError, match="append-only"), store.writing() as connection:
            connection.execute(text(change))
    assert load_call(store, SYSTEM, "c1").evaluation.score == 80.0


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    def half_done() -> None:
        with store.writing() as connection:
            save_scored(connection, made_scored(made_call()))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_done()
    assert list_calls(store, SYSTEM).total == 0


@pytest.mark.skipif(sys.platform == "win32", reason="rights are POSIX")
def test_home_is_private(tmp_path: Path) -> None:
    store = new_store(tmp_path / "home")
    assert stat.S_IMODE(store.home.stat().st_mode) == 0o700
    assert stat.S_IMODE((store.home / "qa.db").stat().st_mode) == 0o600


def test_a_damaged_database_is_refused_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "qa.db").write_bytes(b"this is no database, it is a letter" * 200)
    with pytest.raises(StoreError, match=r"damaged.*put back a copy") as err:
        new_store(tmp_path)
    assert "\n" not in str(err.value)


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(StoreError, match="newer than this program's"):
        new_store(tmp_path)


def test_a_foreign_database_is_left_alone(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "qa.db") as foreign:
        foreign.execute("CREATE TABLE call (x)")
    with pytest.raises(StoreError, match="not this program's"):
        new_store(tmp_path)


def test_a_home_that_can_not_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="choose a folder you may write"):
        new_store(tmp_path / "file")


@pytest.mark.parametrize("url", ["nonsense", "sqlserver://x"])
def test_a_database_address_that_means_nothing_is_one_line(tmp_path: Path, url: str) -> None:
    with pytest.raises(StoreError, match="QA_DATABASE_URL"):
        open_store(Settings(home=tmp_path, database_url=url))


def test_the_migrations_make_exactly_the_tables(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from qa.store.tables import METADATA

    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [d for d in compare_metadata(context, METADATA) if "call_text" not in str(d)]
    assert differences == []


def test_a_moment_without_a_zone_comes_back_without_one(store: Store) -> None:
    call = replace(made_call(), started_at=MONDAY.replace(tzinfo=None))
    keep(store, made_scored(call))
    assert load_call(store, SYSTEM, "c1").call.started_at == call.started_at


EVERY_FILTER = CallFilter(
    agent="Priya Nair",
    team="North",
    queue="deliveries",
    customer="C-17",
    since=MONDAY,
    until=MONDAY + timedelta(days=1),
    text="parcel",
    behaviour="empathy",
    criterion="recap",
    outcome="missed",
    status="scored",
    form="default.v1",
    min_score=10,
    max_score=90,
    auto_failed=False,
)


@pytest.mark.parametrize("principal", [SYSTEM, LEAD, NORTH, PRIYA])
def test_every_query_takes_every_filter_of_every_role(store: Store, principal: Principal) -> None:
    keep_call(store, "c1")
    keep_call(store, "t", agent="Tom Reed", team="South")
    assert [row.call_id for row in list_calls(store, principal, EVERY_FILTER).rows] == ["c1"]
    assert [row.call_id for row in scored_calls(store, principal, EVERY_FILTER)] == ["c1"]
    assert len(criterion_counts(store, principal, EVERY_FILTER)) == 2
    for with_evidence in (False, True):
        (record,) = scorecard_records(store, principal, EVERY_FILTER, with_evidence=with_evidence)
        assert record.evaluation.call_id == "c1"
        assert [bool(a.evidence) for a in record.evaluation.answers] == [with_evidence, False]


def test_records_with_evidence_hold_the_evaluation_as_it_was(store: Store) -> None:
    scored = made_scored(made_call())
    keep(store, scored)
    (record,) = scorecard_records(store, SYSTEM, with_evidence=True)
    assert record.evaluation == scored.evaluation
    assert (record.agent, record.team, record.started_at) == ("Priya Nair", "North", MONDAY)
