"""The player: Streamlit's own, with an address of our private route, never with the bytes themselves."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from qa.web.audio_route import audio_path

LEAD_S = 2.0
"""A moment is played from two seconds before, so that one hears how it came about."""

KEY = "player"


def player(call_id: str, *, start_s: float = 0.0) -> None:
    """The sound of a whole call; it stays in sight at the foot of the screen."""
    with st.container(key=KEY):
        st.audio(
            address_of(audio_path(call_id)), start_time=int(max(0.0, start_s)), alt="The sound of this call"
        )


def address_of(path: str) -> str:
    """A path of this app as a whole address, which Streamlit hands to the browser untouched."""
    page = urlsplit(st.context.url or "http://127.0.0.1:8501/")
    return f"{page.scheme}://{page.netloc}{path}"
