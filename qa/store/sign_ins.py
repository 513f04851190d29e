"""Sign-ins that were begun at the firm's provider: each comes back once, to the browser it began in, in minutes.

Conventions: the state and the browser's mark are kept only as their SHA-256. What never came back is removed when
somebody else begins.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select

from qa.store.attempts import TooManyAttempts, refuse_too_many
from qa.store.engine import Store, now_ms
from qa.store.tables import SignIn

LASTS_S = 10 * 60
OPEN_PER_ADDRESS = 400
"""More than an office begins at once; fewer than would fill the disk."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What goes with one sign-in. ``browser`` is a cookie, ``state`` and ``nonce`` go to the provider."""

    state: str
    nonce: str
    verifier: str
    browser: str
    wanted: str


def begin_sign_in(store: Store, *, wanted: str, browser: str | None, ip: str | None) -> Begun:
    """Keep what the answer will be held against; a browser that has a mark keeps it.

    Raises
    ------
    TooManyAttempts
        Too many sign-ins failed lately from this address, or too many are open.
    """
    begun = Begun(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(64),
        browser=browser or secrets.token_urlsafe(32),
        wanted=wanted[:2000],
    )
    now = now_ms()
    with store.writing() as connection:
        refuse_too_many(connection, "", ip)
        connection.execute(delete(SignIn).where(SignIn.created_at <= now - LASTS_S * 1000))
        is_open = select(func.count()).select_from(SignIn).where(SignIn.ip == ip)
        if ip is not None and connection.execute(is_open).scalar_one() >= OPEN_PER_ADDRESS:
            raise TooManyAttempts(f"too many sign-ins were begun; wait {LASTS_S // 60} minutes")
        connection.execute(
            insert(SignIn).values(
                state_sha256=_sha256(begun.state),
                browser_sha256=_sha256(begun.browser),
                nonce=begun.nonce,
                verifier=begun.verifier,
                wanted=begun.wanted,
                ip=ip,
                created_at=now,
            )
        )
    return begun


def take_sign_in(store: Store, *, state: str, browser: str | None) -> Begun | None:
    """What was begun with this state in this browser; it is gone afterwards. None where nothing was."""
    if not state or not browser:
        return None
    # Another browser's answer takes nothing away from the one that began.
    mine = (SignIn.state_sha256 == _sha256(state)) & (SignIn.browser_sha256 == _sha256(browser))
    since = now_ms() - LASTS_S * 1000
    with store.writing() as connection:
        row = connection.execute(
            delete(SignIn)
            .where(mine)
            .returning(SignIn.nonce, SignIn.verifier, SignIn.wanted, SignIn.created_at)
        ).one_or_none()
    if row is None or row.created_at <= since:
        return None
    return Begun(state, row.nonce, row.verifier, browser, row.wanted)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
