"""Signing in and out: our own small page, a session in the database, a cookie no script can read."""

from __future__ import annotations

import html
from functools import cache
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from qa.store.accounts import TooManyAttempts, authenticate, has_accounts
from qa.store.sessions import LASTS_S, create_session, revoke
from qa.web import state
from qa.web.gate import COOKIE, LOGIN, comes_from_here

PAGE = Path(__file__).with_name("assets") / "login.html"
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
MAX_FIELD = 1024
WRONG = "That login and password do not go together."
NOBODY_YET = (
    "There is no account yet. Make the first one where this program runs: qa accounts add NAME --role admin"
)
DEMO_MARK = ".qa-demo"
DEMO = "This is the demo. Its accounts and their password were printed where it was started; see sign-in.txt."


async def sign_in_page(request: Request) -> Response:
    """The page, or straight on for whoever is signed in already."""
    wanted = safe_next(request.query_params.get("next"))
    if request.state.principal is not None:
        return RedirectResponse(wanted, 303)
    problem = "" if await run_in_threadpool(has_accounts, state.store()) else NOBODY_YET
    return _page(wanted=wanted, problem=problem)


async def sign_in(request: Request) -> Response:
    """Check login and password; begin a session and go where one wanted to go."""
    async with request.form(max_files=0, max_fields=5) as form:
        login, password = (str(form.get(name) or "")[:MAX_FIELD] for name in ("login", "password"))
        wanted = safe_next(str(form.get("next") or ""))
    ip = request.client.host if request.client else None
    try:
        token = await run_in_threadpool(_begin, login, password, ip)
    except TooManyAttempts as err:
        return _page(wanted=wanted, login=login, problem=f"{str(err).capitalize()}.", status=429)
    if token is None:
        return _page(wanted=wanted, login=login, problem=WRONG, status=401)
    answer = RedirectResponse(wanted, 303)
    answer.set_cookie(
        COOKIE, token, max_age=LASTS_S, httponly=True, samesite="lax", secure=_is_https(request), path="/"
    )
    return answer


async def sign_out(request: Request) -> Response:
    """End the session of this browser; another site can't do so for somebody."""
    if not comes_from_here(request.headers):
        return PlainTextResponse("another site asked for this", 403)
    token = request.cookies.get(COOKIE)
    if token:
        await run_in_threadpool(revoke, state.store(), token)
    answer = RedirectResponse(LOGIN, 303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


def safe_next(wanted: str | None) -> str:
    """A place within this app; anything else becomes its first page."""
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/qa/", "/_stcore")):
        return "/"
    parts = urlsplit(wanted)
    odd = "\\" in wanted or any(ord(letter) < 0x20 for letter in wanted)
    return "/" if parts.scheme or parts.netloc or odd else wanted


def _begin(login: str, password: str, ip: str | None) -> str | None:
    principal = authenticate(state.store(), login, password, ip=ip)
    return None if principal is None else create_session(state.store(), principal, ip=ip)


def _is_https(request: Request) -> bool:
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))


def _page(*, wanted: str, login: str = "", problem: str = "", status: int = 200) -> Response:
    note = DEMO if (state.store().home / DEMO_MARK).is_file() else ""
    body = _template().substitute(
        next=html.escape(wanted, quote=True),
        login=html.escape(login, quote=True),
        problem=f'<p class="problem" role="alert">{html.escape(problem)}</p>' if problem else "",
        note=f'<p class="note">{html.escape(note)}</p>' if note else "",
        focus_login="" if login else "autofocus",
        focus_password="autofocus" if login else "",
    )
    headers = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(body, status, headers=headers)


@cache
def _template() -> Template:
    return Template(PAGE.read_text(encoding="utf-8"))
