"""Sign-in at a real OpenID provider: the whole way there and back, and every way in which it must fail."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from made_provider import Running, at_the_provider, path_of, running_provider
from made_web import FOREIGN, OWN, PASSWORD, make_firm
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from qa.oidc import OidcSettings
from qa.settings import Settings
from qa.store import SYSTEM, Store
from qa.store import attempts as attempts_module
from qa.store import sign_ins as sign_ins_module
from qa.store.accounts import add_account, list_accounts, set_active, set_role
from qa.store.audit import list_audit
from qa.store.identities import link_identity
from qa.store.sessions import create_session, principal_of
from qa.values import Principal
from qa.web import Gate, audio_route, oidc_route, provider, routes, state
from qa.web.gate import COOKIE
from qa.web.lifespan import close_ways_in

APP = "http://127.0.0.1"
"""Where the app says it is; the test client stands there."""


@pytest.fixture(scope="module")
def idp() -> Iterator[Running]:
    with running_provider(APP) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    audio_route._heard.clear()
    yield make_firm(tmp_path / "home", monkeypatch).store
    state.forget()


@pytest.fixture
def set_up(idp: Running, store: Store, monkeypatch: pytest.MonkeyPatch) -> Running:
    """The app of a small firm that trusts the provider."""
    use(monkeypatch, idp.settings)
    return idp


def use(monkeypatch: pytest.MonkeyPatch, settings: OidcSettings, **more: Any) -> None:
    made = Settings(oidc=settings, **more)
    monkeypatch.setattr(state, "settings", lambda: made)
    oidc_route._provider.cache_clear()


def browser(**more: Any) -> TestClient:
    async def page(_request: object) -> PlainTextResponse:
        return PlainTextResponse("inside")

    app = Starlette(
        routes=[*routes(), Route("/", page), Route("/calls", page)], middleware=[Middleware(Gate)]
    )
    return TestClient(app, base_url=APP, follow_redirects=False, **more)


def there_and_back(client: TestClient, login: str, *, wanted: str = "/") -> str:
    """Begin in the app, sign in at the provider; the way back with its code."""
    begun = client.get("/qa/oidc/start", params={"next": wanted})
    assert begun.status_code == 303, begun.text
    return path_of(at_the_provider(begun.headers["location"], login, app=f"{APP}/"))


def signed_in(login: str) -> TestClient:
    client = browser()
    answer = client.get(there_and_back(client, login))
    assert answer.status_code == 303, answer.text
    return client


def who(store: Store, client: TestClient) -> Principal | None:
    return principal_of(store, client.cookies.get(COOKIE))


def problem(answer: Any) -> str:
    return str(answer.text).split('role="alert">')[1].split("</p>")[0].replace("&#x27;", "'")


@pytest.mark.parametrize(
    ("login", "role", "team", "agent"),
    [
        ("u-lea", "lead", None, None),
        ("u-sue", "supervisor", "North", None),
        ("u-priya", "agent", None, "Priya Nair"),
    ],
)
def test_the_groups_of_the_provider_give_the_role(
    set_up: Running, store: Store, login: str, role: str, team: str | None, agent: str | None
) -> None:
    if agent:  # the firm's own local account for her would be in the way
        set_role(store, SYSTEM, "priya", role="agent", agent="Somebody Else")
    principal = who(store, signed_in(login))
    assert principal is not None
    assert (principal.role, principal.team, principal.agent) == (role, team, agent)
    made = next(row for row in list_accounts(store, SYSTEM) if row.account_id == principal.account_id)
    assert (made.is_linked, made.has_password, made.role_from) == (True, False, "claims")


def test_one_comes_back_to_where_one_wanted_to_go(set_up: Running, store: Store) -> None:
    client = browser()
    assert "Sign in with Example account" in client.get("/qa/login").text
    answer = client.get(there_and_back(client, "u-lea", wanted="/calls?q=a"))
    assert answer.headers["location"] == "/calls?q=a"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.get("/").text == "inside"


def test_rights_follow_the_mapped_role(set_up: Running, store: Store) -> None:
    client = signed_in("u-sue")
    assert client.get(f"/qa/audio/{OWN}").status_code == 200
    foreign, missing = client.get(f"/qa/audio/{FOREIGN}"), client.get("/qa/audio/none")
    assert (foreign.status_code, foreign.text) == (missing.status_code, missing.text) == (404, missing.text)


def test_signing_in_twice_is_one_account(set_up: Running, store: Store) -> None:
    first, second = who(store, signed_in("u-lea")), who(store, signed_in("u-lea"))
    assert first == second is not None


def test_state_nonce_and_pkce_go_along(set_up: Running) -> None:
    asked = parse_qs(urlsplit(browser().get("/qa/oidc/start").headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    assert len(asked["state"][0]) > 40
    assert len(asked["nonce"][0]) > 40
    assert asked["redirect_uri"] == [f"{APP}/qa/oidc/callback"]


@pytest.mark.parametrize("change", ["state=wrong", "state="])
def test_a_wrong_state_is_refused(set_up: Running, store: Store, change: str) -> None:
    client = browser()
    back = urlsplit(there_and_back(client, "u-lea"))
    code = parse_qs(back.query)["code"][0]
    answer = client.get(f"{back.path}?code={code}&{change}")
    assert (answer.status_code, problem(answer)) == (400, oidc_route.ELSEWHERE)
    assert COOKIE not in client.cookies


def test_an_answer_counts_only_in_the_browser_it_began_in(set_up: Running, store: Store) -> None:
    client, other = browser(), browser()
    back = there_and_back(client, "u-lea")
    other.get("/qa/oidc/start")
    assert problem(other.get(back)) == problem(browser().get(back)) == oidc_route.ELSEWHERE
    assert client.get(back).status_code == 303


def test_an_answer_counts_once(set_up: Running, store: Store) -> None:
    client = browser()
    back = there_and_back(client, "u-lea")
    assert client.get(back).status_code == 303
    client.cookies.delete(COOKIE)
    assert problem(client.get(back)) == oidc_route.ELSEWHERE


@pytest.mark.parametrize("used", [True, False])
def test_a_code_goes_with_its_own_sign_in_only(set_up: Running, store: Store, used: bool) -> None:
    client = browser()
    back = there_and_back(client, "u-lea")
    if used:
        assert client.get(back).status_code == 303
        client.cookies.delete(COOKIE)
    begun = parse_qs(urlsplit(client.get("/qa/oidc/start").headers["location"]).query)
    code = parse_qs(urlsplit(back).query)["code"][0]
    answer = client.get("/qa/oidc/callback", params={"code": code, "state": begun["state"][0]})
    assert (answer.status_code, problem(answer)) == (400, provider.REPLAYED)
    assert COOKIE not in client.cookies


def test_an_answer_that_comes_too_late_is_refused(
    set_up: Running, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browser()
    back = there_and_back(client, "u-lea")
    monkeypatch.setattr(sign_ins_module, "LASTS_S", 0)
    assert problem(client.get(back)) == oidc_route.ELSEWHERE


def test_another_issuers_answer_is_refused(set_up: Running, store: Store) -> None:
    client = browser()
    back = there_and_back(client, "u-lea").replace("iss=http", "iss=https")
    assert problem(client.get(back)) == oidc_route.ELSEWHERE


def test_who_breaks_off_can_begin_again(set_up: Running) -> None:
    client = browser()
    asked = parse_qs(urlsplit(client.get("/qa/oidc/start").headers["location"]).query)
    given = {"error": "access_denied", "error_description": "<b>no</b>", "state": asked["state"][0]}
    answer = client.get("/qa/oidc/callback", params=given)
    assert (answer.status_code, problem(answer)) == (400, oidc_route.CANCELLED)
    assert "<b>" not in answer.text


def test_an_expired_id_token_is_refused(
    set_up: Running, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "LEEWAY_S", -700)  # the provider's tokens last 600 s
    client = browser()
    answer = client.get(there_and_back(client, "u-lea"))
    assert (answer.status_code, problem(answer)) == (403, provider.FORGED)


@pytest.mark.parametrize("how", ["other key", "other subject", "no signature", "other nonce"])
def test_a_forged_id_token_is_refused(
    set_up: Running, store: Store, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    real = provider.check_id_token

    def forged(id_token: str, keys: dict[str, Any], **asked: Any) -> Any:
        head, body, signature = id_token.split(".")
        if how == "other nonce":
            asked["nonce"] = "another"
        if how == "no signature":
            id_token = f"{head}.{body}."
        if how == "other subject":
            id_token = f"{head}.{body[:-4]}AAAA.{signature}"
        if how == "other key":
            claims = real(id_token, keys, **asked)
            key = RSAKey.generate_key(2048, parameters={"kid": keys["keys"][0]["kid"]})
            id_token = jwt.encode({"alg": "RS256", "kid": key.kid}, dict(claims), key)
        return real(id_token, keys, **asked)

    monkeypatch.setattr(provider, "check_id_token", forged)
    client = browser()
    answer = client.get(there_and_back(client, "u-lea"))
    assert (answer.status_code, problem(answer)) == (403, provider.FORGED)
    assert COOKIE not in client.cookies


def test_whom_the_rules_do_not_name_stays_outside_and_learns_what_to_do(
    set_up: Running, store: Store
) -> None:
    client = browser()
    answer = client.get(there_and_back(client, "u-nobody"))
    assert answer.status_code == 403
    assert problem(answer) == "There is no account for you here yet. Ask an admin and name this: u-nobody."
    refused = list_audit(store, SYSTEM)[0]
    assert (refused.action, refused.object_id) == ("refuse sign-in", "u-nobody")


def test_an_admin_links_an_identity_and_it_opens_that_account(set_up: Running, store: Store) -> None:
    link_identity(store, SYSTEM, "anna", iss=set_up.issuer, sub="u-nobody")
    principal = who(store, signed_in("u-nobody"))
    assert principal is not None
    assert (principal.name, principal.role) == ("Anna", "admin")
    entry = list_audit(store, SYSTEM)[0]
    assert (entry.actor, entry.action, entry.after) == ("Anna", "sign in", {"how": "provider"})


def test_an_address_alone_opens_nothing(
    set_up: Running, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_account(store, SYSTEM, login="boss", role="admin", email="lea@firm.example")
    use(monkeypatch, set_up.settings.model_copy(update={"rules": ()}))
    for login in ("u-eve", "u-lea"):
        client = browser()
        assert client.get(there_and_back(client, login)).status_code == 403
    # Switched on, it counts once, only verified, and only for an account without a password.
    use(monkeypatch, set_up.settings.model_copy(update={"rules": (), "link_verified_email": True}))
    client = browser()
    assert client.get(there_and_back(client, "u-eve")).status_code == 403
    principal = who(store, signed_in("u-lea"))
    assert principal is not None
    assert principal.name == "boss"


def test_a_group_taken_away_takes_the_role_away(
    set_up: Running, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signed_in("u-lea")
    lower = set_up.settings.rules[0].model_copy(update={"role": "reviewer"})
    use(monkeypatch, set_up.settings.model_copy(update={"rules": (lower,)}))
    after = who(store, signed_in("u-lea"))
    assert after is not None
    assert after.role == "reviewer"
    use(monkeypatch, set_up.settings.model_copy(update={"rules": ()}))
    client = browser()
    assert client.get(there_and_back(client, "u-lea")).status_code == 403
    assert who(store, before) is None


def test_a_role_set_by_hand_stays(set_up: Running, store: Store) -> None:
    signed_in("u-lea")
    set_role(store, SYSTEM, "lea@firm.example", role="reviewer")
    principal = who(store, signed_in("u-lea"))
    assert principal is not None
    assert principal.role == "reviewer"


def test_who_is_kept_out_stays_out(set_up: Running, store: Store) -> None:
    signed_in("u-lea")
    set_active(store, SYSTEM, "lea@firm.example", active=False)
    client = browser()
    assert problem(client.get(there_and_back(client, "u-lea"))) == "Your account is kept out. Ask an admin."


def test_two_people_are_never_one_agent(set_up: Running, store: Store) -> None:
    client = browser()
    answer = client.get(there_and_back(client, "u-priya"))  # the local account of Priya Nair is there
    assert answer.status_code == 403
    assert "another account for this agent" in problem(answer)


def test_signing_out_ends_both_sessions(set_up: Running, store: Store) -> None:
    client = signed_in("u-lea")
    token = client.cookies[COOKIE]
    answer = client.get("/qa/logout")
    place = urlsplit(answer.headers["location"])
    assert f"{place.scheme}://{place.netloc}" == set_up.issuer
    asked = parse_qs(place.query)
    assert asked["post_logout_redirect_uri"] == [f"{APP}/qa/login"]
    assert asked["id_token_hint"][0].count(".") == 2
    assert principal_of(store, token) is None
    assert browser(cookies={COOKIE: token}).get("/").status_code == 401


def test_signing_out_works_while_the_provider_is_down(
    set_up: Running, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in("u-lea")
    use(monkeypatch, set_up.settings.model_copy(update={"issuer": "http://127.0.0.1:9"}))
    assert client.get("/qa/logout").headers["location"] == "/qa/login"
    assert client.get("/").status_code == 401


def test_a_provider_that_is_down_is_one_line(
    set_up: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    use(monkeypatch, set_up.settings.model_copy(update={"issuer": "http://127.0.0.1:9"}))
    with caplog.at_level(logging.WARNING):
        answer = browser().get("/qa/oidc/start")
    assert (answer.status_code, problem(answer)) == (503, provider.DOWN)
    assert "ConnectError" in caplog.text


def test_a_wrong_secret_is_one_line(set_up: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, set_up.settings.model_copy(update={"client_secret": None}))
    made = set_up.settings.model_dump() | {"client_secret": "another secret"}
    use(monkeypatch, OidcSettings.model_validate(made))
    client = browser()
    answer = client.get(there_and_back(client, "u-lea"))
    assert (answer.status_code, problem(answer)) == (502, provider.NOT_ACCEPTED)


def test_a_provider_that_names_itself_otherwise_is_refused(
    set_up: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = set_up.issuer.replace("127.0.0.1", "localhost")
    use(monkeypatch, set_up.settings.model_copy(update={"issuer": other}))
    answer = browser().get("/qa/oidc/start")
    assert (answer.status_code, problem(answer)) == (502, provider.ODD)


def test_too_many_failures_from_one_address_are_stopped(
    set_up: Running, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts_module, "PER_ADDRESS", 3)
    client = browser()
    for _ in range(3):
        assert client.get("/qa/oidc/callback?code=x&state=y").status_code == 400
    assert client.get("/qa/oidc/callback?code=x&state=y").status_code == 429
    answer = client.get("/qa/oidc/start")
    assert answer.status_code == 429
    assert "wait 15 minutes" in problem(answer)


def test_an_identity_that_is_refused_again_and_again_is_stopped(
    set_up: Running, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts_module, "PER_LOGIN", 1)
    for status in (403, 429):
        client = browser()
        assert client.get(there_and_back(client, "u-nobody")).status_code == status


def test_passwords_can_be_switched_off(
    set_up: Running, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = next(row for row in list_accounts(store, SYSTEM) if row.login == "anna")
    token = create_session(store, Principal(anna.account_id, "Anna", "admin"))
    kept = signed_in("u-lea")
    use(monkeypatch, set_up.settings, local_sign_in=False)
    page = browser().get("/qa/login").text
    assert "Sign in with Example account" in page
    assert "password" not in page.lower()
    answer = browser().post("/qa/login", data={"login": "anna", "password": PASSWORD})
    assert answer.status_code == 403
    assert COOKIE not in answer.cookies
    close_ways_in(store, state.settings())
    assert principal_of(store, token) is None
    assert who(store, kept) is not None


def test_without_a_provider_its_routes_say_so(store: Store) -> None:
    for path in ("/qa/oidc/start", "/qa/oidc/callback?code=x&state=y"):
        answer = browser().get(path)
        assert (answer.status_code, problem(answer)) == (404, oidc_route.OFF)
    assert "Sign in with" not in browser().get("/qa/login").text


def test_nothing_secret_is_in_the_log(
    set_up: Running, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="qa"):
        client = browser()
        back = there_and_back(client, "u-lea")
        client.get(back)
    code = parse_qs(urlsplit(back).query)["code"][0]
    said = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("qa"))
    assert code not in said
    assert client.cookies[COOKIE] not in said
