"""``qa webhooks``: messages to other programs; what was sent, what failed, and sending it again."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from qa.batch.deliver import deliver_due
from qa.cli.review import desk
from qa.errors import SettingsError
from qa.store.webhooks import announce_test, list_deliveries, replay


class DeliveryChoice(StrEnum):
    """How far a message is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help="Messages to other programs.")
    for name, command in (("list", show), ("deliver", deliver), ("replay", again), ("test", test)):
        group.command(name=name)(command)
    app.add_typer(group, name="webhooks")


def show(state: Annotated[DeliveryChoice | None, typer.Option(help="Only these.")] = None) -> None:
    """List messages, newest first."""
    with desk() as d:
        rows = list_deliveries(d.store, d.who, state=None if state is None else state.value)
    table = Table("message", "event", "to", "state", "tries", "last answer", box=None)
    for row in rows:
        last = row.last_error or (str(row.last_status) if row.last_status else "")
        table.add_row(row.event_id, row.event, row.url, row.state, str(row.attempts), last)
    Console().print(table)


def deliver() -> None:
    """Send what is due now; a worker does so by itself."""
    with desk() as d:
        typer.echo(f"{deliver_due(d.store, d.settings, limit=1000)} delivered")


def again(
    message: Annotated[str | None, typer.Argument(help="One message by its id; else all of a state.")] = None,
    state: Annotated[DeliveryChoice, typer.Option(help="Which ones.")] = DeliveryChoice.FAILED,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="From this day on.")] = None,
) -> None:
    """Send messages again."""
    with desk() as d:
        moment = None if since is None else since.replace(tzinfo=UTC)
        n = replay(d.store, d.who, event_id=message, state=state.value, since=moment)
    typer.echo(f"{n} messages wait to be sent again")


def test() -> None:
    """Send a message that says nothing to every address of the settings.

    Raises
    ------
    SettingsError
        No address is set.
    """
    with desk() as d:
        if not announce_test(d.store, d.who):
            raise SettingsError("no webhook is set; give webhooks and webhook_secret in qa.toml")
        typer.echo(f"{deliver_due(d.store, d.settings)} delivered")
