"""``qa accounts``: who may sign in to the web app."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from qa.errors import SettingsError
from qa.settings import load_settings
from qa.store import SYSTEM, Store, open_store
from qa.store.accounts import add_account, list_accounts, set_active, set_password
from qa.store.identities import link_identity, unlink_identity

LOGIN = typer.Argument(help="What is typed to sign in, such as a name or an e-mail address.")


class Role(StrEnum):
    """What ``--role`` may be."""

    ADMIN = "admin"
    LEAD = "lead"
    REVIEWER = "reviewer"
    SUPERVISOR = "supervisor"
    AGENT = "agent"


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help="Who may sign in to the web app.")
    group.command(name="add")(add)
    group.command(name="list")(show)
    group.command(name="reset-password")(reset_password)
    group.command(name="deactivate")(deactivate)
    group.command(name="activate")(activate)
    group.command(name="link")(link)
    group.command(name="unlink")(unlink)
    app.add_typer(group, name="accounts")


@contextmanager
def _opened() -> Iterator[Store]:
    store = open_store(load_settings())
    try:
        yield store
    finally:
        store.close()


def add(
    login: Annotated[str, LOGIN],
    role: Annotated[Role, typer.Option(help="What it may do.")],
    name: Annotated[str | None, typer.Option(help="Name shown in the app; else the login.")] = None,
    agent: Annotated[
        str | None, typer.Option(help="For the role agent: the name as it stands in the calls.")
    ] = None,
    team: Annotated[str | None, typer.Option(help="For the role supervisor: the team.")] = None,
    email: Annotated[
        str | None, typer.Option(help="Binds the firm's sign-in to it, where link_verified_email is set.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option(help="Who that is at the firm's sign-in: what it calls sub.")
    ] = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Only the firm's identity provider lets it in.")
    ] = False,
) -> None:
    """Make an account; the password is asked for and never shown.

    admin: everything. lead: all calls, forms, disputes. reviewer: all calls, reviews. supervisor: the own
    team's calls. agent: own calls and nobody else's.
    """
    issuer = _issuer() if subject is not None else ""
    with _opened() as store:
        password = None if no_password else _ask()
        add_account(
            store,
            SYSTEM,
            login=login,
            role=role.value,
            password=password,
            name=name,
            agent=agent,
            team=team,
            email=email,
        )
        if subject is not None:
            link_identity(store, SYSTEM, login, iss=issuer, sub=subject)
    typer.echo(f"{login} can sign in as {role.value}", err=True)


def show() -> None:
    """List the accounts."""
    with _opened() as store:
        rows = list_accounts(store, SYSTEM)
    if not rows:
        typer.echo("there are none; make the first with: qa accounts add NAME --role admin", err=True)
        return
    table = Table("login", "name", "role", "agent or team", "signs in by", "", box=None)
    for row in rows:
        ways = [way for way, there in (("password", row.has_password), ("firm", row.is_linked)) if there]
        table.add_row(
            row.login,
            row.name,
            row.role,
            row.agent or row.team or "",
            ", ".join(ways) or "–",
            "" if row.active else "deactivated",
        )
    Console().print(table)


def reset_password(login: Annotated[str, LOGIN]) -> None:
    """Give an account a new password; whoever is signed in with it is signed out."""
    with _opened() as store:
        set_password(store, SYSTEM, login, _ask())
    typer.echo(f"{login} has a new password", err=True)


def deactivate(login: Annotated[str, LOGIN]) -> None:
    """Keep an account out, from this moment on."""
    with _opened() as store:
        set_active(store, SYSTEM, login, active=False)
    typer.echo(f"{login} is kept out", err=True)


def activate(login: Annotated[str, LOGIN]) -> None:
    """Let an account in again."""
    with _opened() as store:
        set_active(store, SYSTEM, login, active=True)
    typer.echo(f"{login} is let in", err=True)


def link(
    login: Annotated[str, LOGIN],
    subject: Annotated[str, typer.Argument(help="Who that is at the firm's sign-in: what it calls sub.")],
) -> None:
    """Let an identity of the firm's sign-in open an account."""
    issuer = _issuer()
    with _opened() as store:
        link_identity(store, SYSTEM, login, iss=issuer, sub=subject)
    typer.echo(f"{login} is opened by {subject} of {issuer}", err=True)


def unlink(login: Annotated[str, LOGIN]) -> None:
    """Let the firm's sign-in no longer open an account; whoever is signed in with it is signed out."""
    with _opened() as store:
        unlink_identity(store, SYSTEM, login)
    typer.echo(f"{login} is no longer opened by the firm's sign-in", err=True)


def _issuer() -> str:
    oidc = load_settings().oidc
    if oidc is None:
        raise SettingsError("the firm's sign-in is not set up; write the table [oidc] in qa.toml first")
    return oidc.issuer


def _ask() -> str:
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password
