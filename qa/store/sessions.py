"""Signed-in browsers: made at login, looked up at every request, ended at any moment.

Conventions: the token is given out once and kept only as its SHA-256; a session ends by time, by idleness, by
revocation, or with its account.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from qa.errors import NotAllowed
from qa.store.accounts import principal_from
from qa.store.audit import write
from qa.store.codec import moment_of
from qa.store.engine import Store, now_ms
from qa.store.tables import Account, Session
from qa.values import Principal

LASTS_S = 12 * 3600
"""A working day; then one signs in again."""

IDLE_S = 2 * 3600
SEEN_EVERY_MS = 60_000


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session, without its token."""

    session_id: int
    login: str
    created_at: datetime
    last_seen_at: datetime
    ip: str | None
    how: str


def create_session(
    store: Store,
    principal: Principal,
    *,
    ip: str | None = None,
    how: str = "password",
    id_token: str | None = None,
) -> str:
    """Begin a session and return its token: it is shown this once and stored nowhere.

    ``id_token`` is kept with it for the provider's own sign-out.

    Raises
    ------
    NotAllowed
        The account is not let in.
    """
    token = secrets.token_urlsafe(32)
    now = now_ms()
    with store.writing() as connection:
        active = select(Account.active).where(Account.id == principal.account_id)
        if not connection.execute(active).scalar():
            raise NotAllowed("this account is not let in; ask an admin")
        connection.execute(
            insert(Session).values(
                account_id=principal.account_id,
                token_sha256=_sha256(token),
                created_at=now,
                expires_at=now + LASTS_S * 1000,
                last_seen_at=now,
                ip=ip,
                how=how,
                id_token=id_token,
            )
        )
    return token


def principal_of(store: Store, token: str | None) -> Principal | None:
    """Who holds this token; None where it is unknown, over, revoked, or the account is not let in."""
    if not token:
        return None
    now = now_ms()
    with store.reading() as connection:
        row = connection.execute(
            select(Account.__table__, Session.id.label("session_id"), Session.last_seen_at)
            .join(Session, Session.account_id == Account.id)
            .where(
                Session.token_sha256 == _sha256(token),
                Session.revoked_at.is_(None),
                Session.expires_at > now,
                Session.last_seen_at > now - IDLE_S * 1000,
                Account.active,
            )
        ).one_or_none()
    if row is None:
        return None
    if now - row.last_seen_at > SEEN_EVERY_MS:
        with store.writing() as connection:
            connection.execute(update(Session).where(Session.id == row.session_id).values(last_seen_at=now))
    return principal_from(row)


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that has just ended, for the provider's own sign-out."""

    how: str
    id_token: str | None


def revoke(store: Store, token: str) -> Ended | None:
    """End the session of this token; None where it was over already or never began."""
    with store.writing() as connection:
        row = connection.execute(
            select(Session.id.label("session_id"), Session.how, Session.id_token, Account.__table__)
            .join(Account, Account.id == Session.account_id)
            .where(Session.token_sha256 == _sha256(token), Session.revoked_at.is_(None))
        ).one_or_none()
        if row is None:
            return None
        connection.execute(update(Session).where(Session.id == row.session_id).values(**_over()))
        write(connection, principal_from(row), "sign out", object="account", object_id=str(row.id))
    return Ended(row.how, row.id_token)


def revoke_all_made_by(store: Store, how: str) -> int:
    """End every session that was begun this way, once that way is switched off; how many there were."""
    change = update(Session).where(Session.how == how, Session.revoked_at.is_(None))
    with store.writing() as connection:
        return connection.execute(change.values(**_over())).rowcount


def revoke_session(store: Store, principal: Principal, session_id: int) -> None:
    """End a session from a list: one's own, or, for an admin, anybody's.

    Raises
    ------
    NotAllowed
        It is somebody else's, or there is none.
    """
    change = update(Session).where(Session.id == session_id)
    if principal.role not in ("admin", "system"):
        change = change.where(Session.account_id == principal.account_id)
    with store.writing() as connection:
        if connection.execute(change.values(**_over())).rowcount != 1:
            raise NotAllowed("there is no such session, or it is not yours")
        write(connection, principal, "end session", object="session", object_id=str(session_id))


def list_sessions(store: Store, principal: Principal) -> tuple[SessionRow, ...]:
    """Sessions that are open: one's own, or, for an admin, everybody's; newest first."""
    now = now_ms()
    query = (
        select(Session.__table__, Account.login)
        .join(Account, Account.id == Session.account_id)
        .where(
            Session.revoked_at.is_(None),
            Session.expires_at > now,
            Session.last_seen_at > now - IDLE_S * 1000,
            Account.active,
        )
        .order_by(Session.id.desc())
    )
    if principal.role not in ("admin", "system"):
        query = query.where(Session.account_id == principal.account_id)
    with store.reading() as connection:
        return tuple(
            SessionRow(
                session_id=row.id,
                login=row.login,
                created_at=moment_of(row.created_at),
                last_seen_at=moment_of(row.last_seen_at),
                ip=row.ip,
                how=row.how,
            )
            for row in connection.execute(query)
        )


def _over() -> dict[str, int | None]:
    return {"revoked_at": now_ms(), "id_token": None}


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
