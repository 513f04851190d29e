"""How often signing in may fail: counted per login (or identity) and per address, in the database.

A restart forgets nothing. Only failures count: a whole office may sign in from one address in the morning.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, func, insert, select, update

from qa.errors import NotAllowed
from qa.store.engine import TurnTaking, now_ms, take_turns
from qa.store.tables import LoginAttempt

WINDOW_S = 15 * 60
PER_LOGIN = 8
PER_ADDRESS = 40


class TooManyAttempts(NotAllowed):
    """Too many failures lately, from this address or for this login."""


def begin_attempt(connection: Connection, login: str | None, ip: str | None) -> int:
    """Count one more try, as failed until :func:`succeed` says otherwise; its number.

    It is counted before anything is checked, so that many at once can't slip through together.

    Raises
    ------
    TooManyAttempts
        There were too many lately; nothing may be checked until some time has passed.
    """
    login_sha256 = hashlib.sha256(login.encode()).hexdigest() if login is not None else ""
    take_turns(connection, TurnTaking.TRYING)
    refuse_too_many(connection, login_sha256, ip)
    attempt: int = connection.execute(
        insert(LoginAttempt)
        .values(at=now_ms(), login_sha256=login_sha256, ip=ip, succeeded=False)
        .returning(LoginAttempt.id)
    ).scalar_one()
    return attempt


def succeed(connection: Connection, attempt: int) -> None:
    """The try was a right one."""
    connection.execute(update(LoginAttempt).where(LoginAttempt.id == attempt).values(succeeded=True))


def refuse_too_many(connection: Connection, login_sha256: str, ip: str | None) -> None:
    """Stop where too many failed lately; without a login (empty) only the address counts.

    Raises
    ------
    TooManyAttempts
        Wait, or ask an admin.
    """
    since = now_ms() - WINDOW_S * 1000
    recent = (
        select(func.count())
        .select_from(LoginAttempt)
        .where(LoginAttempt.at >= since, LoginAttempt.succeeded.is_(False))
    )
    for_login = from_there = 0
    if login_sha256:
        for_login = connection.execute(recent.where(LoginAttempt.login_sha256 == login_sha256)).scalar_one()
    if ip is not None:
        from_there = connection.execute(recent.where(LoginAttempt.ip == ip)).scalar_one()
    if for_login >= PER_LOGIN or from_there >= PER_ADDRESS:
        raise TooManyAttempts(f"too many attempts; wait {WINDOW_S // 60} minutes or ask an admin")
