"""The gate and our own routes: who gets in, whose sound is heard, what is taken in."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_web import FOREIGN, OWN, PASSWORD, SOUND, Firm, make_firm
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from qa.store.accounts import set_active
from qa.store.attempts import PER_LOGIN
from qa.store.audit import list_audit
from qa.store.sessions import create_session
from qa.values import Principal
from qa.web import Gate, audio_route, lifespan, routes, state
from qa.web.gate import COOKIE
from qa.web.intake import new_token
from qa.web.login_page import safe_next

HERE = "http://testserver"


@pytest.fixture
def firm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Firm]:
    audio_route._heard.clear()
    yield make_firm(tmp_path / "home", monkeypatch)
    state.forget()


@pytest.fixture
def client(firm: Firm) -> TestClient:
    """Nobody's browser; what stands behind the gate is a stand-in for Streamlit."""
    return TestClient(_app(), follow_redirects=False)


def _app() -> Starlette:
    async def page(_request: object) -> PlainTextResponse:
        return PlainTextResponse("inside")

    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("inside")
        await socket.close()

    behind = [
        Route("/", page),
        Route("/media/{name}", page),
        Route("/_stcore/health", page),
        Route("/_stcore/metrics", page),
        WebSocketRoute("/_stcore/stream", stream),
    ]
    return Starlette(routes=[*routes(), *behind], middleware=[Middleware(Gate)])


def signed_in(firm: Firm, principal: Principal) -> TestClient:
    """A browser with a live session."""
    token = create_session(firm.store, principal)
    return TestClient(_app(), follow_redirects=False, cookies={COOKIE: token})


def test_a_stranger_who_wants_a_page_is_sent_to_sign_in_and_back(client: TestClient) -> None:
    answer = client.get("/?id=1&t=2", headers={"Accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/qa/login?next=%2F%3Fid%3D1%26t%3D2"


@pytest.mark.parametrize("path", ["/media/x", "/_stcore/metrics", f"/qa/audio/{OWN}", "/static/x.js"])
def test_a_stranger_gets_nothing_that_is_no_page(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 401


def test_health_and_the_sign_in_page_are_open(client: TestClient) -> None:
    assert client.get("/_stcore/health").status_code == 200
    page = client.get("/qa/login")
    assert page.status_code == 200
    assert "Password" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert client.get("/qa/assets/login.css").status_code == 200
    assert client.get("/qa/assets/login.html").status_code == 404


def test_the_right_password_opens_a_session_that_no_script_can_read(client: TestClient) -> None:
    answer = client.post("/qa/login", data={"login": "Priya", "password": PASSWORD, "next": "/calls?q=a"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/calls?q=a"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.get("/").text == "inside"


def test_the_cookie_is_secure_behind_https(client: TestClient) -> None:
    data = {"login": "priya", "password": PASSWORD}
    answer = client.post("/qa/login", data=data, headers={"X-Forwarded-Proto": "https"})
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_wrong_password_says_no_more_than_that(client: TestClient) -> None:
    wrong = client.post("/qa/login", data={"login": "priya", "password": "x"})
    nobody = client.post("/qa/login", data={"login": "nobody", "password": "x"})
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.text.replace("priya", "nobody") == nobody.text


def test_what_was_typed_comes_back_as_text(client: TestClient) -> None:
    answer = client.post("/qa/login", data={"login": '"><script>', "password": "x", "next": '/"><b>'})
    assert "<script>" not in answer.text
    assert "<b>" not in answer.text


def test_too_many_attempts_are_stopped(client: TestClient) -> None:
    for _ in range(PER_LOGIN):
        client.post("/qa/login", data={"login": "priya", "password": "x"})
    answer = client.post("/qa/login", data={"login": "priya", "password": PASSWORD})
    assert answer.status_code == 429
    assert "wait" in answer.text


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_site_can_do_nothing_in_somebodys_name(firm: Firm, headers: dict[str, str]) -> None:
    browser = signed_in(firm, firm.lead)
    assert browser.post("/qa/login", data={}, headers=headers).status_code == 403
    assert browser.put(f"/qa/upload/{new_token()}/a.wav", content=b"x", headers=headers).status_code == 403
    assert browser.get("/qa/logout", headers=headers).status_code == 403
    assert browser.get("/").text == "inside"


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb", "", None, "/qa/logout"]
)
def test_signing_in_never_leads_elsewhere(wanted: str | None) -> None:
    assert safe_next(wanted) == "/"


def test_signing_out_ends_the_session_itself(firm: Firm) -> None:
    browser = signed_in(firm, firm.priya)
    token = browser.cookies[COOKIE]
    assert browser.get("/qa/logout").headers["location"] == "/qa/login"
    again = TestClient(_app(), follow_redirects=False, cookies={COOKIE: token})
    assert again.get("/").status_code == 401


def test_an_account_that_is_kept_out_is_out_at_once(firm: Firm) -> None:
    browser = signed_in(firm, firm.priya)
    set_active(firm.store, firm.admin, "priya", active=False)
    assert browser.get(f"/qa/audio/{OWN}").status_code == 401


def test_an_agent_hears_own_calls_in_parts(firm: Firm) -> None:
    browser = signed_in(firm, firm.priya)
    whole = browser.get(f"/qa/audio/{OWN}")
    assert (whole.status_code, whole.content) == (200, SOUND)
    assert whole.headers["cache-control"] == "private, no-store"
    part = browser.get(f"/qa/audio/{OWN}", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, SOUND[100:200])


def test_a_foreign_call_sounds_like_one_that_is_not_there(firm: Firm) -> None:
    browser = signed_in(firm, firm.priya)
    foreign, missing = browser.get(f"/qa/audio/{FOREIGN}"), browser.get("/qa/audio/no-such-call")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.text == missing.text
    assert signed_in(firm, firm.supervisor).get(f"/qa/audio/{FOREIGN}").status_code == 404
    assert signed_in(firm, firm.lead).get(f"/qa/audio/{FOREIGN}").status_code == 200


def test_each_listening_is_in_the_audit_log_once(firm: Firm) -> None:
    browser = signed_in(firm, firm.lead)
    for start in (0, 50, 90):
        browser.get(f"/qa/audio/{OWN}", headers={"Range": f"bytes={start}-"})
    heard = [row for row in list_audit(firm.store, firm.admin) if row.action == "listen"]
    assert [(row.actor, row.object_id) for row in heard] == [("Lea", OWN)]


def test_the_connection_of_the_pages_asks_who_is_there(firm: Firm) -> None:
    browser = signed_in(firm, firm.priya)
    with browser.websocket_connect("/_stcore/stream", headers={"Origin": HERE}) as socket:
        assert socket.receive_text() == "inside"
    for stranger, headers in (
        (browser, {"Origin": "http://evil.example"}),
        (TestClient(_app()), {"Origin": HERE}),
    ):
        with (
            pytest.raises(WebSocketDisconnect),
            stranger.websocket_connect("/_stcore/stream", headers=headers),
        ):
            pass


def test_a_file_is_taken_in_under_a_safe_name(firm: Firm) -> None:
    browser, token = signed_in(firm, firm.lead), new_token()
    answer = browser.put(f"/qa/upload/{token}/..%2F..%2Fout.wav", content=b"RIFF")
    assert answer.json() == {"name": "out.wav", "bytes": 4, "problems": []}
    kept = [p.relative_to(firm.store.home).as_posix() for p in firm.store.home.rglob("out.wav")]
    assert kept == [f"incoming/{firm.lead.account_id}-{token}/out.wav"]


def test_agents_and_supervisors_hand_in_nothing(firm: Firm) -> None:
    for principal in (firm.priya, firm.supervisor):
        assert (
            signed_in(firm, principal).put(f"/qa/upload/{new_token()}/a.wav", content=b"x").status_code == 404
        )
    assert not list(firm.store.home.glob("incoming/*"))


def test_a_zip_is_unpacked_and_can_not_reach_outside(firm: Firm) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../evil.txt", "x")
        archive.writestr("week/one.wav", "y")
        archive.writestr("__MACOSX/one.wav", "z")
    browser, token = signed_in(firm, firm.lead), new_token()
    assert browser.put(f"/qa/upload/{token}/all.zip", content=packed.getvalue()).json()["problems"] == []
    folder = firm.store.home / "incoming" / f"{firm.lead.account_id}-{token}"
    found = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    assert found == ["evil.txt", "week/one.wav"]
    assert not list(firm.store.home.parent.glob("evil.txt"))


def test_what_is_no_zip_is_said_in_one_line(firm: Firm) -> None:
    answer = signed_in(firm, firm.lead).put(f"/qa/upload/{new_token()}/all.zip", content=b"no zip")
    assert answer.status_code == 422
    assert answer.json()["problems"] == ["all.zip: is damaged or no zip; pack it again"]


def test_the_app_removes_old_uploads_when_it_starts(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_SERVE_WORKERS", "0")
    old, new = (firm.store.home / "incoming" / name for name in ("1-old", "1-new"))
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    with TestClient(Starlette(lifespan=lifespan)):
        assert new.is_dir()
        assert not old.exists()
