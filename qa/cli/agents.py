"""``qa agents``: the people in the calls, and their teams."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from qa.review.staff_table import read_staff
from qa.settings import load_settings
from qa.store import SYSTEM, open_store
from qa.store.staff import StaffRow, keep_staff, list_staff


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help="The people in the calls, and their teams.")
    group.command(name="list")(show)
    group.command(name="set")(put)
    group.command(name="import")(take)
    app.add_typer(group, name="agents")


def show() -> None:
    """List the agents with their teams and how many calls are here."""
    store = open_store(load_settings())
    try:
        rows = list_staff(store, SYSTEM)
    finally:
        store.close()
    table = Table("agent", "team", "calls", "id", "groups", box=None)
    for row in rows:
        groups = ", ".join(f"{key} {value}" for key, value in row.groups.items())
        table.add_row(row.name, row.team or "", str(row.n_calls), row.external_id or "", groups)
    Console().print(table)


def put(
    agent: Annotated[str, typer.Argument(help="The name as it stands in the calls.")],
    team: Annotated[str, typer.Option(help="The team; its supervisor sees these calls.")],
) -> None:
    """Put an agent into a team."""
    _keep([StaffRow(agent, team)])


def take(
    file: Annotated[Path, typer.Argument(help="CSV with the columns agent, team, and any others.")],
) -> None:
    """Take agents and teams from a CSV.

    Columns: agent, team, external_id. Any other column (site, shift, language) is kept as a group, by which
    leads can ask whether scores are fair.
    """
    _keep(list(read_staff(file)))


def _keep(staff: list[StaffRow]) -> None:
    store = open_store(load_settings())
    try:
        typer.echo(f"{keep_staff(store, SYSTEM, staff)} agents changed", err=True)
    finally:
        store.close()
