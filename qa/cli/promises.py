"""``qa promises``: what was promised, by when, and what became of it."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from qa.cli.review import AS, desk
from qa.promises import broken_by_queue, read_follow_ups
from qa.review.ledger import refresh_ledger
from qa.store import agents
from qa.store.promises import keep_follow_ups, list_promises, mark_promise
from qa.store.scope import no_such

WIDE = 160
"""Columns where nobody's terminal says how many there are."""


class StatusChoice(StrEnum):
    """What can become of a promise."""

    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"
    UNKNOWN = "unknown"


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(invoke_without_command=True, help="What was promised, and what became of it.")
    group.callback()(show)
    group.command(name="mark")(mark)
    group.command(name="follow-ups")(follow_ups)
    app.add_typer(group, name="promises")


def show(
    context: typer.Context,
    status: Annotated[StatusChoice | None, typer.Option(help="Only these.")] = None,
    agent: Annotated[str | None, typer.Option(help="Only this agent's.")] = None,
    customer: Annotated[str | None, typer.Option(help="Only this customer's.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Open though their time has passed.")] = False,
    now: Annotated[datetime | None, typer.Option(help="As if it were this moment.")] = None,
    refresh: Annotated[bool, typer.Option(help="Make the ledger anew from all calls first.")] = True,
    login: Annotated[str | None, AS] = None,
) -> None:
    """Show the ledger, made anew from all calls; the one due first at the top."""
    if context.invoked_subcommand is not None:
        return
    moment = None if now is None else now.replace(tzinfo=now.tzinfo or UTC)
    with desk(login) as d:
        if refresh and d.who.role in ("system", "admin", "lead"):
            refresh_ledger(d.store, d.who, d.settings, now=moment)
        rows = list_promises(
            d.store, d.who,
            status=None if status is None else status.value, agent=agent, customer=customer,
            overdue_only=overdue, now=moment, limit=100_000,
        )  # fmt: skip
        if agent is not None and not rows and agent not in {name for name, _ in agents(d.store, d.who)}:
            raise no_such("agent", agent)
    table = Table("promise", "agent", "customer", "what", "due", "status", "because", box=None)
    for row in rows:
        due = row.by or "" if row.due_at is None else f"{row.due_at:%d %b %H:%M}"
        state = "overdue" if row.overdue else row.status
        table.add_row(row.promise_id, row.agent or "", row.customer or "", row.what, due, state, row.because)
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)
    counts = Counter(row.status for row in rows)
    late = sum(row.overdue for row in rows)
    told = ", ".join(f"{n} {status}" for status, n in sorted(counts.items()))
    told += f" ({late} overdue)" if late else ""
    typer.echo(
        f"{len(rows)} {'promise' if len(rows) == 1 else 'promises'}{': ' + told if told else ''}", err=True
    )
    for name, broken, known in broken_by_queue(rows if status is None and not overdue else ()):
        if broken:
            typer.echo(f"  {name or 'no queue'}: {broken} broken of {known} whose fate is known", err=True)


def mark(
    promise: str,
    status: StatusChoice,
    note: Annotated[str, typer.Option(help="How that is known.")] = "",
    login: Annotated[str | None, AS] = None,
) -> None:
    """Say what became of a promise; that stands over what later calls show."""
    with desk(login) as d:
        mark_promise(d.store, d.who, promise, status=status.value, note=note)
    typer.echo(f"{promise}: {status.value}", err=True)


def follow_ups(
    file: Annotated[Path, typer.Argument(help="CSV with done, call_id or customer, and what, at.")],
    login: Annotated[str | None, AS] = None,
) -> None:
    """Take in the firm's own record of what was done."""
    with desk(login) as d:
        n = keep_follow_ups(d.store, d.who, read_follow_ups(file))
    typer.echo(f"{n} new rows", err=True)
