"""The sign-in page, for both ways in, and the session cookie that each of them ends with."""

from __future__ import annotations

import html
from functools import cache
from pathlib import Path
from string import Template
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from qa.store.sessions import LASTS_S
from qa.web import state
from qa.web.gate import COOKIE

PAGE = Path(__file__).with_name("assets") / "login.html"
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
DEMO_MARK = ".qa-demo"
DEMO = "This is the demo. Its accounts and their password were printed where it was started; see sign-in.txt."

FORM = Template("""<form method="post" action="/qa/login">
    <input type="hidden" name="next" value="$next">
    <label for="login">Login</label>
    <input id="login" name="login" value="$login" autocomplete="username" autocapitalize="none" \
spellcheck="false" required maxlength="200" $focus_login>
    <label for="password">Password</label>
    <input id="password" name="password" type="password" autocomplete="current-password" required \
maxlength="1024" $focus_password>
    <button type="submit">Sign in</button>
  </form>""")
BY_PROVIDER = Template('<a class="firm" href="/qa/oidc/start?next=$next">Sign in with $label</a>')
OR = '<p class="or">or</p>'


async def login_page(*, wanted: str, login: str = "", problem: str = "", status: int = 200) -> Response:
    """The page with the ways in that are switched on."""
    settings = state.settings()
    note = DEMO if (state.store().home / DEMO_MARK).is_file() else ""
    ways = []
    if settings.oidc is not None:
        label = html.escape(settings.oidc.label)
        ways.append(BY_PROVIDER.substitute(next=quote(wanted, safe=""), label=label))
    if settings.local_sign_in:
        ways.append(_form(wanted, login))
    body = _template().substitute(
        ways=f"\n  {OR}\n  ".join(ways),
        problem=f'<p class="problem" role="alert">{html.escape(problem)}</p>' if problem else "",
        note=f'<p class="note">{html.escape(note)}</p>' if note else "",
    )
    headers = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(body, status, headers=headers)


def with_session(request: Request, wanted: str, token: str) -> Response:
    """On to where one wanted to go, with the session in a cookie no script can read."""
    answer = RedirectResponse(wanted, 303)
    answer.set_cookie(
        COOKIE, token, max_age=LASTS_S, httponly=True, samesite="lax", secure=_is_https(request), path="/"
    )
    return answer


def safe_next(wanted: str | None) -> str:
    """A place within this app; anything else becomes its first page."""
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/qa/", "/_stcore")):
        return "/"
    parts = urlsplit(wanted)
    odd = "\\" in wanted or any(ord(letter) < 0x20 for letter in wanted)
    return "/" if parts.scheme or parts.netloc or odd else wanted


def address_of(request: Request) -> str | None:
    """The address a request came from."""
    return request.client.host if request.client else None


def _is_https(request: Request) -> bool:
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))


def _form(wanted: str, login: str) -> str:
    return FORM.substitute(
        next=html.escape(wanted, quote=True),
        login=html.escape(login, quote=True),
        focus_login="" if login else "autofocus",
        focus_password="autofocus" if login else "",
    )


@cache
def _template() -> Template:
    return Template(PAGE.read_text(encoding="utf-8"))
