"""Speaking with the firm's identity provider: discovery, the way there, the code for tokens, the way out.

Conventions: authorization code with PKCE (S256), state and nonce; an id token counts only when its signature, its
issuer, its audience and its times are right. Whatever goes wrong is one line for the person who wants to sign in,
and one log line (without a token) for whoever runs the program. Redirects are not followed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, import_key
from joserfc.jws import JWSRegistry

from qa.errors import QaError
from qa.oidc import OidcSettings, claims_needed, require_safe
from qa.store.sign_ins import Begun

log = logging.getLogger(__name__)

SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""What an id token may be signed by: public keys only, so that nobody who knows the client's secret can make one."""

LEEWAY_S = 60
KEEP_S = 3600.0
"""How long what the provider said of itself counts; keys are asked for again as soon as one is unknown."""

MAX_REPLY_BYTES = 1 << 20

DOWN = "The firm's sign-in does not answer. Try again in a while, or ask an admin."
ODD = "The firm's sign-in answered something that can't be used. Ask an admin to look at the log."
NOT_ACCEPTED = (
    "The firm's sign-in does not accept this program's own secret. An admin must correct it in [oidc]."
)
REPLAYED = "This sign-in was used already or took too long. Begin again."
FORGED = "The firm's sign-in sent an identity that can't be trusted. Begin again, or ask an admin."


class ProviderError(QaError):
    """The provider can't be used; ``status`` is what the browser is answered with."""

    def __init__(self, message: str, *, status: int = 502) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a code was worth: checked claims, and the id token as it came."""

    claims: Mapping[str, Any]
    id_token: str


@dataclass
class Provider:
    """One provider; what it says of itself is kept for an hour."""

    settings: OidcSettings
    _metadata: dict[str, Any] = field(default_factory=dict)
    _keys: dict[str, Any] = field(default_factory=dict)
    _asked_at: float = 0.0

    async def way_there(self, begun: Begun) -> str:
        """The address at which somebody signs in.

        Raises
        ------
        ProviderError
            The provider does not answer or says odd things.
        """
        metadata = await self._said_of_itself()
        async with self._client() as client:
            url, _ = client.create_authorization_url(
                metadata["authorization_endpoint"],
                state=begun.state,
                code_verifier=begun.verifier,
                nonce=begun.nonce,
            )
        return str(url)

    async def redeem(self, code: str, begun: Begun) -> Tokens:
        """The claims that a code stands for, checked.

        Raises
        ------
        ProviderError
            The provider does not answer, refuses the code or this program, or the id token is not right.
        """
        metadata = await self._said_of_itself()
        try:
            async with self._client() as client:
                token = await client.fetch_token(
                    metadata["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=begun.verifier,
                )
                id_token = str(token.get("id_token") or "")
                claims = await self._checked(
                    id_token, nonce=begun.nonce, access_token=token.get("access_token")
                )
                claims = await self._with_userinfo(client, metadata, claims)
        except OAuthError as err:
            raise _refused(err) from err
        except (httpx2.HTTPError, ValueError, KeyError) as err:
            raise _unreachable(err) from err
        return Tokens(claims, id_token)

    async def way_out(self, id_token: str | None) -> str | None:
        """Where the provider ends its own session; None where it has no such place or does not answer."""
        try:
            metadata = await self._said_of_itself()
        except ProviderError:
            return None
        end = metadata.get("end_session_endpoint")
        if not isinstance(end, str) or not _is_safe(end):
            return None
        asked = {
            "client_id": self.settings.client_id,
            "post_logout_redirect_uri": self.settings.after_sign_out,
        }
        if id_token:
            asked["id_token_hint"] = id_token
        return str(httpx2.URL(end).copy_merge_params(asked))

    def _client(self) -> AsyncOAuth2Client:
        accepted = self._metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        secret = self.settings.secret()
        method = "client_secret_basic" if "client_secret_basic" in accepted else "client_secret_post"
        return AsyncOAuth2Client(
            self.settings.client_id,
            secret,
            token_endpoint_auth_method=method if secret else "none",
            scope=" ".join(self.settings.scopes),
            redirect_uri=self.settings.redirect_uri,
            code_challenge_method="S256",
            timeout=self.settings.timeout_s,
            follow_redirects=False,
        )

    async def _said_of_itself(self) -> dict[str, Any]:
        if self._metadata and time.monotonic() - self._asked_at < KEEP_S:
            return self._metadata
        issuer = self.settings.issuer
        found = await self._ask(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        # Exactly: another issuer's keys would let another issuer's people in.
        if found.get("issuer") != issuer:
            raise _odd(f"it calls itself {found.get('issuer')!r}, the settings say {issuer!r}")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(found.get(name), str) or not _is_safe(found[name]):
                raise _odd(f"its {name} is missing or not https")
        self._keys = await self._ask(found["jwks_uri"])
        self._metadata, self._asked_at = found, time.monotonic()
        return found

    async def _ask(self, url: str) -> dict[str, Any]:
        try:
            async with httpx2.AsyncClient(timeout=self.settings.timeout_s, follow_redirects=False) as client:
                reply = await client.get(url, headers={"Accept": "application/json"})
            if reply.status_code != 200 or len(reply.content) > MAX_REPLY_BYTES:
                raise _odd(f"{url} answered {reply.status_code}, {len(reply.content)} bytes")
            found = reply.json()
        except (httpx2.HTTPError, ValueError) as err:
            raise _unreachable(err) from err
        if not isinstance(found, dict):
            raise _odd(f"{url} answered no object")
        return found

    async def _checked(self, id_token: str, *, nonce: str, access_token: str | None) -> Mapping[str, Any]:
        def check() -> Mapping[str, Any]:
            return check_id_token(
                id_token,
                self._keys,
                issuer=self.settings.issuer,
                client_id=self.settings.client_id,
                nonce=nonce,
                access_token=access_token,
            )

        try:
            try:
                return check()
            except InvalidKeyIdError:
                # Keys are changed at the provider from time to time.
                self._keys = await self._ask(self._metadata["jwks_uri"])
                return check()
        except (JoseError, ValueError) as err:
            log.warning("id token refused: %s", type(err).__name__)
            raise ProviderError(FORGED, status=403) from err

    async def _with_userinfo(
        self, client: AsyncOAuth2Client, metadata: Mapping[str, Any], claims: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The claims, with those that the provider gives only where it is asked for them."""
        wanted = {name.split(".")[0] for name in claims_needed(self.settings.rules)} | {"name", "email"}
        place = metadata.get("userinfo_endpoint")
        if not isinstance(place, str) or not _is_safe(place) or not _missing(wanted, claims):
            return claims
        reply = await client.get(place)
        found = reply.json() if reply.status_code == 200 else None
        if not isinstance(found, dict):
            log.warning("userinfo answered %s", reply.status_code)
            return claims
        if found.get("sub") != claims["sub"]:
            raise ProviderError(FORGED, status=403)
        # What was signed stands over what was not.
        return {**found, **claims}


def check_id_token(
    id_token: str,
    keys: Mapping[str, Any],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str | None = None,
    now_s: int | None = None,
) -> Mapping[str, Any]:
    """The claims of an id token that is what it says it is.

    Signature by one of the provider's keys, issuer, audience, authorized party, expiry and issue time (with a
    minute's leeway), nonce, and the hash of the access token where there is one.

    Raises
    ------
    JoseError
        Anything of it is wrong.
    ValueError
        It is no token.
    """
    public = [
        key for key in keys.get("keys", []) if key.get("kty") != "oct" and key.get("use", "sig") == "sig"
    ]
    registry = JWSRegistry(algorithms=list(SIGNED_BY), strict_check_header=False)
    token = jwt.decode(id_token, KeySet.import_key_set({"keys": public}), registry=registry)
    claims = CodeIDToken(
        token.claims,
        token.header,
        {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": client_id},
            "sub": {"essential": True},
            "exp": {"essential": True},
            "iat": {"essential": True},
            "nonce": {"essential": True, "value": nonce},
        },
        {"nonce": nonce, "client_id": client_id, "access_token": access_token},
    )
    claims.validate(now=now_s, leeway=LEEWAY_S)
    if not isinstance(claims["sub"], str) or not claims["sub"].strip():
        raise ValueError("the subject is no text")
    return dict(claims)


def _public_keys(keys: Mapping[str, Any]) -> KeySet:
    """The keys that may have signed; one of a kind that is not known here takes nothing from the others."""
    usable = []
    for key in keys.get("keys", []):
        if not isinstance(key, dict) or key.get("kty") == "oct" or key.get("use", "sig") != "sig":
            continue
        with suppress(JoseError, ValueError):
            usable.append(import_key(key))
    return KeySet(usable)


def _missing(wanted: Iterable[str], claims: Mapping[str, Any]) -> bool:
    return any(name not in claims for name in wanted)


def _is_safe(url: str) -> bool:
    try:
        require_safe(url)
    except ValueError:
        return False
    return True


def _refused(err: OAuthError) -> ProviderError:
    log.warning("the provider refused a code: %s", err.error)
    if err.error in ("invalid_client", "unauthorized_client"):
        return ProviderError(NOT_ACCEPTED)
    if err.error == "invalid_grant":
        return ProviderError(REPLAYED, status=400)
    return ProviderError(ODD)


def _unreachable(err: Exception) -> ProviderError:
    log.warning("the provider can't be used: %s", type(err).__name__)
    return ProviderError(DOWN, status=503) if isinstance(err, httpx2.TransportError) else ProviderError(ODD)


def _odd(why: str) -> ProviderError:
    log.warning("the provider can't be used: %s", why)
    return ProviderError(ODD)
