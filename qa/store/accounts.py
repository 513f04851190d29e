"""Accounts: who may sign in, as what, and by which password.

Conventions: passwords are kept as argon2id hashes. An answer to a wrong password does not tell whether the account
exists, and takes as long. Attempts are limited (:mod:`qa.store.attempts`). Who comes by the firm's provider is the
matter of :mod:`qa.store.identities`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, insert, select, update

from qa.errors import NotAllowed, SettingsError
from qa.store.attempts import begin_attempt, succeed
from qa.store.audit import write
from qa.store.codec import moment_of
from qa.store.engine import Store, TurnTaking, now_ms, take_turns
from qa.store.saving import keep_agent
from qa.store.scope import require
from qa.store.tables import ROLES, Account, Session
from qa.values import Principal

MIN_PASSWORD = 10
"""NIST SP 800-63B asks for 8 at least and for no rules about kinds of characters; two more cost nobody much."""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account, without its secrets."""

    account_id: int
    login: str
    name: str
    role: str
    agent: str | None
    team: str | None
    email: str | None
    active: bool
    has_password: bool
    is_linked: bool
    """Whether an identity of the firm's provider is bound to it."""
    role_from: str
    """``hand`` (an admin gave the role) or ``claims`` (the provider does, at each sign-in)."""
    created_at: datetime


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))


def add_account(
    store: Store,
    principal: Principal,
    *,
    login: str,
    role: str,
    password: str | None = None,
    name: str | None = None,
    agent: str | None = None,
    team: str | None = None,
    email: str | None = None,
) -> AccountRow:
    """Make an account. Without a password only the firm's identity provider lets it in.

    Raises
    ------
    SettingsError
        The role, the login or the password can't be used, or what the role needs is missing.
    NotAllowed
        Only admins make accounts.
    """
    require(principal, "admin")
    login = _login(login)
    check_role(role, agent=agent, team=team)
    hashed = None if password is None else _hash(password, login)
    with store.writing() as connection:
        if connection.execute(select(Account.id).where(Account.login == login)).first() is not None:
            raise SettingsError(f"there is already an account '{login}'; choose another login")
        if agent is not None:
            keep_agent(connection, agent)
        account_id: int = connection.execute(
            insert(Account)
            .values(
                login=login,
                name=name or agent or login,
                role=role,
                password_hash=hashed,
                agent=agent,
                team=team,
                email=email.strip().lower() if email else None,
                active=True,
                created_at=now_ms(),
                changed_at=now_ms(),
            )
            .returning(Account.id)
        ).scalar_one()
        after = {"login": login, "role": role, "agent": agent, "team": team}
        write(connection, principal, "make account", object="account", object_id=str(account_id), after=after)
        return account_of(connection, account_id)


def list_accounts(store: Store, principal: Principal) -> tuple[AccountRow, ...]:
    """All accounts, by login.

    Raises
    ------
    NotAllowed
        Only admins see them.
    """
    require(principal, "admin")
    with store.reading() as connection:
        rows = connection.execute(select(Account.__table__).order_by(Account.login))
        return tuple(_account_row(row) for row in rows)


def has_accounts(store: Store) -> bool:
    """Whether anybody can sign in at all."""
    with store.reading() as connection:
        return connection.execute(select(Account.id).where(Account.active).limit(1)).first() is not None


def set_password(store: Store, principal: Principal, login: str, password: str) -> None:
    """Give an account a new password and end its sessions; everyone may do so for themselves.

    Raises
    ------
    SettingsError
        There is no such account, or the password can't be used.
    NotAllowed
        It is somebody else's account.
    """
    login = _login(login)
    hashed = _hash(password, login)
    with store.writing() as connection:
        account_id = _id_of(connection, principal, login)
        connection.execute(
            update(Account).where(Account.id == account_id).values(password_hash=hashed, changed_at=now_ms())
        )
        end_sessions(connection, account_id)
        write(connection, principal, "set password", object="account", object_id=str(account_id))


def set_active(store: Store, principal: Principal, login: str, *, active: bool) -> None:
    """Let an account in or keep it out; keeping it out ends its sessions at once.

    Raises
    ------
    SettingsError
        There is no such account, or it is the last admin.
    NotAllowed
        Only admins may.
    """
    require(principal, "admin")
    with store.writing() as connection:
        account_id = _id_of(connection, principal, _login(login))
        if not active:
            _keep_one_admin(connection, account_id)
            end_sessions(connection, account_id)
        connection.execute(
            update(Account).where(Account.id == account_id).values(active=active, changed_at=now_ms())
        )
        action = "activate" if active else "deactivate"
        write(connection, principal, f"{action} account", object="account", object_id=str(account_id))


def set_role(
    store: Store,
    principal: Principal,
    login: str,
    *,
    role: str,
    agent: str | None = None,
    team: str | None = None,
) -> None:
    """Give an account another role; its sessions go on with it, and the provider's claims no longer change it.

    Raises
    ------
    SettingsError
        There is no such account or role, or it is the last admin.
    NotAllowed
        Only admins may.
    """
    require(principal, "admin")
    check_role(role, agent=agent, team=team)
    with store.writing() as connection:
        account_id = _id_of(connection, principal, _login(login))
        if role != "admin":
            _keep_one_admin(connection, account_id)
        if agent is not None:
            keep_agent(connection, agent)
        before = account_of(connection, account_id)
        connection.execute(
            update(Account)
            .where(Account.id == account_id)
            .values(role=role, agent=agent, team=team, role_from="hand", changed_at=now_ms())
        )
        write(
            connection,
            principal,
            "set role",
            object="account",
            object_id=str(account_id),
            before={"role": before.role, "agent": before.agent, "team": before.team},
            after={"role": role, "agent": agent, "team": team},
        )


def authenticate(store: Store, login: str, password: str, *, ip: str | None = None) -> Principal | None:
    """Who that is; None where login or password is wrong, or the account is not let in.

    Raises
    ------
    TooManyAttempts
        Too many were wrong lately; nothing is checked until some time has passed.
    """
    typed = login.strip().lower()
    with store.writing() as connection:
        attempt = begin_attempt(connection, typed, ip)
        row = connection.execute(select(Account.__table__).where(Account.login == typed)).one_or_none()
    known = row is not None and row.password_hash is not None and row.active
    right = _verify(row.password_hash if known and row is not None else _nobodys_hash(), password)
    if row is None or not (known and right):
        return None
    with store.writing() as connection:
        succeed(connection, attempt)
        if _hasher().check_needs_rehash(row.password_hash):
            values = {"password_hash": _hasher().hash(password)}
            connection.execute(update(Account).where(Account.id == row.id).values(**values))
        write(connection, principal_from(row), "sign in", object="account", object_id=str(row.id), ip=ip)
    return principal_from(row)


def _verify(hashed: str, password: str) -> bool:
    try:
        return _hasher().verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def _hash(password: str, login: str) -> str:
    if len(password) < MIN_PASSWORD:
        raise SettingsError(f"the password is too short: take {MIN_PASSWORD} characters or more")
    if len(password) > 1024:
        raise SettingsError("the password is too long: take 1024 characters or fewer")
    if password.strip().lower() == login:
        raise SettingsError("the password is the login; take another")
    return _hasher().hash(password)


def _login(login: str) -> str:
    login = login.strip().lower()
    if not login or len(login) > 200 or any(c.isspace() or not c.isprintable() for c in login):
        raise SettingsError("a login is one word, such as a name or an e-mail address")
    return login


def check_role(role: str, *, agent: str | None, team: str | None) -> None:
    """Refuse a role that does not exist or lacks what it is about.

    Raises
    ------
    SettingsError
        There is no such role, or it needs an agent or a team.
    """
    if role not in ROLES:
        raise SettingsError(f"there is no role '{role}'; there are: {', '.join(ROLES)}")
    if role == "agent" and not agent:
        raise SettingsError("an account with the role agent needs the agent's name as it stands in the calls")
    if role == "supervisor" and not team:
        raise SettingsError("an account with the role supervisor needs the name of the team")


def _id_of(connection: Connection, principal: Principal, login: str) -> int:
    """The account's id, for admins and for its owner."""
    found = connection.execute(select(Account.id).where(Account.login == login)).scalar()
    if principal.role not in ("admin", "system") and found != principal.account_id:
        raise NotAllowed("only an admin may change another's account")
    if found is None:
        raise SettingsError(f"there is no account '{login}'; `qa accounts list` shows them")
    return int(found)


def _keep_one_admin(connection: Connection, account_id: int) -> None:
    # Two admins that shut each other out at once would leave none.
    take_turns(connection, TurnTaking.SAVING)
    others = select(Account.id).where(Account.role == "admin", Account.active, Account.id != account_id)
    role = connection.execute(select(Account.role).where(Account.id == account_id)).scalar()
    if role == "admin" and connection.execute(others.limit(1)).first() is None:
        raise SettingsError("this is the last admin; make another one first")


def end_sessions(connection: Connection, account_id: int) -> None:
    """Sign an account out everywhere, at once."""
    connection.execute(
        update(Session)
        .where(Session.account_id == account_id, Session.revoked_at.is_(None))
        .values(revoked_at=now_ms(), id_token=None)
    )


def account_of(connection: Connection, account_id: int) -> AccountRow:
    """One account by its id, which must exist."""
    return _account_row(connection.execute(select(Account.__table__).where(Account.id == account_id)).one())


def _account_row(row: Any) -> AccountRow:
    return AccountRow(
        account_id=row.id,
        login=row.login,
        name=row.name,
        role=row.role,
        agent=row.agent,
        team=row.team,
        email=row.email,
        active=row.active,
        has_password=row.password_hash is not None,
        is_linked=row.sub is not None,
        role_from=row.role_from,
        created_at=moment_of(row.created_at),
    )


def principal_from(row: Any) -> Principal:
    """The principal of an account's row."""
    return Principal(account_id=row.id, name=row.name, role=row.role, agent=row.agent, team=row.team)
