"""Signing in by login and password, and signing out of either way in."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from qa.store.accounts import authenticate, has_accounts
from qa.store.attempts import TooManyAttempts
from qa.store.sessions import create_session, revoke
from qa.web import state
from qa.web.gate import COOKIE, LOGIN, comes_from_here
from qa.web.login_page import address_of, login_page, safe_next, with_session
from qa.web.oidc_route import HOW, provider

MAX_FIELD = 1024
WRONG = "That login and password do not go together."
SWITCHED_OFF = "Passwords are switched off here; sign in with the firm's account."
NOBODY_YET = (
    "There is no account yet. Make the first one where this program runs: qa accounts add NAME --role admin"
)


async def sign_in_page(request: Request) -> Response:
    """The page, or straight on for whoever is signed in already."""
    wanted = safe_next(request.query_params.get("next"))
    if request.state.principal is not None:
        return RedirectResponse(wanted, 303)
    known = await run_in_threadpool(has_accounts, state.store())
    problem = "" if known or state.settings().oidc is not None else NOBODY_YET
    return await login_page(wanted=wanted, problem=problem)


async def sign_in(request: Request) -> Response:
    """Check login and password; begin a session and go where one wanted to go."""
    async with request.form(max_files=0, max_fields=5) as form:
        login, password = (str(form.get(name) or "")[:MAX_FIELD] for name in ("login", "password"))
        wanted = safe_next(str(form.get("next") or ""))
    if not state.settings().local_sign_in:
        return await login_page(wanted=wanted, problem=SWITCHED_OFF, status=403)
    try:
        token = await run_in_threadpool(_begin, login, password, address_of(request))
    except TooManyAttempts as err:
        return await login_page(wanted=wanted, login=login, problem=f"{str(err).capitalize()}.", status=429)
    if token is None:
        return await login_page(wanted=wanted, login=login, problem=WRONG, status=401)
    return with_session(request, wanted, token)


async def sign_out(request: Request) -> Response:
    """End the session of this browser, and the provider's where it began there.

    Another site can't do so for somebody.
    """
    if not comes_from_here(request.headers):
        return PlainTextResponse("another site asked for this", 403)
    token, place, settings = request.cookies.get(COOKIE), LOGIN, state.settings().oidc
    ended = await run_in_threadpool(revoke, state.store(), token) if token else None
    if ended is not None and ended.how == HOW and settings is not None:
        place = await provider(settings).way_out(ended.id_token) or LOGIN
    answer = RedirectResponse(place, 303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


def _begin(login: str, password: str, ip: str | None) -> str | None:
    principal = authenticate(state.store(), login, password, ip=ip)
    return None if principal is None else create_session(state.store(), principal, ip=ip)
