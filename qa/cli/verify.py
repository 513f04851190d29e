"""``qa verify``: proves that a score comes out the same again."""

from __future__ import annotations

from typing import Annotated

import typer

from qa.batch import Pipeline
from qa.batch.verify import Verdict, verify
from qa.errors import InputError
from qa.settings import load_settings
from qa.store import SYSTEM, Store, list_calls, open_store
from qa.store.audit import check_chain

SHOWN = 12


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(name="verify")(check)


def check(
    calls: Annotated[list[str] | None, typer.Argument(metavar="[CALL]...", help="Ids of calls.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All calls.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Begin from the words in the database, not from the sound.")
    ] = False,
    model: Annotated[str | None, typer.Option(help="Speech model: a name or a directory.")] = None,
) -> None:
    """Score calls again and compare with what is kept, bit for bit; check the audit log's chain as well.

    Exit code 1 and the differences, where a score does not come out the same. Where the program, a card, a
    form or a model is another than the one that made the score, that is said.
    """
    if not calls and not every:
        raise InputError("which calls? give their ids, or --all")
    settings = load_settings(model=model)
    store = open_store(settings)
    try:
        different = 0
        ids = tuple(calls or ()) if not every else _all_ids(store)
        for verdict in verify(store, SYSTEM, ids, pipeline=Pipeline(settings), sound=not quick):
            tell(verdict)
            different += not verdict.same
        n, broken = check_chain(store)
    finally:
        store.close()
    typer.echo(f"{len(ids) - different} of {len(ids)} scores come out the same", err=True)
    if broken is not None:
        typer.echo(f"the audit log was changed behind the program's back at entry {broken}")
    else:
        typer.echo(f"the audit log is whole ({n} entries)", err=True)
    if different or broken is not None:
        raise typer.Exit(1)


def _all_ids(store: Store) -> tuple[str, ...]:
    found: list[str] = []
    while True:
        page = list_calls(store, SYSTEM, order="-created_at", limit=1000, offset=len(found))
        found += [row.call_id for row in page.rows]
        if not page.rows or len(found) >= page.total:
            return tuple(found)


def tell(verdict: Verdict) -> None:
    """One call's result, with its first differences."""
    if verdict.same:
        typer.echo(f"✓ {verdict.call_id}")
        return
    typer.echo(f"✕ {verdict.call_id}: {len(verdict.differences)} differences")
    for difference in verdict.differences[:SHOWN]:
        typer.echo(f"    {difference}")
    if len(verdict.differences) > SHOWN:
        typer.echo(f"    and {len(verdict.differences) - SHOWN} more")
    if verdict.changed:
        typer.echo(f"    made anew since: {'; '.join(verdict.changed)}")
