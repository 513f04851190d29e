"""The few touches that the theme has no key for, in one place for all pages."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_mount = st.components.v2.component(
    "qa.frame",
    html='<span class="frame" hidden></span>',
    css=Path(__file__).with_name("frame.css").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def frame() -> None:
    """Put them on the page; nothing is seen of it."""
    _mount(key="frame", height="content")
