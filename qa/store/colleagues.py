"""Who may review, rate or decide, by login: for leads, who choose among them; and one's own login."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from qa.store.engine import Store
from qa.store.scope import require
from qa.store.tables import Account
from qa.values import Principal


def colleagues(store: Store, principal: Principal, roles: Collection[str]) -> dict[str, str]:
    """Login to name of the accounts that are let in with one of these roles, by login.

    Raises
    ------
    NotAllowed
        Only leads and admins choose people.
    """
    require(principal, "admin", "lead")
    query = select(Account.login, Account.name).where(Account.active, Account.role.in_(tuple(roles)))
    with store.reading() as connection:
        return {row.login: row.name for row in connection.execute(query.order_by(Account.login))}


def own_login(store: Store, principal: Principal) -> str | None:
    """The login of whoever is there; None for the command line."""
    with store.reading() as connection:
        found: str | None = connection.execute(
            select(Account.login).where(Account.id == principal.account_id)
        ).scalar()
    return found
