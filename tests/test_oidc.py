"""The firm's sign-in without a provider: its settings, what claims give whom, which id tokens count."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey, RSAKey
from made_store import new_store
from pydantic import ValidationError

from qa.errors import NotAllowed, SettingsError
from qa.oidc import Grant, Identity, OidcSettings, RoleRule, claim, granted, identity_of
from qa.settings import load_settings
from qa.store import SYSTEM, Store
from qa.store.accounts import add_account, list_accounts
from qa.store.audit import list_audit
from qa.store.identities import NoAccount, link_identity, sign_in_identity, unlink_identity
from qa.store.sessions import create_session, principal_of
from qa.store.staff import StaffRow, keep_staff
from qa.values import Principal
from qa.web.provider import check_id_token

ISSUER, CLIENT = "https://login.firm.example", "call-qa"
GIVEN = {"issuer": ISSUER, "client_id": CLIENT, "redirect_base": "https://qa.firm.example/"}
RULES = (
    RoleRule(claim="groups", has="admins", role="admin"),
    RoleRule(claim="realm.roles", has="sup", role="supervisor", team_claim="team"),
    RoleRule(claim="staff", role="agent", agent_claim="staff", create=True),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


@pytest.mark.parametrize(
    ("claims", "grant"),
    [
        ({"groups": ["x", "admins"]}, Grant("admin")),
        ({"groups": "admins", "staff": "7"}, Grant("admin")),
        ({"realm": {"roles": ["sup"]}, "team": "North"}, Grant("supervisor", team="North")),
        ({"realm.roles": "sup", "team": "North"}, Grant("supervisor", team="North")),
        ({"realm": {"roles": ["sup"]}}, None),
        ({"realm": "sup"}, None),
        ({"staff": 4711}, Grant("agent", agent="4711", may_create=True)),
        ({"staff": "  "}, None),
        ({"staff": ["a", "b"]}, None),
        ({"groups": [["admins"], {"admins": True}]}, None),
        ({}, None),
    ],
)
def test_the_first_rule_that_fits_decides(claims: dict[str, Any], grant: Grant | None) -> None:
    assert granted(claims, RULES) == grant


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(claims=st.dictionaries(st.sampled_from(("groups", "realm", "staff", "team", "x")), JSON))
def test_no_claims_give_a_role_about_no_one(claims: dict[str, Any]) -> None:
    grant = granted(claims, RULES)
    if grant is not None:
        assert (grant.role == "agent") == bool(grant.agent)
        assert (grant.role == "supervisor") == bool(grant.team)
        assert grant.role != "admin" or "admins" in (claim(claims, "groups") or ())


def test_an_address_that_is_not_verified_is_no_address() -> None:
    claims = {"iss": ISSUER, "sub": "1", "email": "a@firm.example", "name": " A "}
    assert identity_of(claims, ()) == Identity(ISSUER, "1", name="A")
    for verified in ("true", 1, None, False):
        assert identity_of({**claims, "email_verified": verified}, ()).email is None
    assert identity_of({**claims, "email_verified": True}, ()).email == "a@firm.example"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"issuer": "http://login.firm.example"}, "must be an https address"),
        ({"issuer": "https://user@login.firm.example"}, "must be an https address"),
        ({"redirect_base": "qa.firm.example"}, "must be an https address"),
        ({"scopes": ("profile",)}, "must hold openid"),
        ({"client_secret": "x", "client_secret_file": "y"}, "not both"),
        ({"rules": [{"claim": "g", "role": "agent"}]}, "needs agent_claim"),
        ({"rules": [{"claim": "g", "role": "supervisor"}]}, "needs team"),
        ({"rules": [{"claim": "g", "role": "boss"}]}, "admin"),
        ({"secret": "x"}, "Extra inputs"),
    ],
)
def test_settings_that_can_not_be_used_are_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        OidcSettings.model_validate(GIVEN | change)


def test_the_settings_come_from_the_file_and_the_secret_from_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "qa.toml"
    lines = [f'{key} = "{value}"' for key, value in GIVEN.items()]
    rule = '[[oidc.rules]]\nclaim = "groups"\nhas = "qa"\nrole = "lead"\ncreate = true'
    config.write_text("\n".join(["local_sign_in = false", "[oidc]", *lines, rule]))
    monkeypatch.setenv("QA_CONFIG", str(config))
    monkeypatch.setenv("QA_OIDC__CLIENT_SECRET", "hush")
    settings = load_settings()
    assert settings.oidc is not None
    assert settings.oidc.secret() == "hush"
    assert "hush" not in repr(settings)
    assert settings.oidc.redirect_uri == "https://qa.firm.example/qa/oidc/callback"
    assert settings.oidc.rules == (RoleRule(claim="groups", has="qa", role="lead", create=True),)
    monkeypatch.setenv("QA_OIDC__ISSUER", "nowhere")
    with pytest.raises(SettingsError, match=r"'oidc.issuer'.*QA_OIDC__ISSUER"):
        load_settings()


def test_nobody_locks_everybody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_LOCAL_SIGN_IN", "false")
    with pytest.raises(SettingsError, match=r"'local_sign_in'.*nobody could sign in"):
        load_settings()


def test_the_secret_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    settings = OidcSettings.model_validate(GIVEN | {"client_secret_file": file})
    with pytest.raises(SettingsError, match="No such file"):
        settings.secret()
    file.write_text("\n")
    with pytest.raises(SettingsError, match="is empty"):
        settings.secret()
    file.write_text("hush\n")
    assert settings.secret() == "hush"
    assert OidcSettings.model_validate(GIVEN).secret() is None


KEY = RSAKey.generate_key(2048, parameters={"kid": "k1", "use": "sig"})
KEYS = KeySet([KEY]).as_dict(private=False)
NOW = 1_800_000_000


def made(**change: Any) -> dict[str, Any]:
    claims = {"iss": ISSUER, "aud": CLIENT, "sub": "u1", "iat": NOW, "exp": NOW + 300, "nonce": "n"} | change
    return {key: value for key, value in claims.items() if value is not None}


def check(token: str, keys: dict[str, Any] | None = None) -> Any:
    keys = KEYS if keys is None else keys
    return check_id_token(token, keys, issuer=ISSUER, client_id=CLIENT, nonce="n", now_s=NOW)


def signed(claims: dict[str, Any], *, alg: str = "RS256", key: Any = KEY, kid: str = "k1") -> str:
    return jwt.encode({"alg": alg, "kid": kid}, claims, key, algorithms=[alg])


def signed_by_secret(claims: dict[str, Any], secret: bytes) -> str:
    """By hand: the library refuses to take a public key for a secret, an attacker would not."""
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "kid": "k1"}, claims)]
    body = b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    mac = hmac.new(secret, body, hashlib.sha256).digest()
    return (body + b"." + urlsafe_b64encode(mac).rstrip(b"=")).decode()


def test_a_right_id_token_is_read() -> None:
    assert check(signed(made()))["sub"] == "u1"
    assert check(signed(made(aud=[CLIENT, "other"], azp=CLIENT)))["sub"] == "u1"
    # A key of a kind that nobody knows yet takes nothing from the others.
    assert check(signed(made()), {"keys": [{"kty": "NEW", "kid": "k0"}, *KEYS["keys"]]})["sub"] == "u1"


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another program"},
        {"aud": "another program", "azp": CLIENT},
        {"aud": [CLIENT, "other"], "azp": "other"},
        {"aud": [CLIENT, "other"]},
        {"aud": None},
        {"exp": NOW - 61},
        {"exp": None},
        {"iat": NOW + 3600},
        {"iat": None},
        {"nbf": NOW + 3600},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
    ],
    ids=str,
)
def test_an_id_token_with_a_wrong_claim_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((JoseError, ValueError)):
        check(signed(made(**change)))


def test_only_the_providers_public_keys_count() -> None:
    other = RSAKey.generate_key(2048, parameters={"kid": "k1"})
    nothing = "eyJhbGciOiJub25lIn0." + signed(made()).split(".")[1] + "."
    for token in (
        signed(made(), key=other),
        signed(made(), key=other, kid="k2"),
        signed_by_secret(made(), KEY.as_pem(private=False)),
        nothing,
        "no token",
        "",
    ):
        with pytest.raises((JoseError, ValueError)):
            check(token)
    shared = OctKey.generate_key(256, parameters={"kid": "k1"})
    with pytest.raises((JoseError, ValueError)):
        check(signed(made(), alg="HS256", key=shared), KeySet([shared]).as_dict(private=True))
    with pytest.raises((JoseError, ValueError)):
        check(signed(made()), {"keys": []})


def test_the_clock_may_be_a_minute_off() -> None:
    assert check(signed(made(exp=NOW - 30)))
    assert check(signed(made(iat=NOW + 30)))
    claims = made(iat=int(time.time()), exp=int(time.time()) + 60)
    assert check_id_token(signed(claims), KEYS, issuer=ISSUER, client_id=CLIENT, nonce="n")


def lea(sub: str = "1", **more: Any) -> Identity:
    return Identity(ISSUER, sub, name="Lea", **more)


def test_an_agent_is_found_by_the_id_in_another_system(store: Store) -> None:
    keep_staff(store, SYSTEM, [StaffRow("Priya Nair", external_id="4711")])
    found = sign_in_identity(store, lea(grant=Grant("agent", agent="4711", may_create=True)))
    assert (found.role, found.agent) == ("agent", "Priya Nair")


def test_nobody_is_made_an_account_unless_the_rule_says_so(store: Store) -> None:
    for grant in (None, Grant("lead"), Grant("admin")):
        with pytest.raises(NoAccount, match="Ask an admin"):
            sign_in_identity(store, lea(grant=grant))
    assert list_accounts(store, SYSTEM) == ()


def test_logins_of_made_accounts_never_meet(store: Store) -> None:
    add_account(store, SYSTEM, login="lea", role="admin")
    for sub in ("1", "2"):
        sign_in_identity(store, lea(sub, grant=Grant("lead", may_create=True)))
    logins = [row.login for row in list_accounts(store, SYSTEM)]
    assert len(set(logins)) == 3
    assert all(login.startswith("lea") for login in logins)


def test_the_same_subject_of_another_issuer_is_somebody_else(store: Store) -> None:
    add_account(store, SYSTEM, login="lea", role="admin")
    link_identity(store, SYSTEM, "lea", iss=ISSUER, sub="1")
    assert sign_in_identity(store, lea()).role == "admin"
    with pytest.raises(NoAccount):
        sign_in_identity(store, Identity("https://other.example", "1"))


def test_one_identity_opens_one_account_until_it_is_unlinked(store: Store) -> None:
    for login in ("lea", "leo"):
        add_account(store, SYSTEM, login=login, role="lead")
    link_identity(store, SYSTEM, "lea", iss=ISSUER, sub="1")
    with pytest.raises(SettingsError, match="opens the account 'lea'"):
        link_identity(store, SYSTEM, "leo", iss=ISSUER, sub="1")
    token = create_session(store, sign_in_identity(store, lea()))
    unlink_identity(store, SYSTEM, "lea")
    assert principal_of(store, token) is None
    with pytest.raises(NoAccount):
        sign_in_identity(store, lea())
    with pytest.raises(SettingsError, match="bound to no identity"):
        unlink_identity(store, SYSTEM, "lea")
    with pytest.raises(SettingsError, match="no account 'nobody'"):
        link_identity(store, SYSTEM, "nobody", iss=ISSUER, sub="1")
    with pytest.raises(SettingsError, match="subject is empty"):
        link_identity(store, SYSTEM, "lea", iss=ISSUER, sub=" ")


@pytest.mark.parametrize("role", ["lead", "reviewer", "supervisor", "agent"])
def test_only_admins_link(store: Store, role: Any) -> None:
    add_account(store, SYSTEM, login="lea", role="lead")
    asker = Principal(1, "X", role, agent="X", team="X")
    with pytest.raises(NotAllowed):
        link_identity(store, asker, "lea", iss=ISSUER, sub="1")
    with pytest.raises(NotAllowed):
        unlink_identity(store, asker, "lea")


def test_what_the_provider_decides_is_in_the_log(store: Store) -> None:
    sign_in_identity(store, lea(grant=Grant("lead", may_create=True)), ip="10.0.0.1")
    sign_in_identity(store, lea(grant=Grant("reviewer", may_create=True)))
    with pytest.raises(NoAccount, match="no role here any more"):
        sign_in_identity(store, lea())
    said = [entry.action for entry in list_audit(store, SYSTEM)]
    assert said == ["refuse sign-in", "sign in", "set role", "sign in", "make account"]
