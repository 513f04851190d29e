"""Acting for an account on the command line: whoever runs it on the machine may; the audit log names the account."""

from __future__ import annotations

from sqlalchemy import select

from qa.errors import SettingsError
from qa.store.accounts import principal_from
from qa.store.engine import Store
from qa.store.scope import SYSTEM
from qa.store.tables import Account
from qa.values import Principal


def acting_as(store: Store, login: str | None) -> Principal:
    """The principal of an account by its login; None: the command line itself.

    Raises
    ------
    SettingsError
        There is no such account, or it is not let in.
    """
    if login is None:
        return SYSTEM
    query = select(Account.__table__).where(Account.login == login.strip().lower(), Account.active)
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise SettingsError(f"there is no account '{login}' that is let in; `qa accounts list` shows them")
    return principal_from(row)
