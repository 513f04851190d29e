"""``qa batch``: how far the queue is, what failed and why, and trying it again."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from qa.settings import load_settings
from qa.store import SYSTEM, Store, open_store
from qa.store.progress import batch_items, list_batches, retry_failed


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help="What is queued, what failed, and trying it again.")
    group.command(name="status")(status)
    group.command(name="retry")(retry)
    app.add_typer(group, name="batch")


def status(
    batch: Annotated[str | None, typer.Argument(help="A batch; without one, the newest twenty.")] = None,
) -> None:
    """Show how far the batches are; for one batch, also each file that failed and why."""
    store = open_store(load_settings())
    try:
        _print_batches(store, batch)
        if batch is not None:
            for item in batch_items(store, SYSTEM, batch, state="failed"):
                typer.echo(f"✕ {item.name}: {item.error}")
            for item in batch_items(store, SYSTEM, batch, state="running"):
                typer.echo(f"… {item.name}: {item.stage}")
    finally:
        store.close()


def _print_batches(store: Store, batch: str | None) -> None:
    rows = list_batches(store, SYSTEM, limit=20 if batch is None else 100_000)
    rows = tuple(row for row in rows if batch is None or row.batch == batch)
    if not rows:
        typer.echo("nothing was handed in yet" if batch is None else f"no batch is called {batch}", err=True)
        raise typer.Exit(0 if batch is None else 1)
    table = Table("batch", "what", "handed in", box=None)
    for name in ("queued", "running", "done", "failed"):
        table.add_column(name, justify="right")
    for row in rows:
        counts = (row.queued, row.running, row.done, row.failed)
        handed_in = row.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
        table.add_row(row.batch, row.label, handed_in, *map(str, counts))
    Console().print(table)


def retry(
    batch: Annotated[str | None, typer.Argument(help="A batch; without one, all of them.")] = None,
) -> None:
    """Queue what failed once more. A running `qa worker` or `qa serve` takes it from there."""
    store = open_store(load_settings())
    try:
        typer.echo(f"{retry_failed(store, SYSTEM, batch=batch)} queued again")
    finally:
        store.close()
