"""Rights in the web app: every route, page, fragment and download, as every role and as nobody.

What there is, is taken from the app's own registries: a route, page or download that is new and not named here fails.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from made_rights import MISSING, ROLES, SOUND, TEAMS, Kept, Things, World, made_firm, without_names
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from qa.store.accounts import set_active
from qa.store.sessions import create_session, principal_of, revoke
from qa.web import Gate, audio_route, gate, identity, navigation, routes, state
from qa.web.gate import COOKIE
from qa.web.intake import new_token

WEB = Path(navigation.__file__).parent
EVERY = frozenset(ROLES)
QA = frozenset({"admin", "lead", "reviewer"})
OUTSIDE = ("nobody", "revoked", "kept out", "made up")
THEIRS = {"agent": {"priya"}, "supervisor": {"priya", "nina"}}
"""Whose things a role sees; all others see everybody's."""

OPEN_ROUTES = {
    ("GET", "/qa/login"),
    ("POST", "/qa/login"),
    ("GET", "/qa/logout"),
    ("POST", "/qa/logout"),
    ("GET", "/qa/oidc/start"),
    ("GET", "/qa/oidc/callback"),
    ("GET", "/qa/assets/{name}"),
}
"""For everybody: signing in and out, and what the sign-in page looks like."""

GUARDED_ROUTES = {("GET", "/qa/audio/{call_id:path}"), ("PUT", "/qa/upload/{token}/{name:path}")}
DOWNLOADS = {"pages/forms.py", "parts/groups_table.py"}
"""Files with a download button: a form is nobody's; the table of agents is on a page for leads."""

PAGES: dict[str, dict[str, str]] = {
    "team": {},
    "home": {},
    "calls": {"q": "{login}"},
    "upload": {},
    "disputes": {"id": "{dispute}"},
    "promises": {},
    "review_queue": {"round": "{sample}", "call": "{call}"},
    "calibration": {"round": "{round}"},
    "patterns": {},
    "forms": {},
    "behaviours": {},
    "account": {},
    "agent": {"name": "{agent}"},
    "call": {"id": "{call}", "t": "9.5"},
    "accounts": {},
    "audit": {},
    "settings": {},
    "webhooks": {},
    "fairness": {},
}
"""Every page, and how its address names a thing."""

ALL = [entry.name for entry in navigation.ENTRIES]


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return made_firm(tmp_path_factory.mktemp("firm"))["joel"]


@pytest.fixture(scope="module")
def world(firm: Kept, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The whole firm, and the app pointed there."""
    with firm.opened(tmp_path_factory.mktemp("web")) as world, pytest.MonkeyPatch.context() as patch:
        for key in ("home", "data", "models"):
            patch.setenv(f"QA_{key.upper()}", str(getattr(world.settings, key)))
        state.forget()
        audio_route._heard.clear()
        yield world
        state.forget()


def token_of(world: World, who: str) -> str | None:
    """The session somebody brings along, or what is left of one."""
    if who == "nobody":
        return None
    if who == "made up":
        return "x" * 43
    if who == "kept out":
        token = create_session(world.store, world["yara"])
        set_active(world.store, world["ada"], "yara", active=False)
        set_active(world.store, world["ada"], "yara", active=True)
        return token
    token = create_session(world.store, world["lea" if who == "revoked" else ROLES[who]])
    if who == "revoked":
        revoke(world.store, token)
    return token


def browser(world: World, who: str) -> TestClient:
    async def inside(_request: object) -> PlainTextResponse:
        return PlainTextResponse("inside")

    behind = [Route("/", inside), Route("/{rest:path}", inside)]
    app = Starlette(routes=[*routes(), *behind], middleware=[Middleware(Gate)])
    token = token_of(world, who)
    return TestClient(app, follow_redirects=False, cookies={COOKIE: token} if token else {})


def seen_by(role: str) -> set[str]:
    return THEIRS.get(role, set(TEAMS))


def test_every_route_is_here() -> None:
    there = {
        (method, one.path)
        for one in routes()
        if isinstance(one, Route)
        for method in (one.methods or ()) - {"HEAD"}
    }
    assert there == OPEN_ROUTES | GUARDED_ROUTES
    assert all(isinstance(one, Route) for one in routes())


def test_nothing_else_is_open() -> None:
    plain = {path for _, path in OPEN_ROUTES if "{" not in path}
    assert plain | {"/_stcore/health"} == gate.OPEN
    assert gate.OPEN_BELOW == ("/qa/assets/",)


@pytest.mark.parametrize("who", OUTSIDE)
def test_who_is_not_signed_in_gets_nowhere(world: World, who: str) -> None:
    client, mine = browser(world, who), world.things["priya"]
    places = [
        *(f"/{name}" for name in PAGES),
        f"/qa/audio/{mine.call}",
        f"/qa/audio/{MISSING.call}",
        "/qa/anything",
        "/qa/login/x",
        "/qa/oidc/start/x",
        "/qa/oidc",
        "/media/x",
        "/_stcore/metrics",
        "/_stcore/stream",
        "/_stcore/upload_file/x",
        "/_stcore/health/x",
        "/component/x",
        "/static/index.html",
        "/QA/LOGIN",
        "//qa/login",
        "/qa/assets",
    ]
    for place in places:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            answer = client.request(method, place)
            assert answer.status_code == 401, (method, place)
            assert "inside" not in answer.text
    page = client.get("/call?id=x", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/qa/login?next=%2Fcall%3Fid%3Dx")
    assert client.put(f"/qa/upload/{new_token()}/a.wav", content=b"x").status_code == 401


@pytest.mark.parametrize(
    "place", ["/qa/assets/../gate.py", "/qa/assets/..%2Fgate.py", "/qa/assets/login.html"]
)
def test_what_is_open_leads_nowhere_else(world: World, place: str) -> None:
    answer = browser(world, "nobody").get(place)
    assert answer.status_code in (401, 404)
    assert "import" not in answer.text


@pytest.mark.parametrize("role", ROLES)
def test_one_hears_what_one_may_see_and_nothing_else_is_there(world: World, role: str) -> None:
    client = browser(world, role)
    missing = client.get(f"/qa/audio/{MISSING.call}")
    assert missing.status_code == 404
    for login in TEAMS:
        answer = client.get(f"/qa/audio/{world.things[login].call}")
        part = client.get(f"/qa/audio/{world.things[login].call}", headers={"Range": "bytes=0-9"})
        if login in seen_by(role):
            assert (answer.status_code, answer.content, part.status_code) == (200, SOUND, 206)
        else:
            assert (answer.status_code, answer.text) == (404, missing.text)
            assert part.status_code == 404
            own = {key: value for key, value in answer.headers.items() if key != "date"}
            assert own == {key: value for key, value in missing.headers.items() if key != "date"}


@pytest.mark.parametrize("role", ROLES)
def test_only_who_hands_in_calls_leaves_a_file(world: World, role: str) -> None:
    answer = browser(world, role).put(f"/qa/upload/{new_token()}/a.txt", content=b"x")
    assert answer.status_code == (200 if role in QA else 404)
    mine = [one.name for one in world.store.home.glob("incoming/*")]
    account = world[ROLES[role]].account_id
    assert any(name.startswith(f"{account}-") for name in mine) == (role in QA)


def shown(monkeypatch: pytest.MonkeyPatch, world: World, token: str | None, page: str, **params: str) -> str:
    """Everything that a page sends to the browser of this session, run by itself as its address would."""
    monkeypatch.setattr(identity, "session_token", lambda: token)

    def script(name: str) -> None:
        from importlib import import_module

        import streamlit as st

        from qa.errors import QaError

        try:
            import_module(f"qa.web.pages.{name}").page()
        except QaError as err:
            st.error(str(err))

    app = AppTest.from_function(script, kwargs={"name": page}, default_timeout=180)
    for key, value in params.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, app.exception
    return sent(app)


def sent(app: AppTest) -> str:
    """All elements as they go over the wire."""
    found: list[str] = []

    def walk(node: Any) -> None:
        for child in getattr(node, "children", {}).values():
            walk(child)
        proto = getattr(node, "proto", None)
        if proto is not None:
            found.append(str(proto))

    walk(app._tree)
    return "\n".join(found)


def about(page: str, things: Things) -> dict[str, str]:
    return {key: value.format(**asdict(things)) for key, value in PAGES.get(page, {}).items()}


def test_every_page_is_here() -> None:
    assert {entry.name for entry in navigation.ENTRIES} == PAGES.keys()
    files = {path.stem for path in (WEB / "pages").glob("*.py")} - {"__init__", "main"}
    assert files == PAGES.keys()


@pytest.mark.parametrize("page", ALL)
def test_no_page_says_anything_to_somebody_who_is_not_signed_in(
    world: World, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    said = {shown(monkeypatch, world, token_of(world, who), page) for who in ("nobody", "revoked")}
    assert len(said) == 1
    words = said.pop().lower()
    assert "you are signed out" in words
    assert not [name for name in (*TEAMS, "calls", "agent", "score") if name in words]


@pytest.mark.parametrize(
    ("role", "page"),
    [(role, one.name) for role in ROLES for one in navigation.ENTRIES if role not in one.roles],
)
def test_a_page_that_is_not_for_a_role_tells_it_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, role: str, page: str
) -> None:
    things = world.things["priya"]
    said = shown(monkeypatch, world, token_of(world, role), page, **about(page, things)).lower()
    assert "not yours to see" in said or "may not" in said
    assert not [name for name in TEAMS if f"{name} agent" in said or f"{name}-call" in said]


@pytest.mark.parametrize("role", ["agent", "supervisor"])
@pytest.mark.parametrize("page", ALL)
def test_no_page_tells_about_anybody_else(
    world: World, monkeypatch: pytest.MonkeyPatch, role: str, page: str
) -> None:
    others = set(TEAMS) - seen_by(role)
    token = token_of(world, role)
    said = shown(monkeypatch, world, token, page, **about(page, world.things["priya"])).lower()
    assert not [name for name in others if name in said]
    if not PAGES.get(page):
        return
    nothing = without_names(shown(monkeypatch, world, token, page, **about(page, MISSING)), MISSING)
    for other in others:
        things = world.things[other]
        answer = without_names(shown(monkeypatch, world, token, page, **about(page, things)), things)
        assert answer == nothing, f"{page} tells {role} that {other}'s exists"


@pytest.mark.parametrize("role", ROLES)
def test_the_navigation_offers_exactly_the_pages_of_a_role(
    world: World, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    offered: list[str] = []

    class Stop(Exception):  # noqa: N818
        pass

    def navigation_of(groups: dict[str, list[Any]], **_: Any) -> None:
        offered.extend(page.url_path or page.title for group in groups.values() for page in group)
        raise Stop

    monkeypatch.setattr(navigation.st, "navigation", navigation_of)
    monkeypatch.setattr(navigation, "_page", lambda entry, **_: type("P", (), {"url_path": entry.name})())
    with pytest.raises(Stop):
        navigation.show(world[ROLES[role]])
    assert set(offered) == {entry.name for entry in navigation.ENTRIES if role in entry.roles}


def test_whatever_runs_by_itself_asks_first_who_is_there() -> None:
    """A fragment or a dialog runs again without its page: messages on an open connection pass no gate."""
    forgot = []
    for path in sorted(WEB.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            by_itself = [ast.unparse(one) for one in node.decorator_list]
            is_page = node.name == "page" and path.parent.name == "pages"
            if is_page or any(one.startswith(("st.fragment", "st.dialog")) for one in by_itself):
                body = node.body[1:] if ast.get_docstring(node) is not None else node.body
                if "identity.current_principal()" not in ast.unparse(body[0]):
                    forgot.append(f"{path.name}:{node.lineno} {node.name}")
    assert forgot == []


def test_every_download_is_here() -> None:
    ways = (
        "download_button",
        "FileResponse",
        "StreamingResponse",
        "st.audio",
        "st.video",
        "st.pdf",
        "add_media",
    )
    found = {
        way: {
            path.relative_to(WEB).as_posix() for path in WEB.rglob("*.py") if way in path.read_text("utf-8")
        }
        for way in ways
    }
    assert found.pop("download_button") == DOWNLOADS
    assert found.pop("FileResponse") == {"assets_route.py", "audio_route.py"}
    for path in found.pop("st.audio"):
        told = [
            ast.unparse(node.args[0])
            for node in ast.walk(ast.parse((WEB / path).read_text("utf-8")))
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.audio"
        ]
        assert all("audio_path(" in one for one in told), f"{path}: sound goes by our own route only"
    assert not any(found.values()), found


def test_what_pages_keep_is_kept_for_one_person_only() -> None:
    """Streamlit's caches are the same for everybody."""
    for path in WEB.rglob("*.py"):
        said = path.read_text("utf-8")
        assert "st.cache_data" not in said, path.name
        assert "st.cache_resource" not in said, path.name


def test_a_session_ends_in_an_open_tab(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token = token_of(world, "agent")
    mine = about("call", world.things["priya"])
    assert "priya" in shown(monkeypatch, world, token, "call", **mine).lower()
    revoke(world.store, token or "")
    assert principal_of(world.store, token) is None
    assert "priya" not in shown(monkeypatch, world, token, "call", **mine).lower()
