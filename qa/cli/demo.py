"""``qa demo``: scores the calls that come with the program, shows the scorecards, opens the app."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import Annotated

import typer

from qa.batch import Pipeline
from qa.cli import report
from qa.cli.score import check, run, tell
from qa.errors import StoreError
from qa.hearing import find_inputs
from qa.report import team_scorecards
from qa.review.demo import play
from qa.review.staff_table import read_staff
from qa.settings import Settings, load_settings
from qa.store import SYSTEM, Store, open_store
from qa.store.accounts import add_account
from qa.store.staff import StaffRow, keep_staff

DEMO_HOME = Path("build/demo-home")
MARK = ".qa-demo"
SIGN_IN = "sign-in.txt"


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(name="demo")(demo)


def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Print the scorecards and stop.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the app.")] = 8501,
) -> None:
    """Score the demo calls from nothing and open the app.

    The calls were written for this program, and the newest were spoken by text to speech; what people decided
    about them was made for the demo as well. They live in build/demo-home (or
    QA_HOME); running it again begins from nothing.
    """
    home = Path(os.environ.get("QA_HOME") or DEMO_HOME)
    clear(home)
    os.environ["QA_HOME"] = str(home)
    settings = load_settings()
    pipeline = Pipeline(settings)
    check(pipeline)
    demo_folder = settings.data / "demo"
    folders = [
        demo_folder / name for name in ("calls", "history", "second-site") if (demo_folder / name).is_dir()
    ]
    sources = find_inputs(folders)
    store = open_store(settings)
    (home / MARK).touch()
    try:
        prepare(store, settings)
        failed = tell(run(store, pipeline, sources), n=len(sources), as_json=False)
        if (demo_folder / "people.yaml").is_file():
            done = play(store, pipeline, settings)
            told = ", ".join(f"{n} {what}" for what, n in done.items())
            typer.echo(f"what people decided, made for the demo: {told}", err=True)
        typer.echo("")
        report.print_table(team_scorecards(store, SYSTEM, min_calls_to_compare=settings.min_calls_to_compare))
    finally:
        store.close()
    if failed:
        raise typer.Exit(1)
    typer.echo(f"\nThe demo's accounts and their password: {home / SIGN_IN}")
    if not no_serve:
        typer.echo((home / SIGN_IN).read_text())
        from qa.cli.serve import start

        start(settings, port=port)


def prepare(store: Store, settings: Settings) -> None:
    """Teams, and an account for each role; the password is made up for this demo and written beside it."""
    staff = read_staff(settings.data / "demo" / "staff.csv")
    keep_staff(store, SYSTEM, staff)
    password = os.environ.get("QA_DEMO_PASSWORD") or secrets.token_urlsafe(9)
    people: list[tuple[str, str, str | None, str | None]] = [
        ("admin", "admin", None, None),
        ("lead", "lead", None, None),
        ("reviewer", "reviewer", None, None),
        ("reviewer-two", "reviewer", None, None),
    ]
    people += [(f"supervisor-{team.lower()}", "supervisor", None, team) for team in _teams(staff)]
    people += [(row.name.split()[0].lower(), "agent", row.name, None) for row in staff]
    for login, role, agent, team in people:
        add_account(store, SYSTEM, login=login, role=role, agent=agent, team=team, password=password)
    lines = [f"{login:<18} {agent or team or role}" for login, role, agent, team in people]
    note = store.home / SIGN_IN
    note.touch(mode=0o600)
    note.write_text("\n".join([f"password: {password}", "", *lines]) + "\n")


def _teams(staff: tuple[StaffRow, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.team for row in staff if row.team))


def clear(home: Path) -> None:
    """Remove an earlier demo's folder; a folder that is no demo's is left alone.

    Raises
    ------
    StoreError
        The folder holds something else.
    """
    if not home.exists() or not any(home.iterdir()):
        return
    if not (home / MARK).is_file():
        raise StoreError(f"{home}: holds something that is not the demo's; set QA_HOME to an empty folder")
    shutil.rmtree(home)
