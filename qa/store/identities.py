"""Who comes by the firm's provider: the account bound to an identity, made or changed as the claims allow.

Conventions: an identity is issuer and subject together, and nothing else opens an account; a name or an e-mail
address never does by itself. An account whose role comes from claims gets it anew at each sign-in, and nobody in
whose claims it is missing comes in with it. Accounts made by hand keep what an admin gave them.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, insert, select, update

from qa.errors import NotAllowed, SettingsError
from qa.oidc import Grant, Identity
from qa.store.accounts import check_role, end_sessions, principal_from
from qa.store.attempts import begin_attempt, succeed
from qa.store.audit import write
from qa.store.engine import Store, TurnTaking, now_ms, take_turns
from qa.store.saving import keep_agent
from qa.store.scope import SYSTEM, require
from qa.store.tables import Account, Agent
from qa.values import Principal

DOOR = replace(SYSTEM, name="the firm's sign-in")
"""Who is named in the log where nobody came in."""


class NoAccount(NotAllowed):
    """The provider knows who that is, and there is no account for them here."""


def sign_in_identity(
    store: Store, identity: Identity, *, link_email: bool = False, ip: str | None = None
) -> Principal:
    """The principal of an identity whose claims were checked.

    Raises
    ------
    NoAccount
        There is none, none may be made, it is kept out, or its claims give it no role any more.
    TooManyAttempts
        It was refused too often lately.
    """
    with store.writing() as connection:
        attempt = begin_attempt(connection, f"{identity.iss} {identity.sub}", ip)
    try:
        with store.writing() as connection:
            row = _admitted(connection, identity, link_email=link_email)
            after = {"how": "provider"}
            _write(connection, row, "sign in", after=after, ip=ip)
            succeed(connection, attempt)
            return principal_from(row)
    except NoAccount as err:
        _note_refusal(store, identity, why=str(err), ip=ip)
        raise


def link_identity(store: Store, principal: Principal, login: str, *, iss: str, sub: str) -> None:
    """Bind an account to an identity; the one it had no longer opens it.

    Raises
    ------
    SettingsError
        There is no such account, or the identity opens another.
    NotAllowed
        Only admins may.
    """
    require(principal, "admin")
    if not sub.strip():
        raise SettingsError("the subject is empty; give what the provider calls sub")
    with store.writing() as connection:
        row = _by_login(connection, login)
        other = _bound(connection, iss, sub.strip())
        if other is not None and other.id != row.id:
            raise SettingsError(f"this identity opens the account '{other.login}'; unlink it there first")
        _change(connection, row.id, iss=iss, sub=sub.strip())
        after, account = {"iss": iss, "sub": sub.strip()}, str(row.id)
        write(connection, principal, "link identity", object="account", object_id=account, after=after)


def unlink_identity(store: Store, principal: Principal, login: str) -> None:
    """Unbind an account from its identity and sign it out; its role is an admin's matter from then on.

    Raises
    ------
    SettingsError
        There is no such account, or it is bound to none.
    NotAllowed
        Only admins may.
    """
    require(principal, "admin")
    with store.writing() as connection:
        row = _by_login(connection, login)
        if row.sub is None:
            raise SettingsError(f"the account '{row.login}' is bound to no identity")
        _change(connection, row.id, iss=None, sub=None, role_from="hand")
        end_sessions(connection, row.id)
        before = {"iss": row.iss, "sub": row.sub}
        write(
            connection, principal, "unlink identity", object="account", object_id=str(row.id), before=before
        )


def _admitted(connection: Connection, identity: Identity, *, link_email: bool) -> Any:
    """The account's row, bound or made where that is allowed, with the role it has now."""
    take_turns(connection, TurnTaking.SAVING)
    row = _bound(connection, identity.iss, identity.sub)
    if row is None and link_email and identity.email:
        row = _link_by_email(connection, identity)
    if row is None:
        return _make(connection, identity)
    if not row.active:
        raise NoAccount("Your account is kept out. Ask an admin.")
    return _with_role(connection, row, identity) if row.role_from == "claims" else row


def _make(connection: Connection, identity: Identity) -> Any:
    grant = identity.grant
    if grant is None or not grant.may_create:
        raise NoAccount(f"There is no account for you here yet. Ask an admin and name this: {identity.sub}")
    given = _about_whom(connection, grant, account_id=None)
    login = _free_login(connection, identity)
    account_id = connection.execute(
        insert(Account)
        .values(
            login=login,
            name=identity.name or given["agent"] or login,
            iss=identity.iss,
            sub=identity.sub,
            email=identity.email.lower() if identity.email else None,
            role_from="claims",
            active=True,
            created_at=now_ms(),
            changed_at=now_ms(),
            **given,
        )
        .returning(Account.id)
    ).scalar_one()
    row = _by_id(connection, account_id)
    _write(connection, row, "make account", after={"login": login, **given, "iss": identity.iss})
    return row


def _with_role(connection: Connection, row: Any, identity: Identity) -> Any:
    """The row with the role that the claims give today."""
    if identity.grant is None:
        raise NoAccount("The firm's sign-in gives you no role here any more. Ask an admin.")
    given = _about_whom(connection, identity.grant, account_id=row.id)
    before = {key: getattr(row, key) for key in given}
    if given == before:
        return row
    _change(connection, row.id, **given)
    changed = _by_id(connection, row.id)
    _write(connection, changed, "set role", before=before, after={**given, "by": "claims"})
    return changed


def _about_whom(connection: Connection, grant: Grant, *, account_id: int | None) -> dict[str, str | None]:
    """Role, team and agent of a grant; an agent's claim may be a name or the id in another system."""
    agent = grant.agent
    if agent is not None:
        by_id = select(Agent.name).where(Agent.external_id == agent)
        agent = connection.execute(by_id).scalar() or agent
        others = select(Account.id).where(Account.agent == agent, Account.id != (account_id or 0))
        if connection.execute(others.limit(1)).first() is not None:
            raise NoAccount("There is another account for this agent. Ask an admin to link it to you.")
        keep_agent(connection, agent)
    check_role(grant.role, agent=agent, team=grant.team)
    return {"role": grant.role, "team": grant.team, "agent": agent}


def _link_by_email(connection: Connection, identity: Identity) -> Any:
    """The one unbound account without a password for which an admin wrote this verified address down."""
    assert identity.email is not None  # noqa: S101 - asked by the caller
    unbound = select(Account.__table__).where(
        Account.email == identity.email.lower(),
        Account.sub.is_(None),
        Account.password_hash.is_(None),
        Account.active,
    )
    found = connection.execute(unbound).all()
    if len(found) != 1:  # Two accounts with one address: nobody can say which is meant.
        return None
    _change(connection, found[0].id, iss=identity.iss, sub=identity.sub)
    row = _by_id(connection, found[0].id)
    _write(connection, row, "link identity", after={"iss": identity.iss, "by": "verified e-mail"})
    return row


def _free_login(connection: Connection, identity: Identity) -> str:
    """A login nobody has: the address, or the name in one word; with a mark where that is taken."""
    mark = hashlib.sha256(f"{identity.iss} {identity.sub}".encode()).hexdigest()[:8]
    wanted = "".join(sign for sign in (identity.email or identity.name or "").lower() if sign.isprintable())
    wanted = ".".join(wanted.split())[:180] or f"firm-{mark}"
    taken = select(Account.id).where(Account.login == wanted)
    return wanted if connection.execute(taken).first() is None else f"{wanted}-{mark}"


def _note_refusal(store: Store, identity: Identity, *, why: str, ip: str | None) -> None:
    with store.writing() as connection:
        row = _bound(connection, identity.iss, identity.sub)
        if row is not None:
            end_sessions(connection, row.id)
        after = {"iss": identity.iss, "why": why}
        sub = identity.sub
        write(connection, DOOR, "refuse sign-in", object="identity", object_id=sub, after=after, ip=ip)


def _bound(connection: Connection, iss: str, sub: str) -> Any:
    query = select(Account.__table__).where(Account.iss == iss, Account.sub == sub)
    return connection.execute(query).one_or_none()


def _by_id(connection: Connection, account_id: int) -> Any:
    return connection.execute(select(Account.__table__).where(Account.id == account_id)).one()


def _by_login(connection: Connection, login: str) -> Any:
    query = select(Account.__table__).where(Account.login == login.strip().lower())
    row = connection.execute(query).one_or_none()
    if row is None:
        raise SettingsError(f"there is no account '{login}'; `qa accounts list` shows them")
    return row


def _change(connection: Connection, account_id: int, **values: Any) -> None:
    connection.execute(update(Account).where(Account.id == account_id).values(**values, changed_at=now_ms()))


def _write(connection: Connection, row: Any, action: str, **what: Any) -> None:
    write(connection, principal_from(row), action, object="account", object_id=str(row.id), **what)
