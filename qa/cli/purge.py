"""``qa purge``: removes recordings that are past their time, and erases what was said in calls on request."""

from __future__ import annotations

from typing import Annotated

import typer

from qa.cli.review import AS, desk
from qa.errors import InputError
from qa.store.erasure import erase, purge_sound


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(name="purge")(purge)


def purge(
    call: Annotated[str | None, typer.Option(help="Erase what was said in this call.")] = None,
    customer: Annotated[str | None, typer.Option(help="Erase every call of this customer.")] = None,
    reason: Annotated[str, typer.Option(help="Why; kept beside the erased call.")] = "on request",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which recordings would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    login: Annotated[str | None, AS] = None,
) -> None:
    """Remove recordings past their time (`keep_recordings_days`), or erase a call or a customer.

    Erased are sound, words, quotes, people's free texts and the customer's number. The score and its answers
    stay and say that the content was erased; such a call can't be scored again. It can't be undone.
    """
    with desk(login) as d:
        if call is None and customer is None:
            n = purge_sound(d.store, d.who, keep_days=d.settings.keep_recordings_days, dry_run=dry_run)
            typer.echo(f"{n} recordings {'would be removed' if dry_run else 'removed'}")
            return
        if call is not None and customer is not None:
            raise InputError("erase a call or a customer, not both at once")
        if dry_run:
            raise InputError("--dry-run is for recordings past their time; an erasure names what it erases")
        if not yes:
            typer.confirm(
                f"Erase what was said in {call or f'every call of customer {customer}'}?", abort=True
            )
        done = erase(d.store, d.who, reason=reason, call_id=call, customer=customer)
    typer.echo(f"{len(done.calls)} calls erased, {done.files} files removed")
