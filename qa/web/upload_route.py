"""Taking in one file of an upload: written to disk as it arrives, never held in memory."""

from __future__ import annotations

import os
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from qa.errors import InputError, NotAllowed
from qa.values import Principal
from qa.web import state
from qa.web.intake import MAX_FILE_BYTES, folder_of, free_place, safe_name, unpack


async def upload(request: Request) -> Response:
    """Keep the body as a file of the upload; a zip is unpacked. Answers with what is wrong, if anything."""
    principal: Principal | None = request.state.principal
    if principal is None:
        return _said("sign in first", 401)
    try:
        folder = folder_of(state.store().home, principal, request.path_params["token"])
        name = safe_name(request.path_params["name"])
    except NotAllowed:
        return _said("there is no such upload, or it is not yours", 404)
    except InputError as err:
        return _said(str(err), 422)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    place = free_place(folder, name)
    try:
        size = await _write(request, place)
    except ClientDisconnect:
        return _said(f"{name}: the upload was broken off", 400)
    except OSError as err:
        return _said(f"{name}: can't be written ({err.strerror or err}); free some space", 507)
    if size is None:
        return _said(f"{name}: is larger than {MAX_FILE_BYTES >> 30} GiB; split it", 413)
    if place.suffix.lower() == ".zip":
        try:
            problems = await run_in_threadpool(unpack, place)
        except InputError as err:
            return _said(str(err), 422)
        return JSONResponse({"name": str(name), "bytes": size, "problems": list(problems)})
    return JSONResponse({"name": place.relative_to(folder).as_posix(), "bytes": size, "problems": []})


async def _write(request: Request, place: Path) -> int | None:
    """Stream the body into a file; its size, or None where it is too large. Half a file is never left."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial, size = place.with_name(f".{place.name}.part"), 0
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            async for chunk in request.stream():
                size += len(chunk)
                if size > MAX_FILE_BYTES:
                    return None
                await run_in_threadpool(file.write, chunk)
        partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)
    return size


def _said(problem: str, status: int) -> Response:
    return JSONResponse({"problems": [problem]}, status)
