"""Who is there: asked by every page and every fragment at every run."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from qa.store.sessions import principal_of
from qa.values import Principal
from qa.web import state
from qa.web.gate import COOKIE

_LEAVE = """
export default () => {
  const here = window.location.pathname + window.location.search;
  window.location.assign('/qa/login?next=' + encodeURIComponent(here));
}
"""

_LEAVE_FOR_GOOD = """
export default () => {
  window.location.assign('/qa/logout');
}
"""

_leave = st.components.v2.component("qa.leave", js=_LEAVE)
_leave_for_good = st.components.v2.component("qa.leave_for_good", js=_LEAVE_FOR_GOOD)


def current_principal() -> Principal:
    """Whoever holds this browser's session; where nobody does, the run ends at the sign-in page."""
    principal = principal_of(state.store(), session_token())
    if principal is None:
        signed_out()
    return principal


def session_token() -> str | None:
    """What this browser brought along; None where it brought nothing."""
    return st.context.cookies.get(COOKIE)


def signed_out() -> NoReturn:
    """Say so and go to the sign-in page."""
    st.info("You are signed out.")
    _leave(key="leave")
    st.stop()


def sign_out() -> NoReturn:
    """End this browser's session, and the provider's where it began there: our own route does both."""
    st.info("You are signed out.")
    _leave_for_good(key="leave")
    st.stop()


def require(principal: Principal, *roles: str) -> None:
    """End the run where a page is not for this role, as if there were no such page."""
    if principal.role not in roles:
        st.error("There is no such page, or it is not yours to see.")
        st.stop()
