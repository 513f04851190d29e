"""Signing in by the firm's provider: the way there, and the way back with a code.

It ends in the same session as a password does. What goes wrong is one line on the sign-in page.
"""

from __future__ import annotations

from functools import lru_cache

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from qa.errors import QaError
from qa.oidc import OidcSettings, identity_of
from qa.store.attempts import TooManyAttempts, begin_attempt
from qa.store.identities import NoAccount, sign_in_identity
from qa.store.sessions import create_session
from qa.store.sign_ins import LASTS_S, Begun, begin_sign_in, take_sign_in
from qa.web import state
from qa.web.login_page import address_of, login_page, safe_next, with_session
from qa.web.provider import Provider, ProviderError, Tokens

MARK = "qa_sign_in"
"""The cookie that ties a sign-in to the browser it began in."""

PATH = "/qa/oidc"
HOW = "provider"
OFF = "Sign-in by the firm's account is not set up here."
ELSEWHERE = "This sign-in began in another browser or took too long. Begin again."
CANCELLED = "The sign-in was not completed. Begin again."


async def start(request: Request) -> Response:
    """Send the browser to the provider."""
    wanted = safe_next(request.query_params.get("next"))
    settings = state.settings().oidc
    if settings is None:
        return await login_page(wanted=wanted, problem=OFF, status=404)
    if request.state.principal is not None:
        return RedirectResponse(wanted, 303)
    try:
        begun = await run_in_threadpool(
            begin_sign_in,
            state.store(),
            wanted=wanted,
            browser=request.cookies.get(MARK),
            ip=address_of(request),
        )
        place = await provider(settings).way_there(begun)
    except QaError as err:
        return await _problem(err, wanted)
    answer = RedirectResponse(place, 303, headers={"Cache-Control": "no-store"})
    answer.set_cookie(
        MARK,
        begun.browser,
        max_age=LASTS_S,
        httponly=True,
        samesite="lax",
        secure=settings.redirect_base.startswith("https:"),
        path=PATH,
    )
    return answer


async def callback(request: Request) -> Response:
    """Take the provider's answer; a right one begins a session."""
    settings = state.settings().oidc
    if settings is None:
        return await login_page(wanted="/", problem=OFF, status=404)
    ip, asked = address_of(request), request.query_params
    begun = await run_in_threadpool(
        take_sign_in, state.store(), state=asked.get("state", ""), browser=request.cookies.get(MARK)
    )
    if begun is None:
        return await _failed(ProviderError(ELSEWHERE, status=400), "/", ip)
    code = asked.get("code", "")
    if asked.get("error") or not code:
        return await login_page(wanted=begun.wanted, problem=CANCELLED, status=400)
    if asked.get("iss", settings.issuer) != settings.issuer:
        return await _failed(ProviderError(ELSEWHERE, status=400), begun.wanted, ip)
    try:
        tokens = await provider(settings).redeem(code, begun)
    except ProviderError as err:
        return await _failed(err, begun.wanted, ip)
    except QaError as err:
        return await _problem(err, begun.wanted)
    return await _let_in(request, settings, begun, tokens)


async def _let_in(request: Request, settings: OidcSettings, begun: Begun, tokens: Tokens) -> Response:
    ip = address_of(request)

    def begin() -> str:
        identity = identity_of(tokens.claims, settings.rules)
        link = settings.link_verified_email
        principal = sign_in_identity(state.store(), identity, link_email=link, ip=ip)
        return create_session(state.store(), principal, ip=ip, how=HOW, id_token=tokens.id_token)

    try:
        token = await run_in_threadpool(begin)
    except QaError as err:
        return await _problem(err, begun.wanted)
    answer = with_session(request, begun.wanted, token)
    answer.delete_cookie(MARK, path=PATH)
    return answer


async def _failed(err: ProviderError, wanted: str, ip: str | None) -> Response:
    """Count it against the address, then say it."""

    def count() -> None:
        with state.store().writing() as connection:
            begin_attempt(connection, None, ip)

    if err.status < 500:
        try:
            await run_in_threadpool(count)
        except TooManyAttempts as too_many:
            return await _problem(too_many, wanted)
    return await _problem(err, wanted)


async def _problem(err: QaError, wanted: str) -> Response:
    status = 500
    if isinstance(err, ProviderError):
        status = err.status
    elif isinstance(err, TooManyAttempts):
        status = 429
    elif isinstance(err, NoAccount):
        status = 403
    said = str(err).rstrip(".")
    return await login_page(wanted=wanted, problem=f"{said[:1].upper()}{said[1:]}.", status=status)


def provider(settings: OidcSettings) -> Provider:
    """The provider of these settings; it remembers what it was told."""
    return _provider(settings)


@lru_cache(maxsize=1)
def _provider(settings: OidcSettings) -> Provider:
    return Provider(settings)
