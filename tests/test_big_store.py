"""The big firm for measuring: its calls hold together as if the program had scored them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from made_store import keep_call, new_store
from sqlalchemy import text

from qa.report import team_scorecards
from qa.report.levels import everybodys_cards
from qa.store import SYSTEM, CallFilter, Store, list_calls, load_call
from qa.store.accounts import list_accounts
from qa.store.audit import check_chain
from qa.store.disputes import list_disputes
from qa.store.progress import list_batches
from qa.store.samples import list_samples
from qa.store.statistics import refresh_statistics
from tools.big_store.__main__ import MARK, make

N_CALLS = 400


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("demo")
    store = new_store(home)
    for place, score in enumerate((40.0, 60.0, 80.0, None)):
        keep_call(store, f"c{place}", score=score, text=f"I am so sorry about part {place}.")
    store.close()
    return home


@pytest.fixture(scope="module")
def big(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    target = tmp_path_factory.mktemp("big") / "home"
    make(demo, target, n_calls=N_CALLS)
    return new_store(target)


def test_every_call_is_there_and_can_be_opened(big: Store) -> None:
    page = list_calls(big, SYSTEM, order="-created_at")
    assert page.total == N_CALLS
    opened = load_call(big, SYSTEM, page.rows[0].call_id)
    assert [finding.quote for finding in opened.detections.findings] == ["so sorry"]
    assert opened.evaluation.answers[0].evidence == opened.detections.findings
    assert opened.evaluation.score == opened.row.score
    assert len(opened.call.turns) >= 3, "turns of another conversation follow"


def test_calls_are_found_by_their_words_also_those_of_the_end(big: Store) -> None:
    assert list_calls(big, SYSTEM, CallFilter(text="parcel")).total == N_CALLS
    own = list_calls(big, SYSTEM, CallFilter(text='"sorry about part 2"')).total
    assert 0 < own < N_CALLS


def test_what_people_decided_stands_beside_the_program(big: Store) -> None:
    reviewed = [row for row in list_calls(big, SYSTEM, limit=N_CALLS).rows if row.origin == "review"]
    assert len(reviewed) == N_CALLS // 33
    assert {row.state for row in list_disputes(big, SYSTEM)} <= {"open", "upheld", "rejected", "withdrawn"}
    assert list_disputes(big, SYSTEM)
    assert any(row.state == "waiting" for row in list_samples(big, SYSTEM))
    assert sum(batch.total for batch in list_batches(big, SYSTEM, limit=50)) >= N_CALLS


def test_the_audit_log_is_whole(big: Store) -> None:
    right, broken = check_chain(big)
    assert right > N_CALLS / 2
    assert broken is None


def test_there_is_an_account_for_everybody(big: Store) -> None:
    roles = {row.role for row in list_accounts(big, SYSTEM)}
    assert roles == {"admin", "lead", "reviewer", "supervisor", "agent"}
    assert "password: " in (big.home / "sign-in.txt").read_text(encoding="utf-8")


def test_the_same_seed_gives_the_same_firm(demo: Path, big: Store, tmp_path: Path) -> None:
    make(demo, tmp_path / "again", n_calls=N_CALLS)
    again = new_store(tmp_path / "again")
    assert [row.score for row in list_calls(again, SYSTEM, limit=50).rows] == [
        row.score for row in list_calls(big, SYSTEM, limit=50).rows
    ]


def test_a_store_that_has_grown_is_looked_at_anew_once(demo: Path, tmp_path: Path) -> None:
    make(demo, tmp_path / "big", n_calls=1_500)
    new_store(tmp_path / "big").close()
    store = new_store(tmp_path / "big")
    with store.reading() as connection:
        known = connection.execute(
            text("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'answer'")
        ).scalar_one()
    assert known > 0
    assert not refresh_statistics(store.engine)


def test_levels_added_up_are_those_of_the_calls(big: Store) -> None:
    """The quick way of the pages and the way through every answer give the same cards."""
    quick = everybodys_cards(big, CallFilter())
    slow = team_scorecards(big, SYSTEM)
    assert len(quick) == len(slow) > 50
    for one, other in zip(quick, slow, strict=True):
        assert replace(one, criteria=()) == replace(other, criteria=())
        pairs = {(c.criterion, c.n_met, c.n_missed) for c in one.criteria}
        assert pairs == {(c.criterion, c.n_met, c.n_missed) for c in other.criteria}
        lost = {c.criterion: c.lost_per_call for c in one.criteria}
        assert lost == pytest.approx({c.criterion: c.lost_per_call for c in other.criteria}, abs=0.002)
        levels = {c.criterion: c.share for c in one.criteria if c.share is not None}
        assert levels == pytest.approx(
            {c.criterion: c.share for c in other.criteria if c.share is not None}, abs=0.02
        )


def test_a_folder_that_holds_something_else_is_left_alone(demo: Path, tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(SystemExit, match="holds something else"):
        make(demo, tmp_path, n_calls=1)
    assert not (tmp_path / MARK).exists()


def test_without_a_demo_one_line_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="qa demo --no-serve"):
        make(tmp_path / "none", tmp_path / "big", n_calls=1)
