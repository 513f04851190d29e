"""The gate before everything: who has no live session sees the sign-in page and nothing else.

It stands before Streamlit's own routes too, so that its media, its health figures and its connection are
private. What another site asks for in a visitor's name is refused by its ``Origin``.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.store.sessions import principal_of
from qa.values import Principal
from qa.web import state

COOKIE = "qa_session"
LOGIN = "/qa/login"
OPEN = frozenset({LOGIN, "/_stcore/health", "/qa/logout", "/qa/oidc/start", "/qa/oidc/callback"})
OPEN_BELOW = ("/qa/assets/",)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SIGNED_OUT_CODE = 4401

POLICY = "; ".join(
    (
        "default-src 'self'",
        # Streamlit's charts and components are made from code at run time.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: wss: blob: data:",
        "worker-src 'self' blob:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""Nothing is loaded from elsewhere, so that no text of a call can make a browser tell another server."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": POLICY,
}


class Gate:
    """ASGI middleware; puts the principal into the request's state."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        guarded = _with_headers(send) if scope["type"] == "http" else send
        unsafe = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
        if unsafe and not comes_from_here(connection.headers):
            await _refuse(scope, receive, guarded, PlainTextResponse("another site asked for this", 403))
            return
        token = connection.cookies.get(COOKIE)
        principal = await run_in_threadpool(_who, token)
        if principal is None and not _is_open(scope["path"]):
            await _refuse(scope, receive, guarded, _to_login(connection))
            return
        scope.setdefault("state", {})["principal"] = principal
        await self.app(scope, receive, guarded)


def comes_from_here(headers: Headers) -> bool:
    """Whether a request was made by a page of this app, or by no page at all."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") in ("same-origin", "none")
    return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def _who(token: str | None) -> Principal | None:
    return principal_of(state.store(), token) if token else None


def _is_open(path: str) -> bool:
    # One name, no folder and no way up: what lies behind the gate would be asked for by a longer one.
    return path in OPEN or any(
        path.startswith(below) and "/" not in path[len(below) :] for below in OPEN_BELOW
    )


def _to_login(connection: HTTPConnection) -> Response:
    wants_page = "text/html" in connection.headers.get("accept", "")
    if connection.scope["type"] == "websocket" or connection.scope["method"] != "GET" or not wants_page:
        return PlainTextResponse("sign in first", 401)
    query = connection.scope.get("query_string", b"").decode("latin-1")
    wanted = connection.scope["path"] + (f"?{query}" if query else "")
    return RedirectResponse(f"{LOGIN}?next={quote(wanted, safe='')}", 303)


async def _refuse(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": SIGNED_OUT_CODE})
        return
    await response(scope, receive, send)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _missing(headers, HEADERS.items()):
                headers[name] = value
        await send(message)

    return sending


def _missing(headers: MutableHeaders, wanted: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in wanted if name not in headers]
