"""Makes the big firm: ``python -m tools.big_store DEMO_HOME TARGET [--calls 100000] [--seed 1]``.

DEMO_HOME is what ``qa demo --no-serve`` filled. TARGET is emptied if it holds an earlier big firm, and left alone
if it holds anything else. Its accounts and their password stand in ``sign-in.txt``, as in the demo.
"""

from __future__ import annotations

import argparse
import secrets
import shutil
import sqlite3
import sys
import time
from pathlib import Path

from argon2 import PasswordHasher

from qa.settings import Settings
from qa.store import open_store
from tools.big_store import copying, decisions, firm

MARK = ".qa-big-store"
MIB = 1 << 20


def main() -> None:
    """Parse, make, say how long it took and how large it is."""
    parser = argparse.ArgumentParser(prog="tools.big_store", description=__doc__)
    parser.add_argument("demo", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    began = time.monotonic()
    size = make(given.demo.expanduser(), given.target.expanduser(), n_calls=given.calls, seed=given.seed)
    print(f"{given.calls} calls in {given.target}: {size / MIB:.0f} MiB, {time.monotonic() - began:.0f} s")


def make(demo: Path, target: Path, *, n_calls: int, seed: int = 1) -> int:
    """Make the firm; gives the size of its database in bytes."""
    source = demo / "qa.db"
    if not source.is_file():
        sys.exit(f"{demo}: holds no database; run `qa demo --no-serve` first")
    _clear(target)
    # Opened once each, so that both are of this program's version.
    open_store(Settings(home=demo)).close()
    open_store(Settings(home=target)).close()
    (target / MARK).touch()
    for folder in ("recordings", "listening"):
        if (demo / folder).is_dir():
            shutil.copytree(demo / folder, target / folder, dirs_exist_ok=True)
    until = firm.last_midnight()
    connection = copying.connect(target / "qa.db", source)
    try:
        _people(connection, target)
        found = copying.templates(connection)
        copying.fill_made(connection, firm.draw_calls(found, n_calls=n_calls, seed=seed, until=until))
        for first in range(1, n_calls + 1, copying.AT_ONCE):
            copying.copy_calls(connection, first, min(n_calls, first + copying.AT_ONCE - 1))
            print(f"\r{min(n_calls, first + copying.AT_ONCE - 1)} of {n_calls}", end="", file=sys.stderr)
        print("\nwhat people decided", file=sys.stderr)
        decisions.decide(connection, until_ms=round(until.timestamp() * 1000))
    finally:
        connection.close()
    return (target / "qa.db").stat().st_size


def _clear(target: Path) -> None:
    if target.is_dir() and any(target.iterdir()):
        if not (target / MARK).is_file():
            sys.exit(f"{target}: holds something else; name an empty folder")
        shutil.rmtree(target)


def _people(connection: sqlite3.Connection, target: Path) -> None:
    """Agents, teams, forms and recordings, and an account for everybody with one password."""
    now = round(time.time() * 1000)
    connection.execute("BEGIN")
    for table in ("form_version", "recording"):
        names = ", ".join(f'"{row[1]}"' for row in connection.execute(f"PRAGMA main.table_info({table})"))
        connection.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM demo.{table}")
    # Who published a form is an account of the demo.
    connection.execute("UPDATE main.form_version SET published_by = NULL")
    staff = firm.agents()
    connection.executemany(
        "INSERT INTO main.agent (name, team, groups, created_at) VALUES (?, ?, '{}', ?)",
        [(name, team, now) for name, team in staff],
    )
    people: list[tuple[str, str, str | None, str | None]] = [
        ("admin", "admin", None, None),
        ("lead", "lead", None, None),
        ("reviewer", "reviewer", None, None),
        ("reviewer-two", "reviewer", None, None),
    ]
    people += [(f"supervisor-{team.lower()}", "supervisor", None, team) for team in firm.TEAMS]
    people += [(firm.login_of(name), "agent", name, None) for name, _ in staff]
    password = secrets.token_urlsafe(9)
    # One hash for all: it takes a third of a second to make.
    hashed = PasswordHasher().hash(password)
    connection.executemany(
        "INSERT INTO main.account (login, name, role, password_hash, agent, team, active, created_at, changed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)",
        [(login, agent or login, role, hashed, agent, team, now, now) for login, role, agent, team in people],
    )
    connection.execute("COMMIT")
    note = target / "sign-in.txt"
    note.touch(mode=0o600)
    lines = [f"{login:<18} {agent or team or role}" for login, role, agent, team in people]
    note.write_text("\n".join([f"password: {password}", "", *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
