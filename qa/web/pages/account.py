"""One's own account: who one is here, the password, the browsers that are signed in, signing out."""

from __future__ import annotations

import streamlit as st

from qa.errors import QaError
from qa.store.accounts import MIN_PASSWORD, authenticate, set_password
from qa.store.sessions import list_sessions, revoke_session
from qa.values import Principal
from qa.web import identity, look, state

ROLES = {
    "admin": "You see all calls and decide who may sign in.",
    "lead": "You see all calls, forms and disputes.",
    "reviewer": "You see all calls and review them.",
    "supervisor": "You see the calls of your team.",
    "agent": "You see your own calls and nobody else's.",
}


def page() -> None:
    """Draw the page."""
    principal = identity.current_principal()
    title, leave = st.columns([4, 1], vertical_alignment="center")
    title.title(look.escape(principal.name), anchor=False)
    of = f" of {principal.team}" if principal.team else ""
    title.caption(f"{principal.role}{look.escape(of)}. {ROLES.get(principal.role, '')}")
    if leave.button("Sign out", icon=":material/logout:", width="stretch"):
        identity.sign_out()
    if not state.settings().local_sign_in:
        with st.container(border=True):
            _sessions(principal)
        return
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True):
        _password(principal)
    with right, st.container(border=True):
        _sessions(principal)


def _own_login(principal: Principal) -> str | None:
    return next((row.login for row in list_sessions(state.store(), _only(principal))), None)


def _only(principal: Principal) -> Principal:
    """The principal without an admin's sight of everybody's sessions."""
    return Principal(principal.account_id, principal.name, "reviewer")


def _password(principal: Principal) -> None:
    st.markdown("**Change your password**")
    with st.form("password", border=False, clear_on_submit=True):
        old = st.text_input("Password now", type="password", autocomplete="current-password")
        new = st.text_input(
            "New password",
            type="password",
            autocomplete="new-password",
            help=f"{MIN_PASSWORD} characters or more. All your browsers are signed out.",
        )
        wanted = st.form_submit_button("Change it")
    if not wanted:
        return
    login = _own_login(principal)
    try:
        if login is None or authenticate(state.store(), login, old or "") is None:
            st.error("That is not your password now.")
            return
        set_password(state.store(), principal, login, new or "")
    except QaError as err:
        st.error(look.escape(str(err)))
        return
    identity.signed_out()


def _sessions(principal: Principal) -> None:
    st.markdown("**Where you are signed in**")
    for row in list_sessions(state.store(), _only(principal)):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"since {look.day_and_time(row.created_at)}, last seen {look.day_and_time(row.last_seen_at)}"
                f"  :gray[{look.escape(row.ip or '')}]"
            )
            if st.button("End", key=f"end-{row.session_id}"):
                revoke_session(state.store(), principal, row.session_id)
                st.rerun()
