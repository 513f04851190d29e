"""The same store on PostgreSQL, where one is installed: a server of its own, in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_data import make_data, write_call
from made_store import keep_call, made_call, made_scored
from sqlalchemy import text

from qa.batch import Pipeline, enqueue, work
from qa.errors import StoreError
from qa.hearing import find_inputs
from qa.report import team_scorecards
from qa.settings import Settings
from qa.store import (
    SYSTEM,
    CallFilter,
    Store,
    criterion_counts,
    list_calls,
    load_call,
    open_store,
    save_scored,
)
from qa.store.audit import check_chain, record
from qa.store.progress import batch_progress
from qa.values import Principal

pytest.importorskip("psycopg", reason="psycopg is not installed (pip install 'call-qa[postgres]')")


def _program(name: str) -> str | None:
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(versions[-1]) if versions else None)


def _runs_as() -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("needs a user other than root")
    return ["runuser", "-u", "postgres", "--"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    if initdb is None or pg_ctl is None:
        pytest.skip("no PostgreSQL on this machine")
    as_user = _runs_as()
    folder = Path(subprocess.check_output([*as_user, "mktemp", "-d", "/tmp/qa-pg.XXXXXX"], text=True).strip())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, capture_output=True, cwd="/tmp")

    data = str(folder / "data")
    run(initdb, "-A", "trust", "-U", "qa", "-D", data, "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
    run(pg_ctl, "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield f"postgresql://qa@127.0.0.1:{port}/postgres"
    finally:
        run(pg_ctl, "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def store(server: str, tmp_path: Path) -> Iterator[Store]:
    import psycopg

    name = f"qa_{os.urandom(4).hex()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    made = open_store(Settings(home=tmp_path / "home", database_url=server.replace("/postgres", f"/{name}")))
    yield made
    made.close()


def test_what_goes_in_comes_out_equal(store: Store) -> None:
    scored = made_scored(made_call())
    with store.writing() as connection:
        save_scored(connection, scored)
    stored = load_call(store, SYSTEM, "c1")
    assert (stored.call, stored.detections, stored.evaluation) == (
        scored.call,
        scored.detections,
        scored.evaluation,
    )


def test_lists_search_and_scorecards_work(store: Store) -> None:
    keep_call(store, "a", text="We will refund the money back to you.", score=50.0)
    keep_call(store, "b", agent="Tom Reed", team="South", days=1, score=None)
    asking = Principal(1, "Nora", "supervisor", team="North")
    assert [r.call_id for r in list_calls(store, asking).rows] == ["a"]
    for wanted in ('"money back"', "refund", "REFUND parcel"):
        assert [r.call_id for r in list_calls(store, SYSTEM, CallFilter(text=wanted)).rows] == ["a"]
    assert list_calls(store, SYSTEM, CallFilter(text='refund" & | !')).total <= 1
    assert [r.call_id for r in list_calls(store, SYSTEM, order="-score").rows] == ["a", "b"]
    assert len(criterion_counts(store, SYSTEM)) == 4
    assert [card.agent for card in team_scorecards(store, SYSTEM)] == ["Priya Nair", "Tom Reed"]


def test_a_score_can_not_be_changed(store: Store) -> None:
    keep_call(store, "a")
    for change in ("UPDATE evaluation SET score = 100", "DELETE FROM answer", "TRUNCATE audit"):
        with pytest.raises(StoreError, match="append-only"), store.writing() as connection:
            connection.execute(text(change))


def test_several_workers_share_the_queue(store: Store, tmp_path: Path) -> None:
    settings = Settings(home=store.home, data=make_data(tmp_path / "data"))
    for n in range(8):
        write_call(tmp_path / "calls", f"c{n}")
    batch = enqueue(find_inputs([tmp_path / "calls"]), store=store, pipeline=Pipeline(settings))
    threads = [
        threading.Thread(target=work, args=(store, Pipeline(settings)), kwargs={"until_empty": True})
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert batch_progress(store, SYSTEM, batch).done == 8
    assert list_calls(store, SYSTEM).total == 8


def test_the_audit_chain_holds_when_many_write(store: Store) -> None:
    def write() -> None:
        for n in range(5):
            record(store, SYSTEM, "listen", object="call", object_id=str(n))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert check_chain(store) == (20, None)


def test_the_migrations_make_exactly_the_tables(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from qa.store.tables import METADATA

    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [d for d in compare_metadata(context, METADATA) if "call_text" not in str(d)]
    assert differences == []


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    url = "postgresql://qa@127.0.0.1:1/nothing?connect_timeout=2"
    with pytest.raises(StoreError) as err:
        open_store(Settings(home=tmp_path, database_url=url))
    assert "\n" not in str(err.value)
