"""The sound of one call, for those who may hear it, in parts as the browser asks for them."""

from __future__ import annotations

import time
from threading import Lock
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from qa.errors import NotAllowed
from qa.store import listening_copy
from qa.store.audit import record
from qa.values import Principal
from qa.web import state

HEARD_AGAIN_S = 300.0
"""A browser asks for one sound many times while it plays; within this time they are one listening."""

_heard: dict[tuple[int, str], float] = {}
_lock = Lock()


async def audio(request: Request) -> Response:
    """The listening copy, with ranges. What may not be heard is answered like what is not there."""
    principal: Principal | None = request.state.principal
    if principal is None:
        return PlainTextResponse("sign in first", 401)
    call_id = request.path_params["call_id"]
    try:
        path = await run_in_threadpool(listening_copy, state.store(), principal, call_id)
    except NotAllowed:
        path = None
    if path is None or not path.is_file():
        return PlainTextResponse("there is no such sound", 404)
    if request.method == "GET" and _is_new(principal, call_id):
        ip = request.client.host if request.client else None
        await run_in_threadpool(_note, principal, call_id, ip)
    headers = {"Cache-Control": "private, no-store"}
    return FileResponse(path, media_type="audio/mpeg", headers=headers)


def audio_path(call_id: str) -> str:
    """Where the sound of a call is, within this app."""
    return f"/qa/audio/{quote(call_id, safe='')}"


def _is_new(principal: Principal, call_id: str) -> bool:
    now, key = time.monotonic(), (principal.account_id, call_id)
    with _lock:
        for old in [k for k, at in _heard.items() if now - at > HEARD_AGAIN_S]:
            del _heard[old]
        if key in _heard:
            return False
        _heard[key] = now
        return True


def _note(principal: Principal, call_id: str, ip: str | None) -> None:
    record(state.store(), principal, "listen", object="call", object_id=call_id, ip=ip)
