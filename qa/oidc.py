"""Sign-in by the firm's identity provider (OpenID Connect): its settings, and what its claims give whom.

Conventions: pure; nothing here speaks to the provider (:mod:`qa.web.provider` does). A *claim* is what the provider
says of a person; a *rule* turns a claim into a role, and rules are data: the first that fits decides. A person is
known by issuer and subject together, never by a name or an e-mail address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from qa.errors import SettingsError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Where plain http may be spoken: nobody stands between."""

Role = Literal["admin", "lead", "reviewer", "supervisor", "agent"]


class RoleRule(BaseModel):
    """One line of the mapping: who has this claim (with this value) has this role."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    claim: str = Field(
        min_length=1, description="such as groups, or realm_access.roles for one within another"
    )
    has: str | None = Field(
        None, description="the value, or one of its values; none: the claim is there at all"
    )
    role: Role
    team: str | None = Field(None, description="the supervisor's team")
    team_claim: str | None = Field(None, description="the claim that names the supervisor's team")
    agent_claim: str | None = Field(
        None, description="the claim that names the agent: as in the calls, or by the id in another system"
    )
    create: bool = Field(False, description="whether an account is made at the first sign-in")

    @model_validator(mode="after")
    def _names_whom_it_is_about(self) -> RoleRule:
        if self.role == "agent" and not self.agent_claim:
            raise ValueError("a rule for the role agent needs agent_claim")
        if self.role == "supervisor" and not (self.team or self.team_claim):
            raise ValueError("a rule for the role supervisor needs team or team_claim")
        return self


class OidcSettings(BaseModel):
    """The table ``[oidc]`` of ``qa.toml``; each key also as ``QA_OIDC__KEY``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str = Field(description="the provider's address, exactly as it names itself")
    client_id: str = Field(min_length=1)
    client_secret: SecretStr | None = Field(
        None, description="by QA_OIDC__CLIENT_SECRET, never in a file kept in git"
    )
    client_secret_file: Path | None = Field(None, description="a file that holds nothing but the secret")
    redirect_base: str = Field(description="this program's address as browsers see it")
    label: str = Field("the firm's account", min_length=1, max_length=60, description="Sign in with ...")
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    rules: tuple[RoleRule, ...] = Field((), description="the first that fits decides")
    link_verified_email: bool = Field(
        False,
        description="binds a first-time identity to the passwordless account for which an admin wrote its "
        "verified address down; only where the provider lets nobody choose an address",
    )
    timeout_s: float = Field(10.0, gt=0, le=60)

    @field_validator("issuer", "redirect_base")
    @classmethod
    def _is_safe(cls, url: str) -> str:
        require_safe(url)
        return url

    @model_validator(mode="after")
    def _can_be_used(self) -> OidcSettings:
        if "openid" not in self.scopes:
            raise ValueError("scopes must hold openid")
        if self.client_secret is not None and self.client_secret_file is not None:
            raise ValueError("give client_secret or client_secret_file, not both")
        return self

    @property
    def redirect_uri(self) -> str:
        """What to register at the provider as the place to come back to."""
        return f"{self.redirect_base.rstrip('/')}/qa/oidc/callback"

    @property
    def after_sign_out(self) -> str:
        """What to register at the provider as the place to go to after signing out."""
        return f"{self.redirect_base.rstrip('/')}/qa/login"

    def secret(self) -> str | None:
        """The client's secret; None for a public client.

        Raises
        ------
        SettingsError
            The file can't be read or is empty.
        """
        if self.client_secret is not None:
            return self.client_secret.get_secret_value()
        if self.client_secret_file is None:
            return None
        try:
            secret = self.client_secret_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as err:
            why = getattr(err, "strerror", None) or "is no text"
            raise SettingsError(
                f"client_secret_file {self.client_secret_file}: {why}; correct [oidc]"
            ) from err
        if not secret:
            raise SettingsError(
                f"client_secret_file {self.client_secret_file} is empty; write the secret in it"
            )
        return secret


def require_safe(url: str) -> None:
    """Refuse an address that others could read along.

    Raises
    ------
    ValueError
        It is neither https nor on this machine.
    """
    parts = urlsplit(url)
    plain = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not parts.hostname or not (parts.scheme == "https" or plain) or parts.username or parts.fragment:
        raise ValueError(f"{url!r} must be an https address (http only on this machine)")


@dataclass(frozen=True, slots=True)
class Grant:
    """What the provider's claims give a person here."""

    role: str
    team: str | None = None
    agent: str | None = None
    """The agent's name, or the id in another system: the store finds out which."""
    may_create: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody whom the provider vouches for."""

    iss: str
    sub: str
    name: str | None = None
    email: str | None = None
    """Only where the provider says that it has verified it."""
    grant: Grant | None = None


def identity_of(claims: Mapping[str, Any], rules: Sequence[RoleRule]) -> Identity:
    """Read checked claims by the rules."""
    verified = claims.get("email_verified") is True
    names = (claims.get(key) for key in ("name", "preferred_username"))
    return Identity(
        iss=str(claims["iss"]),
        sub=str(claims["sub"]),
        name=next((name.strip()[:200] for name in names if isinstance(name, str) and name.strip()), None),
        email=_text(claims.get("email")) if verified else None,
        grant=granted(claims, rules),
    )


def granted(claims: Mapping[str, Any], rules: Sequence[RoleRule]) -> Grant | None:
    """What the first rule that fits gives; None where none does.

    A rule whose team or agent claim is missing does not fit: nobody gets a role about no one.
    """
    for rule in rules:
        if not _fits(claims, rule):
            continue
        team = rule.team or (_text(claim(claims, rule.team_claim)) if rule.team_claim else None)
        agent = _text(claim(claims, rule.agent_claim)) if rule.agent_claim else None
        if rule.role == "supervisor" and team:
            return Grant(rule.role, team=team, may_create=rule.create)
        if rule.role == "agent" and agent:
            return Grant(rule.role, agent=agent, may_create=rule.create)
        if rule.role not in ("supervisor", "agent"):
            return Grant(rule.role, may_create=rule.create)
    return None


def claims_needed(rules: Sequence[RoleRule]) -> frozenset[str]:
    """The outermost names of the claims that the rules read."""
    named = (name for rule in rules for name in (rule.claim, rule.team_claim, rule.agent_claim) if name)
    return frozenset(named)


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name; where there is none of exactly that name, the dots lead inwards."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def _fits(claims: Mapping[str, Any], rule: RoleRule) -> bool:
    value = claim(claims, rule.claim)
    if rule.has is None:
        return value not in (None, False, "", [])
    values = value if isinstance(value, list | tuple) else [value]
    return rule.has in [_text(one) for one in values]


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value).strip()[:200] or None
    return None
