"""A PostgreSQL server made for the tests, in a folder of its own, with one database that is emptied for each."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from qa.settings import Settings
from qa.store import open_store

EMPTIED = """
DO $$ DECLARE one record; BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    -- Not even the guards of what is append-only and of what points to what.
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT tablename AS name FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', one.name);
    END LOOP;
    FOR one IN SELECT sequencename AS name FROM pg_sequences
        WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', one.name);
    END LOOP;
END $$
"""
"""Much quicker than another database for each test."""


@dataclass(frozen=True)
class Server:
    """A server that runs, with one migrated database ``qa``."""

    address: str

    @property
    def url(self) -> str:
        """The address of the database, as QA_DATABASE_URL takes it."""
        return f"{self.address}/qa"

    def tell(self, statement: str, *, database: str = "qa") -> None:
        """Run one statement as the server's own admin."""
        import psycopg

        with psycopg.connect(f"{self.address}/{database}", autocommit=True) as connection:
            connection.execute(statement.encode())

    def empty(self) -> None:
        """Take every row away, whoever is still connected."""
        self.tell(EMPTIED)


@contextmanager
def run_server(home: Path) -> Iterator[Server]:
    """A server on a free port of this machine; skips the test where there is none to run."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    if initdb is None or pg_ctl is None:
        pytest.skip("no PostgreSQL on this machine")
    as_user = _runs_as()
    folder = Path(subprocess.check_output([*as_user, "mktemp", "-d", "/tmp/qa-pg.XXXXXX"], text=True).strip())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(*command: str) -> None:
        done = subprocess.run([*as_user, *command], capture_output=True, text=True, cwd="/tmp")
        assert done.returncode == 0, done.stdout + done.stderr

    data = str(folder / "data")
    try:
        run(
            initdb,
            "-A",
            "trust",
            "-U",
            "qa",
            "-D",
            data,
            "-E",
            "UTF8",
            "--no-sync",
            *_order_of_people(initdb),
        )
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off -c full_page_writes=off"
        run(pg_ctl, "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            server = Server(f"postgresql://qa@127.0.0.1:{port}")
            server.tell("CREATE DATABASE qa", database="postgres")
            open_store(Settings(home=home, database_url=server.url)).close()
            yield server
        finally:
            run(pg_ctl, "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _order_of_people(initdb: str) -> list[str]:
    """Text is put in order as people do it, not by its bytes, where the server can: most that run do so."""
    known = subprocess.check_output([initdb, "--help"], text=True)
    icu = ["--locale-provider=icu", "--icu-locale=en-US"] if "--icu-locale" in known else []
    return ["--locale=C", *icu]


def _program(name: str) -> str | None:
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(versions[-1]) if versions else None)


def _runs_as() -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    runuser = shutil.which("runuser", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        runuser = None
    if runuser is None:
        pytest.skip("PostgreSQL needs a user other than root: one called postgres, and the program runuser")
    return [runuser, "-u", "postgres", "--"]
