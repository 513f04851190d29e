"""What Streamlit runs for every visitor: who is there, then the pages of that role."""

from __future__ import annotations

import streamlit as st

from qa.errors import NotAllowed, QaError
from qa.web import identity, navigation
from qa.web.assets_route import ASSETS
from qa.web.parts.frame import frame


def main() -> None:
    """One run of the app."""
    st.set_page_config(
        page_title="Call QA",
        page_icon=str(ASSETS / "mark.svg"),
        layout="wide",
        initial_sidebar_state="collapsed",
    )
    st.logo(str(ASSETS / "mark.svg"), size="large", link=None)
    frame()
    principal = identity.current_principal()
    try:
        navigation.show(principal)
    except NotAllowed as err:
        st.error(str(err))
    except QaError as err:
        st.error(f"This can't be shown: {err}")


main()
