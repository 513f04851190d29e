"""Choices of calls that somebody comes back to, by name: everybody's own, seen by nobody else.

Conventions: a choice is what the page of calls asks for, as pairs of text; the store does not look into it. One of
an account's choices may be its default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from qa.errors import InputError, NotAllowed
from qa.store.engine import Store, now_ms
from qa.store.scope import account_or_none, no_such
from qa.store.tables import SavedFilter
from qa.values import Principal

LONGEST_NAME = 60
MOST = 50
MOST_LETTERS = 500


@dataclass(frozen=True, slots=True)
class SavedFilterRow:
    """A choice with its name."""

    name: str
    choice: tuple[tuple[str, str], ...]
    is_default: bool


def saved_filters(store: Store, principal: Principal) -> tuple[SavedFilterRow, ...]:
    """The principal's own choices, by name."""
    query = (
        select(SavedFilter.name, SavedFilter.choice, SavedFilter.is_default)
        .where(SavedFilter.account_id == account_or_none(principal))
        .order_by(func.lower(SavedFilter.name), SavedFilter.name)
    )
    with store.reading() as connection:
        return tuple(
            SavedFilterRow(row.name, tuple((key, value) for key, value in row.choice), row.is_default)
            for row in connection.execute(query)
        )


def keep_filter(store: Store, principal: Principal, *, name: str, choice: Mapping[str, str]) -> None:
    """Keep a choice under a name; one of that name is replaced.

    Raises
    ------
    InputError
        The name is empty or too long, a value is, or there are too many.
    NotAllowed
        The command line has no choices of its own.
    """
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise InputError(f"a saved choice needs a name of 1 to {LONGEST_NAME} letters")
    if any(len(value) > MOST_LETTERS for value in choice.values()):
        raise InputError("this choice is too long to be kept; search for fewer words")
    pairs = [[key, value] for key, value in sorted(choice.items())]
    with store.writing() as connection:
        account = _account(principal)
        changed = connection.execute(
            update(SavedFilter)
            .where(SavedFilter.account_id == account, SavedFilter.name == name)
            .values(choice=pairs)
        )
        if changed.rowcount:
            return
        if _count(connection, account) >= MOST:
            raise InputError(f"there are {MOST} saved choices already; delete one first")
        connection.execute(
            insert(SavedFilter).values(account_id=account, name=name, choice=pairs, created_at=now_ms())
        )


def make_default(store: Store, principal: Principal, name: str | None) -> None:
    """Make one of the principal's choices the one to begin with; None: none of them.

    Raises
    ------
    NotAllowed
        The principal has no choice of that name.
    """
    with store.writing() as connection:
        own = SavedFilter.account_id == _account(principal)
        connection.execute(update(SavedFilter).where(own).values(is_default=False))
        if name is None:
            return
        changed = connection.execute(
            update(SavedFilter).where(own, SavedFilter.name == name).values(is_default=True)
        )
        if not changed.rowcount:
            raise no_such("saved choice", name)


def delete_filter(store: Store, principal: Principal, name: str) -> None:
    """Forget one of the principal's choices.

    Raises
    ------
    NotAllowed
        The principal has no choice of that name.
    """
    with store.writing() as connection:
        gone = connection.execute(
            delete(SavedFilter).where(SavedFilter.account_id == _account(principal), SavedFilter.name == name)
        )
        if not gone.rowcount:
            raise no_such("saved choice", name)


def _account(principal: Principal) -> int:
    account = account_or_none(principal)
    if account is None:
        raise NotAllowed("only who is signed in keeps choices of calls; sign in to the app")
    return account


def _count(connection: Connection, account: int) -> int:
    query = select(func.count()).select_from(SavedFilter).where(SavedFilter.account_id == account)
    return connection.execute(query).scalar_one()
