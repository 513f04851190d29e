"""Who uses the program and who is heard in the calls: accounts, their sessions, and the agents."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from qa.store.tables.base import Base, BigId, Id, Json, Ms, Str, one_of

ROLES = ("admin", "lead", "reviewer", "supervisor", "agent")
ROLE_FROM = ("hand", "claims")


class Agent(Base):
    """A person whose calls are scored. ``groups`` is what the firm supplies: site, shift, language."""

    __tablename__ = "agent"
    id: Mapped[Id]
    name: Mapped[Str] = mapped_column(unique=True)
    external_id: Mapped[Str | None] = mapped_column(unique=True)
    team: Mapped[Str | None] = mapped_column(index=True)
    groups: Mapped[Json] = mapped_column(default=dict)
    created_at: Mapped[Ms]


class Account(Base):
    """Someone who can sign in: by password, or by an identity (``iss``, ``sub``) of the firm's provider.

    ``agent`` is the own agent's name for the role agent; ``team`` the supervisor's team. ``role_from`` says who
    gives the role: ``hand`` (an admin) or ``claims`` (the provider, anew at each sign-in).
    """

    __tablename__ = "account"
    __table_args__ = (
        one_of("role", *ROLES),
        one_of("role_from", *ROLE_FROM),
        Index("uq_account_iss_sub", "iss", "sub", unique=True),
    )
    id: Mapped[Id]
    login: Mapped[Str] = mapped_column(unique=True)
    """In lower case; compared so."""
    name: Mapped[Str]
    role: Mapped[Str]
    role_from: Mapped[Str] = mapped_column(default="hand", server_default="hand")
    password_hash: Mapped[Str | None]
    iss: Mapped[Str | None]
    sub: Mapped[Str | None]
    email: Mapped[Str | None] = mapped_column(index=True)
    agent: Mapped[Str | None]
    team: Mapped[Str | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[Ms]
    changed_at: Mapped[Ms]


class Session(Base):
    """A signed-in browser. Only the SHA-256 of its token is kept."""

    __tablename__ = "session"
    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("account.id"), index=True)
    token_sha256: Mapped[Str] = mapped_column(unique=True)
    created_at: Mapped[Ms]
    expires_at: Mapped[Ms] = mapped_column(index=True)
    last_seen_at: Mapped[Ms]
    revoked_at: Mapped[Ms | None]
    ip: Mapped[Str | None]
    how: Mapped[Str] = mapped_column(default="password")
    id_token: Mapped[Str | None]
    """What the provider wants back as a hint when the session ends; blanked with it."""


class SignIn(Base):
    """A sign-in that was begun at the provider and has not come back: used once, within minutes."""

    __tablename__ = "sign_in"
    id: Mapped[Id]
    state_sha256: Mapped[Str] = mapped_column(unique=True)
    browser_sha256: Mapped[Str]
    nonce: Mapped[Str]
    verifier: Mapped[Str]
    """PKCE's secret half; of no use without the code that goes with it."""
    wanted: Mapped[Str]
    ip: Mapped[Str | None] = mapped_column(index=True)
    created_at: Mapped[Ms] = mapped_column(index=True)


class LoginAttempt(Base):
    """One try to sign in, for the rate limit. ``login`` is what was typed, in lower case, hashed."""

    __tablename__ = "login_attempt"
    __table_args__ = (
        Index("ix_login_attempt_login_at", "login_sha256", "at"),
        Index("ix_login_attempt_ip_at", "ip", "at"),
    )
    id: Mapped[Id]
    at: Mapped[Ms]
    login_sha256: Mapped[Str]
    ip: Mapped[Str | None]
    succeeded: Mapped[bool]


class SavedFilter(Base):
    """A choice of calls that someone wants to come back to."""

    __tablename__ = "saved_filter"
    __table_args__ = (Index("uq_saved_filter_account_name", "account_id", "name", unique=True),)
    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("account.id"))
    name: Mapped[Str]
    choice: Mapped[Json]
    is_default: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[Ms]
