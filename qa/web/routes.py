"""Our own routes, beside Streamlit's: all of them under ``/qa/``."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from qa.web.assets_route import asset
from qa.web.audio_route import audio
from qa.web.login_route import sign_in, sign_in_page, sign_out
from qa.web.oidc_route import callback, start
from qa.web.upload_route import upload


def routes() -> list[BaseRoute]:
    """The routes, for ``st.App``."""
    return [
        Route("/qa/login", sign_in_page, methods=["GET"]),
        Route("/qa/login", sign_in, methods=["POST"]),
        Route("/qa/logout", sign_out, methods=["GET", "POST"]),
        Route("/qa/oidc/start", start, methods=["GET"]),
        Route("/qa/oidc/callback", callback, methods=["GET"]),
        Route("/qa/assets/{name}", asset, methods=["GET"]),
        Route("/qa/audio/{call_id:path}", audio, methods=["GET"]),
        Route("/qa/upload/{token}/{name:path}", upload, methods=["PUT"]),
    ]
