"""What the sign-in page needs before anybody is there: its style, the typeface, the mark."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

ASSETS = Path(__file__).with_name("assets")
KINDS = {".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
FONT = "source-sans.woff2"


async def asset(request: Request) -> Response:
    """One of our own few files, or the typeface that comes with Streamlit."""
    name = request.path_params["name"]
    path = _font() if name == FONT else _own().get(name)
    if path is None:
        return PlainTextResponse("there is no such file", 404)
    headers = {"Cache-Control": "public, max-age=3600"}
    return FileResponse(path, media_type=KINDS[path.suffix], headers=headers)


@cache
def _own() -> dict[str, Path]:
    return {path.name: path for path in ASSETS.iterdir() if path.suffix in KINDS}


@cache
def _font() -> Path | None:
    folder = Path(streamlit.__file__).parent / "static" / "static" / "media"
    return next(iter(sorted(folder.glob("SourceSansVF-Upright*.woff2"))), None)
