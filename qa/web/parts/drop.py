"""A place to drop files: each goes to our own route as a stream, so that a large one fills no memory."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent

_mount = st.components.v2.component(
    "qa.drop",
    html='<div class="drop"></div>',
    css=(HERE / "drop.css").read_text(encoding="utf-8"),
    js=(HERE / "drop.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def drop_zone(address: str, *, key: str) -> None:
    """Draw it. Files are put under ``address``; once all of a drop are there, the page runs again."""
    _mount(key=key, data={"address": address}, on_uploaded_change=lambda: None)
