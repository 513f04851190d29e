"""One sentence that is shown after the page was drawn anew: what was just done."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

KEY = "flash"


def done(says: str) -> NoReturn:
    """Draw the page anew and say there what was done."""
    st.session_state[KEY] = says
    st.rerun()


def show() -> None:
    """Say it once."""
    says = st.session_state.pop(KEY, None)
    if says:
        st.success(says, icon=":material/check:")
